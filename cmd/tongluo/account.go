package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"tongluo/bot"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// The marks by which the daemon and the commands beside it tell each other
// about the session; a session lives in the daemon's memory alone.
const (
	markAccount = "account" // seen, by the daemon
)

// seen is what the daemon last knew of its session. Groups and Persons outlive
// the session: the next one is held against them.
type seen struct {
	State   schedule.AccountState `json:"state"`
	Why     string                `json:"why"`    // of the state, in Chinese
	Since   time.Time             `json:"since"`  // of the state
	Echoes  bool                  `json:"echoes"` // this account's own messages come back to it
	Session string                `json:"session"`
	Account string                `json:"account"` // uin, to notice another account
	Bound   int                   `json:"bound"`
	Groups  []int64               `json:"groups"`  // sorted
	Persons []int64               `json:"persons"` // sorted
	Twins   []int64               `json:"twins"`   // persons whose tag several friends bear; sorted
}

// marks is the part of the store that keeps small facts.
type marks interface {
	MarkOf(ctx context.Context, key string) (string, error)
	Mark(ctx context.Context, key, value string) error
}

// readSeen gives the zero value when no daemon has logged in yet.
func readSeen(ctx context.Context, m marks) (seen, error) {
	text, err := m.MarkOf(ctx, markAccount)
	if err != nil && !errors.Is(err, schedule.ErrNotFound) {
		return seen{}, fmt.Errorf("read what the daemon saw: %w", err)
	}
	s := seen{State: schedule.AccountOffline}
	if text == "" {
		return s, nil
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return seen{}, fmt.Errorf("read what the daemon saw: %w", err)
	}
	return s, nil
}

func writeSeen(ctx context.Context, m marks, s seen) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("note the session: %w", err)
	}
	if err := m.Mark(ctx, markAccount, string(text)); err != nil {
		return fmt.Errorf("note the session: %w", err)
	}
	return nil
}

// Status makes seen a schedule.Account for commands beside the daemon.
func (s seen) Status() schedule.AccountStatus {
	sees := schedule.AccountStatus{State: s.State}.LoggedIn()
	return schedule.AccountStatus{State: s.State, Why: s.Why, Session: s.Session, Bound: s.Bound,
		Sees:  func(g int64) bool { _, ok := slices.BinarySearch(s.Groups, g); return sees && ok },
		Knows: func(p int64) bool { _, ok := slices.BinarySearch(s.Persons, p); return sees && ok },
		Twin:  func(p int64) bool { return slices.Contains(s.Twins, p) },
	}
}

// accountOf is the account as a command sees it: off when the settings say so,
// otherwise what the daemon last knew.
func accountOf(ctx context.Context, m marks, enabled bool) (schedule.Account, error) {
	if !enabled {
		return schedule.Off{}, nil
	}
	return readSeen(ctx, m)
}

// seenAt is the desk's present session, keeping what the last one saw while
// there is none.
func seenAt(d *bot.Desk, account string, before seen, r *roster.Roster, at time.Time) seen {
	st := d.Status()
	now := before
	now.State, now.Why, now.Session = st.State, st.Why, st.Session
	if now.State != before.State || now.Why != before.Why {
		now.Since = at.UTC()
	}
	if st.Session == "" {
		return now
	}
	now.Bound, now.Groups, now.Persons, now.Twins = st.Bound, []int64{}, []int64{}, d.Twins()
	if st.State != schedule.AccountHeld { // until somebody has looked, the account before is the right one
		now.Account = account
	}
	for g := range d.Bindings() {
		now.Groups = append(now.Groups, g)
	}
	for _, p := range r.Persons {
		if st.Knows(p.ID) {
			now.Persons = append(now.Persons, p.ID)
		}
	}
	slices.Sort(now.Groups)
	slices.Sort(now.Persons)
	return now
}

// equal spares the store a write where nothing has changed.
func (s seen) equal(o seen) bool {
	return s.State == o.State && s.Why == o.Why && s.Echoes == o.Echoes && s.Session == o.Session && s.Account == o.Account && s.Bound == o.Bound &&
		slices.Equal(s.Groups, o.Groups) && slices.Equal(s.Persons, o.Persons) && slices.Equal(s.Twins, o.Twins)
}
