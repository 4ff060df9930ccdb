package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"tongluo/cmd/tongluo/config"
	"tongluo/cmd/tongluo/ops"
	"tongluo/schedule"
	"tongluo/store"
)

// sound is the account as the runner sees it: not there before the database has
// been checked once, nor after damage was found in it. Chat, console and
// planning do not wait for that; a message does.
type sound struct {
	schedule.Account
	d *daemon
}

// Status implements schedule.Account.
func (s sound) Status() schedule.AccountStatus {
	st := s.Account.Status()
	if st.Online() && (!s.d.checked.Load() || s.d.db.Damaged() != nil) {
		st.State = schedule.AccountOffline
	}
	return st
}

// checkAgain is the pause after a check that did not come to its end.
const checkAgain = 10 * time.Second

// checkFirst checks the database in the background, before the first message of
// this run.
func (d *daemon) checkFirst(ctx context.Context) {
	for {
		err := d.db.QuickCheck(ctx)
		if err == nil {
			d.checked.Store(true)
			d.wake()
			return
		}
		if d.db.Damaged() != nil || ctx.Err() != nil {
			return // the store has said so
		}
		d.log.Error("check the database before the first message; nothing is sent meanwhile", "err", err)
		rest(ctx, checkAgain)
	}
}

// showDamaged is a run on a database that is damaged: as far as it can be read,
// the console shows it; nothing is sent, nothing changed. It fails with the
// damage, which says what to do.
func (a *app) showDamaged(set config.Settings, log *slog.Logger, damage error) (err error) {
	if set.Console == "" {
		return errors.Join(damage, a.tellDamaged(set, log, time.Now()))
	}
	db, err := store.Open(a.ctx, a.data(), store.Options{Cal: set.Calendar, Log: log, ReadOnly: true})
	if err != nil { // not even that
		return errors.Join(damage, a.tellDamaged(set, log, time.Now()))
	}
	defer func() { err = errors.Join(damage, err, db.Close()) }()
	set.WeChat.Enabled = false
	d, err := a.newDaemon(set, db, log)
	if err != nil {
		return errors.Join(err, a.tellDamaged(set, log, time.Now()))
	}
	d.damaged = true
	a.note("%s", sentence(damage, exitFailed))
	if err := a.openConsole(set, d); err != nil || d.page == nil {
		return errors.Join(err, a.tellDamaged(set, log, time.Now()))
	}
	ctx, stop := context.WithCancel(a.ctx)
	var owned sync.WaitGroup
	owned.Go(func() { d.guard.Run(ctx) }) // whoever answers for the PC must hear of it
	defer owned.Wait()
	defer stop()
	if err := d.console.Serve(ctx, d.page); err != nil {
		return fmt.Errorf("show what can be read: %w", err)
	}
	return nil
}

// damageAgain is how often the operator is told by runs that end at once, as a
// service starts them again and again.
const damageAgain = 4 * time.Hour

// toldOf remembers when that was; there is no database to keep it in.
func toldOf(data string) string { return filepath.Join(data, "damage.told") }

// tellDamaged tells the operator of damage with which a run cannot go on at all.
func (a *app) tellDamaged(set config.Settings, log *slog.Logger, now time.Time) error {
	if st, err := os.Stat(toldOf(a.data())); err == nil && now.Sub(st.ModTime()).Abs() < damageAgain {
		return nil
	}
	roads, err := roadsOf(set.Alerts)
	if err != nil || len(roads) == 0 {
		return err
	}
	words := schedule.New(nil, set.Calendar, set.Office, schedule.Off{}, nil) // which reads nothing for it
	guard := ops.NewGuard(ops.Options{Alerts: words, Roads: roads, AliveAt: -1, Log: log})
	if !guard.Tell(a.ctx, ops.Word{Digest: []schedule.Alert{{Kind: schedule.AlertDamaged, Opened: now}}}, now) {
		return nil // the next run tries again
	}
	return os.WriteFile(toldOf(a.data()), nil, 0o600)
}
