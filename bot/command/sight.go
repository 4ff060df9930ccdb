package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// sightWords are what a keeper, or the office, says of a message that nobody can
// vouch for.
func sightWords() []command {
	us := []roster.Role{roster.Cadre, roster.Staff, roster.Admin}
	return []command{
		{word: "见到", who: us, where: privately, args: maybeNumber, does: true, told: true, handle: (*Dialogue).saw,
			// 看到了 alone is what people say of a pack that came.
			also:  []string{"见到了", "群里见到", "群里见到了", "群里看到", "群里看到了"},
			slips: []string{"见倒", "见道"},
			usage: []string{"见到 12"}, about: "问到的那条，群里看到了"},
		{word: "没见到", who: us, where: privately, args: maybeNumber, does: true, told: true, handle: (*Dialogue).sawNot,
			also:  []string{"没有见到", "未见到", "群里没见到", "群里没有见到", "群里没看到", "群里没有看到"},
			usage: []string{"没见到 12"}, about: "问到的那条，群里没有"},
	}
}

func (d *Dialogue) saw(ctx context.Context, t turn, c call) (answer, error) {
	return d.sight(ctx, t, c.id, true)
}

func (d *Dialogue) sawNot(ctx context.Context, t turn, c call) (answer, error) {
	return d.sight(ctx, t, c.id, false)
}

// sight settles the one delivery that is meant: by its number, or the only one
// the person may speak for.
func (d *Dialogue) sight(ctx context.Context, t turn, id int64, seen bool) (answer, error) {
	if id == 0 {
		var err error
		if id, err = d.theOne(ctx, t, seen); err != nil {
			return answer{}, err
		}
	}
	err := d.office.Settle(ctx, t.actor, id, seen, t.said, t.now)
	if errors.Is(err, schedule.ErrNotFound) {
		return answer{}, &schedule.Problem{Err: schedule.ErrNotFound, Say: fmt.Sprintf("没有 #%d 这条要看的。看本单位情况请回：进度", id)}
	}
	if err != nil {
		return answer{}, err
	}
	return d.settled(ctx, t, id)
}

// theOne is the only delivery the person may speak for; of several it is asked.
func (d *Dialogue) theOne(ctx context.Context, t turn, seen bool) (int64, error) {
	ds, err := d.office.Unsettled(ctx, t.actor, t.now)
	switch {
	case err != nil:
		return 0, err
	case len(ds) == 0:
		return 0, &schedule.Problem{Err: schedule.ErrNotFound, Say: "现在没有要请您看的。看本单位情况请回：进度"}
	case len(ds) == 1:
		return ds[0].ID, nil
	}
	r, err := d.office.Roster(ctx, roster.Clock())
	if err != nil {
		return 0, err
	}
	word := map[bool]string{true: "见到", false: "没见到"}[seen]
	lines := []string{fmt.Sprintf("有 %d 条要看，请写上编号，如：%s %d", len(ds), word, ds[0].ID)}
	for i, one := range ds {
		if i == mostLines {
			lines = append(lines, fmt.Sprintf("还有 %d 条", len(ds)-i))
			break
		}
		g, _ := r.Group(one.Group)
		lines = append(lines, fmt.Sprintf("#%d %s，%s", one.ID, g.Name, d.clock(one.SentAt)))
	}
	return 0, &schedule.Problem{Err: schedule.ErrInput, Say: strings.Join(lines, "\n")}
}

// settled says what the word came to.
func (d *Dialogue) settled(ctx context.Context, t turn, id int64) (answer, error) {
	state, err := d.office.StateOf(ctx, t.actor, id)
	if err != nil {
		return answer{}, err
	}
	said := map[schedule.State]string{
		schedule.Observed: "群里已见到，算数",
		schedule.Queued:   "差的这就补发到群里",
		schedule.Handed:   "时段已过，已请负责人转发",
	}[state]
	if said == "" {
		said = "现在是“" + state.Chinese() + "”"
	}
	next := "看本单位情况请回：进度"
	if state == schedule.Handed {
		next = "看手上的请回：任务"
	}
	return answer{[]string{fmt.Sprintf("#%d 已记：%s。", id, said)}, next}, nil
}
