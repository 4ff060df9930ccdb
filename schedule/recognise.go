package schedule

import (
	"context"
	"errors"
	"slices"

	"tongluo/content"
)

// recognise finds the one item of the deliveries that was seen, and the kinds
// of message it stands for; "" when it is none, or could as well be another.
func (o *Office) recognise(ctx context.Context, open []Delivery, seen Seen) (string, []content.Media, error) {
	items, err := o.store.Items(ctx)
	if err != nil {
		return "", nil, err
	}
	awaited := map[string]bool{}
	for _, d := range open {
		awaited[d.Item] = true
	}
	if seen.Picture != nil {
		return o.recognisePicture(ctx, items, awaited, seen.Picture)
	}
	id, kinds := recogniseText(items, awaited, seen.Text)
	return id, kinds, nil
}

// recogniseText compares words and addresses.
func recogniseText(items []content.Item, awaited map[string]bool, text string) (string, []content.Media) {
	said, links := content.WordingOf(text), content.Addresses(text)
	var best, next float64
	var id string
	var kinds []content.Media
	for _, it := range items {
		var now []content.Media
		like := content.WordingOf(it.Text()).Likeness(said)
		if like >= content.SameWording {
			now = append(now, content.Text)
		}
		if it.Link != "" && slices.ContainsFunc(content.Addresses(it.Link), func(l string) bool { return slices.Contains(links, l) }) {
			like, now = 1, append(now, content.Link)
		}
		switch {
		case len(now) == 0:
		case like > best:
			best, next, id, kinds = like, best, it.ID, now
		default:
			next = max(next, like)
		}
	}
	if !awaited[id] || best-next < content.Apart {
		return "", nil
	}
	return id, kinds
}

// sighted is an item's picture and how alike it is to what was seen.
type sighted struct {
	item  string
	sha   string
	drawn bool
	print content.Print
	found content.Found
}

// recognisePicture compares pictures, first with those that are awaited.
func (o *Office) recognisePicture(ctx context.Context, items []content.Item, awaited map[string]bool, data []byte) (string, []content.Media, error) {
	sight, err := content.Look(data)
	if errors.Is(err, content.ErrNoPrint) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	var best sighted
	var next float64
	for _, it := range items {
		if !awaited[it.ID] {
			continue
		}
		for _, att := range it.Attachments {
			if att.Kind != content.Picture {
				continue
			}
			p, err := o.printOf(ctx, att.SHA256)
			if errors.Is(err, content.ErrNoPrint) {
				continue
			}
			if err != nil {
				return "", nil, err
			}
			s := sighted{it.ID, att.SHA256, att.Drawn, p, p.Likeness(sight)}
			switch {
			case s.found.Likeness > best.found.Likeness:
				if best.item != s.item {
					next = best.found.Likeness
				}
				best = s
			case s.item != best.item:
				next = max(next, s.found.Likeness)
			}
		}
	}
	if best.found.Likeness < content.Same || best.found.Likeness-next < content.Apart {
		return "", nil, nil
	}
	alone, err := o.standsAlone(ctx, items, best, sight)
	if err != nil || !alone {
		return "", nil, err
	}
	kinds := []content.Media{content.Picture}
	if best.drawn { // its words are the item's own
		kinds = append(kinds, content.Text)
	}
	return best.item, kinds, nil
}

// standsAlone reports whether no other item's picture could be meant as well.
func (o *Office) standsAlone(ctx context.Context, items []content.Item, best sighted, sight content.Sight) (bool, error) {
	var own []string
	for _, it := range items {
		for _, att := range it.Attachments {
			switch {
			case it.ID == best.item:
				own = append(own, att.SHA256)
			case att.SHA256 == best.sha:
				return false, nil
			}
		}
	}
	others, err := o.store.PrintsLike(ctx, best.print, own)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(others, func(p content.Print) bool {
		return best.found.Likeness-p.LikenessAt(sight, best.found) < content.Apart
	}), nil
}

// printOf is the print of an approved picture, taken now if it never was.
func (o *Office) printOf(ctx context.Context, sha string) (content.Print, error) {
	p, err := o.store.Print(ctx, sha)
	if !errors.Is(err, ErrNotFound) {
		return p, err
	}
	data, err := o.store.Blob(ctx, sha)
	if err != nil {
		return content.Print{}, err
	}
	if p, err = content.PrintOf(data); err != nil {
		return p, err
	}
	return p, o.store.SavePrint(ctx, sha, p)
}

// takePrints takes the prints of an item's pictures, so that they are there
// when somebody forwards them, and when another item's are told apart.
func (o *Office) takePrints(ctx context.Context, it content.Item) error {
	for _, att := range it.Attachments {
		if att.Kind != content.Picture {
			continue
		}
		if _, err := o.printOf(ctx, att.SHA256); err != nil && !errors.Is(err, content.ErrNoPrint) {
			return err
		}
	}
	return nil
}
