package main

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	arg "github.com/alexflint/go-arg"

	"tongluo/schedule/plans"
)

// find goes from a family to the command that the words among the arguments
// name, and gives the arguments without those. Where it fails it says how far
// it came.
func (n node) find(args []string) (node, []string, error) {
	var rest []string
	family := n.children()
	for len(args) > 0 && family != nil {
		word, known, take := args[0], n.arguments(), 1
		o, isKnown := option(known, word)
		switch {
		case isKnown && !o.isSwitch() && !strings.Contains(word, "="):
			if len(args) == 1 || isOption(args[1]) {
				return n, nil, needsValue(o)
			}
			take = 2
			rest = append(rest, args[:take]...)
		case isKnown, isHelp(word), word == "--":
			rest = append(rest, word)
		case isOption(word):
			return n, nil, unknownOption(known, word)
		default:
			i := slices.IndexFunc(family, func(c node) bool { return c.name() == word })
			if i < 0 {
				return n, nil, usagef("多写了或写错了 %s%s", word, meant("", word, namesOf(family)))
			}
			n = family[i]
			family = n.children()
		}
		args = args[take:]
	}
	if family == nil {
		return n, append(rest, args...), nil
	}
	if standard, ok := fallback(family); ok && !asksHelp(rest) {
		return standard, rest, nil
	}
	return n, nil, usagef("还要写上其中一个：%s", strings.Join(namesOf(family), "、"))
}

// arguments are what may be written with a command, and with the name of a
// family: there too what is read by the command that is meant by it alone.
func (n node) arguments() []argument {
	if standard, ok := fallback(n.children()); ok {
		n = standard
	}
	return slices.Concat(arguments(reflect.TypeFor[place]()), arguments(n.dest.Type()))
}

func fallback(family []node) (node, bool) {
	i := slices.IndexFunc(family, func(c node) bool { return c.fallback })
	if i < 0 {
		return node{}, false
	}
	return family[i], true
}

func namesOf(family []node) []string {
	var all []string
	for _, c := range family {
		if !c.hidden {
			all = append(all, c.name())
		}
	}
	return all
}

// read reads the arguments of a command into its struct and into p.
func (n node) read(args []string, p *place) error {
	known := n.arguments()
	args, err := plain(known, args)
	if err != nil {
		return err
	}
	parser, err := arg.NewParser(arg.Config{Program: "tongluo", IgnoreEnv: true}, p, n.dest.Addr().Interface())
	if err != nil {
		return fmt.Errorf("build the command line of %s: %w", n.path, err)
	}
	if err := parser.Parse(args); err != nil {
		return n.complaint(known, err.Error())
	}
	return nil
}

// plain writes the arguments so that go-arg takes them for what they are: it
// would read -data as --data, and the word that follows --by= as its value.
func plain(known []argument, args []string) ([]string, error) {
	var out []string
	for i, word := range args {
		name, value, hasValue := strings.Cut(word, "=")
		o, isKnown := option(known, word)
		switch {
		case word == "--":
			return append(out, args[i:]...), nil
		case !isOption(word), isHelp(word):
			out = append(out, word)
		case !isKnown && i > 0 && waits(known, args[i-1]):
			return nil, usagef("%s 后面写的以 - 开头，请连着写：%s=%s", args[i-1], args[i-1], word)
		case !isKnown:
			return nil, unknownOption(known, word)
		case hasValue && o.isSwitch():
			on, ok := map[string]bool{"true": true, "yes": true, "1": true, "false": false, "no": false, "0": false}[value]
			if !ok {
				return nil, usagef("%s 后面不写什么，或者写 %s=false", name, name)
			}
			out = append(out, name+"="+strconv.FormatBool(on))
		case hasValue && value == "":
			out = append(out, name, "")
		default:
			out = append(out, word)
		}
	}
	return out, nil
}

// waits reports whether a word is an option whose value is the next one.
func waits(known []argument, word string) bool {
	o, isKnown := option(known, word)
	return isKnown && !o.isSwitch() && !strings.Contains(word, "=")
}

func isHelp(word string) bool {
	return word == "-h" || word == "--help" || strings.HasPrefix(word, "--help=")
}

func isOption(word string) bool { return strings.HasPrefix(word, "-") && strings.Trim(word, "-") != "" }

// asksHelp reports whether somebody asked for the help, whatever else is wrong.
func asksHelp(args []string) bool {
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	return slices.ContainsFunc(args, isHelp)
}

// complaint says in Chinese what go-arg said, and what to write instead.
func (n node) complaint(known []argument, said string) error {
	if strings.HasSuffix(said, " is required") { // it names one, and that by its placeholder
		return usagef("还要写上：%s", strings.Join(n.missing(known), "、"))
	}
	if word, ok := strings.CutPrefix(said, "too many positional arguments at '"); ok {
		return usagef("多写了或写错了 %s", strings.TrimSuffix(word, "'"))
	}
	if word, ok := strings.CutPrefix(said, "missing value for "); ok {
		o, _ := option(known, word)
		return needsValue(o)
	}
	if rest, ok := strings.CutPrefix(said, "error processing "); ok {
		name := rest[:strings.IndexAny(rest, "=:")]
		o, _ := option(known, name)
		return usagef("%s 要写%s，而不是“%s”", name, o.wants(), lastQuoted(rest))
	}
	return usagef("%s", said)
}

// lastQuoted is what stands last in quotes, "" for nothing.
func lastQuoted(text string) string {
	last := ""
	for i := strings.IndexByte(text, '"'); i >= 0; i = strings.IndexByte(text, '"') {
		text = text[i:]
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			quoted = text[:1]
		} else if said, err := strconv.Unquote(quoted); err == nil {
			last = said
		}
		text = text[len(quoted):]
	}
	return last
}

// missing are the arguments that must be written and are not.
func (n node) missing(known []argument) []string {
	var all []string
	for _, a := range known {
		if a.required && n.dest.FieldByIndex(a.Index).IsZero() {
			all = append(all, a.String())
		}
	}
	return all
}

func needsValue(o argument) error { return usagef("--%s 后面还要写：%s", o.name, o) }

func unknownOption(known []argument, word string) error {
	name, _, _ := strings.Cut(word, "=")
	options := []string{"help"}
	for _, a := range known {
		if !a.positional && !a.hidden {
			options = append(options, a.name)
		}
	}
	hint := meant("--", strings.TrimLeft(name, "-"), options)
	if _, err := strconv.ParseFloat(name, 64); err == nil {
		hint = "（负数请写成 --选项=-3 的样子）"
	}
	return usagef("不认识选项 %s%s", name, hint)
}

// meant asks for the name that a word was perhaps meant to be, if any is near.
func meant(before, word string, names []string) string {
	near, ok := plans.Nearest(word, names)
	if i := slices.IndexFunc(names, func(n string) bool { return len(word) > 1 && strings.HasPrefix(n, word) }); i >= 0 {
		near, ok = names[i], true
	}
	if !ok {
		return ""
	}
	return "，是不是 " + before + near + "？"
}

// pairs are what an option that is written as KEY=VALUE, perhaps several times,
// comes to.
type pairs map[string]string

// UnmarshalText adds one.
func (p *pairs) UnmarshalText(text []byte) error {
	key, value, ok := strings.Cut(string(text), "=")
	if !ok {
		return fmt.Errorf("%q has no =", text)
	}
	if *p == nil {
		*p = pairs{}
	}
	(*p)[key] = value
	return nil
}
