// Package demo shows the whole job in made-up time: a town and a school on a
// make-believe WeChat, served over real HTTP through the real client, the same
// Step, store, verbs and dialogue as the daemon's.
//
// What is made up is here and nowhere else: the clock, the people, the trouble.
// Delete this package and everything else still builds.
package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"tongluo/schedule"
)

// Options of a demo.
type Options struct {
	Days  int    // made-up days from Monday 2026-06-01
	Seed  int64  // the same seed gives the same result
	JSON  string // file for the result, "" for none
	Data  string // data directory, "" for a new temporary one
	Out   io.Writer
	Err   io.Writer // progress, nil for none
	Width int       // columns of the terminal, 0 for unlimited
	// Packs builds the packer that puts office packs into a folder.
	Packs func(dir string, zone *time.Location) schedule.Packer
	// Stay, when not nil, is given the scene once the result is printed; the
	// demo ends when it returns.
	Stay func(ctx context.Context, s Scene) error
}

// Scene is the demo's office after its last day, for whoever wants to look at
// it. Its time goes on from there at its own pace.
type Scene struct {
	Office  *schedule.Office
	Account schedule.Account
	Data    string // data directory
	Now     func() time.Time
}

// Run shows the demo and writes its result. The data directory is kept, so that
// what it prints can be looked up.
func Run(ctx context.Context, o Options) error {
	w, err := lived(ctx, o)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.show(ctx); err != nil || o.Stay == nil {
		return err
	}
	return o.Stay(ctx, w.scene())
}

// scene lets time go on.
func (w *world) scene() Scene {
	last, began := w.now, time.Now()
	return Scene{Office: w.office, Account: w.desk, Data: w.dir, Now: func() time.Time { return last.Add(time.Since(began)) }}
}

// lived is a world at the end of its days; the caller closes it.
func lived(ctx context.Context, o Options) (*world, error) {
	if o.Err == nil {
		o.Err = io.Discard
	}
	dir, err := dataDir(o.Data)
	if err != nil {
		return nil, err
	}
	w, err := newWorld(ctx, o, dir)
	if err != nil {
		return nil, fmt.Errorf("set up the demo: %w", err)
	}
	if err := w.prepare(ctx); err != nil {
		w.close()
		return nil, fmt.Errorf("prepare the demo's office: %w", err)
	}
	if err := w.live(ctx); err != nil {
		w.close()
		return nil, fmt.Errorf("demo at %s: %w", w.local(w.now).Format("2006-01-02 15:04"), err)
	}
	return w, nil
}

// show writes the result and prints the month.
func (w *world) show(ctx context.Context) error {
	res, err := w.result(ctx)
	if err != nil {
		return fmt.Errorf("add up the demo: %w", err)
	}
	if w.opt.JSON != "" {
		if err := res.write(w.opt.JSON); err != nil {
			return err
		}
	}
	return w.tell(ctx, res)
}

func dataDir(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "tongluo-demo-")
	}
	if _, err := os.Stat(filepath.Join(dir, "tongluo.db")); err == nil {
		return "", fmt.Errorf("%s 里已经有数据，演示请另给一个空目录", dir)
	}
	return dir, os.MkdirAll(dir, 0o700)
}
