package ops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/store"
)

// State is how one thing was found.
type State string

// The states.
const (
	OK   State = "ok"
	Warn State = "warn" // works, but somebody should look
	Bad  State = "bad"
)

// Check is one line of the doctor's.
type Check struct {
	Key   string `json:"key"`
	Name  string `json:"name"`
	State State  `json:"state"`
	Say   string `json:"say"`
	Do    string `json:"do"` // what to do next, "" when it is well
}

// Patient is what the doctor looks at.
type Patient struct {
	Data        string
	Config      string // path of the settings file, "" where there is none
	ConfigWrong error  // what is wrong with it
	Calendar    *calendar.Calendar
	WeChat      bool // switched on
	Roads       int  // that alerts can take
	Heartbeat   bool
	Apart       bool // keys of the roads stand in a file of their own
	// Office puts the verbs on a database opened for reading.
	Office func(ctx context.Context, db *store.DB) (*schedule.Office, schedule.AccountStatus, error)
}

// exam is one visit. db and office are nil when the database cannot be read.
type exam struct {
	Patient
	now     time.Time
	db      *store.DB
	office  *schedule.Office
	account schedule.AccountStatus
	closed  bool  // there is a database, but it cannot be read
	why     error // of that
}

// Examine looks at everything, changes nothing, and fails at nothing: what
// cannot be looked at is a line of its own. A running daemon is not disturbed.
func Examine(ctx context.Context, p Patient, now time.Time) []Check {
	e := &exam{Patient: p, now: now}
	e.open(ctx)
	if e.db != nil {
		defer func() { _ = e.db.Close() }() // opened for reading only
	}
	var out []Check
	for _, look := range []func(context.Context) Check{
		e.settings, e.zone, e.rights, e.place, e.disk, e.clock, e.database, e.journal, e.session, e.members, e.plans, e.holidays, e.roster, font,
		e.backups, e.roads, e.alerts,
	} {
		out = append(out, look(ctx))
	}
	return out
}

func (e *exam) open(ctx context.Context) {
	db, err := store.Open(ctx, e.Data, store.Options{Cal: e.Calendar, ReadOnly: true})
	if err == nil {
		e.db = db
		e.office, e.account, err = e.Office(ctx, db)
	}
	if err != nil {
		e.office = nil
		e.closed, e.why = !errors.Is(err, fs.ErrNotExist), err
	}
}

func well(key, name, format string, args ...any) Check {
	return Check{Key: key, Name: name, State: OK, Say: fmt.Sprintf(format, args...)}
}

func warn(key, name, say, do string) Check { return Check{key, name, Warn, say, do} }

func bad(key, name, say, do string) Check { return Check{key, name, Bad, say, do} }

// unread is the line of what lies in a database that cannot be read.
func (e *exam) unread(key, name string) Check {
	if e.closed {
		return warn(key, name, "看不了", "请先看“数据库”一行")
	}
	return warn(key, name, "还没有数据", "请先导入花名册：tongluo roster import 文件")
}

// failed is the line of what could not be read although the database could.
func failed(key, name string, err error) Check {
	return bad(key, name, "读不出来："+err.Error(), "数据可能坏了，请先备份整个数据目录，再找人看")
}

// database opens, checks and says how large it is.
func (e *exam) database(ctx context.Context) Check {
	const key, name, mend = "database", "数据库", "请停掉 tongluo run，不要删任何文件，用最近的备份恢复：tongluo restore 备份文件"
	switch {
	case errors.Is(e.why, store.ErrNewer):
		return bad(key, name, "是更新版本的铜锣写的", "请换用新版本的铜锣")
	case errors.Is(e.why, store.ErrOlder):
		return warn(key, name, "还是旧版本的格式", "请先运行 tongluo backup 备份，下次启动会自动升级")
	case errors.Is(e.why, store.ErrCut):
		return bad(key, name, "上一次恢复做到一半断了，数据还不全", "请再恢复一次：tongluo restore 备份文件")
	case e.db == nil && !e.closed:
		return warn(key, name, "还没有数据库", "请先导入花名册：tongluo roster import 文件")
	case e.db == nil:
		return bad(key, name, "打不开，多半已损坏："+e.why.Error(), mend)
	}
	if err := cmp.Or(e.db.Damaged(), e.db.QuickCheck(ctx)); errors.Is(err, store.ErrRolledBack) {
		return bad(key, name, "比发送日记（journal）旧，不知道后来发过什么，已停止发送", mend)
	} else if err != nil {
		return bad(key, name, "已损坏："+err.Error(), mend)
	}
	if e.office == nil {
		return failed(key, name, e.why)
	}
	return well(key, name, "检查通过，格式是最新的，%s", megabytes(sizeOf(e.Data)))
}

func megabytes(n int64) string {
	if n < 10<<20 {
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d MB", n>>20)
}

// ago is a length of time as people say it.
func ago(d time.Duration) string {
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%d 分钟前", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d 小时前", int(d.Hours()))
	}
	return fmt.Sprintf("%d 天前", int(d.Hours()/24))
}
