package content

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"time"
)

// Want is what one group may be given on the day: an item for one of its
// Audiences, carrying every one of Media and, if Themes are named, meeting one.
type Want struct {
	Group     int64
	Audiences []string
	Media     []Media
	Themes    []string
}

// History says which items a group has received and on which local day
// ("2006-01-02") last: group, then item id.
type History map[int64]map[string]string

// Bundle is one item for a set of groups, ascending: one push. Repeats are those
// of them that had the item within the cool-down; nothing fresher fits them.
type Bundle struct {
	Item    Item
	Groups  []int64
	Repeats []int64
}

// Unmet is a set of groups, ascending, for which no item fits, with the reason
// in Chinese.
type Unmet struct {
	Groups []int64
	Reason string
}

// Choice is what Pick found: every wanted group is in exactly one bundle or one
// unmet set.
type Choice struct {
	Bundles []Bundle
	Unmet   []Unmet
}

// DefaultCoolDown is how many days an item rests in a group.
const DefaultCoolDown = 28

// Pick chooses what to say to each group on a local day ("2006-01-02"), with as
// few items as it can, since one item to many groups is one push.
//
// A group is given an item it never had while one fits; else one it had at least
// coolDown days ago; else the one it had longest ago, as one of the Repeats. Among items
// that serve equally many groups, the least recently used comes first, then the
// older item: the same arguments always give the same choice. Only items that
// are Sendable on the day are considered. Groups wanted twice count once, by
// their first Want.
func Pick(l *Library, wants []Want, received History, day string, coolDown int) Choice {
	p := picker{stock: l.sendable(day), today: dayNumber(day), coolDown: coolDown}
	p.lastUsed = make([]int, len(p.stock))
	for n := range p.lastUsed {
		p.lastUsed[n] = never
	}
	buckets := p.sort(wants, received)
	return Choice{Bundles: p.bundles(p.cover(buckets), buckets), Unmet: p.unmet(buckets)}
}

func (l *Library) sendable(day string) []Item {
	return slices.DeleteFunc(slices.Clone(l.items), func(i Item) bool { return !i.Sendable(day) })
}

// never is the day number of an item a group has not had.
const never = math.MinInt32

// picker holds one call of Pick. Items are known by their place in stock.
type picker struct {
	stock    []Item
	today    int
	coolDown int
	lastUsed []int // latest day any wanted group had the item
}

// bucket is the groups that may be given exactly the same items.
type bucket struct {
	want   Want
	groups []int64
	may    []int // places in stock, of the best tier only
	repeat bool
	served bool
}

// sort puts groups with the same possibilities into one bucket, in order of
// first appearance.
func (p *picker) sort(wants []Want, received History) []*bucket {
	var order []*bucket
	fitting := map[string][]int{}
	byKey := map[string]*bucket{}
	seen := make(map[int64]bool, len(wants))
	for _, w := range wants {
		if seen[w.Group] {
			continue
		}
		seen[w.Group] = true
		sig := signature(w)
		fit, ok := fitting[sig]
		if !ok {
			fit = p.fitting(w)
			fitting[sig] = fit
		}
		may, repeat := p.best(fit, received[w.Group])
		key := sig + "\x01" + placesKey(may, repeat)
		b, ok := byKey[key]
		if !ok {
			b = &bucket{want: w, may: may, repeat: repeat}
			byKey[key], order = b, append(order, b)
		}
		b.groups = append(b.groups, w.Group)
	}
	return order
}

func (p *picker) fitting(w Want) []int {
	var fit []int
	for n, i := range p.stock {
		if i.fits(w) {
			fit = append(fit, n)
		}
	}
	return fit
}

// best keeps of the fitting items those of the group's best tier: never had,
// rested, or had longest ago (a repeat).
func (p *picker) best(fit []int, had map[string]string) (may []int, repeat bool) {
	var unseen, rested, stalest []int
	oldest := math.MaxInt
	for _, n := range fit {
		last := never
		if d, ok := had[p.stock[n].ID]; ok {
			last = dayNumber(d)
			p.lastUsed[n] = max(p.lastUsed[n], last)
		}
		switch {
		case last == never:
			unseen = append(unseen, n)
		case p.today-last >= p.coolDown:
			rested = append(rested, n)
		case last < oldest:
			oldest, stalest = last, []int{n}
		case last == oldest:
			stalest = append(stalest, n)
		}
	}
	switch {
	case len(unseen) > 0:
		return unseen, false
	case len(rested) > 0:
		return rested, false
	}
	return stalest, len(stalest) > 0
}

// signature is equal for wants that the same items fit.
func signature(w Want) string {
	var b strings.Builder
	for _, a := range w.Audiences {
		b.WriteString(a)
		b.WriteByte(0)
	}
	b.WriteByte('|')
	for _, m := range w.Media {
		b.WriteString(string(m))
		b.WriteByte(0)
	}
	b.WriteByte('|')
	for _, t := range w.Themes {
		b.WriteString(t)
		b.WriteByte(0)
	}
	return b.String()
}

func placesKey(places []int, repeat bool) string {
	key := make([]byte, 0, 2*len(places)+1)
	for _, n := range places {
		key = binary.AppendUvarint(key, uint64(n))
	}
	if repeat {
		key = append(key, 0xff)
	}
	return string(key)
}

// dayNumber counts days, so that days can be subtracted; a day that cannot be
// read counts as today's oldest possible, which rests longest.
func dayNumber(day string) int {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return never + 1
	}
	return int(t.Unix() / 86400)
}
