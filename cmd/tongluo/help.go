package main

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// printHelp prints what a command or a family is for and what it reads. Only the
// left column is aligned, and that is ASCII; the terminal wraps the rest.
func printHelp(out io.Writer, n node) {
	leaves, reads := n.leaves(), arguments(n.dest.Type())
	fmt.Fprintf(out, "用法：%s\n\n%s\n", usageLine(n, leaves, reads), n.help)
	var rows [][2]string
	for _, a := range reads {
		if a.positional {
			rows = append(rows, [2]string{a.String(), a.Tag.Get("help")})
		}
	}
	section(out, "参数", rows)
	rows = nil
	for _, c := range leaves {
		if !c.hidden {
			rows = append(rows, [2]string{strings.TrimPrefix(c.path, n.path+" "), c.help})
		}
	}
	section(out, "命令", rows)
	rows = [][2]string{{"-h, --help", "看用法"}}
	for _, a := range slices.Concat(arguments(reflect.TypeFor[place]()), reads) {
		if !a.positional && !a.hidden {
			rows = append(rows, [2]string{a.String(), a.Tag.Get("help")})
		}
	}
	section(out, "选项", rows)
	if len(leaves) > 0 {
		fmt.Fprint(out, "\n用 tongluo 命令 --help 看一个命令的用法。退出码：0 成功，1 没做成，2 写法不对，3 数据目录正被另一个铜锣占用，或者是复制出来的。\n")
	}
}

func usageLine(n node, leaves []node, reads []argument) string {
	parts := []string{"tongluo"}
	if n.path != "" {
		parts = append(parts, n.path)
	}
	if len(leaves) > 0 {
		parts = append(parts, "命令")
	}
	for _, a := range reads {
		if a.positional {
			parts = append(parts, a.String())
		}
	}
	return strings.Join(append(parts, "[选项]"), " ")
}

func section(out io.Writer, title string, rows [][2]string) {
	if len(rows) == 0 {
		return
	}
	widest := 0
	for _, r := range rows {
		widest = max(widest, len(r[0]))
	}
	fmt.Fprintf(out, "\n%s：\n", title)
	for _, r := range rows {
		fmt.Fprintf(out, "  %-*s  %s\n", widest, r[0], r[1])
	}
}
