package schedule

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tongluo/content"
	"tongluo/schedule/roster"
)

// returnedMark remembers that a revision of an item was given back.
func returnedMark(it content.Item) string { return "returned:" + it.ID + ":" + it.Revision() }

// ReturnItem 退回 gives a draft back to its author with a reason: this revision
// can no longer be approved.
func (o *Office) ReturnItem(ctx context.Context, a roster.Actor, id, reason string, now time.Time) error {
	if err := allow(a, roster.Return, a.Unit); err != nil {
		return err
	}
	it, err := o.Item(ctx, roster.Clock(), id)
	if err != nil {
		return err
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return problem(ErrInput, "请写上原因，如：退回 %s 有错字", id)
	}
	if it.State != content.Draft {
		return problem(ErrState, "素材“%s”现在是“%s”，不能退回", id, it.State.Word())
	}
	if err := o.store.Mark(ctx, returnedMark(it), now.UTC().Format(time.RFC3339)); err != nil {
		return fmt.Errorf("return item %s: %w", id, err)
	}
	if err := o.store.Log(ctx, a, string(roster.Return), "item/"+id, "", now); err != nil {
		return err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	author, err := findPerson(r, NameOf(r, it.Author))
	if err != nil { // written by somebody who is not in the roster, or is gone
		return nil
	}
	return o.tellAuthor(ctx, author.ID, "return:"+it.ID+":"+it.Revision(), fmt.Sprintf("【退回】您的素材“%s”没有通过：%s\n改好以后请重新入库。", it.Title, reason), now)
}

// notReturned refuses a revision that was given back to its author.
func (o *Office) notReturned(ctx context.Context, it content.Item) error {
	at, err := o.store.MarkOf(ctx, returnedMark(it))
	if err != nil || at == "" {
		return err
	}
	return problem(ErrState, "素材“%s”已经退回，改好重新入库以后再审", it.ID)
}

// Drafts are the items that wait for a second person: neither approved nor given
// back.
func (o *Office) Drafts(ctx context.Context, a roster.Actor) ([]content.Item, error) {
	if err := allow(a, roster.ApproveItem, a.Unit); err != nil {
		return nil, err
	}
	items, err := o.store.Items(ctx)
	if err != nil {
		return nil, err
	}
	var out []content.Item
	for _, it := range items {
		if it.State != content.Draft {
			continue
		}
		if err := o.notReturned(ctx, it); err == nil {
			out = append(out, it)
		} else if !errors.Is(err, ErrState) {
			return nil, err
		}
	}
	return out, nil
}
