package ops

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"tongluo/content/poster"
	"tongluo/schedule"
	"tongluo/store"
)

func (e *exam) settings(context.Context) Check {
	const key, name = "config", "设置文件"
	if e.ConfigWrong != nil {
		lines := strings.Split(e.ConfigWrong.Error(), "\n")
		say := lines[0]
		if len(lines) > 1 {
			say = fmt.Sprintf("%s（共 %d 处不对）", say, len(lines))
		}
		return bad(key, name, say, "请改好再启动；写法见 config.example.toml")
	}
	if e.Config == "" {
		return warn(key, name, "没有 config.toml，用的是默认设置", "要改设置，请把 config.example.toml 复制成 config.toml")
	}
	st, err := os.Stat(e.Config)
	if err == nil && !e.Apart && e.Roads > 0 && others(st.Mode()) {
		return warn(key, name, e.Config+" 别人也能读，里面有告警的网址或密码", "请运行 chmod 600 "+e.Config)
	}
	return well(key, name, "%s 读得懂", e.Config)
}

// others reports whether a file is anybody's but its owner's. Windows keeps that
// elsewhere.
func others(m fs.FileMode) bool { return runtime.GOOS != "windows" && m.Perm()&0o077 != 0 }

func (e *exam) zone(context.Context) Check {
	z := e.Calendar.Zone()
	return well("zone", "时区", "%s，按它现在是 %s，请和墙上的钟对一下", z, e.now.In(z).Format("2006年1月2日 15:04"))
}

// private are the files that hold names, keys or logins.
var private = []string{store.FileName, store.FileName + "-wal", store.FileName + "-shm", "console.pass", KeyFile, "session/*", "journal/*", "backups/*", "aside/*"}

// rights looks whether others on this PC can read what is the office's alone.
func (e *exam) rights(context.Context) Check {
	const key, name = "rights", "文件权限"
	st, err := os.Stat(e.Data)
	switch {
	case os.IsNotExist(err):
		return warn(key, name, "还没有数据目录 "+e.Data, "第一次运行会自己新建；如果不该是空的，请用 --data 指明")
	case err != nil || !st.IsDir():
		return bad(key, name, "数据目录 "+e.Data+" 打不开", "请检查路径和权限，或用 --data 换一个")
	case runtime.GOOS == "windows":
		return well(key, name, "由 Windows 的用户权限管，数据目录请放在自己的用户文件夹里")
	}
	var open []string
	if others(st.Mode()) {
		open = append(open, e.Data)
	}
	for _, pattern := range private {
		files, err := matching(e.Data, pattern)
		if err != nil {
			continue
		}
		for _, f := range files {
			if st, err := os.Lstat(f); err == nil && others(st.Mode()) {
				open = append(open, f)
			}
		}
	}
	if len(open) > 0 {
		return bad(key, name, fmt.Sprintf("别人也能看 %s 等 %d 处，里面有姓名、电话或登录", open[0], len(open)), "请运行 chmod -R go-rwx "+e.Data)
	}
	return well(key, name, "只有自己能看")
}

func (e *exam) place(ctx context.Context) Check {
	if e.db != nil {
		if err := e.db.Here(ctx); errors.Is(err, store.ErrCopied) {
			return bad("place", "所在磁盘", err.Error(), "两份一起跑会发两遍：请用原来那份；原来那份不再用了，就运行 tongluo run --takeover 改用这份")
		}
	}
	if remote(e.Data) {
		return bad("place", "所在磁盘", "数据目录在网络盘上，数据库迟早会坏", "请把整个数据目录搬到这台电脑自己的盘上")
	}
	return well("place", "所在磁盘", "是这台电脑自己的盘")
}

func (e *exam) disk(context.Context) Check {
	const key, name = "disk", "磁盘空间"
	free, err := freeSpace(nearest(e.Data))
	need := needed(e.Data)
	switch {
	case err != nil:
		return warn(key, name, "查不到剩多少空间", "请自己看一眼磁盘满没满")
	case free < schedule.FullBelow:
		return bad(key, name, "只剩 "+megabytes(free)+"，记不下来就不会发送", "请马上清理磁盘")
	case free < need:
		return warn(key, name, fmt.Sprintf("剩 %s，应有 %s", megabytes(free), megabytes(need)), "请清理磁盘")
	}
	return well(key, name, "剩 %s", megabytes(free))
}

// nearest is the directory, or what will be around it.
func nearest(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return dir
		}
		dir = up
	}
}

// farApart is how far a clock may be off before that is worth a word.
const farApart = 2 * time.Minute

