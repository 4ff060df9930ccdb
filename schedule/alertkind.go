package schedule

import (
	"strconv"
	"strings"
	"time"
)

// AlertKind 告警 is one kind of trouble that the operator is told about by
// another road than the one that may be broken.
type AlertKind string

// The kinds.
const (
	AlertDown      AlertKind = "account-down"  // no session
	AlertScan      AlertKind = "needs-scan"    // only a person with the phone can log in
	AlertBarred    AlertKind = "barred"        // the service refuses the account
	AlertHeld      AlertKind = "held"          // logged in, too few groups re-bound
	AlertSuspect   AlertKind = "suspect"       // logged in, and silent for too long
	AlertBreak     AlertKind = "breaker-open"  // too many messages in a row proved nothing
	AlertRest      AlertKind = "resting"       // the account rests after being told to slow down
	AlertUncertain AlertKind = "uncertain"     // deliveries nobody can vouch for pile up
	AlertMissed    AlertKind = "slots-missed"  // windows closed with something unsent
	AlertHalted    AlertKind = "halted"        // 停发 has been on for long
	AlertDiskLow   AlertKind = "disk-low"      // nearly full
	AlertDiskFull  AlertKind = "disk-full"     // nothing more can be recorded, so nothing is sent
	AlertDamaged   AlertKind = "damaged"       // the database does not fit together; kept in memory only
	AlertNoStore   AlertKind = "store-fails"   // the database cannot be read or written; kept in memory only
	AlertBackup    AlertKind = "backup-failed" // the last backup did not succeed
	AlertOldBackup AlertKind = "backup-old"    // the last good one is too old
	AlertClock     AlertKind = "clock-wrong"   // it is not gone by
	AlertStuck     AlertKind = "stuck"         // the daemon does not turn any more
	AlertUnheard   AlertKind = "unheard"       // the heartbeat does not arrive
)

// alertWord is what is said of a kind, and what it silences while it is open:
// what follows from it, or cannot be believed beside it.
type alertWord struct {
	kind     AlertKind
	title    string // with %d where a number belongs
	do       string
	silences []AlertKind
}

// alertWords are all kinds, the one table of their words, in the order of the
// screen: what silences another stands before it.
var alertWords = []alertWord{
	{AlertNoStore, "数据库读写不了，已停止发送", "请看这台电脑的磁盘是不是满了，再运行 tongluo doctor，照它说的办", []AlertKind{AlertDamaged, AlertDiskLow, AlertDiskFull, AlertBackup, AlertOldBackup, AlertMissed, AlertUncertain}},
	{AlertDamaged, "数据库损坏，已停止发送", "请不要重装、不要删文件；先运行 tongluo doctor，再停掉 tongluo run，用最近的备份恢复：tongluo restore 备份文件", []AlertKind{AlertBackup, AlertOldBackup, AlertMissed, AlertUncertain}},
	{AlertDiskFull, "磁盘满了，记不下来就不发送", "请马上清理磁盘，腾出空间后会自动继续", []AlertKind{AlertDiskLow, AlertBackup, AlertMissed}},
	{AlertBarred, "微信不让这个账号登录", "请先在手机上处理这个账号，再运行 tongluo account login；这段时间请用转发包，由人转发", []AlertKind{AlertScan, AlertDown, AlertBreak, AlertRest, AlertMissed}},
	{AlertScan, "微信要扫码登录", "请到办公室的电脑前，用办公室的手机扫码；扫不了也不要紧，请用转发包，由人转发", []AlertKind{AlertDown, AlertBreak, AlertRest, AlertMissed}},
	{AlertDown, "微信掉线", "程序在自己重新登录；超过半小时请到办公室的电脑前看一眼。这段时间请用转发包，由人转发", []AlertKind{AlertBreak, AlertRest, AlertMissed}},
	{AlertSuspect, "微信好久没有动静，先停发", "请打开手机上的这个微信看一眼；没有掉线会自动接着发", []AlertKind{AlertMissed}},
	{AlertHeld, "登录后只认回 %d 个群，已暂停发送", SayLook, []AlertKind{AlertMissed}},
	{AlertStuck, "程序卡住了，到点也不会发送", "请在办公室的电脑上重新启动 tongluo run", []AlertKind{AlertMissed}},
	{AlertClock, "电脑的时间不对，先停发", "请把电脑的时间改准，打开“自动设置时间”；现在是对的、从前错了，请运行 tongluo clock trust", []AlertKind{AlertHalted, AlertMissed, AlertOldBackup}},
	{AlertBreak, "接连几条发不出去，先停下了", "请看电脑的网络和手机上的微信；过一会儿会先试发一条，成了自动继续", []AlertKind{AlertUncertain}},
	{AlertRest, "微信提示操作过于频繁，账号在休息", "不用做什么，也不要用手机群发；休息完会自动继续，来不及的转给人", nil},
	{AlertHalted, "停发已经超过一天", "如果该恢复了，请两个人说“恢复”，或运行 tongluo resume", []AlertKind{AlertMissed}},
	{AlertUncertain, "有 %d 条投递不知道发出没有", "请到群里看一眼，再用 tongluo settle 编号 seen（见到）或 unseen（没有）了结", nil},
	{AlertMissed, "过去一天有 %d 次推送到时段结束还没发完", "没发的已经转给人；请看 tongluo handoffs，催一下转发", nil},
	{AlertDiskLow, "磁盘快满了", "请清理磁盘，至少腾出 500 MB", nil},
	{AlertBackup, "上一次备份没有做成", "请运行 tongluo backup，照提示办", []AlertKind{AlertOldBackup}},
	{AlertOldBackup, "超过两天没有备份", "请运行 tongluo backup，再把备份和 media 复制到别的盘", nil},
	{AlertUnheard, "心跳发不出去", "请检查这台电脑的网络，和 config.toml 里 [alerts] 的 heartbeat 网址", nil},
}

