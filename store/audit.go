package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"tongluo/schedule"
)

// The audit log is two hash chains: log (what was done by whom) and
// delivery_log (what became of deliveries). Each row carries the SHA-256 of the
// hash before it and of itself, written in the transaction of what it tells of.
// Who edits, deletes, reorders or inserts a row breaks the chain there; who cuts
// off the end, or writes the whole chain anew, is found by a head that lies
// elsewhere: on a weekly report, in the name of a backup, in the attempt journal.

// Head is the end of both chains: how many rows each has, and one hash over both.
type Head struct {
	Log   int64
	Moves int64
	Hash  string // 64 hex digits, or the first 16 of them
}

// MarshalText gives the whole hash; ParseHead reads it too.
func (h Head) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%d-%d-%s", h.Log, h.Moves, h.Hash), nil
}

// shortHash is how much of a hash stands on paper and in file names.
const shortHash = 16

// String is the head as it is printed: 812-4031-3f9a8c7d1e2b4a60.
func (h Head) String() string {
	return fmt.Sprintf("%d-%d-%s", h.Log, h.Moves, h.Hash[:min(shortHash, len(h.Hash))])
}

// Rows is how many rows the head vouches for.
func (h Head) Rows() int64 { return h.Log + h.Moves }

// ParseHead reads what String prints; ErrInput for anything else.
func ParseHead(s string) (Head, error) {
	fields := strings.Split(strings.TrimSpace(s), "-")
	if len(fields) != 3 {
		return Head{}, fmt.Errorf("audit head %q: %w", s, schedule.ErrInput)
	}
	logs, err1 := strconv.ParseInt(fields[0], 10, 64)
	moves, err2 := strconv.ParseInt(fields[1], 10, 64)
	hash := strings.ToLower(fields[2])
	_, err3 := hex.DecodeString(hash)
	if err := errors.Join(err1, err2, err3); err != nil || logs < 0 || moves < 0 || len(hash) < shortHash || len(hash) > 2*sha256.Size {
		return Head{}, fmt.Errorf("audit head %q: %w", s, schedule.ErrInput)
	}
	return Head{Log: logs, Moves: moves, Hash: hash}, nil
}

// link is one row's place in a chain: its id and its hash.
type link struct {
	id   int64
	hash [sha256.Size]byte
}

// chain is where both chains end, as the writer knows it.
type chain struct {
	version int64 // data_version: others have not written since
	log     link
	moves   link
}

func headOf(log, moves link) Head {
	sum := sha256.New()
	sum.Write(log.hash[:])
	sum.Write(moves.hash[:])
	sum.Write(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(log.id)), uint64(moves.id)))
	return Head{Log: log.id, Moves: moves.id, Hash: hex.EncodeToString(sum.Sum(nil))}
}

// ends gives the ends of the chains, read once a transaction unless this writer
// wrote last.
func (t *tx) ends() (*chain, error) {
	if t.linked {
		return t.chain, nil
	}
	version, err := t.version()
	if err != nil {
		return nil, err
	}
	if t.chain == nil || t.chain.version != version {
		log, moves, err := t.readEnds()
		if err != nil {
			return nil, err
		}
		t.chain = &chain{version: version, log: log, moves: moves}
	}
	t.linked, t.before = true, *t.chain
	return t.chain, nil
}

func (t *tx) readEnds() (log, moves link, err error) {
	if log, err = t.endOf(`SELECT id, hash FROM log ORDER BY id DESC LIMIT 1`); err != nil {
		return log, moves, err
	}
	moves, err = t.endOf(`SELECT id, hash FROM delivery_log ORDER BY id DESC LIMIT 1`)
	return log, moves, err
}

func (t *tx) endOf(query string) (l link, err error) {
	var hash []byte
	err = t.one(query, nil, &l.id, &hash)
	if errors.Is(err, schedule.ErrNotFound) {
		return l, nil
	}
	copy(l.hash[:], hash)
	return l, err
}

