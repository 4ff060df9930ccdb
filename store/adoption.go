package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"
)

// dropped is the excuse of what was open when its plan was dropped.
const dropped = "方案已停用"

// termKey names a duty of an adoption.
type termKey struct {
	adoption int64
	duty     string
}

// term is a duty of an adoption with the plan it is of.
type term struct {
	plans.Term
	plan   string
	number int
}

// Adoptions implements schedule.AdoptionStore.
func (db *DB) Adoptions(ctx context.Context) (all []schedule.Adoption, err error) {
	err = db.view(ctx, "read adoptions", func(t *tx) error {
		if err := db.refreshAdoptions(t); err != nil {
			return err
		}
		db.remember.Lock()
		defer db.remember.Unlock()
		all = slices.Clone(db.adoptions.list)
		return nil
	})
	return all, err
}

// refreshAdoptions reads the adoptions again if anybody changed them. It must
// not be called after a change of adoptions in the same transaction, which may
// yet be undone.
func (db *DB) refreshAdoptions(t *tx) error {
	rev, err := t.rev("adoptions")
	if err != nil {
		return err
	}
	return db.adoptionsAt(t, rev)
}

// adoptionsAt is refreshAdoptions for one who has read how often they changed.
func (db *DB) adoptionsAt(t *tx, rev int64) error {
	db.remember.Lock()
	defer db.remember.Unlock()
	if db.adoptions.terms != nil && db.adoptions.rev >= rev {
		return nil
	}
	all, err := list(t, scanAdoption, `SELECT id, unit_id, unit_path, terms, adopted_at, dropped_on, asker, ready_at, person FROM adoptions ORDER BY id`)
	if err != nil {
		return err
	}
	terms := map[termKey]term{}
	for _, ad := range all {
		for _, d := range ad.Terms.Duties {
			terms[termKey{ad.ID, d.ID}] = term{Term: d, plan: ad.Terms.Plan, number: ad.Terms.Number}
		}
	}
	db.adoptions.rev, db.adoptions.list, db.adoptions.terms = rev, all, terms
	return nil
}

// term is what an adoption says of a duty. refreshAdoptions comes first.
func (db *DB) term(k termKey) (term, error) {
	db.remember.Lock()
	defer db.remember.Unlock()
	found, ok := db.adoptions.terms[k]
	if !ok {
		return term{}, fmt.Errorf("duty %q of adoption %d: %w", k.duty, k.adoption, schedule.ErrNotFound)
	}
	return found, nil
}

// adoptionsOf are the ids of a plan's adoptions, by the plan's id or number; an
// unknown plan has one that matches nothing.
func (db *DB) adoptionsOf(plan string) []int64 {
	db.remember.Lock()
	defer db.remember.Unlock()
	ids := []int64{0}
	for _, ad := range db.adoptions.list {
		if ad.Terms.Plan == plan || strconv.Itoa(ad.Terms.Number) == plan {
			ids = append(ids, ad.ID)
		}
	}
	return ids
}

func scanAdoption(r row) (ad schedule.Adoption, err error) {
	var terms string
	err = r.Scan(&ad.ID, &ad.Unit, &ad.UnitPath, &terms, stamp{&ad.AdoptedAt}, day{&ad.DroppedOn}, &ad.By, stamp{&ad.ReadyAt}, &ad.Person)
	if err != nil {
		return ad, err
	}
	return ad, json.Unmarshal([]byte(terms), &ad.Terms)
}

// AddAdoption implements schedule.AdoptionStore.
func (db *DB) AddAdoption(ctx context.Context, a roster.Actor, ad schedule.Adoption, now time.Time) (id int64, err error) {
	terms, err := json.Marshal(ad.Terms)
	if err != nil {
		return 0, fmt.Errorf("add adoption: %w", err)
	}
	err = db.change(ctx, "add adoption", func(t *tx) error {
		err := t.one(`INSERT INTO adoptions (unit_id, unit_path, terms, adopted_at, dropped_on, asker, ready_at, person)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`,
			[]any{ad.Unit, ad.UnitPath, string(terms), stampOf(ad.AdoptedAt), ad.DroppedOn.String(), ad.By,
				stampOf(ad.ReadyAt), ad.Person}, &id)
		if err != nil {
			return err
		}
		if err := t.touch("adoptions"); err != nil {
			return err
		}
		return t.note(a, string(roster.AdoptPlan), ref("adoption", id), ad.Terms.Plan, now)
	})
	return id, err
}

// ConfirmAdoption implements schedule.AdoptionStore.
func (db *DB) ConfirmAdoption(ctx context.Context, a roster.Actor, id int64, now time.Time) error {
	return db.change(ctx, "confirm adoption", func(t *tx) error {
		if err := t.hit(`UPDATE adoptions SET ready_at = 0 WHERE id = $1 AND ready_at <> 0`, id); err != nil {
			return err
		}
		if err := t.touch("adoptions"); err != nil {
			return err
		}
		return t.note(a, string(roster.ConfirmPlan), ref("adoption", id), "", now)
	})
}

// DropAdoption implements schedule.AdoptionStore. Flags of what is removed are
// resolved; what had ended before the day stands as it is.
func (db *DB) DropAdoption(ctx context.Context, a roster.Actor, id int64, on calendar.Date, now time.Time) error {
	return db.change(ctx, "drop adoption", func(t *tx) error {
		n, err := t.exec(`UPDATE adoptions SET dropped_on = $2 WHERE id = $1`, id, on.String())
		if err != nil {
			return err
		}
		if n == 0 {
			return schedule.ErrNotFound
		}
		if err := db.dropObligations(t, a, id, on, now); err != nil {
			return err
		}
		if err := t.touch("adoptions"); err != nil {
			return err
		}
		return t.note(a, string(roster.AdoptPlan), ref("adoption", id), "dropped on "+on.String(), now)
	})
}

func (db *DB) dropObligations(t *tx, a roster.Actor, id int64, on calendar.Date, now time.Time) error {
	_, err := t.exec(`UPDATE flags SET state = 'resolved', resolved_at = $3, why = $4
		WHERE state <> 'resolved'
			AND obligation IN (SELECT id FROM obligations WHERE adoption = $1 AND period_start >= $2)`,
		id, on.String(), stampOf(now), dropped)
	if err != nil {
		return err
	}
	if _, err := t.exec(`DELETE FROM obligations WHERE adoption = $1 AND period_start >= $2`, id, on.String()); err != nil {
		return err
	}
	_, err = t.exec(`UPDATE obligations SET excuse = $3, excused_by = $4, excused_at = $5
		WHERE adoption = $1 AND end_at > $2 AND excuse = '' AND credits < need`,
		id, stampOf(on.Start(db.cal.Zone())), dropped, byOf(a), stampOf(now))
	return err
}

// byOf is who did something, for a screen: the person asked for, or the number
// of the person in the roster, or the road it came by.
func byOf(a roster.Actor) string {
	switch {
	case a.By != "":
		return a.By
	case a.Person != 0:
		return ref("person", a.Person)
	}
	return string(a.Via)
}
