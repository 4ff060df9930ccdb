package bot

import (
	"errors"

	"tongluo/schedule"
)

// What the office reads when the state alone does not say it.
const (
	sayPhone  = "手机上会弹出登录确认，请在手机上点“登录”；两分钟内没点，就出登录码。"
	sayDeaf   = "登录还在，可是好久收不到消息，自检也没有回音（假死）。请打开手机上的这个微信，在随便哪个群里看一眼；手机一有动静，铜锣就接着发。"
	sayOther  = "扫码的不是原来那个微信号，已经把它退出登录，什么都没有发。请用原来的微信号：先运行 tongluo account login，再扫码。真要换号，请运行 tongluo account change。"
	sayServed = "这台电脑上另有一个铜锣在用这个微信号，这边已停止登录。请先停掉那一个，再运行 tongluo account login。"
	saySoon   = "登录后几分钟内就被微信踢下线，多半是账号受了限制；再登录只会更糟，已停止登录。请先在手机上看有没有提醒，过一两天再运行 tongluo account login。"
	sayBars   = "微信不让这个账号登录网页版，已停止登录。请先在手机上处理这个账号（看有没有安全提醒、有没有实名），再运行 tongluo account login。"
)

// sayLook is what to do about a session that is held.
const sayLook = "先不发。" + schedule.SayLook + "。"

// AwaitScan notes that a login code waits for the office's phone.
func (d *Desk) AwaitScan() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state == schedule.AccountOffline {
		d.become(schedule.AccountNeedsScan, "")
	}
}

// AwaitPhone notes that the phone has been asked to agree to a login.
func (d *Desk) AwaitPhone() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state == schedule.AccountOffline {
		d.why = sayPhone
	}
}

// Doubt holds everything until a proof of life: nothing has been heard for so
// long that the session may be dead without saying so.
func (d *Desk) Doubt() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state == schedule.AccountOnline {
		d.become(schedule.AccountSuspect, "")
	}
}

// Deaf gives a doubted session up for now. It is still listened to, and Alive
// takes it back.
func (d *Desk) Deaf() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state == schedule.AccountSuspect {
		d.become(schedule.AccountOffline, sayDeaf)
	}
}

// Alive is a proof of life for the session that was doubted.
func (d *Desk) Alive() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state == schedule.AccountSuspect || d.state == schedule.AccountOffline && d.present.session != "" {
		d.become(schedule.AccountOnline, "")
		d.remember() // what was bound meanwhile
	}
}

// Restrict keeps everybody but a person from logging in again; why is Chinese.
func (d *Desk) Restrict(why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.leave(nil)
	d.become(schedule.AccountBarred, why)
}

// Allow takes a Restrict back.
func (d *Desk) Allow() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state == schedule.AccountBarred {
		d.become(schedule.AccountOffline, "")
	}
}

// become changes the state. The lock is held.
func (d *Desk) become(to schedule.AccountState, why string) {
	d.log.Info("account", "from", d.state, "to", to)
	d.state, d.why = to, why
}

// leave empties the desk when a session, or an attempt at one, has ended. The
// lock is held.
func (d *Desk) leave(why error) {
	if p := d.present; p.session != "" { // who and where, nothing else of it
		d.past = &present{session: p.session, groupOf: p.groupOf, personOf: p.personOf, proven: p.proven}
	}
	d.present = &present{}
	if errors.Is(why, ErrLeave) {
		d.account = "" // another one is to come
	}
	if d.state == schedule.AccountBarred {
		return
	}
	if say := Stops(why); say != "" {
		d.become(schedule.AccountBarred, say)
		return
	}
	d.become(schedule.AccountOffline, "")
}

// Stops is why the end of a session keeps everybody but a person from logging in
// again, in Chinese with what to do; "" when it does not.
func Stops(end error) string {
	var said interface{ Said() string }
	switch {
	case errors.Is(end, ErrServed):
		return sayServed
	case errors.Is(end, ErrOtherAccount):
		return sayOther
	case errors.Is(end, ErrSoonOver):
		return saySoon
	case !errors.Is(end, ErrBarred):
		return ""
	case errors.As(end, &said) && said.Said() != "":
		return sayBars + "微信的原话：" + said.Said()
	}
	return sayBars
}
