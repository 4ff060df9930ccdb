package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tongluo/schedule"
	"tongluo/schedule/coverage"
)

// debt is what one group is behind on in one period, under every clause.
type debt struct {
	first schedule.BehindRow
	ids   []string
	plans []string
}

// tellFlags shows who is behind, why and by which clause: one line a group and
// period, each clause once.
func (w *world) tellFlags(_ context.Context, res *result) error {
	theirs, others := split(res.Flags)
	w.title("谁落后（督办 %d 项，截至%s）", len(res.Flags), w.lastDay())
	if n := handedIn(res.Flags); n > 0 {
		w.print("其中报送和活动 %d 项，不算在覆盖率里。", n)
	}
	if len(theirs) > 0 {
		w.print("村里的：内容早已交到负责人手上，还没有转")
		w.printDebts(theirs)
	}
	if len(others) > 0 {
		w.print("怪不到村里的：是办公室、机器人、群或素材的原因")
		w.printDebts(others)
	}
	if len(res.Flags) > 0 {
		w.print("依据：")
	}
	for _, c := range clauses(res.Flags) {
		w.print("  %s", c.Quoted())
	}
	w.print("怪不到村里：%d，村里的：%d", len(others), len(theirs))
	return nil
}

// split separates what keepers are behind on from what they are not to blame for.
func split(flags []schedule.BehindRow) (theirs, others []schedule.BehindRow) {
	for _, f := range flags {
		if f.Cause == coverage.ByKeeper {
			theirs = append(theirs, f)
		} else {
			others = append(others, f)
		}
	}
	return theirs, others
}

// handedIn counts what units hand in: reports and activities.
func handedIn(flags []schedule.BehindRow) int {
	n := 0
	for _, f := range flags {
		if f.Group.ID == 0 {
			n++
		}
	}
	return n
}

// mostDebts is how many lines of either part are printed.
const mostDebts = 16

func (w *world) printDebts(flags []schedule.BehindRow) {
	debts := debtsOf(flags)
	for i, d := range debts {
		if i == mostDebts {
			w.print("  还有 %d 行，用 behind 命令看全部", len(debts)-i)
			break
		}
		w.print("  %s", d)
	}
}

func debtsOf(flags []schedule.BehindRow) []*debt {
	var debts []*debt
	at := map[string]*debt{}
	for _, f := range flags {
		key := fmt.Sprint(f.Group.ID, f.Unit.ID, f.Period, f.Cause, f.StuckAt)
		if at[key] == nil {
			at[key] = &debt{first: f}
			debts = append(debts, at[key])
		}
		at[key].ids = append(at[key].ids, fmt.Sprintf("#%d", f.ID))
		at[key].plans = append(at[key].plans, fmt.Sprint(f.Plan))
	}
	return debts
}

// String is one line: where, when, how much, by which plans, and whose.
func (d *debt) String() string {
	f := d.first
	name := f.Group.Name
	if name == "" {
		name = f.Unit.Name[strings.LastIndexByte(f.Unit.Name, '/')+1:]
	}
	out := fmt.Sprintf("%s %s，应 %d 次，已 %d 次，方案%s（%s）",
		name, between(f.Period), f.Need, f.Credits, strings.Join(d.plans, "、"), strings.Join(d.ids, " "))
	switch {
	case f.StuckAt != "":
		out += "，" + f.StuckAt
	case f.Cause != coverage.ByKeeper:
		out += "，" + f.Cause.Chinese()
	}
	return out
}

// clauses are the different clauses of the flags, in plan order.
func clauses(flags []schedule.BehindRow) []schedule.Clause {
	var out []schedule.Clause
	for _, f := range flags {
		c := schedule.Clause{Plan: f.Plan, Duty: f.Duty, Quote: f.Quote}
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b schedule.Clause) int { return a.Plan - b.Plan })
	return out
}
