package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// File is a settings file that has been read, with what is needed to point at
// its lines.
type File struct {
	Config
	name  string
	dir   string // where files it names are looked for
	lines lines
}

// Defaults is the settings of an office without a file.
func Defaults() File { return File{Config: Default()} }

// Load reads a file strictly: what it leaves out keeps its default (one
// [[slot]] replaces all default slots), a key nobody knows is refused. Its
// errors are Problems, or wrap fs.ErrNotExist.
func Load(path string) (File, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return File{}, fmt.Errorf("read settings: %w", err)
	}
	f, err := Read(filepath.Base(path), src)
	f.dir = filepath.Dir(path)
	return f, err
}

// Read is Load of a file's bytes.
func Read(name string, src []byte) (File, error) {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	f := File{Config: Default(), name: name, lines: indexLines(src)}
	usual := f.Slots
	f.Slots = nil
	dec := toml.NewDecoder(bytes.NewReader(src)).DisallowUnknownFields()
	if err := dec.Decode(&f.Config); err != nil {
		return File{}, f.readable(err)
	}
	if f.Slots == nil {
		f.Slots = usual
	}
	return f, nil
}

// readable turns the decoder's errors into sentences.
func (f File) readable(err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) {
		var ps Problems
		for _, e := range unknown.Errors {
			line, _ := e.Position()
			ps = append(ps, Problem{f.name, line, unknownKey(e.Key())})
		}
		return ps
	}
	var bad *toml.DecodeError
	if errors.As(err, &bad) {
		line, _ := bad.Position()
		return Problems{{f.name, line, wrongValue(bad.Key())}}
	}
	return Problems{{f.name, 0, fmt.Sprintf("读不懂（%v），请对照 config.example.toml 改", err)}}
}

func unknownKey(key []string) string {
	last, table := key[len(key)-1], key[:len(key)-1]
	known := keysAt(reflect.TypeFor[Config](), table)
	if known == nil { // the table itself is unknown
		last, known = key[0], keysAt(reflect.TypeFor[Config](), nil)
	}
	where := "这里"
	if len(table) > 0 {
		where = "[" + strings.Join(table, ".") + "] 里"
	}
	return fmt.Sprintf("不认识“%s”，%s可以写的有：%s", last, where, strings.Join(known, "、"))
}

func wrongValue(key []string) string {
	if len(key) == 0 {
		return "这一行写得不对，请写成 名称 = \"内容\" 的样子，例如 zone = \"Asia/Shanghai\""
	}
	name := strings.Join(key, ".")
	switch kindAt(reflect.TypeFor[Config](), key) {
	case reflect.Int:
		return fmt.Sprintf("“%s”要写一个整数，不加引号，例如 %s = 3", name, key[len(key)-1])
	case reflect.Bool:
		return fmt.Sprintf("“%s”只能写 true（是）或 false（否），不加引号", name)
	case reflect.Slice:
		return fmt.Sprintf("“%s”要写成列表，例如 %s = [\"110\", \"96110\"]", name, key[len(key)-1])
	case reflect.String:
		return fmt.Sprintf("“%s”要用引号括起来，例如 %s = \"内容\"", name, key[len(key)-1])
	}
	return fmt.Sprintf("“%s”写得不对，请对照 config.example.toml 改", name)
}

// fieldsAt walks the struct by TOML keys; nil when there is no such table.
func fieldsAt(t reflect.Type, key []string) reflect.Type {
	for _, k := range key {
		i := slices.Index(names(t), k)
		if i < 0 {
			return nil
		}
		if t = t.Field(i).Type; t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return nil
		}
	}
	return t
}

func keysAt(t reflect.Type, table []string) []string {
	if t = fieldsAt(t, table); t == nil {
		return nil
	}
	return names(t)
}

func kindAt(t reflect.Type, key []string) reflect.Kind {
	t = fieldsAt(t, key[:len(key)-1])
	if t == nil {
		return reflect.Invalid
	}
	if i := slices.Index(names(t), key[len(key)-1]); i >= 0 {
		return t.Field(i).Type.Kind()
	}
	return reflect.Invalid
}

func names(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		out = append(out, t.Field(i).Tag.Get("toml"))
	}
	return out
}
