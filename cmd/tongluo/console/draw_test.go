package console

import (
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// hostile is what somebody may call a group, a unit, a person or a text, to be
// taken for more than a name.
var hostile = []string{
	`"><script>alert(1)</script>`, `'><img src=x onerror=alert(1)>`, `</bdi></title></section><h1>已停发`, `<!--`, `javascript:alert(1)`,
	`x" onfocus="alert(1)" autofocus="`, `" style="display:none`, `&amp;&lt;b&gt;&#60;b&#62;`, `//evil.example/?a=b&c=d#e`, "\u202e村宁永\u2066", "村\r\n\t\x00群",
	`{{.}}%s%!d`, `%22%3E%3Cscript%3E`, "`${alert(1)}`",
}

// mark is a name that stands nowhere in our own words.
const mark = "\ue000"

// pages are all there are, to be filled.
func pages() map[string]drawn {
	return map[string]drawn{"signin": &signInView{}, "first": &firstView{}, "waiting": &waitingView{}, "coverage": &coverageView{}, "flags": &flagsView{},
		"halt": &haltView{}, "rooms": &roomsView{}, "release": &releaseView{}, "problem": new(problem)}
}

// filling puts a name wherever a view has a string, and the like elsewhere.
type filling struct {
	name string
	n    int
	on   bool
	rows int
	odd  bool            // in every second row
	seen map[string]bool // names of the types filled
}

func (o filling) fill(v reflect.Value) {
	if !v.CanSet() {
		return
	}
	o.seen[v.Type().Name()] = true
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		if o.on {
			v.Set(reflect.ValueOf(time.Date(2026, time.June, 23, 12, 30, 0, 0, time.UTC)))
		}
	case v.Type() == reflect.TypeFor[address]():
		v.SetString(string(linkTo("/coverage", url.Values{"unit": {o.name}, "per": {"month"}})))
	case v.Kind() == reflect.String:
		v.SetString(o.name)
	case v.CanInt():
		v.SetInt(int64(o.n))
	case v.Kind() == reflect.Bool:
		v.SetBool(o.on)
	case v.Kind() == reflect.Pointer && o.on:
		v.Set(reflect.New(v.Type().Elem()))
		o.fill(v.Elem())
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), o.rows, o.rows))
		for i := range o.rows {
			o.odd = i%2 == 1
			o.fill(v.Index(i))
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if !o.odd || v.Type().Field(i).Name != "Shown" { // a line without it cannot be said yes to
				o.fill(v.Field(i))
			}
		}
		if room := v.FieldByName("NewName"); room.IsValid() {
			room.SetString("另" + o.name) // what the room is called is shown where it differs
		}
	}
}

// page draws one that is full of a name.
func (o filling) page(t *testing.T, body drawn) string {
	t.Helper()
	o.fill(reflect.ValueOf(body).Elem())
	f := frame{Office: o.name, Title: o.name, Path: "/flags", By: o.name, Inside: o.rows > 0, Notice: o.name, SignOut: o.name, Body: body, zone: time.UTC,
		Halt: schedule.HaltView{On: !o.on}}
	if o.on {
		f.Reload = "/?auto=1"
	}
	var b strings.Builder
	require.NoError(t, f.document().Render(&b))
	return b.String()
}

// read is what a browser makes of a page: its elements, their attributes and
// the words, in order.
func read(t *testing.T, page string) []string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	var out []string
	for n := range root.Descendants() {
		switch n.Type {
		case html.ElementNode:
			out = append(out, "<"+n.Data+">")
			for _, a := range n.Attr {
				out = append(out, "@"+a.Key+"="+a.Val)
			}
		default:
			out = append(out, "“"+n.Data)
		}
	}
	return out
}

// heard is a name as it comes out of a browser: no NUL, one kind of line end.
var heard = strings.NewReplacer("\x00", "\ufffd", "\r\n", "\n", "\r", "\n")

// stays fails unless every page has the same elements and the same words around a
// name, whatever the name, and the name itself as it was written or as
// roster.ShownName shows it. It returns the types of what was filled.
func stays(t *testing.T, name string) map[string]bool {
	t.Helper()
	seen := map[string]bool{}
	said := func(as string) *strings.Replacer {
		return strings.NewReplacer(mark, heard.Replace(as), url.QueryEscape(mark), url.QueryEscape(as))
	}
	written, shown := said(name), said(roster.ShownName(name))
	for _, o := range []filling{{n: 7, on: true, rows: 2}, {n: 7, rows: 2}, {n: 0, on: true}, {n: 0}} {
		for path, body := range pages() {
			o.seen, o.name = seen, mark
			want := read(t, o.page(t, body))
			o.name = name
			got := read(t, o.page(t, body))
			for i, part := range got {
				require.Less(t, i, len(want), "%s has more in it", path)
				if part != shown.Replace(want[i]) {
					require.Equal(t, written.Replace(want[i]), part, path)
				}
				key, value, _ := strings.Cut(part, "=")
				if slices.Contains([]string{"@href", "@action", "@src"}, key) {
					require.Regexp(t, `^(/([a-z]|$|\?)|\?)`, value, "%s leads out of the house", path)
				}
			}
			require.Len(t, got, len(want), path)
		}
	}
	return seen
}

func TestNamesStayNames(t *testing.T) {
	for _, name := range hostile {
		t.Run(name, func(t *testing.T) { stays(t, name) })
	}
	t.Run("on every page and in every part there is", func(t *testing.T) {
		seen := stays(t, "永宁村")
		for file, text := range sources(t) {
			for _, m := range regexp.MustCompile(`(?m)^func \(\w+ (\w+)\) draw\(`).FindAllStringSubmatch(text, -1) {
				require.True(t, seen[m[1]], "%s draws a %s, which this test does not fill", file, m[1])
			}
		}
	})
}

func FuzzNames(f *testing.F) {
	for _, name := range hostile {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if n := utf8.RuneCountInString(name); n == 0 || n > 50 {
			t.Skip("says nothing, or is cut short")
		}
		stays(t, name)
	})
}

// What escapes nothing, runs something, or takes words for an address has no
// place on a page; address.go has what makes addresses.
var unfenced = regexp.MustCompile(`\bg\.Rawf?\b|\bg\.(El|Attr|Textf)\([^"]|\bh\.(Src|Data)\([^"]|\bh\.(Script|Style\w*|Object|Embed|IFrame)\(`)
var madeUp = regexp.MustCompile(`\baddress\(|\bh\.\w*(Href|Action)\(|"(href|action|formaction|http-equiv)"`)

func TestOnlyLinkToMakesAddresses(t *testing.T) {
	for file, text := range sources(t) {
		require.Empty(t, unfenced.FindAllString(text, -1), file)
		if file != "address.go" {
			require.Empty(t, madeUp.FindAllString(text, -1), file)
		}
	}
	require.Equal(t, address("/coverage"), linkTo("/coverage", nil))
	require.Equal(t, address("?page=2"), linkTo("", url.Values{"page": {"2"}}))
	require.Equal(t, address("/coverage?unit=javascript%3A%2F%2F%22%3E%26+%E2%80%AE"), linkTo("/coverage", url.Values{"unit": {"javascript://\">& \u202e"}}))
}

// sources are the files of the package, tests left out.
func sources(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	out := map[string]string{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		out[name] = string(text)
	}
	require.Contains(t, out, "address.go")
	return out
}
