package tongluo_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// source is one Go file, read and parsed.
type source struct {
	name  string // slash path from the root
	lines int
	fset  *token.FileSet
	file  *ast.File
}

func (s source) isTest() bool { return strings.HasSuffix(s.name, "_test.go") }

// in reports whether the file lies in one of the folders or below.
func (s source) in(folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return strings.HasPrefix(s.name, f+"/") })
}

func parse(t *testing.T, name, text string) source {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, text, parser.ParseComments)
	require.NoError(t, err)
	return source{name: name, lines: strings.Count(text, "\n"), fset: fset, file: file}
}

// sources are all Go files of the tree.
func sources(t *testing.T) []source {
	t.Helper()
	tree := os.DirFS(".")
	var out []source
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		out = append(out, parse(t, name, read(t, name)))
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, len(out), 100, "the tree was found")
	return out
}

const (
	longestFile     = 400
	longestFunction = 60
)

// tooLong names files and functions that do not fit their measure. Tests are
// left out: one that tells a story in subtests may take its time.
func tooLong(s source) []string {
	if s.isTest() || ast.IsGenerated(s.file) {
		return nil
	}
	var found []string
	if s.lines > longestFile {
		found = append(found, fmt.Sprintf("%s has %d lines", s.name, s.lines))
	}
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		from, to := s.fset.Position(f.Pos()).Line, s.fset.Position(f.End()).Line
		if n := to - from + 1; n > longestFunction {
			found = append(found, fmt.Sprintf("%s:%d %s has %d lines", s.name, from, f.Name.Name, n))
		}
	}
	return found
}

var bucketNames = []string{"util", "utils", "common", "models", "types", "helpers", "misc"}

// badPlace names a package that is a bucket, or code outside the rooms.
func badPlace(s source) []string {
	var found []string
	if slices.Contains(bucketNames, strings.TrimSuffix(s.file.Name.Name, "_test")) {
		found = append(found, s.name+": package "+s.file.Name.Name)
	}
	top, _, nested := strings.Cut(s.name, "/")
	rooms := []string{"bot", "content", "schedule", "store", "cmd", "third_party"} // the last: what stands in for a dependency
	if nested && !slices.Contains(rooms, top) || !nested && !s.isTest() {
		found = append(found, s.name+": no room of the house")
	}
	return found
}

// clockNames are the parts of package time that ask or wait; in the domain now
// is an argument and the zone is the plan's (design rule 13).
var clockNames = []string{"Now", "Since", "Until", "Local", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

// asksTheTime names uses of the machine's clock or zone in the domain.
func asksTheTime(s source) []string {
	if s.isTest() || !s.in("content", "schedule") {
		return nil
	}
	return uses(s, "time", func(name string) bool { return slices.Contains(clockNames, name) })
}

// uses lists the names of an imported package that the file mentions and bad says yes to.
func uses(s source, pkg string, bad func(string) bool) []string {
	local := ""
	for _, i := range s.file.Imports {
		if p, err := strconv.Unquote(i.Path.Value); err == nil && p == pkg {
			local = path.Base(pkg)
			if i.Name != nil {
				local = i.Name.Name
			}
		}
	}
	if local == "" {
		return nil
	}
	var found []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == local && bad(sel.Sel.Name) {
			found = append(found, fmt.Sprintf("%s: %s.%s", s.fset.Position(sel.Pos()), local, sel.Sel.Name))
		}
		return true
	})
	return found
}

// bulkHelper names openwechat's helpers that send to many: they drop refusals,
// leak a connection a group and share one message id (performance.md §1).
func bulkHelper(name string) bool {
	return strings.HasPrefix(name, "ForwardM") || strings.HasPrefix(name, "ForwardText") ||
		strings.HasPrefix(name, "Send") && (strings.HasSuffix(name, "ToGroups") || strings.HasSuffix(name, "ToFriends") || strings.HasSuffix(name, "ToMembers"))
}

