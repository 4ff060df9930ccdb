package main

import (
	"time"

	"tongluo/schedule/roster"
)

type rosterBindCmd struct {
	Group  string `arg:"positional" help:"群的编号或名称"`
	Handle string `arg:"positional" help:"微信里的群名，或这次登录里的群号（@@ 开头）"`
	Accept bool   `help:"核对过 roster bindings 了：认可等人认的群；写了群，就只认这一个（群认出得太少时，不认可就不发送）"`
	writes
}

func (c *rosterBindCmd) Run(a *app) error {
	if c.Accept == (c.Handle != "") || c.Group == "" && !c.Accept {
		return inputf("请写 roster bind 群 微信群名，或者 roster bind 群 --accept，或者 roster bind --accept")
	}
	return a.with(func(o *office) error {
		if c.Accept {
			n, err := o.AcceptRooms(a.ctx, o.who, c.Group, time.Now())
			if err != nil {
				return err
			}
			return a.done(c.output, "已认可：%d 个等人认的群算数。守护进程十秒内生效。", n)
		}
		if err := o.BindGroup(a.ctx, o.who, c.Group, c.Handle, time.Now()); err != nil {
			return err
		}
		return a.done(c.output, "已绑定：%s → %s。守护进程十秒内生效。", c.Group, c.Handle)
	})
}

type rosterBindingsCmd struct {
	All bool `help:"认出的群也列出来"`
	reads
}

func (c *rosterBindingsCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		found, err := o.RoomList(a.ctx, reader())
		if err != nil {
			return err
		}
		found.Sort()
		if c.JSON {
			return a.document(found)
		}
		if found.Session == "" {
			a.say("还没有登录过微信，没有群可以认。请先 tongluo run，扫码登录。")
			return nil
		}
		for _, row := range found.Rows {
			if c.All || row.Verdict != roster.Bind {
				a.say("%s", row.Line())
			}
		}
		a.say("认出 %d 个群，%d 个等人认一下，%d 个没认。", found.Bound, found.Asked, found.Refused)
		if found.Asked > 0 {
			a.say("“待认”的都对，就用 roster bind --accept 一次认可；只认一个，用 roster bind 群 --accept。不打命令也行：控制台的“认群”，或管理员在微信里回“认群”。")
		}
		return nil
	})
}

// issuedGroup is what `roster code --group --json` prints; the code is shown
// nowhere else.
type issuedGroup struct {
	Code    string    `json:"code"`
	Group   int64     `json:"group"`
	Name    string    `json:"name"`
	Unit    string    `json:"unit"`
	Expires time.Time `json:"expires"`
}

// forGroup issues a code for a group.
func (c *rosterCodeCmd) forGroup(a *app, o *office) error {
	code, err := o.IssueGroupCode(a.ctx, o.who, c.Group, time.Now())
	if err != nil {
		return err
	}
	g := code.Group
	if c.JSON {
		return a.document(issuedGroup{code.Code, g.ID, g.Name, g.UnitPath, code.Expires.UTC()})
	}
	a.say("群“%s”（%s）的群绑定码，只显示这一次：\n\n    %s %s\n", g.Name, g.UnitPath, code.Code[:4], code.Code[4:])
	a.say("%s 前有效，用一次就作废；再发一个，这个也作废。", o.dayTime(code.Expires))
	a.say("打电话告诉这个群的负责人：用机器人认得的那个微信，在这个群里只发这八个字。群就认回来了，群里不会有回话。")
	return nil
}
