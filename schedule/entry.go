package schedule

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongluo/content"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

// enterBack is how many days back a person may enter what they forwarded by
// themselves; older is the office's ledger.
const enterBack = 35

// Own is what a person says they forwarded into their own groups without being
// asked (补录). Groups are names; otherwise Count says how many, which must be
// all of theirs; All says so in words.
type Own struct {
	What   string // an item's title, part of it, its id or its theme
	Day    calendar.Date
	Groups []string
	Count  int
	All    bool
}

// OwnEntered is what became of it: Known of the groups had it in the ledger.
type OwnEntered struct {
	Title  string
	Groups []Ref
	Known  int
}

// EnterOwn 补录 enters what the actor forwarded into groups they keep: evidence
// reported, marked as entered. It never stands in for a handoff that waits, nor
// counts before an adoption owes. ErrInput says what is missing.
func (o *Office) EnterOwn(ctx context.Context, a roster.Actor, w Own, now time.Time) (OwnEntered, error) {
	if err := allow(a, roster.EnterOwn, a.Unit); err != nil {
		return OwnEntered{}, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return OwnEntered{}, err
	}
	if err := o.entryDay(w, now); err != nil {
		return OwnEntered{}, err
	}
	gs, err := ownGroups(r, a, w)
	if err != nil {
		return OwnEntered{}, err
	}
	it, err := o.entryItem(ctx, w.What)
	if err != nil {
		return OwnEntered{}, err
	}
	if err := o.notAsked(ctx, a, it, gs); err != nil {
		return OwnEntered{}, err
	}
	return o.enterOwn(ctx, a, it, gs, w.Day, now)
}

func (o *Office) enterOwn(ctx context.Context, a roster.Actor, it content.Item, gs []roster.Group, day calendar.Date, now time.Time) (OwnEntered, error) {
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return OwnEntered{}, err
	}
	ads = slices.DeleteFunc(slices.Clone(ads), func(ad Adoption) bool { return day.Before(ad.owes()) })
	out := OwnEntered{Title: it.Title}
	var ds []Delivery
	var ids []int64
	for _, g := range gs {
		d := Delivery{Item: it.ID, Media: mediaOf(it), Themes: it.Themes, Day: day, Group: g.ID, Unit: g.Unit, Carrier: roster.ByKeeper,
			State: Reported, Opens: day.Start(o.cal.Zone()), Closes: day.At(12, 0, o.cal.Zone()), SaidAt: now, SaidDay: day,
			SaidBy: a.Person, Entered: true, Reason: "补录"}
		if !g.On(day.String()) || len(dutiesOf(ads, d, g, false)) == 0 {
			return OwnEntered{}, problem(ErrInput, "%s“%s”没有要发这份素材的任务，不用补录", sayDay(day), g.Name)
		}
		ds, ids, out.Groups = append(ds, d), append(ids, g.ID), append(out.Groups, Ref{g.ID, g.Name})
	}
	n, err := o.store.Enter(ctx, a, ds, now)
	if err != nil {
		return OwnEntered{}, fmt.Errorf("enter what person %d forwarded: %w", a.Person, err)
	}
	out.Known = len(ds) - n
	return out, o.settleFlags(ctx, now, ids...)
}

func sayDay(d calendar.Date) string { return fmt.Sprintf("%d月%d日", int(d.Month()), d.Day()) }

// entryDay asks for what is missing and refuses what cannot be.
func (o *Office) entryDay(w Own, now time.Time) error {
	const like = "如：补录 刷单 11月20日 三个群"
	today := o.cal.Today(now)
	switch {
	case w.What == "":
		return problem(ErrInput, "请写上转的是什么、哪一天、几个群，%s", like)
	case w.Day.IsZero():
		return problem(ErrInput, "请写上是哪一天转的，%s", like)
	case today.Before(w.Day):
		return problem(ErrInput, "%s还没到，只补录已经转过的", sayDay(w.Day))
	case w.Day.Before(today.AddDays(-enterBack)):
		return problem(ErrInput, "只能补录 %d 天以内的，更早的请办公室在电脑上补台账", enterBack)
	}
	return nil
}

