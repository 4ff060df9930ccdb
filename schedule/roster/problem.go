package roster

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong in one cell of a sheet, in words for the person
// who filled it in.
type Problem struct {
	File   string
	Sheet  string // the tab of a workbook, "" for CSV
	Row    int    // as the spreadsheet numbers it, 0 for the whole sheet
	Column string // the column's heading, "" for the whole row
	What   string // Chinese: what is wrong and what to write instead
}

// Error names file, tab, row and column, then what to write instead.
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Sheet != "" {
		fmt.Fprintf(&b, " 表“%s”", p.Sheet)
	}
	if p.Row > 0 {
		fmt.Fprintf(&b, " 第%d行", p.Row)
	}
	if p.Column != "" {
		fmt.Fprintf(&b, "“%s”", p.Column)
	}
	return b.String() + "：" + p.What
}

// Problems is everything wrong in one sheet, in row order: a person mends a
// sheet once, not once per mistake. It is the error of every sheet reader.
type Problems []Problem

const shownProblems = 50

// Error prints one problem a line, at most fifty.
func (ps Problems) Error() string {
	lines := make([]string, 0, len(ps))
	for _, p := range ps[:min(len(ps), shownProblems)] {
		lines = append(lines, p.Error())
	}
	if rest := len(ps) - shownProblems; rest > 0 {
		lines = append(lines, fmt.Sprintf("……另有 %d 处，请先改好上面的再试", rest))
	}
	return strings.Join(lines, "\n")
}

// Err returns nil when there is nothing wrong, otherwise the problems by tab, in
// order of first appearance, and row; one said twice is said once.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	tab := map[string]int{}
	for _, p := range ps {
		if _, ok := tab[p.Sheet]; !ok {
			tab[p.Sheet] = len(tab)
		}
	}
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(tab[a.Sheet], tab[b.Sheet]), cmp.Compare(a.Row, b.Row))
	})
	return slices.Compact(ps)
}
