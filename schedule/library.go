package schedule

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"tongluo/content"
	"tongluo/schedule/roster"
)

// NameOf gives the name behind a reference, or the reference itself.
func NameOf(r *roster.Roster, ref string) string {
	id, err := strconv.ParseInt(ref, 10, 64)
	if p, ok := r.Person(id); err == nil && ok {
		return p.Name
	}
	return ref
}

// Refer is how content names the actor as author or approver: the person's id,
// or for the command line whom it acts for.
func Refer(a roster.Actor) string {
	switch {
	case a.Person != 0:
		return strconv.FormatInt(a.Person, 10)
	case a.By != "":
		return a.By
	}
	return a.Name
}

// AddItem puts an item into the library. The gate reads it first: a draft with
// a finding is kept out, with every reason.
func (o *Office) AddItem(ctx context.Context, a roster.Actor, it content.Item, blobs []content.Blob, now time.Time) error {
	if err := allow(a, roster.EditLibrary, a.Unit); err != nil {
		return err
	}
	if err := o.gate(it, blobs); err != nil {
		return err
	}
	if it.Author == "" {
		it.Author = Refer(a)
	} else if r, err := o.store.Roster(ctx); err == nil { // by id, so that no spelling makes two of one
		if p, err := findPerson(r, it.Author); err == nil {
			it.Author = Refer(roster.ActorOf(p, a.Via))
		}
	}
	if err := o.store.SaveItem(ctx, a, it, blobs, now); err != nil {
		return fmt.Errorf("add item %s: %w", it.ID, err)
	}
	return o.voidPushesOf(ctx, it.ID, now)
}

// Stock fills an empty library with items that come approved, as the program
// ships them; the gate reads their words all the same.
func (o *Office) Stock(ctx context.Context, a roster.Actor, items []content.Item, blobs []content.Blob, now time.Time) error {
	if err := allow(a, roster.EditLibrary, a.Unit); err != nil {
		return err
	}
	byHash := map[string]content.Blob{}
	for _, b := range blobs {
		byHash[b.SHA256] = b
	}
	for _, it := range items {
		if err := o.gate(it, nil); err != nil {
			return err
		}
		var own []content.Blob
		for _, att := range it.Attachments {
			own = append(own, byHash[att.SHA256])
		}
		if err := o.store.SaveItem(ctx, a, it, own, now); err != nil {
			return fmt.Errorf("stock item %s: %w", it.ID, err)
		}
		if err := o.takePrints(ctx, it); err != nil {
			return fmt.Errorf("stock item %s: %w", it.ID, err)
		}
	}
	return nil
}

// gate refuses an item with links, codes or numbers that are not allowed.
func (o *Office) gate(it content.Item, blobs []content.Blob) error {
	var pictures [][]byte
	for _, b := range blobs {
		if isPicture(it, b.SHA256) {
			pictures = append(pictures, b.Data)
		}
	}
	found := content.CheckItem(it, pictures, o.settings.Allow)
	if len(found) == 0 {
		return nil
	}
	say := fmt.Sprintf("素材“%s”没有入库：", it.ID)
	for _, f := range found {
		say += "\n" + f.Reason
	}
	return problem(ErrInput, "%s", say)
}

func isPicture(it content.Item, sha string) bool {
	return slices.ContainsFunc(it.Attachments, func(a content.Attachment) bool {
		return a.SHA256 == sha && a.Kind == content.Picture
	})
}

// Items lists the library.
func (o *Office) Items(ctx context.Context, a roster.Actor) ([]content.Item, error) {
	if err := allow(a, roster.SeeQueue, a.Unit); err != nil {
		return nil, err
	}
	return o.store.Items(ctx)
}

// Item finds one item.
func (o *Office) Item(ctx context.Context, a roster.Actor, id string) (content.Item, error) {
	if err := allow(a, roster.SeeQueue, a.Unit); err != nil {
		return content.Item{}, err
	}
	it, err := o.store.Item(ctx, id)
	if err != nil {
		return it, problem(ErrNotFound, "素材库里没有“%s”，请用 item list 看编号", id)
	}
	return it, nil
}

// ApproveItem is the gate's second person: not the author, by whatever road or
// account. The gate reads the stored pictures once more.
func (o *Office) ApproveItem(ctx context.Context, a roster.Actor, id string, now time.Time) error {
	if err := allow(a, roster.ApproveItem, a.Unit); err != nil {
		return err
	}
	it, err := o.Item(ctx, roster.Clock(), id)
	if err != nil {
		return err
	}
	var blobs []content.Blob
	for _, att := range it.Attachments {
		data, err := o.store.Blob(ctx, att.SHA256)
		if err != nil {
			return fmt.Errorf("approve item %s: %w", id, err)
		}
		blobs = append(blobs, content.Blob{Name: att.Name, SHA256: att.SHA256, Data: data})
	}
	if err := o.gate(it, blobs); err != nil {
		return err
	}
	if err := o.notReturned(ctx, it); err != nil {
		return err
	}
	if err := o.notAuthor(ctx, a, it); err != nil {
		return err
	}
	approved, err := content.Approve(it, Refer(a), now)
	if err != nil {
		return problem(ErrState, "%s", err)
	}
	if err := o.takePrints(ctx, approved); err != nil {
		return fmt.Errorf("approve item %s: %w", id, err)
	}
	if err := o.store.SaveItem(ctx, a, approved, nil, now); err != nil {
		return err
	}
	return o.voidPushesOf(ctx, id, now)
}

// RetireItem takes an item out of rotation for good; what was sent stays on record.
func (o *Office) RetireItem(ctx context.Context, a roster.Actor, id string, now time.Time) error {
	if err := allow(a, roster.EditLibrary, a.Unit); err != nil {
		return err
	}
	it, err := o.Item(ctx, roster.Clock(), id)
	if err != nil {
		return err
	}
	retired, err := content.Retire(it)
	if err != nil {
		return problem(ErrState, "%s", err)
	}
	if err := o.store.SaveItem(ctx, a, retired, nil, now); err != nil {
		return err
	}
	return o.voidPushesOf(ctx, id, now)
}

// picturesOf are the bytes of an item's pictures.
func (o *Office) picturesOf(ctx context.Context, it content.Item) ([][]byte, error) {
	var out [][]byte
	for _, att := range it.Attachments {
		if att.Kind != content.Picture {
			continue
		}
		data, err := o.store.Blob(ctx, att.SHA256)
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}
