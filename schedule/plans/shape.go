package plans

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2/unstable"
)

// shape is what one walk over a file learns before it is decoded: where each
// key stands, and which keys or types no plan has.
type shape struct {
	data     []byte
	readable []byte // data with values of a wrong type blanked, so that the rest can be checked too
	places   map[string]int
	counts   map[string]int // tables of an array seen so far
	problems []Problem
	told     map[string]bool // keys, and tables with an unknown key, that problems already cover
}

// finding is a problem that knows its key ("duties[2].due") but not its line.
type finding struct {
	path    string
	message string
}

// readShape walks the file. Its error is a syntax error.
func readShape(data []byte) (*shape, error) {
	s := &shape{data: data, readable: slices.Clone(data), places: map[string]int{"": 0}, counts: map[string]int{}, told: map[string]bool{}}
	var p unstable.Parser
	p.Reset(data)
	path, typ := "", reflect.TypeFor[Plan]()
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			path, typ = s.table(e)
		case unstable.KeyValue:
			s.keyValue(e, path, typ, true)
		}
	}
	return s, p.Error()
}

// table enters [name] or [[name]]. A nil type is one that was already reported.
func (s *shape) table(e *unstable.Node) (path string, typ reflect.Type) {
	typ = reflect.TypeFor[Plan]()
	for keys := e.Key(); keys.Next(); {
		key := keys.Node()
		field, ok := s.field(key, path, typ)
		if !ok {
			return "", nil
		}
		path, typ = join(path, string(key.Data)), field
		s.note(path, key)
		if typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Struct {
			if keys.IsLast() && e.Kind == unstable.Table {
				s.report(key, path, "“%s”有许多张，请写成 [[%s]]", key.Data, key.Data)
				return "", nil
			}
			if keys.IsLast() {
				s.counts[path]++
			}
			path, typ = fmt.Sprintf("%s[%d]", path, max(s.counts[path]-1, 0)), typ.Elem()
			s.note(path, key)
			continue
		}
		s.report(key, path, "“%s”不是一张表，请写成 %s = …", key.Data, key.Data)
		return "", nil
	}
	return path, typ
}

// keyValue checks one key = value. Whole lines with a wrong type are blanked.
func (s *shape) keyValue(e *unstable.Node, path string, typ reflect.Type, whole bool) {
	if typ == nil {
		return
	}
	keys := e.Key()
	keys.Next()
	key := keys.Node()
	field, ok := s.field(key, path, typ)
	if !ok {
		return
	}
	path = join(path, string(key.Data))
	s.note(path, key)
	if !keys.IsLast() {
		s.report(key, path, "键名里不用点号，请只写“%s”", key.Data)
		ok = false
	} else {
		ok = s.value(e.Value(), key, path, field)
	}
	if !ok && whole {
		for i := e.Raw.Offset; i < e.Raw.Offset+e.Raw.Length; i++ {
			if s.readable[i] != '\n' {
				s.readable[i] = ' '
			}
		}
	}
}

// value reports whether the value has the type of its key.
func (s *shape) value(v, key *unstable.Node, path string, typ reflect.Type) bool {
	ok := false
	switch typ.Kind() {
	case reflect.String:
		ok = v.Kind == unstable.String
	case reflect.Int:
		ok = v.Kind == unstable.Integer
	case reflect.Float64:
		ok = v.Kind == unstable.Float || v.Kind == unstable.Integer
	case reflect.Struct:
		if ok = v.Kind == unstable.InlineTable; ok {
			for fields := v.Children(); fields.Next(); {
				s.keyValue(fields.Node(), path, typ, false)
			}
		}
	case reflect.Slice:
		if ok = v.Kind == unstable.Array; ok {
			return s.elements(v, key, path, typ.Elem())
		}
	}
	if !ok {
		s.report(key, path, "“%s”要写%s", key.Data, written(typ))
	}
	return ok
}

