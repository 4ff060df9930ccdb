package schedule

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"tongluo/content"
	"tongluo/schedule/roster"
)

// The kinds of question that ConfirmProposal answers.
const (
	askPush       = "push"
	askCorrection = "correction"
)

// proposal is what a question about a push or a correction remembers.
type proposal struct {
	Revision string `json:"revision,omitempty"` // of the draft's content
	To       string `json:"to,omitempty"`
	At       int64  `json:"at,omitempty"` // unix ms, 0: as soon as it is confirmed
	Groups   string `json:"groups"`       // hash of the target set
	Push     int64  `json:"push,omitempty"`
	Words    string `json:"words,omitempty"`
}

func (p proposal) at() time.Time {
	if p.At == 0 {
		return time.Time{}
	}
	return time.UnixMilli(p.At)
}

// ProposePush shows what the actor's draft would be as a push, and asks: only
// ConfirmProposal of the number it returns queues it. place is where the question is put.
// ErrInput for what the gate finds, a selector that fits nothing or a past
// instant; ErrState without a draft; ErrDenied for groups that are not the
// actor's.
func (o *Office) ProposePush(ctx context.Context, a roster.Actor, q Request, place string, now time.Time) (Preview, error) {
	d, err := o.DraftOf(ctx, a, now)
	if err != nil {
		return Preview{}, err
	}
	it := d.item("", Refer(a), now)
	blobs, err := o.clean(ctx, d, it)
	if err != nil {
		return Preview{}, err
	}
	groups, at, err := o.targets(ctx, a, q.To, q.At, now)
	if err != nil {
		return Preview{}, err
	}
	shown := Push{Day: o.cal.Today(at), Opens: at, Closes: o.windowEnd(at), Author: a.Person, By: a.By}
	if shown.Relay, err = o.isRelay(ctx, shown, groups); err != nil {
		return Preview{}, err
	}
	second, err := o.needOf(ctx, shown, it, pictures(it, blobs), groups, at)
	if err != nil {
		return Preview{}, err
	}
	v := o.preview(shown, it, groups, second)
	if err := o.addBurden(ctx, a, &v, groups); err != nil {
		return Preview{}, err
	}
	p := proposal{Revision: it.Revision(), To: q.To, Groups: setHash(groups)}
	if !q.At.IsZero() {
		p.At = q.At.UnixMilli()
	}
	v.ID, err = o.Ask(ctx, a, place, askPush, p, now)
	return v, err
}

// whileHalted adds to what is shown that nothing goes before 恢复.
func (o *Office) whileHalted(ctx context.Context, v Preview) (Preview, error) {
	halted, _, err := o.store.Halted(ctx)
	if halted {
		v.Warnings = append(v.Warnings, "现在停发着，恢复以后才发")
	}
	return v, err
}

// setHash tells one set of groups from another.
func setHash(groups []roster.Group) string { return pushHash(Push{}, idsOf(groups)) }

// ConfirmProposal is the actor's yes to a question that was put to them in the place:
// what was shown is queued, or waits for a second person as any push does.
// ErrNotFound, without words, when no such question was put to them there;
// ErrState when something has changed since it was shown, or its time is over.
func (o *Office) ConfirmProposal(ctx context.Context, a roster.Actor, id int64, place string, now time.Time) (Preview, error) {
	q, err := o.Asked(ctx, a, id, place, now)
	if err != nil {
		return Preview{}, err
	}
	var p proposal
	if err := q.read(&p); err != nil {
		return Preview{}, err
	}
	switch q.Kind {
	case askPush:
		return o.confirmPush(ctx, a, q, p, now)
	case askCorrection:
		return o.confirmCorrection(ctx, a, q, p, now)
	}
	return Preview{}, fmt.Errorf("question %d is a %s: %w", id, q.Kind, ErrNotFound)
}

