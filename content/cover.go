package content

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// cover chooses items until every bucket that has a possibility is served:
// always the item that serves most groups still unserved, and in the end none
// whose groups the others could serve. It returns places in stock.
func (p *picker) cover(buckets []*bucket) []int {
	var chosen []int
	open := slices.Clone(buckets)
	for {
		open = slices.DeleteFunc(open, func(b *bucket) bool { return len(b.may) == 0 || meetsAny(b.may, chosen) })
		if len(open) == 0 {
			return p.thin(chosen, buckets)
		}
		chosen = append(chosen, p.widest(open))
	}
}

// widest returns the item that serves most groups of the open buckets; of equals
// the least recently used, then the first in stock.
func (p *picker) widest(open []*bucket) int {
	serves := make([]int, len(p.stock))
	for _, b := range open {
		for _, n := range b.may {
			serves[n] += len(b.groups)
		}
	}
	best := 0
	for n := range serves {
		if cmp.Or(cmp.Compare(serves[n], serves[best]), cmp.Compare(p.lastUsed[best], p.lastUsed[n])) > 0 {
			best = n
		}
	}
	return best
}

// thin drops every item that has become superfluous, the earliest choice first:
// the greedy step is fond of a wide item that two later ones cover together.
func (p *picker) thin(chosen []int, buckets []*bucket) []int {
	for at := 0; at < len(chosen); {
		rest := slices.Delete(slices.Clone(chosen), at, at+1)
		needed := slices.ContainsFunc(buckets, func(b *bucket) bool {
			return len(b.may) > 0 && !meetsAny(b.may, rest)
		})
		if needed {
			at++
			continue
		}
		chosen = rest
	}
	return chosen
}

func meetsAny(may, chosen []int) bool {
	return slices.ContainsFunc(chosen, func(n int) bool { return slices.Contains(may, n) })
}

// bundles gives every bucket the first chosen item it may have and joins the
// groups of one item.
func (p *picker) bundles(chosen []int, buckets []*bucket) []Bundle {
	var out []Bundle
	for _, n := range chosen {
		bundle := Bundle{Item: p.stock[n]}
		for _, b := range buckets {
			if b.served || !slices.Contains(b.may, n) {
				continue
			}
			b.served = true
			bundle.Groups = append(bundle.Groups, b.groups...)
			if b.repeat {
				bundle.Repeats = append(bundle.Repeats, b.groups...)
			}
		}
		slices.Sort(bundle.Groups)
		slices.Sort(bundle.Repeats)
		out = append(out, bundle)
	}
	return out
}

// unmet joins the groups for which nothing fits by the reason.
func (p *picker) unmet(buckets []*bucket) []Unmet {
	var out []Unmet
	for _, b := range buckets {
		if len(b.may) > 0 {
			continue
		}
		reason := p.reason(b.want)
		n := slices.IndexFunc(out, func(u Unmet) bool { return u.Reason == reason })
		if n < 0 {
			out = append(out, Unmet{Groups: b.groups, Reason: reason})
			continue
		}
		out[n].Groups = append(out[n].Groups, b.groups...)
	}
	for n := range out {
		slices.Sort(out[n].Groups)
	}
	return out
}

// reason says which demand no item of the stock meets, adding one demand after
// another until nothing is left.
func (p *picker) reason(w Want) string {
	if len(p.stock) == 0 {
		return "素材库里没有已通过、未过期的素材"
	}
	who := strings.Join(w.Audiences, "、")
	if who == "" {
		who = "所有人"
	}
	var kinds []string
	for _, m := range w.Media {
		kinds = append(kinds, m.Word())
	}
	steps := []struct {
		want Want
		say  string
	}{
		{Want{Audiences: w.Audiences}, fmt.Sprintf("没有给%s的已通过素材", who)},
		{Want{Audiences: w.Audiences, Media: w.Media}, fmt.Sprintf("给%s的已通过素材里，没有带%s的", who, strings.Join(kinds, "和"))},
	}
	for _, s := range steps {
		if len(p.fitting(s.want)) == 0 {
			return s.say
		}
	}
	return fmt.Sprintf("给%s、带%s的已通过素材里，没有讲“%s”的", who, cmp.Or(strings.Join(kinds, "和"), "任何形式"), strings.Join(w.Themes, "”或“"))
}
