package main

import (
	"time"

	"tongluo/schedule"
)

type accountCmd struct {
	Show   accountShowCmd   `cmd:"default" help:"微信现在怎样，该怎么办"`
	Login  accountLoginCmd  `cmd:"" help:"账号受限停下以后：手机上处理好了，让铜锣再登录一次"`
	Change accountChangeCmd `cmd:"" help:"换一个微信号：原来的退出登录，下一个扫码的就是新的"`
}

// accountView is what `account --json` prints. It holds no id of the account.
type accountView struct {
	State  schedule.AccountState `json:"state"`
	Word   string                `json:"word"`
	Why    string                `json:"why"`   // and what to do next
	Since  *time.Time            `json:"since"` // of the state; null: never logged in
	Bound  int                   `json:"bound"` // groups
	Pinned bool                  `json:"pinned"`
}

type accountShowCmd struct{ output }

func (c *accountShowCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		account, err := accountOf(a.ctx, o.store, o.set.WeChat.Enabled)
		if err != nil {
			return err
		}
		st := account.Status()
		stop, stopped, err := o.AccountStopped(a.ctx)
		if err != nil {
			return err
		}
		if stopped && st.State != schedule.AccountOff {
			st.State, st.Why = schedule.AccountBarred, stop.Why
		}
		pin, err := o.AccountPin(a.ctx)
		if err != nil {
			return err
		}
		v := accountView{State: st.State, Word: st.State.Chinese(), Why: st.Say(), Bound: st.Bound, Pinned: pin != ""}
		if s, ok := account.(seen); ok && !s.Since.IsZero() {
			v.Since = &s.Since
		}
		if c.JSON {
			return a.document(v)
		}
		a.say("微信%s：%s", v.Word, v.Why)
		if v.Since != nil {
			a.say("从 %s 起；认回 %d 个群。", o.dayTime(*v.Since), v.Bound)
		}
		a.say("这是守护进程（tongluo run）最后留下的；没有运行，就不会变。")
		return nil
	})
}

type accountLoginCmd struct{ writes }

func (c *accountLoginCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		if err := o.LoginAgain(a.ctx, o.who, time.Now()); err != nil {
			return err
		}
		return a.done(c.output, "可以再登录了。守护进程十秒内会试一次，请准备扫码；没有运行，就运行 tongluo run。")
	})
}

type accountChangeCmd struct{ writes }

func (c *accountChangeCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		if err := o.ChangeAccount(a.ctx, o.who, time.Now()); err != nil {
			return err
		}
		return a.done(c.output, "原来的微信号会退出登录。下一个扫码的就是新的微信号，以后只认它；请用新号扫码，再在控制台点“认群”，或看 tongluo roster bindings。")
	})
}