// sendHelpers are methods of openwechat's users and lists of users alike; the
// adapter sends through the Caller, one message a call (design §5).
var sendHelpers = []string{"SendText", "SendImage", "SendVideo", "SendFile"}

// forbiddenSends names such calls: bulk helpers anywhere, the others in our
// own code beside openwechat.
func forbiddenSends(s source) []string {
	openwechat := slices.ContainsFunc(s.file.Imports, func(i *ast.ImportSpec) bool {
		return i.Path.Value == `"github.com/eatmoreapple/openwechat"`
	})
	var found []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if ok && (bulkHelper(sel.Sel.Name) || openwechat && !s.isTest() && slices.Contains(sendHelpers, sel.Sel.Name)) {
			found = append(found, fmt.Sprintf("%s: %s", s.fset.Position(sel.Pos()), sel.Sel.Name))
		}
		return true
	})
	return found
}

// undocumented names packages none of whose files says what the package knows.
func undocumented(all []source) []string {
	said := map[string]bool{}
	for _, s := range all {
		if !s.isTest() {
			said[path.Dir(s.name)] = said[path.Dir(s.name)] || s.file.Doc.Text() != ""
		}
	}
	var found []string
	for dir, ok := range said {
		if !ok {
			found = append(found, dir+" has no package comment")
		}
	}
	slices.Sort(found)
	return found
}

func each(all []source, check func(source) []string) []string {
	var found []string
	for _, s := range all {
		found = append(found, check(s)...)
	}
	return found
}

func TestSource(t *testing.T) {
	all := sources(t)
	t.Run("files and functions fit their measure", func(t *testing.T) { require.Empty(t, each(all, tooLong)) })
	t.Run("code lies in the rooms", func(t *testing.T) { require.Empty(t, each(all, badPlace)) })
	t.Run("the domain never asks the time", func(t *testing.T) { require.Empty(t, each(all, asksTheTime)) })
	t.Run("nothing sends to many at once", func(t *testing.T) { require.Empty(t, each(all, forbiddenSends)) })
	t.Run("every package says what it knows", func(t *testing.T) { require.Empty(t, undocumented(all)) })
}

func TestSourceChecksCanFail(t *testing.T) {
	long := "package p\n\nfunc F() {\n" + strings.Repeat("\t_ = 0\n", longestFunction) + "}\n"
	require.Len(t, tooLong(parse(t, "content/p.go", long)), 1)
	require.Len(t, tooLong(parse(t, "content/p.go", "package p\n"+strings.Repeat("\n", longestFile))), 1)
	require.Empty(t, tooLong(parse(t, "content/p_test.go", "package p\n"+strings.Repeat("\n", longestFile))))

	require.Len(t, badPlace(parse(t, "store/types/t.go", "package types\n")), 1)
	require.Len(t, badPlace(parse(t, "tools/t.go", "package t\n")), 1)
	require.Len(t, badPlace(parse(t, "main.go", "package main\n")), 1)

	clock := "package p\n\nimport clock \"time\"\n\nvar now, zone = clock.Now(), clock.Local\n"
	require.Len(t, asksTheTime(parse(t, "schedule/runner/p.go", clock)), 2)
	require.Empty(t, asksTheTime(parse(t, "store/p.go", clock)))

	sends := "package p\n\nimport \"github.com/eatmoreapple/openwechat\"\n\nfunc f(s *openwechat.Self, g openwechat.Groups) {\n" +
		"\ts.SendImageToGroups(nil, 0, g...)\n\tg.SendText(\"\")\n\ts.ForwardMessageToGroups(nil, 0, g...)\n}\n"
	require.Len(t, forbiddenSends(parse(t, "bot/wechat/p.go", sends)), 3)

	require.Equal(t, []string{"content has no package comment"}, undocumented([]source{parse(t, "content/p.go", "package content\n")}))
}
