package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"tongluo/schedule/roster"
)

// CommandDoc is one line of the table for people.
type CommandDoc struct {
	Word     string
	Synonyms []string
	Slips    []string      // of voice input, obeyed and not shown
	Who      []roster.Role // to whom help shows it
	// Private says the answer goes to the asker alone, wherever it was asked.
	Private bool
	Usage   []string
	About   string
}

// Table lists every command in the order of help.
func Table() []CommandDoc {
	var docs []CommandDoc
	for _, c := range newTable().commands {
		docs = append(docs, CommandDoc{Word: c.word, Synonyms: c.also, Slips: c.slips, Who: c.who, Private: c.where == privately, Usage: c.usage, About: c.about})
	}
	return docs
}

// isFor reports whether help shows the word to the role.
func (c *command) isFor(role roster.Role) bool { return slices.Contains(c.who, role) }

// help answers 帮助 for the role and the place: in a group only what is answered
// there.
func (d *Dialogue) help(_ context.Context, t turn, _ call) (answer, error) {
	a := answer{lines: []string{"可以这样说："}}
	for i := range d.table.commands {
		c := &d.table.commands[i]
		if c.isFor(t.actor.Role) && c.word != "帮助" && (t.private || c.where == anywhere) {
			a.lines = append(a.lines, "【"+c.usage[0]+"】"+c.about)
		}
	}
	a.next = "先看进度请回：进度"
	switch {
	case !t.private:
		a.next = "其余的请私下问我，先回：帮助"
	case t.actor.Role == roster.Cadre:
		a.next = "先看手上的请回：任务"
	case t.actor.Role == roster.Staff:
		a.next = "先看今天的请回：今天"
	}
	return a, nil
}

// notUnderstood is one line with the nearest word. Nothing has been done.
func (d *Dialogue) notUnderstood(t turn, at stop) Reply {
	c := at.cmd
	if c == nil || !c.isFor(t.actor.Role) {
		c = d.table.nearest(at.clause, t.actor.Role)
	}
	if c == nil && at.last != nil && at.last.isFor(t.actor.Role) {
		c = at.last
	}
	u := Understood{Outcome: Asked, Args: []string{}}
	text := "没看懂，还没有办。看能说什么请回：帮助"
	if c != nil {
		u.Nearest = c.word
		text = fmt.Sprintf("没看懂，还没有办。是“%s”吗？请回：%s", c.word, strings.Join(c.usage[:min(2, len(c.usage))], " 或 "))
	}
	return Reply{To: Private, Text: text, Understood: []Understood{u}}
}

// nearest is the command, among those shown to the role, with a word nearest to
// how the clause begins; nil when more than half of every word would have to
// change.
func (t table) nearest(clause string, role roster.Role) *command {
	said := []rune(strings.Trim(clause, stops+gaps+"#0123456789"))
	var best *command
	least := 0.0
	for _, e := range t.words {
		if !e.cmd.isFor(role) || len(said) == 0 {
			continue
		}
		n := utf8.RuneCountInString(e.text)
		part := float64(distance([]rune(e.text), said[:min(n, len(said))])) / float64(n)
		if part <= 0.5 && (best == nil || part < least) {
			best, least = e.cmd, part
		}
	}
	return best
}

// distance is how many runes must be inserted, deleted or changed to make b of a.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := diagonal
			if x != y {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
