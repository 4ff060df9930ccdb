// Package report turns numbers and handoffs into what people hold in their
// hands: office packs, tick-lists, tables, CSV. It takes plain data and knows
// neither the schedule, the store nor the time; what it reads back from people
// it checks and hands on without acting on it.
package report

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Pack 转发包 is one push on disk: everything a person needs to forward it
// without any account (design rule 5).
type Pack struct {
	Day    string // local, "2006-01-02"
	Slot   string // the timetable's name, "周二上午"; empty for a queued push
	Push   int64
	Item   string   // title, for people
	Texts  []string // one per message, ready to paste
	Files  []File   // pictures, videos, files; only the extension of Name is kept
	Sheets []UnitSheet
}

// File is a name and its content.
type File struct {
	Name string
	Data []byte
}

// UnitSheet is one unit's part of a pack.
type UnitSheet struct {
	Unit   string // path or name
	Person string // the unit's contact, may be empty
	Phone  string
	Rows   []PackRow
}

// PackRow is one delivery waiting for a person.
type PackRow struct {
	Delivery int64 // the number on the tick-list
	Handoff  int64 // the number a person answers with, 0 for none
	Unit     string
	Group    string
	Person   string // who forwards
	Due      string // as it is shown: "2026-06-02 11:30"
	Clause   string // plan, clause and quoted words
}

// TickListName is the tick-list's name inside a pack.
const TickListName = "登记表.xlsx"

// WritePack writes the pack into its own folder under dir and returns the
// folder: "2026-06-02-周二上午-37". A new folder appears whole or not at all.
// Writing the same push again renews texts and pictures and takes away those of
// units no longer in it; an existing tick-list only ever gains rows, so that
// nothing a person typed is lost. A tick-list that cannot be read is left alone
// and the error says so in Chinese.
func WritePack(dir string, p Pack) (string, error) {
	target := filepath.Join(dir, p.folder())
	_, err := os.Stat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = newPack(dir, p)
	case err == nil:
		err = renewPack(target, p)
	}
	if err != nil {
		return "", fmt.Errorf("write office pack of push %d: %w", p.Push, err)
	}
	return target, nil
}

func (p Pack) folder() string {
	parts := []string{p.Day}
	if p.Slot != "" {
		parts = append(parts, p.Slot)
	}
	return safeName(strings.Join(append(parts, strconv.FormatInt(p.Push, 10)), "-"), 80)
}

// newPack fills a hidden folder and renames it. The hidden name is fixed, so
// that what a crash left behind is swept by the next try.
func newPack(dir string, p Pack) error {
	hidden := filepath.Join(dir, ".new-"+p.folder())
	if err := os.RemoveAll(hidden); err != nil {
		return err
	}
	if err := os.MkdirAll(hidden, 0o700); err != nil {
		return err
	}
	if err := renewPack(hidden, p); err != nil {
		return errors.Join(err, os.RemoveAll(hidden))
	}
	return os.Rename(hidden, filepath.Join(dir, p.folder()))
}

func renewPack(folder string, p Pack) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // a directory handle
	files, folders := p.files()
	for _, f := range files {
		if err := writeFile(root, f); err != nil {
			return err
		}
	}
	if err := renewTickList(root, p); err != nil {
		return err
	}
	return sweep(root, files, folders)
}

// files lays out every unit's folder; all paths are made here and safe.
func (p Pack) files() (files []File, folders []string) {
	folders = p.unitFolders()
	for i, sheet := range p.Sheets {
		for _, f := range p.material() {
			files = append(files, File{Name: path.Join(folders[i], f.Name), Data: f.Data})
		}
		files = append(files, File{Name: path.Join(folders[i], groupList), Data: notepad(p.groupList(sheet))})
	}
	return files, folders
}

// material is what is forwarded, under names that say nothing about its source.
func (p Pack) material() []File {
	var out []File
	for i, text := range p.Texts {
		name := "正文.txt"
		if len(p.Texts) > 1 {
			name = fmt.Sprintf("正文%d.txt", i+1)
		}
		out = append(out, File{Name: name, Data: notepad(text)})
	}
	count := map[string]int{}
	for _, f := range p.Files {
		ext := safeName(strings.ToLower(path.Ext(f.Name)), 10)
		kind := kindOf(ext)
		count[kind]++
		out = append(out, File{Name: fmt.Sprintf("%s%d%s", kind, count[kind], dotted(ext)), Data: f.Data})
	}
	return out
}

func kindOf(ext string) string {
	switch ext {
	case "png", "jpg", "jpeg", "gif", "webp", "bmp":
		return "图片"
	case "mp4", "mov", "avi", "mkv":
		return "视频"
	}
	return "文件"
}

func dotted(ext string) string {
	if ext == "未命名" {
		return ""
	}
	return "." + ext
}

// unitFolders names one folder per sheet. A unit that comes twice gets the
// person's name behind it, and a number if that is not enough.
func (p Pack) unitFolders() []string {
	units := map[string]int{}
	for _, s := range p.Sheets {
		units[s.Unit]++
	}
	taken := map[string]bool{}
	out := make([]string, len(p.Sheets))
	for i, s := range p.Sheets {
		name := strings.ReplaceAll(s.Unit, "/", "-")
		if units[s.Unit] > 1 && s.Person != "" {
			name += "-" + s.Person
		}
		base := safeName(name, 50)
		out[i] = base
		for n := 2; taken[strings.ToLower(out[i])]; n++ {
			out[i] = fmt.Sprintf("%s-%d", base, n)
		}
		taken[strings.ToLower(out[i])] = true // Windows does not tell A from a
	}
	return out
}

// writeFile replaces a file in one step and leaves an equal one alone, which
// may be open in a viewer.
func writeFile(root *os.Root, f File) error {
	if old, err := root.ReadFile(f.Name); err == nil && bytes.Equal(old, f.Data) {
		return nil
	}
	if err := root.MkdirAll(path.Dir(f.Name), 0o700); err != nil {
		return err
	}
	hidden := path.Join(path.Dir(f.Name), ".new-"+path.Base(f.Name))
	if err := writeSynced(root, hidden, f.Data); err != nil {
		return errors.Join(err, root.Remove(hidden))
	}
	if err := root.Rename(hidden, f.Name); err != nil {
		return errors.Join(fmt.Errorf("“%s”正被别的程序打开，请关闭后再试: %w", f.Name, err), root.Remove(hidden))
	}
	return nil
}

func writeSynced(root *os.Root, name string, data []byte) error {
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(data)
	return errors.Join(err, out.Sync(), out.Close())
}

// sweep removes our own files that this pack no longer has, so that nobody
// forwards what was withdrawn. What people put there stays, and so does every
// folder that is not a unit's.
func sweep(root *os.Root, files []File, folders []string) error {
	keep := map[string]bool{}
	for _, f := range files {
		keep[f.Name] = true
	}
	lists, err := fs.Glob(root.FS(), "*/"+groupList)
	if err != nil {
		return err
	}
	for _, list := range lists {
		dir := path.Dir(list)
		if err := sweepFolder(root, dir, keep); err != nil {
			return err
		}
		if !slices.Contains(folders, dir) {
			_ = root.Remove(dir) // only goes when it is empty, which is meant
		}
	}
	return nil
}

func sweepFolder(root *os.Root, dir string, keep map[string]bool) error {
	found, err := fs.ReadDir(root.FS(), dir)
	if err != nil {
		return err
	}
	for _, e := range found {
		name := path.Join(dir, e.Name())
		if !keep[name] && ours(e.Name()) {
			if err := root.Remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}
