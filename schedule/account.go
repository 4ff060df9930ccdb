package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tongluo/schedule/roster"
)

// Account tells whether automatic sends are possible at all. A day without a
// working account is a normal day.
type Account interface {
	// Status is the present state; it does not touch the network.
	Status() AccountStatus
}

// AccountState of the WeChat account: one word for one Chinese word.
type AccountState string

// The states an account is in. Nothing goes out by itself in any but online;
// what would have gone is the office's delay and no village's.
const (
	AccountOff       AccountState = "off"        // [wechat] is switched off
	AccountOnline    AccountState = "online"     // logged in and bound
	AccountSuspect   AccountState = "suspect"    // logged in, but silent for so long that nobody knows whether it works
	AccountOffline   AccountState = "offline"    // no session, or one that is deaf
	AccountNeedsScan AccountState = "needs_scan" // a login code waits for the office's phone
	AccountHeld      AccountState = "held"       // logged in, but too few groups re-bound: a person must look
	AccountBarred    AccountState = "barred"     // restricted: nobody but a person may try to log in again
)

// AccountMoves are the lawful changes of an account that is not off.
var AccountMoves = map[AccountState][]AccountState{
	AccountOffline:   {AccountOnline, AccountHeld, AccountNeedsScan, AccountBarred},
	AccountNeedsScan: {AccountOnline, AccountHeld, AccountOffline, AccountBarred},
	AccountOnline:    {AccountSuspect, AccountOffline, AccountBarred},
	AccountSuspect:   {AccountOnline, AccountOffline, AccountBarred},
	AccountHeld:      {AccountOnline, AccountOffline, AccountBarred},
	AccountBarred:    {AccountOffline},
}

// Chinese is the word on every screen.
func (s AccountState) Chinese() string {
	switch s {
	case AccountOff:
		return "没有启用"
	case AccountOnline:
		return "在线"
	case AccountSuspect:
		return "疑似掉线"
	case AccountOffline:
		return "离线"
	case AccountNeedsScan:
		return "等扫码"
	case AccountHeld:
		return "待核对"
	case AccountBarred:
		return "受限"
	}
	return string(s)
}

// advice is what to know and do in a state that gives no reason of its own.
func (s AccountState) advice() string {
	switch s {
	case AccountOff:
		return "config.toml 里 [wechat] enabled = false，全部由人转发。"
	case AccountOnline:
		return "按时自动发送。"
	case AccountSuspect:
		return "好久没有动静，先停发，正在自检。请打开手机上的这个微信看一眼。"
	case AccountNeedsScan:
		return "请用办公室的微信扫登录码：控制台首页有，运行 tongluo run 的窗口里也有。"
	case AccountHeld:
		return "登录了，先不发。" + SayLook + "。"
	case AccountBarred:
		return "已停止登录。请先在手机上处理这个账号，再运行 tongluo account login。"
	}
	return "正在重新登录，不用管它。"
}

// AccountStatus is what an Account says of itself.
type AccountStatus struct {
	State   AccountState
	Session string // one login; handles and bindings belong to it
	Bound   int    // groups bound in this session
	// Why is the reason of the state and what to do about it, in Chinese; ""
	// where the state says all. It holds no secret and no name.
	Why string
	// Sees reports whether the group has a handle in this session.
	Sees func(group int64) bool
	// Knows reports whether the person can be reached in private.
	Knows func(person int64) bool
	// Twin reports whether several friends bear the person's tag as their
	// remark, so that none is the person by it; nil: nobody's.
	Twin func(person int64) bool
}

// Online reports whether anything may be sent.
func (s AccountStatus) Online() bool { return s.State == AccountOnline }

// LoggedIn reports whether there is a session whose groups and friends are
// known, though perhaps nothing may be sent in it.
func (s AccountStatus) LoggedIn() bool {
	return s.State == AccountOnline || s.State == AccountSuspect || s.State == AccountHeld
}

// Hears reports whether what is said to the account is sure to be taken in, so
// that whoever says nothing can be held to it.
func (s AccountStatus) Hears() bool { return s.State == AccountOnline || s.State == AccountHeld }

// NeedsPerson reports whether it stays as it is until a person does something.
func (s AccountStatus) NeedsPerson() bool {
	switch s.State {
	case AccountSuspect, AccountNeedsScan, AccountHeld, AccountBarred:
		return true
	case AccountOffline:
		return s.Why != ""
	}
	return false
}

// Say is the reason and what to do next, in Chinese.
func (s AccountStatus) Say() string {
	if s.Why != "" {
		return s.Why
	}
	return s.State.advice()
}

// MarkAccepted is where AcceptRooms leaves its word for a held session.
const MarkAccepted = "account.accepted"

