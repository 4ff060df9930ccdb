package main

import (
	"fmt"
	"time"

	"tongluo/content/starter"
)

// stock fills an empty library with the starter items. They are approved, so
// they go straight to the store; an office that wants none retires them.
func (a *app) stock(o *office, now time.Time) error {
	have, err := o.store.Items(a.ctx)
	if err != nil {
		return fmt.Errorf("look into the library: %w", err)
	}
	if len(have) > 0 {
		return nil
	}
	draw, err := drawer()
	if err != nil {
		return err
	}
	bar := a.progress("第一次使用，画配图", 0)
	items, blobs, err := starter.Items(func(title, body string) ([]byte, error) {
		bar.step()
		return draw(title, body)
	})
	bar.end()
	if err != nil {
		return fmt.Errorf("draw the starter library: %w", err)
	}
	if err := o.Stock(a.ctx, o.who, items, blobs, now); err != nil {
		return fmt.Errorf("save the starter library: %w", err)
	}
	a.note("素材库是空的，已放入 %d 条自带素材（tongluo item list 可以看，item retire 可以停用）。", len(items))
	return nil
}

// bar is progress on a terminal; elsewhere it is silent.
type bar struct {
	a     *app
	what  string
	n, of int
}

// progress begins a bar of so many steps (0: unknown).
func (a *app) progress(what string, of int) *bar { return &bar{a: a, what: what, of: of} }

func (b *bar) step() {
	b.n++
	if !onTerminal(b.a.err) {
		return
	}
	if b.of > 0 {
		fmt.Fprintf(b.a.err, "\r%s %d/%d", b.what, b.n, b.of)
		return
	}
	fmt.Fprintf(b.a.err, "\r%s %d", b.what, b.n)
}

func (b *bar) end() {
	if b.n > 0 && onTerminal(b.a.err) {
		fmt.Fprintln(b.a.err)
	}
}
