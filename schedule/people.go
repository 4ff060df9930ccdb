package schedule

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongluo/schedule/roster"
)

// ImportRoster writes a merged roster whole, opens what its groups owe from
// today on, excuses what ended groups no longer can do, moves what is open to new
// keepers and records who is missing. Done again with the same roster it changes
// nothing.
func (o *Office) ImportRoster(ctx context.Context, a roster.Actor, r *roster.Roster, now time.Time) error {
	if err := allow(a, roster.EditRoster, a.Unit); err != nil {
		return err
	}
	if err := o.refuseLeaving(r, now); err != nil {
		return err
	}
	today := o.cal.Today(now)
	if err := o.store.SaveRoster(ctx, a, r, now); err != nil {
		return fmt.Errorf("import roster: %w", err)
	}
	if err := o.Start(ctx, now); err != nil {
		return err
	}
	if err := o.openPeriods(ctx, today, today.AddDays(1), every, now); err != nil {
		return err
	}
	if err := o.excuseEnded(ctx, r, now); err != nil {
		return err
	}
	if err := o.handOver(ctx, a, r, now); err != nil {
		return err
	}
	return o.noteVacancies(ctx, now)
}

// refuseLeaving refuses a roster in which somebody leaves on a day to come.
func (o *Office) refuseLeaving(r *roster.Roster, now time.Time) error {
	for _, p := range r.Persons {
		if p.Until > o.cal.Today(now).String() {
			return problem(ErrInput, "%s %s 的停用日期 %s 还没到，请写今天或以前的日期，或到那天再导入", p.UnitPath, p.Name, p.Until)
		}
	}
	return nil
}

// excuseEnded excuses the open obligations of groups that have ended.
func (o *Office) excuseEnded(ctx context.Context, r *roster.Roster, now time.Time) error {
	var ids []int64
	for _, g := range r.Groups {
		if g.Until == "" {
			continue
		}
		obs, err := o.store.Obligations(ctx, ObligationFilter{Group: g.ID, EndsAfter: now, Short: true, Now: now})
		if err != nil {
			return err
		}
		for _, ob := range obs {
			if ob.Excuse == "" && g.Until < o.cal.Today(ob.EndAt).String() {
				ids = append(ids, ob.ID)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return o.store.Excuse(ctx, roster.Clock(), ids, "本期内群已停用", now)
}

// Operator is the actor of the command line, for the person --by names: a tag,
// a name only one person bears, or unit path and name. Nobody by that name is
// ErrInput; before a roster is there any name will do.
func (o *Office) Operator(ctx context.Context, by string) (roster.Actor, error) {
	a := roster.Operator(strings.TrimSpace(by))
	if a.By == "" {
		return a, nil
	}
	r, err := o.store.Roster(ctx)
	if err != nil || len(r.Persons) == 0 {
		return a, err
	}
	p, err := findPerson(r, a.By)
	if err != nil {
		return a, err
	}
	a.Person = p.ID
	return a, nil
}

func findPerson(r *roster.Roster, s string) (roster.Person, error) {
	if p, ok := r.PersonByTag(s); ok {
		return p, nil
	}
	var hits []roster.Person
	for _, p := range r.Persons {
		if p.Until == "" && (p.Name == s || strings.HasSuffix("/"+p.UnitPath+"/"+p.Name, "/"+s)) {
			hits = append(hits, p)
		}
	}
	if len(hits) != 1 {
		return roster.Person{}, problem(ErrInput, "花名册里叫“%s”的人有 %d 个，请写他的标记，或“单位/姓名”", s, len(hits))
	}
	return hits[0], nil
}

// Roster is the present roster, for those who may see it.
func (o *Office) Roster(ctx context.Context, a roster.Actor) (*roster.Roster, error) {
	if err := allow(a, roster.SeeOwn, a.Unit); err != nil {
		return nil, err
	}
	return o.store.Roster(ctx)
}

// BindGroup ties a group to a room by a person's word: a handle of the present
// session, or the room's exact name.
func (o *Office) BindGroup(ctx context.Context, a roster.Actor, group, room string, now time.Time) error {
	g, err := o.findGroup(ctx, group)
	if err != nil {
		return err
	}
	if err := allow(a, roster.EditRoster, g.UnitPath); err != nil {
		return err
	}
	if strings.TrimSpace(room) == "" {
		return problem(ErrInput, "请写群在微信里的名称，或本次登录的群标识（以 @@ 开头）")
	}
	return o.store.SaveBinding(ctx, a, Binding{Group: g.ID, Room: room}, now)
}

// EnterLedger enters what was done before Tongluo, marked 补录: all lines or
// none. A line already there is left out. It returns how many were entered.
func (o *Office) EnterLedger(ctx context.Context, a roster.Actor, entries []Entry, now time.Time) (int, error) {
	if err := allow(a, roster.ImportLedger, a.Unit); err != nil {
		return 0, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return 0, err
	}
	var bad []string
	var ds []Delivery
	for _, e := range entries {
		g, why := o.entryGroup(r, e, now)
		if why != "" {
			bad = append(bad, fmt.Sprintf("第%d行：%s", e.Row, why))
			continue
		}
		noon := e.Day.At(12, 0, o.cal.Zone())
		ds = append(ds, Delivery{Item: e.Title, Media: e.Media, Themes: e.Themes, Day: e.Day, Group: g.ID, Unit: g.Unit,
			Carrier: roster.ByKeeper, State: Reported, Opens: e.Day.Start(o.cal.Zone()), Closes: noon, SaidAt: now, SaidDay: e.Day,
			SaidBy: a.Person, Entered: true, Reason: "补录"})
	}
	if len(bad) > 0 {
		return 0, problem(ErrInput, "台账没有读入：\n%s", strings.Join(bad, "\n"))
	}
	n, err := o.store.Enter(ctx, a, ds, now)
	if err != nil {
		return 0, fmt.Errorf("enter ledger: %w", err)
	}
	return n, o.settleFlags(ctx, now)
}

// LedgerIdle counts the lines of a ledger that meet no duty in force for their
// group, for want of media or themes: they are kept and credit nothing.
func (o *Office) LedgerIdle(ctx context.Context, a roster.Actor, entries []Entry, now time.Time) (int, error) {
	if err := allow(a, roster.ImportLedger, a.Unit); err != nil {
		return 0, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return 0, err
	}
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return 0, err
	}
	idle := 0
	for _, e := range entries {
		g, why := o.entryGroup(r, e, now)
		d := Delivery{Day: e.Day, Media: e.Media, Themes: e.Themes}
		if why == "" && len(dutiesOf(ads, d, g, false)) == 0 {
			idle++
		}
	}
	return idle, nil
}

func (o *Office) entryGroup(r *roster.Roster, e Entry, now time.Time) (roster.Group, string) {
	if e.Day.IsZero() || o.cal.Today(now).Before(e.Day) {
		return roster.Group{}, "日期要写今天或以前的日子，如 2026-05-06"
	}
	i := slices.IndexFunc(r.Groups, func(g roster.Group) bool {
		return g.Name == e.Group && (e.Unit == "" || g.UnitPath == e.Unit || strings.HasSuffix("/"+g.UnitPath, "/"+e.Unit))
	})
	if i < 0 {
		return roster.Group{}, fmt.Sprintf("花名册的“%s”里没有群“%s”，请照花名册的单位和群名称写", e.Unit, e.Group)
	}
	return r.Groups[i], ""
}
