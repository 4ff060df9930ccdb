package schedule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"
)

// flagTold is the mark that a flag's person has been told of it; flagHeard its
// value once they said 收到.
func flagTold(id int64) string { return fmt.Sprintf("flag-told:%d", id) }

const flagHeard = "收到"

// mostFlags is how many of a person's flags one 收到 covers.
const mostFlags = 200

// AcknowledgeFlags records 收到 for the flags the actor has been told of: nothing
// more is said about them, to anybody, by chat; the office's digest goes on to
// list them until they are made up. A flag of which no word has come yet is not
// meant. It returns how many there were.
func (o *Office) AcknowledgeFlags(ctx context.Context, a roster.Actor, now time.Time) (int, error) {
	if err := allow(a, roster.Answer, a.Unit); err != nil || a.Person == 0 {
		return 0, err
	}
	flags, _, _, err := o.store.OpenFlags(ctx, FlagQuery{Person: a.Person, Limit: mostFlags})
	if err != nil {
		return 0, fmt.Errorf("acknowledge flags: %w", err)
	}
	n := 0
	for _, f := range flags {
		told, err := o.store.MarkOf(ctx, flagTold(f.ID))
		if err != nil {
			return n, err
		}
		if told == "" || told == flagHeard || f.State == FlagEscalated {
			continue
		}
		if err := o.store.Mark(ctx, flagTold(f.ID), flagHeard); err != nil {
			return n, err
		}
		if err := o.store.Log(ctx, a, string(roster.Answer), fmt.Sprintf("flag/%d", f.ID), flagHeard, now); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// riskLine says how much is at risk while it can still be mended, and by whom; ""
// for nothing.
func (o *Office) riskLine(ctx context.Context, a roster.Actor, now time.Time) (string, error) {
	owed, err := o.Owed(ctx, ObligationFilter{Unit: a.Unit, EndsAfter: now, Short: true, Pushes: true, Now: now}, Query{Now: now})
	if err != nil {
		return "", err
	}
	n, people := 0, 0
	for _, ob := range owed {
		if !ob.PushDuty() || ob.Standing(now) != coverage.AtRisk {
			continue
		}
		n++
		if ob.OpenSlots+ob.Live >= ob.Need-ob.Credits {
			people++
		}
	}
	if n == 0 {
		return "", nil
	}
	return fmt.Sprintf("临期 %d 项：等人转发 %d，时段排不下 %d", n, people, n-people), nil
}

// ladderLines are what the digest says of the ladder: who would be asked too
// often, what was kept back since the digest before, what still waits to be said,
// and what is at risk.
func (o *Office) ladderLines(ctx context.Context, a roster.Actor, now time.Time) ([]string, error) {
	var lines []string
	risk, err := o.riskLine(ctx, a, now)
	if err != nil {
		return nil, err
	}
	if risk != "" {
		lines = append(lines, risk)
	}
	bs, err := o.Burdens(ctx, a, now)
	if err != nil && !errors.Is(err, ErrDenied) {
		return nil, err
	}
	if s := sayBurdens(bs); s != "" {
		lines = append(lines, s+"。要少请几次请看：队列")
	}
	since, err := o.lastDigest(ctx, a, now)
	if err != nil {
		return nil, err
	}
	muted, err := o.store.Muted(ctx, since, now)
	if err != nil {
		return nil, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, err
	}
	n, names := 0, []string{}
	for _, p := range r.Persons {
		if muted[p.ID] == 0 || !roster.Under(p.UnitPath, a.Unit) {
			continue
		}
		n += muted[p.ID]
		if len(names) < mostNamed {
			names = append(names, fmt.Sprintf("%s %d", p.Name, muted[p.ID]))
		}
	}
	if n > 0 {
		lines = append(lines, fmt.Sprintf("没有发出的提醒 %d 条（每人一天最多 %d 条，过了当天不补发）：%s", n, o.settings.RemindersADay, strings.Join(names, "、")))
	}
	return lines, nil
}

// lastDigest is when the digest was made that last came to the actor on a day
// before this one: 08:30 of that day. Without one it is digestDays ago.
func (o *Office) lastDigest(ctx context.Context, a roster.Actor, now time.Time) (time.Time, error) {
	today := o.cal.Today(now)
	last := today.AddDays(-digestDays)
	ns, err := o.store.Notices(ctx, a.Person)
	if err != nil {
		return time.Time{}, fmt.Errorf("look for the last digest: %w", err)
	}
	for _, n := range slices.Backward(ns) {
		day, is := strings.CutPrefix(n.Key, digestKey(a.Person, ""))
		came := n.State == Accepted || n.State == Uncertain || n.State == Sending
		on, err := calendar.ParseDate(day)
		if is && came && err == nil && on.Before(today) {
			last = on
			break
		}
	}
	return last.At(8, 30, o.cal.Zone()), nil
}
