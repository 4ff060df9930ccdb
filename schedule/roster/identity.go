package roster

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// WeChat's handles live one login. Which room of a new login is which of our
// groups is decided by signals (reliability.md §4), one room for one group:
// bind, ask a person, or refuse. It is never guessed.

// The thresholds of reliability.md §4.
const (
	// BindOverlap of the members, with the same name (S3 and S4). §4 lets a code
	// (S2) bind from AgreeOverlap on; here it asks up to BindOverlap: in the
	// simulation (F11) 1 in 20,000 was wrong where somebody had copied the code
	// and a third of the members' names.
	BindOverlap = 0.60
	// AgreeOverlap backs a lasting id (S0); a code or a name below it is a
	// contradiction.
	AgreeOverlap = 0.30
	// RenamedOverlap makes a room of another name worth a question, when no other
	// room has more than AgreeOverlap.
	RenamedOverlap = 0.80
	// LeastMembers below which an overlap proves nothing.
	LeastMembers = 8
	// LeastRatio and MostRatio bound how a group may have grown (S5).
	LeastRatio, MostRatio = 0.5, 2.0
	// RebindPercent of the groups bound before must be bound again.
	RebindPercent = 90
)

// Margin is ours, not §4's: by so much the rooms must fit their own groups
// better than each other's. Two groups of the same people that have swapped
// their names are told by nothing else. In the simulation (F11) 26 of 20,000 are
// wrong without the comparison.
const Margin = 0.15

// Signal is what decided.
type Signal string

// The signals, by their numbers in reliability.md §4.
const (
	ByLogin  Signal = "login"   // the handle of the very same login, after a restart
	ByStable Signal = "stable"  // S0: the lasting id
	ByPosted Signal = "posted"  // S1: a one-time code said in the group
	ByPerson Signal = "person"  // a person's word
	ByCode   Signal = "code"    // S2: our code in the group's name
	ByName   Signal = "name"    // S3 with S4 and S5
	ByCrowd  Signal = "members" // S4 alone: the group was renamed
)

// Room is a chat group as one session sees it.
type Room struct {
	Handle  string
	Name    string
	Members int
	// Sketch of the members, nil when their list could not be read.
	Sketch Sketch
	// Stable is the keyed hash of an id that outlives the login, "" for none.
	Stable string
	// Owner: the account itself is the group's owner.
	Owner bool
}

// Trace is what was known of a group's room when it was last bound.
type Trace struct {
	Group   int64
	Name    string
	Members int
	Sketch  Sketch
	Stable  string
	Owner   bool
	// Login and Handle are the last binding; a restart goes on with the login.
	Login  string
	Handle string
	By     Signal
	// Word is the newest binding by hand that was obeyed: none is obeyed twice.
	Word int64
	// Expected: the group was bound when the last session was found right.
	Expected bool
	// Lost is why the group's room is gone, "" while it is not. It is bound again
	// by a code or a person alone.
	Lost string
}

// Verdict on one group.
type Verdict string

// The verdicts.
const (
	Bind   Verdict = "bind"
	Ask    Verdict = "ask"
	Refuse Verdict = "refuse"
)

// Chinese is the word on the screen.
func (v Verdict) Chinese() string {
	return map[Verdict]string{Bind: "已认", Ask: "待认", Refuse: "没认"}[v]
}

// Decision is what becomes of one group in one session, with its signals.
type Decision struct {
	Group   int64   `json:"group"`
	Verdict Verdict `json:"verdict"`
	// Handle is the room that is bound or asked about, "" otherwise.
	Handle string `json:"handle,omitempty"`
	By     Signal `json:"by,omitempty"`
	// First: the group was never bound before.
	First   bool   `json:"first,omitempty"`
	OldName string `json:"old_name,omitempty"`
	NewName string `json:"new_name,omitempty"`
	OldSize int    `json:"old_members,omitempty"`
	NewSize int    `json:"new_members,omitempty"`
	// Overlap of the members with the room, and with the next best one; -1: not known.
	Overlap float64 `json:"overlap"`
	Second  float64 `json:"second"`
	Stable  string  `json:"stable,omitempty"` // same, other, or "": not known
	Code    bool    `json:"code,omitempty"`
	// Conflict: two groups that were bound before claim one room.
	Conflict bool   `json:"conflict,omitempty"`
	Why      string `json:"why"` // Chinese
}

// Audit is the decision on one line for the log: signals in numbers, no names.
func (d Decision) Audit() string {
	s := fmt.Sprintf("%d %s", d.Group, d.Verdict)
	if d.By != "" {
		s += " by " + string(d.By)
	}
	if d.NewName == "" { // no room was worth comparing
		return s
	}
	s += fmt.Sprintf(" members %d→%d", d.OldSize, d.NewSize)
	if d.Overlap >= 0 {
		s += fmt.Sprintf(" overlap %.2f next %.2f", d.Overlap, max(d.Second, 0))
	}
	if d.Stable != "" {
		s += " id " + d.Stable
	}
	if d.OldName != "" && !SameName(d.OldName, d.NewName) {
		s += " renamed"
	}
	return s
}

// Digest names a list of decisions by what would be bound to what once all that
// is asked were answered with yes. A person's word for it is for no other list.
func Digest(all []Decision) string {
	var lines []string
	for _, d := range all {
		if d.Verdict != Refuse {
			lines = append(lines, fmt.Sprintf("%d %s\n", d.Group, d.Handle))
		}
	}
	slices.Sort(lines)
	h := sha256.New()
	for _, l := range lines {
		h.Write([]byte(l))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Tally counts decisions by verdict.
func Tally(all []Decision) map[Verdict]int {
	n := map[Verdict]int{}
	for _, d := range all {
		n[d.Verdict]++
	}
	return n
}

// Expected lists, sorted, the groups that traces say were bound when the last
// session was found right.
func Expected(traces []Trace) []int64 {
	var ids []int64
	for _, t := range traces {
		if t.Expected && t.Lost == "" {
			ids = append(ids, t.Group)
		}
	}
	slices.Sort(ids)
	return ids
}
