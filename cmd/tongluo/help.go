package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// printHelp is kong's help in Chinese. Only its left column is aligned, and
// that is ASCII; the terminal wraps the rest.
func printHelp(_ kong.HelpOptions, ctx *kong.Context) error {
	node := ctx.Selected()
	if node == nil {
		node = ctx.Model.Node
	}
	var b strings.Builder
	fmt.Fprintf(&b, "用法：%s\n\n%s\n", usageLine(ctx.Model.Name, node), node.Help)
	var rows [][2]string
	for _, p := range node.Positional {
		rows = append(rows, [2]string{p.Summary(), p.Help})
	}
	section(&b, "参数", rows)
	rows = nil
	for _, c := range node.Leaves(true) {
		rows = append(rows, [2]string{strings.TrimPrefix(c.Path(), node.Path()+" "), c.Help})
	}
	section(&b, "命令", rows)
	rows = nil
	for _, group := range node.AllFlags(true) {
		for _, f := range group {
			rows = append(rows, [2]string{f.String(), f.Help})
		}
	}
	section(&b, "选项", rows)
	if len(node.Children) > 0 {
		fmt.Fprintf(&b, "\n用 %s 命令 --help 看一个命令的用法。退出码：0 成功，1 没做成，2 写法不对，3 数据目录正被另一个铜锣占用，或者是复制出来的。\n", ctx.Model.Name)
	}
	if _, err := fmt.Fprint(ctx.Stdout, b.String()); err != nil {
		return fmt.Errorf("print help: %w", err)
	}
	return nil
}

func usageLine(name string, node *kong.Node) string {
	parts := []string{name}
	if path := node.Path(); path != "" && node.Type == kong.CommandNode {
		parts = append(parts, path)
	}
	if len(node.Children) > 0 {
		parts = append(parts, "命令")
	}
	for _, p := range node.Positional {
		parts = append(parts, p.Summary())
	}
	return strings.Join(append(parts, "[选项]"), " ")
}

func section(b *strings.Builder, title string, rows [][2]string) {
	if len(rows) == 0 {
		return
	}
	widest := 0
	for _, r := range rows {
		widest = max(widest, len(r[0]))
	}
	fmt.Fprintf(b, "\n%s：\n", title)
	for _, r := range rows {
		fmt.Fprintf(b, "  %-*s  %s\n", widest, r[0], r[1])
	}
}
