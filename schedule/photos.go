package schedule

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tongluo/content"
	"tongluo/schedule/roster"
)

// PhotoStore keeps photos that persons filed, by the #number they belong to.
type PhotoStore interface {
	// AddPhoto keeps a photo; the same one twice is once.
	AddPhoto(ctx context.Context, a roster.Actor, number int64, b content.Blob, now time.Time) error
	// Photos of a number, by SHA-256, oldest first.
	Photos(ctx context.Context, number int64) ([]string, error)
	// KeepPhoto keeps a photo that waits, instead of an earlier one of its person.
	KeepPhoto(ctx context.Context, w WaitingPhoto) error
	// KeptPhoto is the one that waits and has not expired; ErrNotFound: none.
	KeptPhoto(ctx context.Context, person int64, now time.Time) (WaitingPhoto, error)
	// ForgetPhotos drops a person's waiting photo, and all that have expired.
	ForgetPhotos(ctx context.Context, person int64, now time.Time) error
}

// WaitingPhoto is a photo whose person has been asked where it belongs.
type WaitingPhoto struct {
	Person  int64
	Photo   content.Blob // as it may be kept: see content.Photo
	Fits    []int64
	Said    time.Time
	Expires time.Time
}

// Fit is something that a photo of a person may belong to.
type Fit struct {
	Number int64
	Task   bool // a duty that the unit hands in; otherwise a handoff
	Said   bool // its person has spoken of it already: a photo adds no word
	Title  string
	All    int // groups of a handoff
}

// Filed says where a photo went. Word is what it counts as: the person's word
// that the handoff is forwarded; none for a handoff they spoke of before, and for
// a task, which the office receives.
type Filed struct {
	Fit
	Word *Answered
}

// PhotoFits lists what a photo of the actor may belong to: the open handoffs,
// those answered today, whose photo may well come after the word, and the tasks
// that are open in the actor's own unit, in this order.
func (o *Office) PhotoFits(ctx context.Context, a roster.Actor, now time.Time) ([]Fit, error) {
	if err := allow(a, roster.Answer, a.Unit); err != nil {
		return nil, err
	}
	if a.Person == 0 {
		return nil, nil
	}
	hs, err := o.store.Handoffs(ctx, HandoffFilter{Person: a.Person, Wanted: true, States: []HandoffState{HandoffOpen, HandoffPart, HandoffDone}})
	if err != nil {
		return nil, err
	}
	var open, said []Fit
	for _, h := range hs {
		if h.Push == 0 || h.State == HandoffDone && o.cal.Today(h.AnsweredAt) != o.cal.Today(now) {
			continue
		}
		v, err := o.handoffView(ctx, h)
		if err != nil {
			return nil, err
		}
		fit := Fit{Number: h.ID, Said: h.State == HandoffDone, Title: v.Title, All: v.All}
		if fit.Said {
			said = append(said, fit)
			continue
		}
		if fit.Said, err = o.spokenOf(ctx, h); err != nil {
			return nil, err
		}
		open = append(open, fit)
	}
	tasks, err := o.openTasks(ctx, a.Unit, now)
	return slices.Concat(open, said, tasks), err
}

// spokenOf reports whether a handoff is partly done by its person's word, and
// not only by what was seen.
func (o *Office) spokenOf(ctx context.Context, h Handoff) (bool, error) {
	if h.State != HandoffPart {
		return false, nil
	}
	ds, err := o.handoffGroups(ctx, h)
	return slices.ContainsFunc(ds, func(d Delivery) bool { return d.SaidBy == h.Person }), err
}

// openTasks are those of one unit, not of the units below, whose period runs.
func (o *Office) openTasks(ctx context.Context, unit string, now time.Time) ([]Fit, error) {
	obs, err := o.store.Obligations(ctx, ObligationFilter{Unit: unit, On: now, Short: true, Now: now})
	if err != nil {
		return nil, err
	}
	titles, err := o.titles(ctx)
	if err != nil {
		return nil, err
	}
	var fits []Fit
	for _, ob := range obs {
		if ob.Task != 0 && ob.DoneAt.IsZero() && ob.UnitPath == unit {
			fits = append(fits, Fit{Number: ob.Task, Task: true, Title: titles[termKey{ob.Adoption, ob.Duty}]})
		}
	}
	return fits, nil
}

// FilePhoto files a photo of the actor to one of PhotoFits: w.Handoff is its
// number. To a handoff of which nothing was said it is the actor's word that it
// is forwarded, with a picture, and nothing more; a word there is it leaves as it
// is. To a task it is something for the office to look at.
func (o *Office) FilePhoto(ctx context.Context, a roster.Actor, w Word, photo content.Blob, now time.Time) (Filed, error) {
	fits, err := o.PhotoFits(ctx, a, now)
	if err != nil {
		return Filed{}, err
	}
	at := slices.IndexFunc(fits, func(f Fit) bool { return f.Number == w.Handoff })
	if at < 0 {
		return Filed{}, problem(ErrNotFound, "您手上没有 #%d。看手上的请回：任务", w.Handoff)
	}
	out := Filed{Fit: fits[at]}
	if !out.Task && !out.Said {
		said, err := o.Forwarded(ctx, a, w, now)
		if err != nil {
			return Filed{}, err
		}
		out.Word = &said
	}
	if err := o.store.AddPhoto(ctx, a, w.Handoff, photo, now); err != nil {
		return Filed{}, fmt.Errorf("file a photo: %w", err)
	}
	return out, o.store.ForgetPhotos(ctx, a.Person, now)
}

// photoWaits is how long a photo waits for the word where it belongs.
const photoWaits = 10 * time.Minute

// KeepPhoto keeps a photo of the actor's for some minutes, until it is said to
// which of the fits it belongs.
func (o *Office) KeepPhoto(ctx context.Context, a roster.Actor, photo content.Blob, fits []Fit, said, now time.Time) error {
	if err := allow(a, roster.Answer, a.Unit); err != nil {
		return err
	}
	w := WaitingPhoto{Person: a.Person, Photo: photo, Said: said, Expires: now.Add(photoWaits)}
	for _, f := range fits {
		w.Fits = append(w.Fits, f.Number)
	}
	if err := o.store.KeepPhoto(ctx, w); err != nil {
		return fmt.Errorf("keep a photo: %w", err)
	}
	return o.store.PutJobs(ctx, []Job{{Key: fmt.Sprintf("photo:%d", a.Person), Kind: jobPhoto, At: w.Expires}})
}

// KeptPhoto is the photo of the actor's that waits; ErrNotFound: none.
func (o *Office) KeptPhoto(ctx context.Context, a roster.Actor, now time.Time) (WaitingPhoto, error) {
	if err := allow(a, roster.Answer, a.Unit); err != nil {
		return WaitingPhoto{}, err
	}
	return o.store.KeptPhoto(ctx, a.Person, now)
}
