package main

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"time"
)

// node is a command or a family of them, as a field of its struct declares it:
//
//	cmd:""         a command; cmd:"default" is the one of its family that is
//	               meant where none is named
//	help:"…"       what it is for
//	hidden:""      not shown in the help
//
// What a command reads are the fields of its own struct, by the tags of go-arg:
// see argument. Only what leads to the command that was typed is looked at, and
// nothing by a method's name, which would keep every method of the program in
// it (docs/performance.md).
type node struct {
	path     string // "plan adopt"; empty for the program itself
	help     string
	hidden   bool
	fallback bool
	dest     reflect.Value // its struct
}

func program() node {
	return node{help: "铜锣：按方案把反诈宣传按时发到每个群，留下凭证，看谁落后", dest: reflect.ValueOf(&grammar{}).Elem()}
}

// children are the commands of a family, in the order they are declared in.
func (n node) children() []node {
	found := n.declared(n.dest)
	if e, ok := n.dest.Addr().Interface().(interface{ Extra() any }); ok {
		found = append(found, n.declared(reflect.ValueOf(e.Extra()).Elem())...)
	}
	return found
}

func (n node) declared(dest reflect.Value) []node {
	var found []node
	for f, v := range dest.Fields() {
		kind, is := f.Tag.Lookup("cmd")
		if !is {
			continue
		}
		_, hidden := f.Tag.Lookup("hidden")
		found = append(found, node{path: strings.TrimSpace(n.path + " " + strings.ToLower(f.Name)), help: f.Tag.Get("help"),
			hidden: hidden, fallback: kind == "default", dest: v})
	}
	return found
}

// leaves are the commands themselves, families left out.
func (n node) leaves() []node {
	var all []node
	for _, c := range n.children() {
		if below := c.leaves(); below != nil {
			all = append(all, below...)
		} else {
			all = append(all, c)
		}
	}
	return all
}

// name is what is typed for it after the name of its family.
func (n node) name() string { return n.path[strings.LastIndex(n.path, " ")+1:] }

// argument is one thing that a command reads: an option, or a word in its place.
type argument struct {
	reflect.StructField
	name                         string
	positional, required, hidden bool
}

// arguments are those that a struct and what it embeds declare.
func arguments(of reflect.Type) []argument {
	var all []argument
	for _, f := range reflect.VisibleFields(of) {
		if _, command := f.Tag.Lookup("cmd"); command || f.Anonymous {
			continue
		}
		a := argument{StructField: f, name: strings.ToLower(f.Name)}
		_, a.hidden = f.Tag.Lookup("hidden")
		for word := range strings.SplitSeq(f.Tag.Get("arg"), ",") {
			switch {
			case word == "positional":
				a.positional = true
			case word == "required":
				a.required = true
			case word != "":
				a.name = strings.TrimPrefix(word, "--")
			}
		}
		a.name = cmp.Or(f.Tag.Get("name"), a.name)
		all = append(all, a)
	}
	return all
}

// String is how the help and the complaints show it.
func (a argument) String() string {
	shown := "<" + a.name + ">"
	switch {
	case !a.positional && a.isSwitch():
		return "--" + a.name
	case !a.positional:
		return "--" + a.name + "=" + cmp.Or(a.Tag.Get("placeholder"), a.Tag.Get("default"))
	case a.Type.Kind() == reflect.Slice:
		shown += " ..."
	}
	if !a.required {
		return "[" + shown + "]"
	}
	return shown
}

func (a argument) isSwitch() bool { return a.Type.Kind() == reflect.Bool }

// wants says what its value must be.
func (a argument) wants() string {
	switch {
	case a.Type == reflect.TypeFor[pairs]():
		return "成 KEY=VALUE"
	case a.Type == reflect.TypeFor[time.Duration]():
		return "一段时间（例如 90s、2m、25h）"
	}
	return "一个整数"
}

// option is the option that a word such as --by or --by=PERSON names.
func option(known []argument, word string) (argument, bool) {
	name, _, _ := strings.Cut(word, "=")
	i := slices.IndexFunc(known, func(a argument) bool { return !a.positional && "--"+a.name == name })
	if i < 0 {
		return argument{}, false
	}
	return known[i], true
}
