package report

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

const groupList = "群名单.txt"

var oursPattern = regexp.MustCompile(`^(\.new-.*|群名单\.txt|正文\d*\.txt|(图片|视频|文件)\d+(\.[^.]+)?)$`)

// ours tells the files a pack writes from what people put beside them.
func ours(base string) bool { return oursPattern.MatchString(base) }

// safeName turns any text into a file name that Windows, too, will store: no
// reserved signs or names, no dot or space at either end, at most max characters.
func safeName(s string, max int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(`<>:"/\|?*`, r):
			return '-'
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	s = strings.Trim(s, " .")
	if runes := []rune(s); len(runes) > max {
		s = strings.Trim(string(runes[:max]), " .")
	}
	stem, _, _ := strings.Cut(strings.ToUpper(s), ".")
	if slices.Contains([]string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}, stem) || devicePattern.MatchString(stem) {
		s = "_" + s
	}
	if s == "" {
		return "未命名"
	}
	return s
}

var devicePattern = regexp.MustCompile(`^(COM|LPT)[0-9¹²³]$`)

// notepad encodes a text so that every Windows Notepad shows it: BOM and CRLF.
func notepad(s string) []byte {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	return []byte("\ufeff" + strings.ReplaceAll(s, "\n", "\r\n"))
}

// groupList tells one unit where the material goes and how to answer.
func (p Pack) groupList(s UnitSheet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n单位：%s\n", strings.TrimSpace(strings.Join([]string{p.Day, p.Slot, p.Item}, " ")), s.Unit)
	if s.Person != "" {
		fmt.Fprintf(&b, "联系人：%s\n", strings.TrimSpace(s.Person+" "+s.Phone))
	}
	for _, part := range byHandoff(s.Rows) {
		first := part[0]
		fmt.Fprintf(&b, "\n转发人：%s　截止：%s\n请把正文和图片转到下面 %d 个群：\n", dash(first.Person), dash(first.Due), len(part))
		for i, row := range part {
			fmt.Fprintf(&b, "%d. %s\n", i+1, row.Group)
		}
		if first.Handoff != 0 {
			fmt.Fprintf(&b, "转完回复：已转 %d；转不了回复：转不了 %d 原因\n", first.Handoff, first.Handoff)
		}
	}
	fmt.Fprintf(&b, "\n也可以在“%s”里填 √。\n", path.Base(TickListName))
	return b.String()
}

// byHandoff keeps together what one person answers with one number.
func byHandoff(rows []PackRow) [][]PackRow {
	type key struct {
		handoff     int64
		person, due string
	}
	var out [][]PackRow
	at := map[key]int{}
	for _, row := range rows {
		k := key{row.Handoff, row.Person, row.Due}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], row)
	}
	return out
}

func dash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}
