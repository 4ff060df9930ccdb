package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"tongluo/cmd/tongluo/config"
	"tongluo/schedule"
	"tongluo/schedule/roster"
	"tongluo/store"
)

// app is one run of the program: where it reads and prints.
type app struct {
	ctx   context.Context
	place *place
	out   io.Writer
	err   io.Writer
	width int    // columns of the terminal
	by    string // --by of the command that was typed
}

const defaultConfig = "config.toml"

// settings reads the settings file: the one named, otherwise config.toml of the
// working directory if there is one, otherwise the defaults.
func (a *app) settings() (config.Settings, error) {
	path := a.place.Config
	if path == "" {
		path = defaultConfig
	}
	file, err := config.Load(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && a.place.Config == "":
		file = config.Defaults()
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return config.Settings{}, opened(path, err)
	case err != nil:
		return config.Settings{}, input(err)
	}
	s, err := file.Parse()
	return s, input(err)
}

// data is the data directory; it and its folders are the office's alone.
func (a *app) data() string {
	if a.place.Data == "" {
		return "data"
	}
	return a.place.Data
}

var folders = [...]string{"media", "session", "journal", "packs", "backups", "reports"}

// makeData makes what is missing, and says so: a mistyped --data would
// otherwise look like an office without any record.
func (a *app) makeData() error {
	if _, err := os.Stat(a.data()); errors.Is(err, fs.ErrNotExist) {
		a.note("新建了数据目录 %s。", a.data())
	}
	for _, f := range folders {
		if err := os.MkdirAll(filepath.Join(a.data(), f), 0o700); err != nil {
			return input(fmt.Errorf("数据目录“%s”建不起来，请用 --data 换一个：%w", a.data(), err))
		}
	}
	return nil
}

// office is an open data directory with the verbs on top.
type office struct {
	*schedule.Office
	store *store.DB
	set   config.Settings
	who   roster.Actor // the operator, for whom --by names
	sees  bool         // the daemon is logged in, as far as it has told
}

// open opens the data directory beside whatever daemon is running.
func (a *app) open() (*office, error) {
	set, err := a.settings()
	if err != nil {
		return nil, err
	}
	if err := a.makeData(); err != nil {
		return nil, err
	}
	db, err := a.openStore(set)
	if err != nil {
		return nil, err
	}
	return a.officeOn(db, set, a.packDir())
}

// officeOn puts the verbs on top of a database, which it closes when it fails.
func (a *app) officeOn(db *store.DB, set config.Settings, packDir string) (*office, error) {
	account, err := accountOf(a.ctx, db, set.WeChat.Enabled)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	verbs := schedule.New(db, set.Calendar, set.Office, account, packs{dir: packDir, zone: set.Calendar.Zone()})
	who, err := verbs.Operator(a.ctx, a.by)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	st := account.Status()
	return &office{Office: verbs, store: db, set: set, who: who, sees: st.LoggedIn()}, nil
}

func (a *app) packDir() string { return filepath.Join(a.data(), "packs") }

// with opens the office, does something and closes it again.
func (a *app) with(do func(o *office) error) (err error) {
	o, err := a.open()
	if err != nil {
		return err
	}
	return o.closing(do(o))
}

// closing closes the office and returns what went wrong first.
func (o *office) closing(err error) error {
	if e := o.store.Close(); err == nil && e != nil {
		return fmt.Errorf("close the data directory: %w", e)
	}
	return err
}

// rehearse does something to a copy of the office that is thrown away. The data
// directory is only read, and must be there. Pictures are not copied.
func (a *app) rehearse(do func(o *office) error) (err error) {
	set, err := a.settings()
	if err != nil {
		return err
	}
	db, err := store.Open(a.ctx, a.data(), store.Options{Cal: set.Calendar, ReadOnly: true})
	if errors.Is(err, fs.ErrNotExist) {
		return inputf("数据目录“%s”里还没有数据，请用 --data 指明，或先导入花名册", a.data())
	}
	if err != nil {
		return fmt.Errorf("open the data directory: %w", err)
	}
	dir, err := os.MkdirTemp("", "tongluo-")
	if err != nil {
		return errors.Join(err, db.Close())
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	err = errors.Join(db.Copy(a.ctx, filepath.Join(dir, store.FileName)), db.Close())
	if err != nil {
		return fmt.Errorf("copy the data directory: %w", err)
	}
	if db, err = store.Open(a.ctx, dir, store.Options{Cal: set.Calendar}); err != nil {
		return fmt.Errorf("open the copy: %w", err)
	}
	o, err := a.officeOn(db, set, filepath.Join(dir, "packs"))
	if err != nil {
		return err
	}
	return o.closing(do(o))
}

// output is shared by commands that print a document.
type output struct {
	JSON bool `help:"在标准输出印一个 JSON 文档"`
}

// reads is shared by commands that only read.
type reads struct {
	output
	AsOf string `arg:"--as-of" help:"把“现在”定在这个时刻，例如 2026-06-15T09:00:00+08:00" placeholder:"RFC3339"`
}

// now is the present, or the instant asked for.
func (r reads) now() (now time.Time, past bool, err error) {
	if r.AsOf == "" {
		return time.Now(), false, nil
	}
	now, err = time.Parse(time.RFC3339, r.AsOf)
	if err != nil {
		return time.Time{}, false, inputf("--as-of “%s”读不懂，请写成 2026-06-15T09:00:00+08:00", r.AsOf)
	}
	return now, true, nil
}

// writes is shared by commands that change something.
type writes struct {
	output
	By string `help:"替谁操作（记入日志）" placeholder:"PERSON"`
}

// actsFor is whom the office shall know the operator acts for; run asks it.
func (w writes) actsFor() string { return w.By }

// reader is the actor of a command that only reads.
func reader() roster.Actor { return roster.Operator("") }

// document prints v as the one JSON document of the run.
func (a *app) document(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("print JSON: %w", err)
	}
	return nil
}

// say prints a line of the answer.
func (a *app) say(format string, args ...any) { fmt.Fprintf(a.out, format+"\n", args...) }

// note prints a line beside the answer, on standard error.
func (a *app) note(format string, args ...any) { fmt.Fprintf(a.err, format+"\n", args...) }

// list makes sure that an empty list is [] and not null.
func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}
