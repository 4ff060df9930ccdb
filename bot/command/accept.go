package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// acceptWords show a list that waits for a person's yes. The yes is 确认 with the
// number that the list was given, and for that list alone.
func acceptWords() []command {
	return []command{
		{word: "认群", who: []roster.Role{roster.Staff, roster.Admin}, where: privately, args: nothing, handle: (*Dialogue).rooms,
			also:  []string{"认一下群", "哪些群要认"},
			usage: []string{"认群"}, about: "重新登录以后哪些群等人认一下，看过名单再确认"},
		{word: "放行", who: []roster.Role{roster.Staff, roster.Leader, roster.Admin}, where: privately, args: maybeThing, does: true, handle: (*Dialogue).release,
			usage: []string{"放行", "放行 37"}, about: "恢复备份以后压着没发的，看过再放；没有压着的，就是“审批”"},
	}
}

// rooms answers 认群: what is asked about, all of it, and the number of the yes.
// A list that a phone cannot show whole is for the console.
func (d *Dialogue) rooms(ctx context.Context, t turn, _ call) (answer, error) {
	list, err := d.office.RoomList(ctx, t.actor)
	if err != nil {
		return answer{}, err
	}
	today := "看今天的请回：今天"
	switch {
	case !list.Live:
		return answer{[]string{"微信没有登录，现在没有群可以认。"}, today}, nil
	case list.Held:
		return answer{[]string{fmt.Sprintf("登录后只认出 %d 个群，全部暂停发送。", list.Bound)}, schedule.SayLook}, nil
	case list.Asked == 0:
		return answer{[]string{fmt.Sprintf("没有等人认的群：认出 %d 个，没认 %d 个。", list.Bound, list.Refused)}, today}, nil
	}
	r, err := d.office.Roster(ctx, t.actor)
	if err != nil {
		return answer{}, err
	}
	lines, whole := askedLines(r, t.actor.Unit, list)
	a := answer{lines, "请到办公室电脑的控制台点“认群”，看全了再认"}
	if !whole {
		return a, nil
	}
	id, err := d.office.AskRooms(ctx, t.actor, list, inPrivate, t.now)
	if err != nil {
		return answer{}, err
	}
	a.next = "您不是管理员，认不了：请管理员来认，或在办公室电脑的控制台点“认群”"
	if id != 0 {
		a.next = fmt.Sprintf("都对请回：确认 %d；有不对的请到控制台的“认群”，只认对的", id)
	}
	return a, nil
}

// askedLines show what is asked about: one by one where a group must be looked
// at, together where its name is the roster's and it is new. false: not all.
func askedLines(r *roster.Roster, unit string, list schedule.RoomList) ([]string, bool) {
	lines := []string{fmt.Sprintf("%d 个群等人认一下，认了才往里发：", list.Asked)}
	var plain []schedule.Ref
	shown, doubtful := 0, 0
	for _, row := range list.Rows {
		name := row.Called()
		switch {
		case row.Verdict != roster.Ask:
			continue
		case row.First && name == "":
			plain = append(plain, row.Group)
			continue
		}
		if doubtful++; doubtful > mostLines {
			continue
		}
		line := fmt.Sprintf("%s %s", lastName(row.Unit.Name), row.Group.Name)
		if name != "" {
			line += fmt.Sprintf(" → 微信里叫“%s”", name)
		}
		lines = append(lines, line+row.People(), "　"+row.Why)
		shown++
	}
	if doubtful > shown {
		lines = append(lines, fmt.Sprintf("还有 %d 个要细看的", doubtful-shown))
	}
	if len(plain) > 0 {
		lines = append(lines, fmt.Sprintf("第一次认、名称对得上的 %d 个：%s", len(plain), listed(r, unit, plain)))
	}
	return lines, doubtful == shown
}

