package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"tongluo/store"
)

type backupCmd struct {
	Out string `help:"写到哪个文件（默认在数据目录的 backups 里，按时间取名）" placeholder:"FILE"`
	output
}

func (c *backupCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		path := c.Out
		if path == "" {
			path = filepath.Join(a.data(), "backups", time.Now().In(o.set.Calendar.Zone()).Format("tongluo-20060102-150405.db"))
		}
		err := o.store.Backup(a.ctx, path)
		if !errors.Is(err, store.ErrExists) {
			err = errors.Join(err, o.NoteBackup(a.ctx, err == nil, time.Now()))
		}
		if err != nil {
			return fmt.Errorf("back up to %s: %w", path, err)
		}
		if c.JSON {
			return a.document(map[string]string{"file": path})
		}
		a.say("已备份到 %s，并打开检查过。图片在 %s，请一起复制。", path, filepath.Join(a.data(), "media"))
		return nil
	})
}
