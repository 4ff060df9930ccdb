package main

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"tongluo/bot"
	"tongluo/cmd/tongluo/config"
	"tongluo/schedule"
	"tongluo/schedule/roster"
	"tongluo/store"
)

// settle makes sure that this data directory is the one to send from: a copy is
// refused, unless the person at the PC takes over from the original. A takeover
// that was cut short is done to its end, by whatever start comes next.
func (a *app) settle(set config.Settings, db *store.DB, takeover bool, now time.Time) error {
	verbs := schedule.New(db, set.Calendar, set.Office, schedule.Off{}, nil)
	err := db.Settle(a.ctx)
	took := errors.Is(err, store.ErrCopied) && takeover
	if took {
		err = a.takeOver(db, now)
	}
	if err != nil {
		return err
	}
	lost, err := verbs.Restored(a.ctx)
	if err != nil {
		return err
	}
	if !lost.Asking {
		if takeover {
			a.note("这就是原来的数据目录，不用 --takeover。")
		}
		return nil
	}
	if !took {
		a.note("上一次接手（第 %d 次）没有做完就断了，现在接着做完。没发完的都压着：请到群里看过，再用 tongluo release --all 放行。", lost.Epoch)
	}
	asked, err := verbs.AfterRestore(a.ctx, roster.Operator(""), lost, now)
	if err != nil {
		return fmt.Errorf("ask again after taking over a copied data directory: %w", err)
	}
	if asked > 0 {
		a.note("%d 张没办完的转发单会再轻声问一次；问到以前，不算任何村拖延。", asked)
	}
	return nil
}

// takeOver is the person's word that this copy is the one from now on.
func (a *app) takeOver(db *store.DB, now time.Time) error {
	lost, held, err := db.BeginEpoch(a.ctx, roster.Operator(""), schedule.HeldByRestore, now)
	if err != nil {
		return fmt.Errorf("take over a copied data directory: %w", err)
	}
	a.note("从现在起以这份数据为准（第 %d 次接手）。原来那份不要再运行。", lost.Epoch)
	if held > 0 {
		a.note("有 %d 条还没发完的先压着，原来那份也许已经发了：请到群里看过，再在控制台点“放行”，或在微信里回“放行”，或用 tongluo release --all", held)
	}
	return nil
}

// openStore opens the data directory for a command. One that is a copy is opened
// for reading only, so that nothing is written into a ledger nobody sends from.
func (a *app) openStore(set config.Settings) (*store.DB, error) {
	db, err := store.Open(a.ctx, a.data(), store.Options{Cal: set.Calendar})
	if err != nil {
		return nil, fmt.Errorf("open the data directory: %w", err)
	}
	err = db.Here(a.ctx)
	switch {
	case err == nil:
		return db, nil
	case !errors.Is(err, store.ErrCopied):
		return nil, errors.Join(err, db.Close())
	}
	a.note("%v\n这里只能看，不能改。要改用这份：先停掉原来的，再运行 tongluo run --takeover", err)
	if err := db.Close(); err != nil {
		return nil, fmt.Errorf("close the data directory: %w", err)
	}
	if db, err = store.Open(a.ctx, a.data(), store.Options{Cal: set.Calendar, ReadOnly: true}); err != nil {
		return nil, fmt.Errorf("open the data directory: %w", err)
	}
	return db, nil
}

// accountLease lets an account be served by one process of this PC.
type accountLease struct {
	log     *slog.Logger
	where   string // the endpoint: accounts of two services are two
	release func() error
	taken   string
}

// take takes the account of a session; false: another process serves it, and
// the session must end.
func (l *accountLease) take(s bot.Session) bool {
	if s.Account == "" || s.Account == l.taken {
		return true
	}
	l.give()
	release, err := store.LockAccount(l.where + "\x00" + s.Account)
	switch {
	case err == nil:
		l.release, l.taken = release, s.Account
		return true
	case errors.Is(err, store.ErrLocked):
		l.log.Error("another process of this PC serves the account; stop it, then start this one again", "err", err)
		return false
	}
	l.log.Warn("the account is not held for this process alone", "err", err) // no reason to send nothing
	return true
}

// give gives the account back; call it when no session is served any more.
func (l *accountLease) give() {
	if l.release == nil {
		return
	}
	if err := l.release(); err != nil {
		l.log.Warn("give the account back", "err", err)
	}
	l.release, l.taken = nil, ""
}
