package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// draftsDir holds the media of drafts apart from those of items, each under its
// person and hash, so that forgetting a draft never touches what is kept.
var draftsDir = filepath.Join(mediaDir, "drafts")

const draftColumns = `person, body, title, link, attachments, version, expires`

func scanDraft(r row) (d schedule.Draft, err error) {
	return d, r.Scan(&d.Person, &d.Body, &d.Title, &d.Link, array[content.Attachment]{&d.Attachments}, &d.Version, stamp{&d.Expires})
}

// Draft implements schedule.DraftStore.
func (db *DB) Draft(ctx context.Context, person int64, now time.Time) (d schedule.Draft, err error) {
	err = db.view(ctx, fmt.Sprintf("read draft of person %d", person), func(t *tx) error {
		d, err = only(list(t, scanDraft, `SELECT `+draftColumns+` FROM drafts WHERE person = $1 AND expires > $2`, person, stampOf(now)))
		return err
	})
	return d, err
}

// SaveDraft implements schedule.DraftStore. The media are written inside the
// transaction: no other process sweeps them away before their row is there.
func (db *DB) SaveDraft(ctx context.Context, a roster.Actor, d schedule.Draft, blobs []content.Blob, now time.Time) error {
	return db.change(ctx, fmt.Sprintf("save draft of person %d", d.Person), func(t *tx) error {
		if d.Version == 0 { // an expired one is not there
			if _, err := t.exec(`DELETE FROM drafts WHERE person = $1 AND expires <= $2`, d.Person, stampOf(now)); err != nil {
				return err
			}
		}
		for _, b := range blobs {
			if err := db.saveDraftBlob(d.Person, b); err != nil {
				return err
			}
		}
		query := `UPDATE drafts SET body = $2, title = $3, link = $4, attachments = $5, version = version + 1, expires = $7
			WHERE person = $1 AND version = $6`
		if d.Version == 0 {
			query = `INSERT INTO drafts (` + draftColumns + `) VALUES ($1, $2, $3, $4, $5, $6 + 1, $7) ON CONFLICT (person) DO NOTHING`
		}
		if err := t.hit(query, d.Person, d.Body, d.Title, d.Link, jsonText(d.Attachments), d.Version, stampOf(d.Expires)); err != nil {
			return err
		}
		return t.note(a, "draft", ref("person", d.Person), fmt.Sprintf("%d parts", d.Parts()), now)
	})
}

func (db *DB) draftPath(person int64, sha string) (string, error) {
	if _, err := db.blobPath(sha); err != nil { // what is no hash
		return "", err
	}
	return filepath.Join(db.dir, draftsDir, strconv.FormatInt(person, 10)+"-"+sha), nil
}

func (db *DB) saveDraftBlob(person int64, b content.Blob) error {
	if hashOf(b.Data) != b.SHA256 {
		return fmt.Errorf("save media %s: %w", b.SHA256, ErrCorrupt)
	}
	name, err := db.draftPath(person, b.SHA256)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("save media: %w", err)
	}
	if err := replaceFile(name, b.Data); err != nil {
		return fmt.Errorf("save media: %w", classify(err))
	}
	return nil
}

// DraftBlob implements schedule.DraftStore: ErrNotFound and ErrCorrupt as Blob.
func (db *DB) DraftBlob(_ context.Context, person int64, sha string) ([]byte, error) {
	name, err := db.draftPath(person, sha)
	if err != nil {
		return nil, err
	}
	return readMedia(name, sha)
}

// DropDraft implements schedule.DraftStore.
func (db *DB) DropDraft(ctx context.Context, a roster.Actor, person int64, now time.Time) (dropped bool, err error) {
	err = db.change(ctx, fmt.Sprintf("drop draft of person %d", person), func(t *tx) error {
		n, err := t.exec(`DELETE FROM drafts WHERE person = $1`, person)
		if dropped = n > 0; err != nil || !dropped {
			return err
		}
		return t.note(a, "drop draft", ref("person", person), "", now)
	})
	if err != nil || !dropped {
		return false, err
	}
	return true, db.sweepDrafts(ctx)
}

