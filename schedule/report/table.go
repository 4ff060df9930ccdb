package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"unicode"

	"tongluo/schedule/roster"

	"golang.org/x/text/width"
)

// Width returns how many terminal columns a text takes: Chinese signs two,
// combining and invisible ones none. Signs of ambiguous width count one.
func Width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	if unicode.IsControl(r) || unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

const gap = 2 // spaces between columns

// Table lays out a table for a terminal of the given width (0: any). Columns of
// numbers stand right. Where the table does not fit, as on a phone, every row
// becomes a small block under its first cell.
func Table(headers []string, rows [][]string, width int) string {
	rows = squared(rows, len(headers))
	wide := widths(headers, rows)
	total := gap * (len(headers) - 1)
	for _, w := range wide {
		total += w
	}
	if len(headers) == 0 {
		return ""
	}
	if width > 0 && total > width {
		return blocks(headers, rows, width)
	}
	right := numeric(headers, rows)
	var b strings.Builder
	line(&b, headers, wide, right)
	b.WriteString(strings.Repeat("-", total) + "\n")
	for _, row := range rows {
		line(&b, row, wide, right)
	}
	return b.String()
}

// squared gives every row as many cells as there are headings, on one line each.
func squared(rows [][]string, n int) [][]string {
	out := make([][]string, len(rows))
	for i, row := range rows {
		out[i] = make([]string, n)
		for j := range out[i] {
			if j < len(row) {
				out[i][j] = strings.Join(strings.Fields(row[j]), " ")
			}
		}
	}
	return out
}

func widths(headers []string, rows [][]string) []int {
	wide := make([]int, len(headers))
	for i, h := range headers {
		wide[i] = Width(h)
		for _, row := range rows {
			wide[i] = max(wide[i], Width(row[i]))
		}
	}
	return wide
}

// numeric finds the columns that hold nothing but numbers and shares.
func numeric(headers []string, rows [][]string) []bool {
	out := make([]bool, len(headers))
	for i := range headers {
		filled, words := false, false
		for _, row := range rows {
			filled = filled || row[i] != ""
			words = words || strings.Trim(row[i], "0123456789.,%/- ") != ""
		}
		out[i] = filled && !words
	}
	return out
}

func line(b *strings.Builder, cells []string, wide []int, right []bool) {
	var out strings.Builder
	for i, c := range cells {
		pad := strings.Repeat(" ", wide[i]-Width(c))
		if i > 0 {
			out.WriteString(strings.Repeat(" ", gap))
		}
		if right[i] {
			out.WriteString(pad + c)
		} else {
			out.WriteString(c + pad)
		}
	}
	b.WriteString(strings.TrimRight(out.String(), " ") + "\n")
}

func blocks(headers []string, rows [][]string, width int) string {
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(wrap(row[0], "", width))
		for i := 1; i < len(row); i++ {
			if row[i] != "" {
				b.WriteString(wrap(headers[i]+"："+row[i], "  ", width))
			}
		}
	}
	return b.String()
}

// wrap breaks a text into lines no wider than width, each indented; a break
// may fall between any two signs, as in Chinese.
func wrap(s, indent string, width int) string {
	var b strings.Builder
	room := max(width-len(indent), 2)
	used := 0
	b.WriteString(indent)
	for _, r := range s {
		w := runeWidth(r)
		if used+w > room {
			b.WriteString("\n" + indent)
			used = 0
		}
		b.WriteRune(r)
		used += w
	}
	b.WriteString("\n")
	return b.String()
}

// Grid lays out the coverage table: rows are units, columns weeks, cells "2/2";
// an empty cell (nothing owed) shows as "-". Where it does not fit, every unit
// becomes a block with its weeks listed under it.
func Grid(units, weeks []string, cells [][]string, width int) string {
	cells = squared(padRows(cells, len(units)), len(weeks))
	rows := make([][]string, len(units))
	for i, u := range units {
		rows[i] = []string{u}
		for _, c := range cells[i] {
			if c == "" {
				c = "-"
			}
			rows[i] = append(rows[i], c)
		}
	}
	headers := append([]string{"单位"}, weeks...)
	if out := Table(headers, rows, 0); width <= 0 || Width(longest(out)) <= width {
		return out
	}
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(wrap(row[0], "", width))
		used := 0
		for j, c := range row[1:] {
			pair := "  " + weeks[j] + " " + c
			if used > 0 && used+Width(pair) > width {
				b.WriteString("\n")
				used = 0
			}
			b.WriteString(pair)
			used += Width(pair)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func padRows(cells [][]string, n int) [][]string {
	out := make([][]string, n)
	copy(out, cells)
	return out
}

func longest(s string) string {
	var out string
	for l := range strings.Lines(s) {
		if Width(l) > Width(out) {
			out = l
		}
	}
	return out
}

// Markdown lays out a table for documents and chat windows that render it.
func Markdown(headers []string, rows [][]string) string {
	var b strings.Builder
	row := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + strings.NewReplacer("\\", "\\\\", "|", "\\|").Replace(c) + " ")
		}
		b.WriteString("|\n")
	}
	row(squared([][]string{headers}, len(headers))[0])
	b.WriteString(strings.Repeat("|---", len(headers)) + "|\n")
	for _, cells := range squared(rows, len(headers)) {
		row(cells)
	}
	return b.String()
}

// WriteCSV writes a table that Excel and WPS open as it is: UTF-8 with BOM,
// CRLF, no cell that could run as a formula.
func WriteCSV(w io.Writer, headers []string, rows [][]string) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	for _, row := range append([][]string{headers}, rows...) {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = roster.EscapeCell(c)
		}
		if err := out.Write(cells); err != nil {
			return fmt.Errorf("write csv: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}
