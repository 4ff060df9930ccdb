package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tongluo/content"
	"tongluo/schedule"
)

// Why a delivery can never go as it was approved.
var errChanged = errors.New("素材在排期以后有改动或已停用")

const unsound = "图片或文件缺失、有改动或太大"

// vetted is the push whose media have been looked at, and when.
type vetted struct {
	push int64
	at   time.Time
}

// vetEvery is how long a look at the media of a push holds. An upload is kept for
// longer than that, so what was found sound is sent even if it is lost meanwhile.
const vetEvery = 5 * time.Minute

// part is one message of a delivery's item, whose content must still be what
// was frozen when the push was made: errChanged otherwise. Before the first
// message of a delivery leaves, the media of all the others are looked at:
// content.ErrUnsound, so that no group gets words whose picture cannot follow.
func (r *Runner) part(ctx context.Context, d schedule.Delivery, n int, now time.Time) (content.Part, error) {
	if r.pushID != d.Push {
		p, err := r.store.Push(ctx, d.Push)
		if err != nil {
			return content.Part{}, fmt.Errorf("read push %d: %w", d.Push, err)
		}
		it, err := r.store.Item(ctx, p.Item)
		if err != nil {
			return content.Part{}, fmt.Errorf("read item %s: %w", p.Item, err)
		}
		if it.Revision() != p.Revision || !it.Cleared() {
			return content.Part{}, errChanged
		}
		r.pushID, r.parts = d.Push, it.Parts()
	}
	if n >= len(r.parts) {
		return content.Part{}, errChanged
	}
	if n > 0 || len(r.parts) == 1 { // a message alone is looked at by who sends it
		return r.parts[n], nil
	}
	return r.parts[n], r.vet(ctx, d.Push, now)
}

// vet looks at the media of the push at hand.
func (r *Runner) vet(ctx context.Context, push int64, now time.Time) error {
	if v := r.sound; v.push == push && !now.Before(v.at) && now.Sub(v.at) < vetEvery {
		return nil
	}
	for _, p := range r.parts {
		if p.SHA256 == "" {
			continue
		}
		data, err := r.store.Blob(ctx, p.SHA256)
		if errors.Is(err, schedule.ErrNotFound) {
			err = fmt.Errorf("%w: %w", content.ErrUnsound, err)
		}
		if err == nil {
			err = p.Sound(data)
		}
		if err != nil {
			return fmt.Errorf("look at the media of push %d: %w", push, err)
		}
	}
	r.sound = vetted{push: push, at: now}
	return nil
}