// Forget implements schedule.DraftStore.
func (db *DB) Forget(ctx context.Context, now time.Time) error {
	err := db.change(ctx, "forget what expired", func(t *tx) error {
		for _, query := range []string{
			`DELETE FROM drafts WHERE expires <= $1`,
			`UPDATE questions SET payload = '' WHERE expires <= $1 AND payload <> ''`,
			`DELETE FROM questions WHERE expires <= $1 - 86400000`,
		} {
			if _, err := t.exec(query, stampOf(now)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return db.sweepDrafts(ctx)
}

// sweepDrafts deletes the media that belong to no draft. It holds the writing
// lock, so that none is on its way to its row.
func (db *DB) sweepDrafts(ctx context.Context) error {
	return db.change(ctx, "sweep drafts", func(t *tx) error {
		files, err := os.ReadDir(filepath.Join(db.dir, draftsDir))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		drafts, err := list(t, scanDraft, `SELECT `+draftColumns+` FROM drafts`)
		if err != nil {
			return err
		}
		kept := map[string]bool{}
		for _, d := range drafts {
			for _, att := range d.Attachments {
				kept[strconv.FormatInt(d.Person, 10)+"-"+att.SHA256] = true
			}
		}
		var errs error
		for _, f := range files {
			if !kept[f.Name()] {
				errs = errors.Join(errs, os.Remove(filepath.Join(db.dir, draftsDir, f.Name())))
			}
		}
		return errs
	})
}

const questionColumns = `id, person, place, kind, payload, asked_at, expires`

func scanQuestion(r row) (q schedule.Question, err error) {
	return q, r.Scan(&q.ID, &q.Person, &q.Place, &q.Kind, &q.Payload, stamp{&q.AskedAt}, stamp{&q.Expires})
}

// Ask implements schedule.QuestionStore.
func (db *DB) Ask(ctx context.Context, a roster.Actor, q schedule.Question, now time.Time) (id int64, err error) {
	if !json.Valid([]byte(q.Payload)) {
		return 0, fmt.Errorf("ask %s: payload is no JSON", q.Kind)
	}
	err = db.change(ctx, "ask "+q.Kind, func(t *tx) error {
		if _, err := t.exec(`DELETE FROM questions WHERE person = $1 AND place = $2 AND kind = $3`, q.Person, q.Place, q.Kind); err != nil {
			return err
		}
		if id, err = t.numbers(1); err != nil {
			return err
		}
		_, err := t.exec(`INSERT INTO questions (`+questionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			id, q.Person, q.Place, q.Kind, q.Payload, stampOf(q.AskedAt), stampOf(q.Expires))
		if err != nil {
			return err
		}
		return t.note(a, "ask", ref("question", id), q.Kind, now)
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// Question implements schedule.QuestionStore.
func (db *DB) Question(ctx context.Context, id int64) (q schedule.Question, err error) {
	err = db.view(ctx, fmt.Sprintf("read question %d", id), func(t *tx) error {
		q, err = only(list(t, scanQuestion, `SELECT `+questionColumns+` FROM questions WHERE id = $1`, id))
		return err
	})
	return q, err
}

// Questions implements schedule.QuestionStore.
func (db *DB) Questions(ctx context.Context, person int64, place string, now time.Time) (all []schedule.Question, err error) {
	err = db.view(ctx, "read questions", func(t *tx) error {
		all, err = list(t, scanQuestion, `SELECT `+questionColumns+` FROM questions
			WHERE person = $1 AND place = $2 AND expires > $3 ORDER BY id`, person, place, stampOf(now))
		return err
	})
	return all, err
}

// EndQuestion implements schedule.QuestionStore.
func (db *DB) EndQuestion(ctx context.Context, a roster.Actor, id int64, now time.Time) error {
	return db.change(ctx, fmt.Sprintf("end question %d", id), func(t *tx) error {
		if err := t.hit(`DELETE FROM questions WHERE id = $1`, id); err != nil {
			return err
		}
		return t.note(a, "answer", ref("question", id), "", now)
	})
}
