package roster

import (
	"fmt"
	"slices"
	"strings"
)

// ReadSelector reads a selector as a person types it: in the grammar of
// ParseSelector, or in short, by names of the roster alone: "网格群",
// "永宁村 网格群", "永宁村网格群", "全部家长群", "三组网格群". What several
// names of one sort say widens, what names of different sorts say narrows, as in
// the grammar. A name that means two things is asked. The error is in Chinese
// and says what to write instead.
func (r *Roster) ReadSelector(s string) (Selector, error) {
	s = strings.TrimSpace(s)
	if strings.ContainsAny(s, ":：") {
		return ParseSelector(s)
	}
	if everyGroup(s) {
		return Selector{}, nil
	}
	if sel, err := r.readPair(s); err == nil || !strings.ContainsAny(s, parting) {
		return sel, err
	}
	var all Selector
	for _, name := range strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune(parting, c) }) {
		one, err := r.readPair(name)
		if err != nil {
			return Selector{}, err
		}
		all = all.and(one)
	}
	return all, nil
}

// parting stands between two names.
const parting = " ,，、;；"

func everyGroup(s string) bool {
	return slices.Contains([]string{"all", "全部", "所有", "全部群", "所有群", "全部的群", "所有的群"}, s)
}

func (s Selector) and(t Selector) Selector {
	s.Kinds, s.Units = append(s.Kinds, t.Kinds...), append(s.Units, t.Units...)
	s.Groups, s.Audiences = append(s.Groups, t.Groups...), append(s.Audiences, t.Audiences...)
	return s
}

// readPair reads one name, or two that 和 joins: a name may have 和 in it.
func (r *Roster) readPair(s string) (Selector, error) {
	whole, err := r.readName(s)
	if err == nil {
		return whole, nil
	}
	for i, c := range s {
		if c != '和' && c != '及' && c != '与' {
			continue
		}
		left, lerr := r.readName(s[:i])
		right, rerr := r.readName(s[i+len(string(c)):])
		if lerr == nil && rerr == nil {
			return left.and(right), nil
		}
	}
	return Selector{}, err
}

// readName reads one name.
func (r *Roster) readName(said string) (Selector, error) {
	name := strings.TrimSpace(said)
	for _, every := range []string{"全部", "所有", "各个", "各", "的"} {
		name = strings.TrimSpace(strings.TrimPrefix(name, every))
	}
	name = strings.TrimSuffix(name, "的")
	readings := r.readings(name)
	switch len(readings) {
	case 1:
		return readings[0], nil
	case 0:
		if g, err := r.FindGroup(name); err == nil { // by number
			return Selector{Groups: []string{fmt.Sprint(g.ID)}}, nil
		}
		return Selector{}, fmt.Errorf("“%s”不是花名册里的群、群类型、单位或对象，请照花名册写，如：网格群，或：永宁村 网格群", said)
	}
	words := make([]string, len(readings))
	for i, sel := range readings {
		words[i] = sel.String()
	}
	if len(words) > 4 {
		words = words[:4]
	}
	return Selector{}, fmt.Errorf("“%s”有 %d 种意思，请写其中一种：%s", said, len(readings), strings.Join(words, "，或 "))
}

// readings are all things that a name may mean: groups that bear it, a kind, a
// unit, an audience, or a unit and a kind written together.
func (r *Roster) readings(name string) []Selector {
	var out []Selector
	for _, g := range r.Groups {
		if same(g.Name, name) && g.Until == "" {
			out = append(out, Selector{Groups: []string{fmt.Sprint(g.ID)}})
		}
	}
	for _, u := range r.unitsCalled(name) {
		out = append(out, Selector{Units: []string{u.Path}})
	}
	kinds, audiences := r.words()
	for _, k := range kinds {
		if same(k, name) {
			out = append(out, Selector{Kinds: []string{k}})
		}
	}
	if len(out) == 0 {
		for _, a := range audiences {
			if same(a, name) || same(a+"群", name) {
				out = append(out, Selector{Audiences: []string{a}})
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, k := range kinds {
		unit, ok := strings.CutSuffix(plainName(name), plainName(k))
		for _, u := range r.unitsCalled(strings.TrimSuffix(strings.TrimSpace(unit), "的")) {
			if ok {
				out = append(out, Selector{Units: []string{u.Path}, Kinds: []string{k}})
			}
		}
	}
	return out
}

func (r *Roster) unitsCalled(name string) []Unit {
	var hits []Unit
	for _, u := range r.Units {
		if name != "" && (same(u.Name, name) || same(u.Path, name)) {
			hits = append(hits, u)
		}
	}
	return hits
}

// words are the kinds and the audiences that the roster uses, sorted.
func (r *Roster) words() (kinds, audiences []string) {
	for _, g := range r.Groups {
		kinds = append(kinds, g.Kind)
		audiences = append(audiences, g.Audiences...)
	}
	return distinct(kinds), distinct(audiences)
}

func distinct(words []string) []string {
	slices.Sort(words)
	return slices.DeleteFunc(slices.Compact(words), func(s string) bool { return s == "" })
}

// Audiences are the audiences that the roster uses, sorted.
func (r *Roster) Audiences() []string {
	_, audiences := r.words()
	return audiences
}

func same(a, b string) bool { return plainName(a) == plainName(b) }

// plainName is a name without what a phone's keyboard changes.
func plainName(s string) string { return strings.ToLower(HalfWidth(strings.TrimSpace(s))) }

// NamedGroups are the groups that a text begins with the name of, or with the
// name of a unit that has groups of its own, and what follows the name: the
// longest name counts. None: the text begins with no name of the roster.
func (r *Roster) NamedGroups(text string) (groups []Group, name, rest string) {
	long := 0
	take := func(called string, g Group) {
		n := len(called)
		if n == 0 || n < long || len(text) < n || !same(text[:n], called) {
			return
		}
		if n > long {
			groups, long = nil, n
		}
		if !slices.ContainsFunc(groups, func(have Group) bool { return have.ID == g.ID }) {
			groups = append(groups, g)
		}
	}
	for _, g := range r.Groups {
		if g.Until != "" {
			continue
		}
		u, _ := r.Unit(g.Unit)
		for _, called := range []string{g.UnitPath + "/" + g.Name, g.Name, u.Path, u.Name} {
			take(called, g)
		}
	}
	return groups, text[:long], text[long:]
}
