package demo

import (
	"fmt"
	"regexp"
	"strings"

	"tongluo/schedule/calendar"
	"tongluo/schedule/report"
)

// print writes lines no wider than the terminal.
func (w *world) print(format string, args ...any) {
	fmt.Fprintln(w.opt.Out, fold(fmt.Sprintf(format, args...), w.opt.Width))
}

// copied writes a path or a command, which must stay on one line of its own.
func (w *world) copied(about, line string) {
	w.print("%s：", about)
	fmt.Fprintln(w.opt.Out, "  "+line)
}

func (w *world) title(format string, args ...any) {
	w.print("\n—— %s ——", fmt.Sprintf(format, args...))
}

// fold breaks lines wider than width columns (0: any); what is indented stays so.
func fold(text string, width int) string {
	if width <= 0 {
		return text
	}
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		out = append(out, foldLine(line, width))
	}
	return strings.Join(out, "\n")
}

// unbroken matches what stays together: a number or a Latin word, or one
// Chinese sign, with the marks that must not begin or end a line.
var unbroken = regexp.MustCompile(`\s*[（“【(]*(?:[!-'*-~]+|.)[，。；：、！？）”】…,)]*`)

func foldLine(line string, width int) string {
	rest := strings.TrimLeft(line, " 　")
	indent := strings.TrimSuffix(line, rest)
	var out strings.Builder
	out.WriteString(indent)
	used := report.Width(indent)
	for _, piece := range unbroken.FindAllString(rest, -1) {
		if used+report.Width(piece) > width && used > report.Width(indent) {
			piece = strings.TrimLeft(piece, " ")
			out.WriteString("\n" + indent)
			used = report.Width(indent)
		}
		out.WriteString(piece)
		used += report.Width(piece)
	}
	return out.String()
}

// between says the days of a period's key: 6月1日至7日.
func between(key string) string {
	if key == string(calendar.Once) || key == string(calendar.Campaign) {
		return "整个方案期间"
	}
	p, err := calendar.ParsePeriod(key)
	if err != nil {
		return key
	}
	from, to := p.Start, p.End.AddDays(-1)
	if from.Month() != to.Month() {
		return fmt.Sprintf("%d月%d日至%d月%d日", int(from.Month()), from.Day(), int(to.Month()), to.Day())
	}
	return fmt.Sprintf("%d月%d日至%d日", int(from.Month()), from.Day(), to.Day())
}