// AlertKinds are all kinds, in the order of the screen.
func AlertKinds() []AlertKind {
	kinds := make([]AlertKind, len(alertWords))
	for i, w := range alertWords {
		kinds[i] = w.kind
	}
	return kinds
}

func (k AlertKind) word() alertWord {
	for _, w := range alertWords {
		if w.kind == k {
			return w
		}
	}
	return alertWord{kind: k, title: string(k)}
}

func (w alertWord) say(count int) string {
	return strings.Replace(w.title, "%d", strconv.Itoa(count), 1)
}

// Facts are what is known at one instant of the account, the machine and the
// ledger. A zero field says that nobody looked, or that nothing is wrong.
type Facts struct {
	Started time.Time    // of this run
	Account AccountState // "" where nobody looked
	Down    time.Time    // since when the account cannot send
	Scan    bool         // a login code waits for a person
	Bound   int          // groups this session re-bound
	Rest    time.Time    // until when the account rests
	Break   bool         // nothing is sent until a trial succeeds
	Clock   bool         // the PC's clock is not gone by

	Condition // what the store knows

	Damaged    bool
	Free, Need int64     // bytes on the disk of the data directory; Need 0: nobody looked
	Turned     time.Time // when the daemon's loop last turned
	Unheard    time.Time // since when no heartbeat has arrived
}

// Condition is what the store knows of how things stand.
type Condition struct {
	Uncertain int       // deliveries nobody can vouch for
	Missed    int       // pushes that missed groups within the last day, halts and missing approvals left out
	Halted    time.Time // since when 停发 is on
	Logged    time.Time // the latest instant in the log
	Watched   time.Time // when alerts were first looked for on this data
	Backup    time.Time // of the last good one
	BadBackup time.Time // of the last one that failed, zero after a good one
}

// From when on something is an alert. A login that goes on by itself takes some
// seconds; a first alert must come within a minute.
const (
	downGrace    = 40 * time.Second
	pileOf       = 5
	haltGrace    = 24 * time.Hour
	backupGrace  = 48 * time.Hour
	startGrace   = time.Hour // after a weekend switched off, the day's backup is on its way
	clockGrace   = 2 * time.Minute
	stuckGrace   = 5 * time.Minute // a turn may wait for the message in flight
	unheardGrace = 30 * time.Minute
	// FullBelow is the space under which the disk counts as full.
	FullBelow = 50 << 20
)

// Finding is a kind of trouble that there is. Silenced: it follows from another
// finding, or cannot be believed beside it, so that nothing is said of it.
type Finding struct {
	Kind     AlertKind
	Count    int
	Silenced bool
}

// Findings decides what is wrong at now. A thousand late groups are one account
// that is down.
func (f Facts) Findings(now time.Time) []Finding {
	is := f.troubles(now)
	silenced := map[AlertKind]bool{}
	counts := map[AlertKind]int{AlertUncertain: f.Uncertain, AlertMissed: f.Missed, AlertHeld: f.Bound}
	var found []Finding
	for _, w := range alertWords {
		if !is[w.kind] {
			continue
		}
		found = append(found, Finding{w.kind, counts[w.kind], silenced[w.kind]})
		for _, k := range w.silences {
			silenced[k] = true
		}
	}
	return found
}

// troubles are the kinds that hold, each looked at by itself.
func (f Facts) troubles(now time.Time) map[AlertKind]bool {
	longer := func(since time.Time, d time.Duration) bool { return !since.IsZero() && now.Sub(since) >= d }
	down := longer(f.Down, downGrace) && f.Account != AccountHeld && f.Account != AccountSuspect
	kept := f.Watched
	if f.Backup.After(kept) {
		kept = f.Backup
	}
	return map[AlertKind]bool{
		AlertDown:      down,
		AlertScan:      down && f.Scan,
		AlertSuspect:   f.Account == AccountSuspect,
		AlertBreak:     f.Break,
		AlertBarred:    f.Account == AccountBarred,
		AlertHeld:      f.Account == AccountHeld,
		AlertRest:      f.Rest.After(now),
		AlertUncertain: f.Uncertain >= pileOf,
		AlertMissed:    f.Missed > 0,
		AlertHalted:    longer(f.Halted, haltGrace),
		AlertDiskFull:  f.Need > 0 && f.Free < FullBelow,
		AlertDiskLow:   f.Need > 0 && f.Free < f.Need,
		AlertDamaged:   f.Damaged,
		AlertBackup:    !f.BadBackup.IsZero(),
		AlertOldBackup: longer(f.Started, startGrace) && longer(kept, backupGrace),
		AlertClock:     f.Clock || f.Logged.Sub(now) > clockGrace,
		AlertStuck:     longer(f.Turned, stuckGrace),
		AlertUnheard:   longer(f.Unheard, unheardGrace),
	}
}
