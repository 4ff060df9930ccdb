// Package starter knows the items Tongluo ships with: short, plain notices about
// the frauds of these years, in our own words, so that an office has something
// to say on its first day.
//
// It refuses to know how they are kept or drawn: the caller hands in the drawing.
package starter

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"tongluo/content"
)

// Author and Approver are the two ids the shipped items carry.
const (
	Author   = "铜锣编辑部"
	Approver = "铜锣审稿"
)

//go:embed items/*.md
var files embed.FS

// written is when the shipped items were written and approved. It is the same on
// every machine, so that a library made twice is the same library.
var written = time.Date(2026, time.January, 5, 1, 0, 0, 0, time.UTC)

// Files returns the embedded item files, front matter and text, named ID.md.
func Files() fs.FS {
	sub, err := fs.Sub(files, "items")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	return sub
}

// Items returns the shipped items, approved, by id, and the posters drawn for
// them, one blob per attachment in the same order. It draws at every call (some
// 20 ms an item), so call it when a library is first filled, not at every start.
func Items(draw content.Draw) ([]content.Item, []content.Blob, error) {
	names, err := fs.Glob(Files(), "*.md")
	if err != nil {
		return nil, nil, fmt.Errorf("list starter items: %w", err)
	}
	var items []content.Item
	var blobs []content.Blob
	for _, name := range names {
		i, own, err := load(name, draw)
		if err != nil {
			return nil, nil, fmt.Errorf("load starter item %s: %w", name, err)
		}
		items, blobs = append(items, i), append(blobs, own...)
	}
	return items, blobs, nil
}

func load(name string, draw content.Draw) (content.Item, []content.Blob, error) {
	i, blobs, err := content.Parse(Files(), name)
	if err != nil {
		return content.Item{}, nil, err
	}
	i.CreatedAt = written
	i, poster, err := content.Illustrate(i, draw)
	if err != nil {
		return content.Item{}, nil, err
	}
	if poster.Name != "" {
		blobs = append([]content.Blob{poster}, blobs...)
	}
	i, err = content.Approve(i, Approver, written)
	return i, blobs, err
}