// AccountStop is why nobody but a person may have the account log in again. It
// outlives the daemon.
type AccountStop struct {
	Why string    `json:"why"` // in Chinese, with what to do next
	At  time.Time `json:"at"`
}

const (
	markStop = "account.stop"
	markPin  = "account.pin"
)

// StopAccountFor notes that the account may not log in again by itself.
func (o *Office) StopAccountFor(ctx context.Context, why string, now time.Time) error {
	text, err := json.Marshal(AccountStop{Why: why, At: now.UTC()})
	if err != nil {
		return fmt.Errorf("note the account's stop: %w", err)
	}
	if err := o.store.Mark(ctx, markStop, string(text)); err != nil {
		return fmt.Errorf("note the account's stop: %w", err)
	}
	return o.store.Log(ctx, roster.Clock(), "stop account", "account", why, now)
}

// AccountStopped gives the stop that stands; false when there is none.
func (o *Office) AccountStopped(ctx context.Context) (AccountStop, bool, error) {
	text, err := o.store.MarkOf(ctx, markStop)
	if errors.Is(err, ErrNotFound) || err == nil && text == "" {
		return AccountStop{}, false, nil
	}
	if err != nil {
		return AccountStop{}, false, fmt.Errorf("read the account's stop: %w", err)
	}
	var s AccountStop
	if json.Unmarshal([]byte(text), &s) != nil { // unreadable: a stop all the same
		s.Why = AccountBarred.advice()
	}
	return s, true, nil
}

// LoginAgain is a person's word that a stopped account may log in again: what
// was wrong has been put right on the phone.
func (o *Office) LoginAgain(ctx context.Context, a roster.Actor, now time.Time) error {
	if err := allow(a, roster.EditRoster, a.Unit); err != nil {
		return err
	}
	_, stopped, err := o.AccountStopped(ctx)
	if err != nil {
		return err
	}
	if !stopped {
		return problem(ErrState, "账号没有被停下，铜锣自己会登录；要扫码时控制台首页有登录码")
	}
	if err := o.store.Mark(ctx, markStop, ""); err != nil {
		return fmt.Errorf("let the account log in: %w", err)
	}
	return o.store.Log(ctx, a, "login again", "account", "", now)
}

// anyAccount is the pin of an office that has said it changes its account; an
// office that never had one has none.
const anyAccount = "-"

// AccountPin is the one account (uin) that may log in, "" for the next that does.
func (o *Office) AccountPin(ctx context.Context) (string, error) {
	pin, err := o.pin(ctx)
	if pin == anyAccount {
		return "", err
	}
	return pin, err
}

func (o *Office) pin(ctx context.Context) (string, error) {
	pin, err := o.store.MarkOf(ctx, markPin)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", fmt.Errorf("read the account's pin: %w", err)
	}
	return pin, nil
}

// PinKnown pins the account that logged in before there were pins. It changes
// nothing where one was ever set.
func (o *Office) PinKnown(ctx context.Context, account string, now time.Time) error {
	pin, err := o.pin(ctx)
	if err != nil || pin != "" {
		return err
	}
	return o.PinAccount(ctx, account, now)
}

// PinAccount makes the first account that logs in the only one that may.
func (o *Office) PinAccount(ctx context.Context, account string, now time.Time) error {
	pin, err := o.AccountPin(ctx)
	if err != nil || pin == account || account == "" {
		return err
	}
	if pin != "" {
		return problem(ErrState, "登录的不是原来那个微信号")
	}
	if err := o.store.Mark(ctx, markPin, account); err != nil {
		return fmt.Errorf("pin the account: %w", err)
	}
	return o.store.Log(ctx, roster.Clock(), "pin account", "account", "", now)
}

// ChangeAccount is a person's word that the office sends with another account
// from now on: the one that logs in next is it.
func (o *Office) ChangeAccount(ctx context.Context, a roster.Actor, now time.Time) error {
	if err := allow(a, roster.EditRoster, a.Unit); err != nil {
		return err
	}
	pin, err := o.AccountPin(ctx)
	if err != nil {
		return err
	}
	if pin == "" {
		return problem(ErrState, "还没有认定哪个微信号，直接扫码就行")
	}
	// In this order a crash in the middle leaves an account that logs in as it did.
	if err := o.store.Mark(ctx, markPin, anyAccount); err != nil {
		return fmt.Errorf("change the account: %w", err)
	}
	if err := o.store.Mark(ctx, markStop, ""); err != nil {
		return fmt.Errorf("change the account: %w", err)
	}
	return o.store.Log(ctx, a, "change account", "account", "", now)
}