func (s *shape) elements(v, key *unstable.Node, path string, elem reflect.Type) bool {
	items := v.Children()
	for i := 0; items.Next(); {
		item := items.Node()
		at := fmt.Sprintf("%s[%d]", path, i)
		s.counts[path] = i + 1
		s.note(at, item)
		if s.places[at] == 0 {
			s.places[at] = s.places[path]
		}
		if !s.value(item, key, at, elem) {
			return false
		}
		i++
	}
	return true
}

// written says how a value of the type is written.
func written(typ reflect.Type) string {
	switch typ.Kind() {
	case reflect.Int:
		return "整数，如 2，不加引号"
	case reflect.Float64:
		return "数字，如 0.8，不加引号"
	case reflect.Slice:
		if typ.Elem().Kind() == reflect.String {
			return "列表，如 [\"家长群\"]"
		}
		return "列表，如 [ { … }, { … } ]"
	case reflect.Struct:
		return "花括号里的一组键，如 { name = \"…\" }"
	}
	return "带引号的文字，如 \"…\""
}

// elsewhere answers keys that people look for in a plan but that live in the
// office's settings.
var elsewhere = map[string]string{
	"zone": "时区是整个办公室的设置，请写在 config.toml 里", "timezone": "时区是整个办公室的设置，请写在 config.toml 里",
	"cron": "几点发由时段决定，请写在 config.toml 的时段里", "slot": "几点发由时段决定，请写在 config.toml 的时段里", "slots": "几点发由时段决定，请写在 config.toml 的时段里",
	"year": "方案文件不写年份，请在启用时写 --year",
}

// field finds the key among the fields of a table, or reports it.
func (s *shape) field(key *unstable.Node, path string, typ reflect.Type) (reflect.Type, bool) {
	name := string(key.Data)
	var names []string
	for i := range typ.NumField() {
		tag := typ.Field(i).Tag.Get("toml")
		if tag == name {
			return typ.Field(i).Type, true
		}
		names = append(names, tag)
	}
	hint := "可以写的有：" + strings.Join(names, "、")
	if near, ok := Nearest(name, names); ok {
		hint = fmt.Sprintf("是不是“%s”？", near) + hint
	}
	if other, ok := elsewhere[name]; ok {
		hint = other
	}
	s.report(key, path, "不认识“%s”这个键，%s", name, hint)
	return nil, false
}

// note remembers where a key or an element first stands.
func (s *shape) note(path string, n *unstable.Node) {
	if !s.known(path) {
		s.places[path] = int(n.Raw.Offset)
	}
}

// report adds a problem at the node; path is what it covers.
func (s *shape) report(at *unstable.Node, path, format string, args ...any) {
	s.told[path] = true
	s.problems = append(s.problems, s.problem(int(at.Raw.Offset), fmt.Sprintf(format, args...)))
}

// problem counts columns in characters, as editors do.
func (s *shape) problem(offset int, message string) Problem {
	before := string(s.data[:min(offset, len(s.data))])
	start := strings.LastIndexByte(before, '\n') + 1
	return Problem{Line: 1 + strings.Count(before, "\n"), Column: 1 + utf8.RuneCountInString(before[start:]), Message: message}
}

// locate gives findings their lines: that of the key, or of the table that
// misses it. What only repeats a problem already told is left out: a mistyped
// key is not also a missing one.
func (s *shape) locate(found []finding) []Problem {
	var all []Problem
	for _, f := range found {
		path := f.path
		for path != "" && !s.known(path) {
			path = path[:max(0, strings.LastIndexAny(path, ".["))]
		}
		if !s.told[f.path] && (path == f.path || !s.told[path]) {
			all = append(all, s.problem(s.places[path], f.message))
		}
	}
	return all
}

func (s *shape) known(path string) bool {
	_, known := s.places[path]
	return known
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// Nearest is the name that a mistyped one is most like, if any is near.
func Nearest(name string, names []string) (string, bool) {
	best, distance := "", math.MaxInt
	for _, n := range names {
		if d := edits(name, n); d < distance {
			best, distance = n, d
		}
	}
	return best, distance <= max(2, len(best)/3) && distance < len(name)
}

// edits is the number of letters to insert, drop or replace between two names.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