// release answers 放行: what a restore holds, or lets go of one push of it. Where
// nothing is held it is 审批, as people have always said it.
func (d *Dialogue) release(ctx context.Context, t turn, c call) (answer, error) {
	if c.item != "" {
		return d.second(ctx, t, c)
	}
	list, err := d.office.HeldList(ctx, t.actor)
	switch {
	case err != nil:
		return answer{}, err
	case c.id != 0:
		return d.releaseOne(ctx, t, c, list)
	case list.All == 0:
		return d.second(ctx, t, c)
	}
	r, err := d.office.Roster(ctx, t.actor)
	if err != nil {
		return answer{}, err
	}
	a := answer{next: fmt.Sprintf("只放一个请回：放行 %d；全部的请到控制台点“放行”", list.Rows[0].Push)}
	a.lines = []string{fmt.Sprintf("从备份恢复或换过电脑以后，压着 %d 个推送，%d 条：", len(list.Rows), list.All)}
	for i, p := range list.Rows {
		if i == mostLines/2 {
			a.lines = append(a.lines, fmt.Sprintf("还有 %d 个推送", len(list.Rows)-i))
			break
		}
		a.lines = append(a.lines, fmt.Sprintf("#%d %s前，%d 个群", p.Push, d.clock(p.Closes), len(p.Groups)), "　"+p.Title, "　"+listed(r, t.actor.Unit, p.Groups))
	}
	a.lines = append(a.lines, "放行以前请到群里看一眼，发过的不要放。时段结束还没放行的算错过。")
	if len(list.Rows) <= mostLines/2 {
		id, err := d.office.AskRelease(ctx, t.actor, list, inPrivate, t.now)
		if err != nil {
			return answer{}, err
		}
		a.next = fmt.Sprintf("全部放行请回：确认 %d；只放一个请回：放行 %d", id, list.Rows[0].Push)
	}
	return a, nil
}

// releaseOne lets go what is held of one push; any other number is one to approve.
func (d *Dialogue) releaseOne(ctx context.Context, t turn, c call, list schedule.HeldList) (answer, error) {
	for _, p := range list.Rows {
		if p.Push == c.id {
			n, err := d.office.ReleaseShown(ctx, t.actor, p.Push, p.Shown, t.now)
			if err != nil {
				return answer{}, err
			}
			return d.released(ctx, t, n)
		}
	}
	return d.approve(ctx, t, c)
}

// released says what was let go, and whether 停发 still keeps it.
func (d *Dialogue) released(ctx context.Context, t turn, n int) (answer, error) {
	a := answer{[]string{fmt.Sprintf("放行了 %d 条：时段内的接着发，过了时段的交给人转。", n)}, "看还有没有压着的请回：放行"}
	halt, err := d.office.HaltState(ctx, t.actor)
	if halt.On {
		a.lines = append(a.lines, "现在停发着，恢复以后才发。")
	}
	return a, err
}

// confirmShown is the yes to a list that was shown under the number; false when
// the number is none of these. A list that has changed since is shown anew.
func (d *Dialogue) confirmShown(ctx context.Context, t turn, id int64) (answer, bool, error) {
	n, err := d.office.ConfirmRooms(ctx, t.actor, id, t.place(), t.now)
	if !errors.Is(err, schedule.ErrNotFound) {
		if err != nil {
			return answer{}, true, d.anew(ctx, t, err, d.rooms)
		}
		return answer{[]string{fmt.Sprintf("认了 %d 个群，十秒内生效，到点往里发。", n)}, "看还有没有等着的请回：认群"}, true, nil
	}
	n, err = d.office.ConfirmRelease(ctx, t.actor, id, t.place(), t.now)
	if errors.Is(err, schedule.ErrNotFound) {
		return answer{}, false, nil
	}
	if err != nil {
		return answer{}, true, d.anew(ctx, t, err, d.release)
	}
	a, err := d.released(ctx, t, n)
	return a, true, err
}

// anew adds to what is said of a list that has changed the list as it is now.
func (d *Dialogue) anew(ctx context.Context, t turn, err error, list func(context.Context, turn, call) (answer, error)) error {
	var p *schedule.Problem
	if !errors.Is(err, schedule.ErrStale) || !errors.As(err, &p) {
		return err
	}
	now, again := list(ctx, t, call{})
	if again != nil {
		return err
	}
	return &schedule.Problem{Say: strings.Join([]string{p.Say, now.text()}, "\n"), Err: p.Err}
}
