package store

import (
	"context"
	"fmt"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// remembered is the roster as last read, and the count of changes it was read at.
type remembered struct {
	rev      int64
	snapshot *roster.Roster
}

// Roster implements schedule.RosterStore.
func (db *DB) Roster(ctx context.Context) (r *roster.Roster, err error) {
	err = db.view(ctx, "read roster", func(t *tx) error {
		r, err = db.rosterOf(t)
		return err
	})
	return r, err
}

// rosterOf is the roster as the transaction sees it, or later.
func (db *DB) rosterOf(t *tx) (*roster.Roster, error) {
	rev, err := t.rev("roster")
	if err != nil {
		return nil, err
	}
	db.remember.Lock()
	defer db.remember.Unlock()
	if db.roster.snapshot == nil || db.roster.rev < rev {
		snapshot, err := readRoster(t)
		if err != nil {
			return nil, err
		}
		db.roster = remembered{rev: rev, snapshot: snapshot}
	}
	return db.roster.snapshot, nil
}

func readRoster(t *tx) (*roster.Roster, error) {
	units, err := list(t, func(r row) (u roster.Unit, err error) {
		return u, r.Scan(&u.ID, &u.Name, &u.Path, &u.Parent, &u.School, &u.Contact)
	}, `SELECT id, name, path, parent, school, contact FROM units ORDER BY id`)
	if err != nil {
		return nil, err
	}
	groups, err := list(t, func(r row) (g roster.Group, err error) {
		return g, r.Scan(&g.ID, &g.Name, &g.Unit, &g.UnitPath, &g.Kind, array[string]{&g.Audiences}, &g.Keeper, &g.Carrier, &g.Since, &g.Until)
	}, `SELECT g.id, g.name, g.unit_id, u.path, g.kind, g.audiences, g.keeper, g.carrier, g.since, g.until
		FROM groups g JOIN units u ON u.id = g.unit_id ORDER BY g.id`)
	if err != nil {
		return nil, err
	}
	persons, err := list(t, func(r row) (p roster.Person, err error) {
		return p, r.Scan(&p.ID, &p.Name, &p.Unit, &p.UnitPath, &p.Role, &p.Phone, &p.Tag, &p.Until)
	}, `SELECT p.id, p.name, p.unit_id, COALESCE(u.path, ''), p.role, p.phone, p.tag, p.until
		FROM persons p LEFT JOIN units u ON u.id = p.unit_id ORDER BY p.id`)
	if err != nil {
		return nil, err
	}
	return roster.New(units, groups, persons), nil
}

// SaveRoster implements schedule.RosterStore. The unit paths of groups and
// persons are those of their units.
func (db *DB) SaveRoster(ctx context.Context, a roster.Actor, r *roster.Roster, now time.Time) error {
	return db.change(ctx, "save roster", func(t *tx) error {
		for _, u := range r.Units {
			if err := saveUnit(t, u); err != nil {
				return fmt.Errorf("unit %d: %w", u.ID, err)
			}
		}
		for _, g := range r.Groups {
			if err := saveGroup(t, g); err != nil {
				return fmt.Errorf("group %d: %w", g.ID, err)
			}
		}
		for _, p := range r.Persons {
			if err := savePerson(t, p); err != nil {
				return fmt.Errorf("person %d: %w", p.ID, err)
			}
		}
		if err := t.touch("roster"); err != nil {
			return err
		}
		size := fmt.Sprintf("%d units, %d groups, %d persons", len(r.Units), len(r.Groups), len(r.Persons))
		return t.note(a, string(roster.EditRoster), "roster", size, now)
	})
}

func saveUnit(t *tx, u roster.Unit) error {
	_, err := t.exec(`INSERT INTO units (id, name, path, parent, school, contact) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO UPDATE SET name = $2, path = $3, parent = $4, school = $5, contact = $6`,
		u.ID, u.Name, u.Path, u.Parent, u.School, u.Contact)
	return err
}

func saveGroup(t *tx, g roster.Group) error {
	_, err := t.exec(`INSERT INTO groups (id, name, unit_id, kind, audiences, keeper, carrier, since, until)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET name = $2, unit_id = $3, kind = $4, audiences = $5,
			keeper = $6, carrier = $7, since = $8, until = $9`,
		g.ID, g.Name, g.Unit, g.Kind, jsonText(g.Audiences), g.Keeper, string(g.Carrier), g.Since, g.Until)
	return err
}

func savePerson(t *tx, p roster.Person) error {
	_, err := t.exec(`INSERT INTO persons (id, name, unit_id, role, phone, tag, until) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET name = $2, unit_id = $3, role = $4, phone = $5, tag = $6, until = $7`,
		p.ID, p.Name, p.Unit, string(p.Role), p.Phone, p.Tag, p.Until)
	return err
}

// Bindings implements schedule.RosterStore.
func (db *DB) Bindings(ctx context.Context) (all []schedule.Binding, err error) {
	err = db.view(ctx, "read bindings", func(t *tx) error {
		all, err = list(t, func(r row) (b schedule.Binding, err error) { return b, r.Scan(&b.ID, &b.Group, &b.Room) },
			`SELECT id, group_id, room FROM bindings ORDER BY id`)
		return err
	})
	return all, err
}

// SaveBinding implements schedule.RosterStore. The same binding again becomes
// the newest.
func (db *DB) SaveBinding(ctx context.Context, a roster.Actor, b schedule.Binding, now time.Time) error {
	return db.change(ctx, "save binding", func(t *tx) error {
		return t.saveBinding(a, b, now)
	})
}
