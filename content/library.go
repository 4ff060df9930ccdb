package content

import (
	"cmp"
	"fmt"
	"slices"
)

// Library is a set of items in memory. It never changes: build a new one when
// items do. It is safe for use by several goroutines.
type Library struct {
	items []Item // by CreatedAt, then ID: the order in which new items are tried
	byID  map[string]int
}

// NewLibrary returns a library of copies of the items given, their media derived
// anew. Two items with one id are an error.
func NewLibrary(items []Item) (*Library, error) {
	l := &Library{items: slices.Clone(items), byID: make(map[string]int, len(items))}
	slices.SortStableFunc(l.items, func(a, b Item) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	for n := range l.items {
		l.items[n].Media = mediaOf(l.items[n])
		if _, taken := l.byID[l.items[n].ID]; taken {
			return nil, fmt.Errorf("素材编号 %s 用了两次，请改掉一个", l.items[n].ID)
		}
		l.byID[l.items[n].ID] = n
	}
	return l, nil
}

// Items returns the items, oldest first.
func (l *Library) Items() []Item { return slices.Clone(l.items) }

// Item returns the item with that id, or false.
func (l *Library) Item(id string) (Item, bool) {
	n, ok := l.byID[id]
	if !ok {
		return Item{}, false
	}
	return l.items[n], true
}

// fits reports whether the item may go to the audiences, carries at least the
// media and meets one of the themes (if any are asked for).
func (i Item) fits(w Want) bool {
	return i.reaches(w.Audiences) && i.carries(w.Media) && i.touches(w.Themes)
}

// reaches: an item for nobody in particular is for everyone.
func (i Item) reaches(audiences []string) bool {
	return len(i.Audiences) == 0 || meet(i.Audiences, audiences)
}

func (i Item) carries(media []Media) bool {
	return !slices.ContainsFunc(media, func(m Media) bool { return !slices.Contains(i.Media, m) })
}

func (i Item) touches(themes []string) bool {
	return len(themes) == 0 || meet(i.Themes, themes)
}

func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