// clock holds the time against what is on record and what the disk says.
func (e *exam) clock(ctx context.Context) Check {
	const key, name = "clock", "时间"
	if e.office != nil {
		if c, err := e.office.Clock(ctx); err == nil && c.Kind != "" {
			say, do, _ := strings.Cut(e.office.ClockLine(c), "\n")
			return bad(key, name, strings.TrimSuffix(say, "。"), do)
		}
	}
	latest, what := time.Time{}, ""
	for _, f := range []string{store.FileName, store.FileName + "-wal", "tongluo.lock"} {
		if st, err := os.Stat(filepath.Join(e.Data, f)); err == nil && st.ModTime().After(latest) {
			latest, what = st.ModTime(), "数据文件的时间"
		}
	}
	if e.db != nil {
		if c, err := e.db.Condition(ctx, e.now); err == nil && c.Logged.After(latest) {
			latest, what = c.Logged, "上一次记录的时间"
		}
	}
	if latest.Sub(e.now) > farApart {
		return bad(key, name, fmt.Sprintf("电脑的时间比%s还早（%s）", what, latest.In(e.Calendar.Zone()).Format("2006年1月2日 15:04")), "请把电脑的时间改准，打开“自动设置时间”")
	}
	if latest.IsZero() {
		return well(key, name, "没有可以对照的记录")
	}
	return well(key, name, "和记录对得上，上一次记录是 %s", ago(e.now.Sub(latest)))
}

// journal reads the attempt journal through, as a restore would.
func (e *exam) journal(context.Context) Check {
	const key, name = "journal", "发送日记"
	j, err := store.ReadJournal(e.Data)
	switch {
	case err != nil:
		return bad(key, name, "读不出来："+err.Error(), "请检查数据目录里 journal 的权限和磁盘；写不进去就不会发送")
	case j.Damaged > 0:
		return warn(key, name, fmt.Sprintf("有 %d 行读不懂", j.Damaged), "不影响发送；以后从备份恢复会先停发，请人看过各群再恢复。请检查这台电脑的硬盘")
	case j.Files == 0:
		return well(key, name, "还没有发过")
	}
	return well(key, name, "%d 天，都读得懂", j.Files)
}

// font draws a poster, as every picture is drawn.
func font(context.Context) Check {
	const words = "铜锣反诈宣传 96110"
	p, err := poster.New()
	if err == nil && len(p.Missing(words)) > 0 {
		err = fmt.Errorf("letters are missing")
	}
	if err == nil {
		_, err = p.Draw("铜锣", words, "")
	}
	if err != nil {
		return bad("font", "字体", "画不出图："+err.Error(), "程序文件可能不完整，请重新下载铜锣")
	}
	return well("font", "字体", "画得出海报")
}

// sizeOf is how large the database is.
func sizeOf(dir string) (n int64) {
	for _, name := range []string{store.FileName, store.FileName + "-wal"} {
		if st, err := os.Stat(filepath.Join(dir, name)); err == nil {
			n += st.Size()
		}
	}
	return n
}

// backups counts the copies and asks for the last good one.
func (e *exam) backups(ctx context.Context) Check {
	const key, name, do = "backup", "备份", "请运行 tongluo backup，再把备份和 media 复制到别的盘"
	files, err := matching(e.Data, "backups/*.db*")
	if err != nil {
		return failed(key, name, err)
	}
	files = slices.DeleteFunc(files, func(f string) bool { return strings.HasPrefix(filepath.Base(f), ".") })
	var newest time.Time
	for _, f := range files {
		if st, err := os.Stat(f); err == nil && st.ModTime().After(newest) {
			newest = st.ModTime()
		}
	}
	if e.db != nil {
		c, err := e.db.Condition(ctx, e.now)
		if err == nil && !c.BadBackup.IsZero() {
			return bad(key, name, "上一次没有做成（"+ago(e.now.Sub(c.BadBackup))+"）", do)
		}
		if err == nil && c.Backup.After(newest) {
			newest = c.Backup
		}
	}
	switch {
	case newest.IsZero() && e.db == nil && !e.closed:
		return e.unread(key, name)
	case newest.IsZero():
		return warn(key, name, "一份也没有", do)
	case e.now.Sub(newest) > 48*time.Hour:
		return warn(key, name, fmt.Sprintf("共 %d 份，最近的是 %s，太旧了", len(files), ago(e.now.Sub(newest))), do)
	}
	return well(key, name, "共 %d 份，最近的是 %s", len(files), ago(e.now.Sub(newest)))
}
