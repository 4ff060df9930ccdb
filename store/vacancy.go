package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// NoteVacancies implements schedule.VacancyStore.
func (db *DB) NoteVacancies(ctx context.Context, vacant map[int64]schedule.Vacancy, now time.Time) error {
	return db.change(ctx, "note vacancies", func(t *tx) error {
		open, err := list(t, scanVacancy, vacancyQuery+` WHERE filled_at = 0 ORDER BY id`)
		if err != nil {
			return err
		}
		known := map[int64]bool{}
		for _, v := range open {
			wanted, still := vacant[v.Group]
			known[v.Group] = still
			if err := t.keepVacancy(v, wanted.Why, still, now); err != nil {
				return err
			}
		}
		for _, g := range slices.Sorted(maps.Keys(vacant)) {
			if known[g] {
				continue
			}
			if err := t.openVacancy(vacant[g], now); err != nil {
				return err
			}
		}
		return nil
	})
}

// keepVacancy brings an open vacancy up to date: why it is one, or that it is over.
func (t *tx) keepVacancy(v schedule.Vacancy, why schedule.VacancyWhy, still bool, now time.Time) error {
	if still {
		_, err := t.exec(`UPDATE vacancies SET why = $2 WHERE id = $1 AND why <> $2`, v.ID, string(why))
		return err
	}
	if err := t.hit(`UPDATE vacancies SET filled_at = $2 WHERE id = $1 AND filled_at = 0`, v.ID, stampOf(now)); err != nil {
		return err
	}
	return t.note(roster.Clock(), "vacancy filled", ref("vacancy", v.ID), "", now)
}

func (t *tx) openVacancy(v schedule.Vacancy, now time.Time) error {
	id, err := t.numbers(1)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO vacancies (id, group_id, why, since, filled_at) VALUES ($1, $2, $3, $4, 0)`,
		id, v.Group, string(v.Why), stampOf(v.Since))
	if err != nil {
		return err
	}
	return t.note(roster.Clock(), "vacancy", ref("vacancy", id), string(v.Why), now)
}

const vacancyQuery = `SELECT id, group_id, why, since, filled_at FROM vacancies`

func scanVacancy(r row) (v schedule.Vacancy, err error) {
	return v, r.Scan(&v.ID, &v.Group, &v.Why, stamp{&v.Since}, stamp{&v.FilledAt})
}

// Vacancies implements schedule.VacancyStore.
func (db *DB) Vacancies(ctx context.Context, at time.Time) (all []schedule.Vacancy, err error) {
	err = db.view(ctx, "read vacancies", func(t *tx) error {
		all, err = list(t, scanVacancy, vacancyQuery+` WHERE since <= $1 AND (filled_at = 0 OR filled_at > $1) ORDER BY since, id`, stampOf(at))
		return err
	})
	return all, err
}
