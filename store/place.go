package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// Errors of Place and Settle. Their text is what the person at the PC reads.
var (
	// ErrCopied: the data directory is a copy of one that a daemon has run on.
	ErrCopied = errors.New("这是复制出来的数据目录")
	// ErrRemote: the data directory lies on a network drive, where two PCs can
	// write to it and none notices.
	ErrRemote = errors.New("数据目录在网络盘上，会坏账，请用 --data 换到本机硬盘上")
)

// Place is where a data directory lies: what tells it from a copy of it. The
// machine's own id is kept hashed.
type Place struct {
	Machine string `json:"machine"` // "" where the system has none
	Volume  string `json:"volume"`
	File    string `json:"file"` // of the database on the volume, "" where such numbers do not last
	Path    string `json:"path"`
}

// markPlace keeps the Place of the last daemon, as JSON.
const markPlace = "place"

// PlaceOf is where the database of an existing data directory lies; ErrRemote
// for a network drive.
func PlaceOf(dir string) (Place, error) {
	path, err := filepath.Abs(filepath.Join(dir, FileName))
	if err != nil {
		return Place{}, err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	p := Place{Path: path}
	if p.Volume, p.File, err = volumeAndFile(path); err != nil {
		return p, fmt.Errorf("look where %s lies: %w", path, err)
	}
	if id := machineID(); id != "" {
		sum := sha256.Sum256([]byte("tongluo\x00" + id))
		p.Machine = hex.EncodeToString(sum[:8])
	}
	return p, nil
}

// same reports whether a directory seen here is the one that was seen there, and
// not a copy. A directory that was moved within its volume is the same one.
func (p Place) same(was Place) bool {
	switch {
	case p.Machine != "" && was.Machine != "" && p.Machine != was.Machine:
		return false
	case p.File != "" && was.File != "":
		return p.File == was.File && p.Volume == was.Volume
	}
	return p.Path == was.Path
}

// Here reports whether the directory may be sent from: ErrCopied, saying where
// the original was, when it is a copy. A directory no daemon has run on is no copy.
func (db *DB) Here(ctx context.Context) error {
	was, known, err := db.place(ctx)
	if err != nil || !known {
		return err
	}
	now, err := PlaceOf(db.dir)
	if err != nil {
		return err
	}
	if now.same(was) {
		return nil
	}
	where := "原来的在 " + was.Path
	if was.Machine != now.Machine {
		where = "原来的在另一台电脑上（" + was.Path + "）"
	}
	return fmt.Errorf("%w：%s", ErrCopied, where)
}

func (db *DB) place(ctx context.Context) (was Place, known bool, err error) {
	text, err := db.MarkOf(ctx, markPlace)
	if err != nil || text == "" {
		return was, false, err
	}
	if err := json.Unmarshal([]byte(text), &was); err != nil {
		return was, false, fmt.Errorf("mark %s: %w", markPlace, err)
	}
	return was, true, nil
}

// Settle makes this directory the one that is sent from, if it is no copy. Call
// it under the instance lock, before anything else a daemon does.
func (db *DB) Settle(ctx context.Context) error {
	if err := db.Here(ctx); err != nil {
		return err
	}
	return db.TakePlace(ctx)
}

// TakePlace makes this directory the one that is sent from, whatever it was
// copied from: for who has made sure already that nothing goes twice.
func (db *DB) TakePlace(ctx context.Context) error {
	now, err := PlaceOf(db.dir)
	if err != nil {
		return err
	}
	text, err := json.Marshal(now)
	if err != nil {
		return err
	}
	if old, err := db.MarkOf(ctx, markPlace); err != nil || old == string(text) {
		return err
	}
	return db.Mark(ctx, markPlace, string(text))
}

// BeginEpoch makes this directory the true one by a person's word, whatever it
// was copied from. What was not final may have happened elsewhere since: in one
// transaction all that is queued is held for the reason given, all that was
// being sent is uncertain, and private messages that had not gone are dropped.
// What it returns is the time of which this ledger knows nothing.
func (db *DB) BeginEpoch(ctx context.Context, a roster.Actor, why string, now time.Time) (lost schedule.Restore, held int, err error) {
	here, err := PlaceOf(db.dir)
	if err != nil {
		return lost, 0, err
	}
	text, err := json.Marshal(here)
	if err != nil {
		return lost, 0, err
	}
	err = db.change(ctx, "begin an epoch", func(t *tx) error {
		held = 0
		r := Replayed{Restore: schedule.Restore{To: now.UTC(), Blind: true}} // its journal is of before the copying, too
		if err := t.countEpoch(&r, 0); err != nil {
			return err
		}
		lost = r.Restore
		if held, err = db.holdAll(t, a, why, now); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE notices SET state = CASE state WHEN 'sending' THEN 'uncertain' ELSE 'cancelled' END
			WHERE state IN ('queued', 'sending')`); err != nil {
			return err
		}
		if _, err := t.exec(`INSERT INTO marks (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2`, markPlace, string(text)); err != nil {
			return err
		}
		if err := t.markRestored(lost); err != nil {
			return err
		}
		return t.note(a, "begin epoch", fmt.Sprintf("epoch/%d", lost.Epoch), fmt.Sprintf("%d held", held), now)
	})
	if err != nil {
		return schedule.Restore{}, 0, err
	}
	return lost, held, nil
}

// holdAll holds what is queued and doubts what was being sent.
func (db *DB) holdAll(t *tx, a roster.Actor, why string, now time.Time) (held int, err error) {
	live, err := list(t, scanEntry, `SELECT `+entryColumns+` FROM deliveries d WHERE state IN ('queued', 'sending')
		OR state = 'held' AND reason IN ($1, $2) ORDER BY id`, schedule.HeldNoHandle, schedule.HeldAtCap)
	if err != nil {
		return 0, err
	}
	for _, d := range live {
		to := schedule.Held
		switch d.State {
		case schedule.Sending:
			to = schedule.Uncertain
			if _, err := t.exec(`UPDATE parts SET state = 'uncertain', at = $2 WHERE delivery = $1 AND state = 'sending'`, d.ID, stampOf(now)); err != nil {
				return held, err
			}
		case schedule.Held: // it must not be let go by itself any more
			d.Reason = ""
			if err := db.move(t, a, d, schedule.Queued, now); err != nil {
				return held, err
			}
			d.State = schedule.Queued
		}
		d.Reason, d.Session = why, ""
		if err := db.move(t, a, d, to, now); err != nil {
			return held, err
		}
		held++
	}
	return held, nil
}