// next is the link of a row after l; fields are its columns in order, without id
// and hash.
func (l link) next(fields ...any) link {
	text := binary.BigEndian.AppendUint64(append(make([]byte, 0, 256), l.hash[:]...), uint64(l.id+1))
	for _, f := range fields {
		switch v := f.(type) {
		case int64:
			text = binary.BigEndian.AppendUint64(append(text, 'i'), uint64(v))
		case string:
			text = append(binary.BigEndian.AppendUint32(append(text, 's'), uint32(len(v))), v...)
		default: // a column of another type has been forgotten here
			panic(fmt.Sprintf("audit: %T", f))
		}
	}
	return link{id: l.id + 1, hash: sha256.Sum256(text)}
}

// AuditHead is where the audit log ends now.
func (db *DB) AuditHead(ctx context.Context) (h Head, err error) {
	err = db.view(ctx, "read the audit head", func(t *tx) error {
		log, moves, err := t.readEnds()
		h = headOf(log, moves)
		return err
	})
	return h, err
}

// Audit implements schedule.ClockStore.
func (db *DB) Audit(ctx context.Context) (string, error) {
	h, err := db.AuditHead(ctx)
	return h.String(), err
}

// trail is one of the two tables.
type trail struct {
	table   string
	columns string
	scan    func(r row) (l link, fields []any, err error)
}

var trails = [2]trail{
	{"log", "id, hash, at, person, via, asker, verb, ref, note", func(r row) (l link, fields []any, err error) {
		var n [2]int64
		var s [5]string
		var hash []byte
		err = r.Scan(&l.id, &hash, &n[0], &n[1], &s[0], &s[1], &s[2], &s[3], &s[4])
		copy(l.hash[:], hash)
		return l, []any{n[0], n[1], s[0], s[1], s[2], s[3], s[4]}, err
	}},
	{"delivery_log", `id, hash, delivery, at, person, via, asker, from_state, to_state, reason, sent_at, accepted_at,
		said_at, said_day, said_by, seen_at, handoff, session`, func(r row) (l link, fields []any, err error) {
		var n [9]int64
		var s [7]string
		var hash []byte
		err = r.Scan(&l.id, &hash, &n[0], &n[1], &n[2], &s[0], &s[1], &s[2], &s[3], &s[4], &n[3], &n[4], &n[5], &s[5], &n[6], &n[7], &n[8], &s[6])
		copy(l.hash[:], hash)
		return l, hashedMove([]any{n[0], n[1], n[2], s[0], s[1], s[2], s[3], s[4], n[3], n[4], n[5], s[5], n[6], n[7], n[8], s[6]}), err
	}},
}

// hashedMove are the columns of a delivery_log row that its hash is of: all, but
// for the last, the session, where there is none, as in all older rows.
func hashedMove(fields []any) []any {
	if last := len(fields) - 1; fields[last] == "" {
		return fields[:last:last]
	}
	return fields
}

// chainOld gives rows that an older program wrote their place in the chains. They
// had no session.
func chainOld(t *tx) error {
	for _, tr := range trails {
		columns := strings.Replace(tr.columns, ", session", ", ''", 1)
		for l, more := (link{}), true; more; {
			var links []link
			err := t.eachOnce(func(r row) error {
				_, fields, err := tr.scan(r)
				l = l.next(fields...)
				links = append(links, l)
				return err
			}, `SELECT `+columns+` FROM `+tr.table+` WHERE id > $1 ORDER BY id LIMIT 5000`, l.id)
			if err != nil {
				return err
			}
			for _, l := range links {
				if err := t.hit(`UPDATE `+tr.table+` SET hash = $2 WHERE id = $1`, l.id, l.hash[:]); err != nil {
					return fmt.Errorf("chain %s row %d: %w", tr.table, l.id, err)
				}
			}
			more = len(links) > 0
		}
	}
	return nil
}