// ownGroups are the groups that the person keeps and means.
func ownGroups(r *roster.Roster, a roster.Actor, w Own) ([]roster.Group, error) {
	var mine []roster.Group
	for _, g := range r.Groups {
		if a.Person != 0 && g.Keeper == a.Person && g.On(w.Day.String()) {
			mine = append(mine, g)
		}
	}
	if len(mine) == 0 {
		return nil, problem(ErrInput, "花名册里没有由您负责的群，请办公室核对花名册")
	}
	if len(w.Groups) == 0 {
		if w.All || w.Count == len(mine) || w.Count == 0 && len(mine) == 1 {
			return mine, nil
		}
		return nil, problem(ErrInput, "您有 %d 个群。都转了请写“%d个群”，否则请写群名，如：%s", len(mine), len(mine), mine[0].Name)
	}
	var named []roster.Group
	for _, name := range w.Groups {
		i := slices.IndexFunc(mine, func(g roster.Group) bool { return plain(g.Name) == plain(name) })
		if i < 0 {
			return nil, problem(ErrInput, "您负责的群里没有“%s”，请照花名册写群名，如：%s", name, mine[0].Name)
		}
		if !slices.ContainsFunc(named, func(g roster.Group) bool { return g.ID == mine[i].ID }) {
			named = append(named, mine[i])
		}
	}
	if w.Count != 0 && w.Count != len(named) {
		return nil, problem(ErrInput, "写了 %d 个群名，又写了 %d 个群，请核对", len(named), w.Count)
	}
	return named, nil
}

// plain makes names comparable: Simplified, small letters.
func plain(s string) string { return strings.ToLower(Simplified(s)) }

// entryItem is the one item that is called so; of several it is asked.
func (o *Office) entryItem(ctx context.Context, what string) (content.Item, error) {
	items, err := o.store.Items(ctx)
	if err != nil {
		return content.Item{}, err
	}
	items = slices.DeleteFunc(slices.Clone(items), func(it content.Item) bool { return it.State == content.Draft })
	want := plain(what)
	for _, called := range []func(content.Item) bool{
		func(it content.Item) bool { return plain(it.ID) == want || plain(it.Title) == want },
		func(it content.Item) bool { return strings.Contains(plain(it.Title), want) },
		func(it content.Item) bool {
			return slices.ContainsFunc(it.Themes, func(t string) bool { return strings.Contains(plain(t), want) })
		},
	} {
		var hits []content.Item
		for _, it := range items {
			if called(it) {
				hits = append(hits, it)
			}
		}
		switch {
		case len(hits) == 1:
			return hits[0], nil
		case len(hits) > 1:
			var titles []string
			for _, it := range hits[:min(3, len(hits))] {
				titles = append(titles, "“"+it.Title+"”")
			}
			return content.Item{}, problem(ErrInput, "“%s”有 %d 份素材，请写标题：%s", what, len(hits), strings.Join(titles, "、"))
		}
	}
	return content.Item{}, problem(ErrInput, "素材库里没有“%s”，请写素材的标题", what)
}

// notAsked refuses what the person was asked to forward: that has a number.
func (o *Office) notAsked(ctx context.Context, a roster.Actor, it content.Item, gs []roster.Group) error {
	hs, err := o.store.Handoffs(ctx, HandoffFilter{Person: a.Person, States: []HandoffState{HandoffOpen, HandoffPart, HandoffLapsed}})
	if err != nil {
		return err
	}
	for _, h := range hs {
		p, err := o.store.Push(ctx, h.Push)
		if err != nil {
			return err
		}
		if p.Item != it.ID {
			continue
		}
		ds, err := o.handoffGroups(ctx, h)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(ds, func(d Delivery) bool {
			return slices.ContainsFunc(gs, func(g roster.Group) bool { return g.ID == d.Group })
		}) {
			return problem(ErrInput, "这份正等您转（#%d），不用补录，请回：已转 %d", h.ID, h.ID)
		}
	}
	return nil
}