// confirmPush queues the draft as it was shown.
func (o *Office) confirmPush(ctx context.Context, a roster.Actor, q Question, p proposal, now time.Time) (Preview, error) {
	d, err := o.DraftOf(ctx, a, now)
	if err != nil {
		return Preview{}, err
	}
	it := d.item(fmt.Sprintf("push-%d", q.ID), Refer(a), now)
	if it.Revision() != p.Revision {
		return Preview{}, problem(ErrState, "看过 #%d 以后您又发来了内容，请重新写一遍：发 …", q.ID)
	}
	blobs, err := o.clean(ctx, d, it)
	if err != nil {
		return Preview{}, err
	}
	groups, _, err := o.targets(ctx, a, p.To, p.at(), now)
	if err != nil {
		return Preview{}, err
	}
	if setHash(groups) != p.Groups {
		return Preview{}, problem(ErrState, "看过 #%d 以后花名册变了，现在是 %d 个群，请重新写一遍：发 …", q.ID, len(groups))
	}
	if err := o.EndQuestion(ctx, a, q, now); err != nil {
		return Preview{}, err
	}
	if it, err = content.ForOnePush(it); err != nil {
		return Preview{}, problem(ErrInput, "%s", err)
	}
	if err := o.store.SaveItem(ctx, a, it, blobs, now); err != nil {
		return Preview{}, fmt.Errorf("keep what push %d says: %w", q.ID, err)
	}
	if err := o.takePrints(ctx, it); err != nil {
		return Preview{}, fmt.Errorf("keep what push %d looks like: %w", q.ID, err)
	}
	v, err := o.QueuePush(ctx, a, Request{Item: it.ID, To: p.To, At: p.at(), number: q.ID}, now)
	if err != nil {
		return Preview{}, err
	}
	if _, err = o.store.DropDraft(ctx, a, a.Person, now); err != nil {
		return v, err
	}
	return o.whileHalted(ctx, v)
}

// DropQuestion is the actor's no to a question that was put to them in the
// place; ErrNotFound, without words, when there is none. Who may not cancel any
// more has none: their question runs out by itself.
func (o *Office) DropQuestion(ctx context.Context, a roster.Actor, id int64, place string, now time.Time) error {
	if err := allow(a, roster.Cancel, a.Unit); err != nil {
		return err
	}
	q, err := o.Asked(ctx, a, id, place, now)
	if err != nil {
		return err
	}
	return o.EndQuestion(ctx, a, q, now)
}

// ShelveDraft is 入库: the actor's draft becomes an item of the library that
// waits for another's approval. Words that are audiences of the roster are its
// audiences, all others its themes, of which it needs one.
func (o *Office) ShelveDraft(ctx context.Context, a roster.Actor, words []string, now time.Time) (content.Item, error) {
	if err := allow(a, roster.EditLibrary, a.Unit); err != nil {
		return content.Item{}, err
	}
	d, err := o.DraftOf(ctx, a, now)
	if err != nil {
		return content.Item{}, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return content.Item{}, err
	}
	var themes, audiences []string
	for _, w := range words {
		if slices.Contains(r.Audiences(), w) {
			audiences = append(audiences, w)
		} else {
			themes = append(themes, w)
		}
	}
	if len(themes) == 0 {
		return content.Item{}, problem(ErrInput, "请写主题和对象，如：入库 刷单 家长")
	}
	id, err := o.freshID(ctx, themes[0], now)
	if err != nil {
		return content.Item{}, err
	}
	it := d.item(id, Refer(a), now)
	it.Themes, it.Audiences = themes, append([]string{}, audiences...)
	blobs, err := o.clean(ctx, d, it)
	if err != nil {
		return content.Item{}, err
	}
	if err := o.AddItem(ctx, a, it, blobs, now); err != nil {
		return content.Item{}, err
	}
	_, err = o.store.DropDraft(ctx, a, a.Person, now)
	return it, err
}

// freshID is an id nobody has: theme and day, and a number if need be.
func (o *Office) freshID(ctx context.Context, theme string, now time.Time) (string, error) {
	items, err := o.store.Items(ctx)
	if err != nil {
		return "", err
	}
	base := strings.Map(func(r rune) rune {
		if r == '-' || unicode.IsDigit(r) || unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, theme)
	base += "-" + o.cal.Today(now).At(0, 0, o.cal.Zone()).Format("0102")
	for n := 1; ; n++ {
		id := base
		if n > 1 {
			id = fmt.Sprintf("%s-%d", base, n)
		}
		if !slices.ContainsFunc(items, func(it content.Item) bool { return it.ID == id }) {
			return id, nil
		}
	}
}
