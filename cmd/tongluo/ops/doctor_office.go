package ops

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

// session says what the daemon last saw of the account, and how old the login is.
func (e *exam) session(context.Context) Check {
	const key, name = "session", "微信登录"
	if !e.WeChat {
		return well(key, name, "没有启用微信，全部由人转发")
	}
	if e.office == nil {
		return e.unread(key, name)
	}
	age := ""
	if st, err := os.Stat(filepath.Join(e.Data, "session", "session.json")); err == nil {
		age = "，登录信息是 " + ago(e.now.Sub(st.ModTime())) + "存的"
	}
	const packs = "；登录不上也不要紧，请用转发包"
	switch e.account.State {
	case schedule.AccountOnline:
		return well(key, name, "上次看到时在线，认回 %d 个群%s", e.account.Bound, age)
	case schedule.AccountHeld:
		return warn(key, name, fmt.Sprintf("登录了，但只认回 %d 个群，已暂停发送", e.account.Bound), schedule.SayLook)
	case schedule.AccountBarred:
		return bad(key, name, "微信不让这个账号登录", "请先在手机上处理这个账号，再运行 tongluo account login"+packs)
	case schedule.AccountSuspect:
		return warn(key, name, "登录了，可是好久没有动静，先停发", "请打开手机上的这个微信看一眼；没有掉线会自动接着发")
	case schedule.AccountNeedsScan:
		return warn(key, name, "在等扫码", "请到办公室的电脑前，用办公室的手机扫码"+packs)
	}
	if age == "" {
		return warn(key, name, "还没有登录过", "请启动 tongluo run，用办公室的手机扫码"+packs)
	}
	return warn(key, name, "上次看到时没有登录"+age, "请看 tongluo run 的窗口，要扫码就扫"+packs)
}

// members looks whether the key is there that the groups' members were hashed with.
func (e *exam) members(ctx context.Context) Check {
	const key, name = "members", "认群的钥匙"
	if !e.WeChat {
		return well(key, name, "没有启用微信，用不着")
	}
	if e.office == nil {
		return e.unread(key, name)
	}
	n, err := Strangers(ctx, e.db)
	switch {
	case err != nil:
		return failed(key, name, err)
	case n > 0:
		say, do := LookAgain(n)
		return warn(key, name, say, "请"+do+"；旧电脑的 "+KeyFile+" 还在的话，先拷进数据目录再启动")
	}
	return well(key, name, "和台账对得上；它不进备份，换电脑时请单独拷 "+KeyFile)
}

func (e *exam) plans(ctx context.Context) Check {
	const key, name = "plans", "方案"
	if e.office == nil {
		return e.unread(key, name)
	}
	n, err := e.adopted(ctx)
	switch {
	case err != nil:
		return failed(key, name, err)
	case len(n) == 0:
		return warn(key, name, "还没有启用方案，什么也不会排", "请运行 tongluo plan list 看有哪些，再用 tongluo plan adopt 启用")
	}
	return well(key, name, "启用了 %d 个", len(n))
}

// adopted are the adoptions in force today or later.
func (e *exam) adopted(ctx context.Context) ([]schedule.Adoption, error) {
	all, err := e.office.Adopted(ctx, roster.Operator(""))
	today := e.Calendar.Today(e.now)
	return slices.DeleteFunc(all, func(a schedule.Adoption) bool {
		return !a.DroppedOn.IsZero() && !a.DroppedOn.After(today)
	}), err
}

// holidays looks whether the table knows this year, the plans' years, and from 1
// December the next one.
func (e *exam) holidays(ctx context.Context) Check {
	const key, name = "holidays", "节假日表"
	today := e.Calendar.Today(e.now)
	years := []int{today.Year()}
	if today.Month() == time.December {
		years = append(years, today.Year()+1)
	}
	if e.office != nil {
		all, err := e.adopted(ctx)
		if err != nil {
			return failed(key, name, err)
		}
		for _, a := range all {
			if a.Terms.End.After(today) {
				years = append(years, a.Terms.Year)
			}
		}
	}
	slices.Sort(years)
	var unknown []string
	for _, y := range slices.Compact(years) {
		if !e.Calendar.KnownYear(y) && (y <= today.Year() || announced(today, y)) {
			unknown = append(unknown, fmt.Sprint(y))
		}
	}
	if len(unknown) > 0 {
		return warn(key, name, "没有 "+strings.Join(unknown, "、")+" 年的放假和调休", "国务院公布后，请在 config.toml 里用 [[calendar.day]] 一天一段写上，再重新启动")
	}
	return well(key, name, "有 %d 年的", today.Year())
}

// announced reports whether the holidays of a year ought to be known: from 1
// December before it.
func announced(today calendar.Date, year int) bool {
	return today.Year() >= year || today.Year() == year-1 && today.Month() == time.December
}

func (e *exam) roster(ctx context.Context) Check {
	const key, name = "roster", "花名册"
	if e.office == nil {
		return e.unread(key, name)
	}
	r, err := e.office.Roster(ctx, roster.Operator(""))
	if err != nil {
		return failed(key, name, err)
	}
	if len(r.Groups) == 0 {
		return warn(key, name, "还是空的", "请导入花名册：tongluo roster import 文件")
	}
	found, err := e.office.Onboard(ctx, roster.Operator(""), e.now)
	if err != nil {
		return failed(key, name, err)
	}
	has := fmt.Sprintf("%d 个单位，%d 个群，%d 人", len(r.Units), len(r.Groups), len(r.Persons))
	if n := len(found.Steps); n > 0 {
		return warn(key, name, fmt.Sprintf("%s；%d 处要办", has, n), "请运行 tongluo roster check，从上往下办")
	}
	return well(key, name, "%s，没有要办的", has)
}

// roads says over how many roads an alert may go; which, and never by what key.
func (e *exam) roads(context.Context) Check {
	const key, name = "roads", "告警的路"
	switch {
	case e.ConfigWrong != nil:
		return warn(key, name, "设置文件读不懂，不知道有几条", "请先改好设置文件")
	case e.Roads == 0 && !e.Heartbeat:
		return warn(key, name, "一条也没有，掉线了没有人知道", "请在 config.toml 的 [alerts] 里写一条，再运行 tongluo alerts test")
	case !e.Heartbeat:
		return warn(key, name, fmt.Sprintf("%d 条，没有心跳，电脑关机没有人知道", e.Roads), "请在 config.toml 的 [alerts] 里写 heartbeat")
	}
	return well(key, name, "%d 条，有心跳；试一试：tongluo alerts test", e.Roads)
}

// alerts are those that are open.
func (e *exam) alerts(ctx context.Context) Check {
	const key, name = "alerts", "告警"
	if e.office == nil {
		return e.unread(key, name)
	}
	open, err := e.office.Alerts(ctx, roster.Operator(""))
	if err != nil {
		return failed(key, name, err)
	}
	var titles []string
	for _, a := range open {
		titles = append(titles, a.Title)
	}
	if len(open) > 0 {
		return warn(key, name, fmt.Sprintf("%d 个没了结：%s", len(open), strings.Join(titles, "；")), "请运行 tongluo alerts，照它说的办")
	}
	return well(key, name, "没有没了结的")
}
