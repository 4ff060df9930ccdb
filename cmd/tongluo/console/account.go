package console

import (
	"cmp"
	"fmt"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"tongluo/schedule"
)

// accountView is the account in sentences, with the code to scan.
type accountView struct {
	State string // one or two words
	Lines []string
	Code  bool // a login code waits
	Waits bool // it may change any moment
	Rooms bool // which group is which room is known, and nobody waits for a yes
}

func (c *Console) account() accountView {
	st := c.opt.Account.Status()
	packs := "到点的转发包在 " + c.opt.Packs + "：交给负责人转发，登记表填好后用 tongluo confirm --sheet 文件 读回。"
	switch st.State {
	case schedule.AccountOff:
		return accountView{State: "没有启用微信", Lines: []string{st.Say(), packs}}
	case schedule.AccountOnline:
		return accountView{State: "微信在线", Lines: []string{fmt.Sprintf("认回 %d 个群，按时自动发送。", st.Bound)}}
	case schedule.AccountHeld:
		return accountView{State: "微信待核对，暂停发送", Lines: []string{cmp.Or(st.Why, fmt.Sprintf("这次登录只认回 %d 个群，先不发。%s。", st.Bound, schedule.SayLook)), packs}}
	case schedule.AccountSuspect, schedule.AccountBarred:
		return accountView{State: "微信" + st.State.Chinese() + "，暂停发送", Lines: []string{st.Say(), packs}, Waits: true}
	}
	v := accountView{State: "微信" + st.State.Chinese(), Waits: true, Code: c.opt.Code() != ""}
	if v.Code {
		v.Lines = []string{"请用办公室的微信扫码登录。登录码等于钥匙，不要拍照，不要转发。"}
	} else {
		v.Lines = []string{st.Say(), "要扫码时，登录码显示在这里。"}
	}
	v.Lines = append(v.Lines, "登录不上也不要紧，"+packs)
	return v
}

func (v accountView) draw(frame) g.Node {
	return h.Section(
		h.H2(g.Textf("账号：%s", v.State)),
		g.Map(v.Lines, func(line string) g.Node { return h.P(g.Text(line)) }),
		g.If(v.Rooms, h.P(link("/rooms", "看每个群认得怎样"))),
		g.If(v.Code, h.P(h.Img(h.Class("code"), h.Src("/code.png"), h.Width("220"), h.Height("220"), h.Alt("微信登录码")))),
	)
}
