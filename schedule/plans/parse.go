package plans

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
)

// Problem is one thing wrong in a plan file. Message is Simplified Chinese and
// says what to write instead. Line and Column count from 1.
type Problem struct {
	File         string
	Line, Column int
	Message      string
}

// Error is "file:line:column: message".
func (p Problem) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Problems are all the problems of one file, in the order of its lines.
type Problems []Problem

// Error has one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives each problem to errors.As.
func (ps Problems) Unwrap() []error {
	all := make([]error, len(ps))
	for i, p := range ps {
		all[i] = p
	}
	return all
}

// largestFile bounds what is read as a plan; the largest embedded one is 3 KB.
const largestFile = 1 << 20

// Parse reads one plan file, embedded or the user's own; name is only for
// messages. A file with any problem is refused whole, with Problems: unknown
// keys, wrong types and everything Check finds, each with its line.
func Parse(name string, data []byte) (Plan, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // Windows editors write a byte order mark
	if len(data) > largestFile {
		return Plan{}, Problems{{name, 1, 1, "文件超过 1 MB，不像是方案文件，请只写方案本身"}}
	}
	shape, err := readShape(data)
	if err != nil {
		return Plan{}, syntaxProblem(name, data, err)
	}
	problems := Problems(shape.problems)
	var plan Plan
	if err := toml.Unmarshal(shape.readable, &plan); err != nil {
		if len(problems) == 0 {
			return Plan{}, syntaxProblem(name, data, err)
		}
	} else {
		problems = append(problems, shape.locate(check(plan))...)
	}
	if len(problems) == 0 {
		return tidy(plan), nil
	}
	for i := range problems {
		problems[i].File = name
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return (a.Line-b.Line)*10000 + a.Column - b.Column
	})
	return Plan{}, problems
}

// syntaxProblem places what the TOML library could not read. Its own words stay
// as a detail, because they name what it stumbled over.
func syntaxProblem(name string, data []byte, err error) error {
	p := Problem{File: name, Line: 1, Column: 1}
	var decode *toml.DecodeError
	if !errors.As(err, &decode) {
		errors.As(toml.Unmarshal(data, &map[string]any{}), &decode)
	}
	if decode != nil {
		var bytesIn int
		p.Line, bytesIn = decode.Position()
		line := bytes.Split(data, []byte("\n"))[p.Line-1]
		p.Column = 1 + utf8.RuneCount(line[:min(bytesIn-1, len(line))])
		err = decode
	}
	detail := strings.TrimPrefix(err.Error(), "toml: ")
	p.Message = "这里不合 TOML 的写法，请写成 键 = \"值\"，引号和括号成对，同一个键只写一次（" + detail + "）"
	return Problems{p}
}
