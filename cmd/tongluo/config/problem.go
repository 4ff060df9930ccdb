package config

import (
	"fmt"
	"strings"
)

// Problem is one thing wrong with a settings file, for whoever wrote it. Line
// is 0 when no line is to blame.
type Problem struct {
	File string
	Line int
	Say  string // what is wrong and what to write instead
}

// Error is "config.toml 第 12 行：…".
func (p Problem) Error() string {
	switch {
	case p.File == "":
		return p.Say
	case p.Line == 0:
		return p.File + "：" + p.Say
	}
	return fmt.Sprintf("%s 第 %d 行：%s", p.File, p.Line, p.Say)
}

// Problems is everything wrong with a file, in the order of its lines.
type Problems []Problem

// Error gives one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// lines maps "slot.1.cron" (tables by place, from 0) to the line that sets it,
// and "slot.1" to the line that opens the table.
type lines map[string]int

// indexLines reads the plain shape people write: one table header or one key a
// line. What is written otherwise has no line, and its problem names none.
func indexLines(src []byte) lines {
	at := lines{}
	seen := map[string]int{}
	table := ""
	for n, line := range strings.Split(string(src), "\n") {
		line = strings.TrimSpace(line)
		if name, ok := header(line, "[[", "]]"); ok {
			table = fmt.Sprintf("%s.%d", name, seen[name])
			seen[name]++
			at[table] = n + 1
			continue
		}
		if name, ok := header(line, "[", "]"); ok {
			table = name
			at[table] = n + 1
			continue
		}
		if key, _, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			at[strings.TrimPrefix(table+"."+strings.Trim(key, ` "'`), ".")] = n + 1
		}
	}
	return at
}

func header(line, open, end string) (string, bool) {
	rest, ok := strings.CutPrefix(line, open)
	if !ok {
		return "", false
	}
	name, _, ok := strings.Cut(rest, end)
	return strings.TrimSpace(name), ok
}

// of finds the line of a key, or of the table around it, or 0.
func (l lines) of(key string) int {
	for key != "" {
		if n, ok := l[key]; ok {
			return n
		}
		i := strings.LastIndexByte(key, '.')
		if i < 0 {
			return 0
		}
		key = key[:i]
	}
	return 0
}
