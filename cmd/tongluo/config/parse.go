package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

// Settings is the file, understood.
type Settings struct {
	Name     string
	Calendar *calendar.Calendar
	Office   schedule.Settings
	WeChat   WeChatOptions
	TalkIn   []string // kinds of group in which the bot answers when it is @-ed
	Ranking  bool     // whether units are ranked when somebody asks
	Console  string   // address of the page on this PC, "" for none
	Alerts   AlertOptions
	Backup   BackupOptions
}

// BackupOptions is what backups are made by.
type BackupOptions struct {
	At                              int // minutes from midnight
	Also, Recipient, PassphraseFile string
}

// WeChatOptions is what the WeChat transport is built from.
type WeChatOptions struct {
	Enabled  bool
	Endpoint string // "" is the real service
	MediaTTL time.Duration
}

// Parse checks every value and returns all that is wrong as Problems.
func (f File) Parse() (Settings, error) {
	p := parser{file: f}
	s := Settings{Name: f.Office.Name, Calendar: p.calendar(), TalkIn: f.Chat.TalkIn, Ranking: f.Chat.Ranking}
	s.WeChat = WeChatOptions{Enabled: f.WeChat.Enabled, Endpoint: p.endpoint(), MediaTTL: p.duration("wechat.media_ttl", f.WeChat.MediaTTL, time.Minute)}
	s.Office = p.office(s.Calendar)
	s.Console = p.console()
	s.Alerts = p.alerts()
	s.Backup = p.backup()
	if len(p.problems) > 0 {
		slices.SortStableFunc(p.problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
		return Settings{}, p.problems
	}
	return s, nil
}

type parser struct {
	file     File
	problems Problems
}

func (p *parser) wrong(key, format string, args ...any) {
	p.problems = append(p.problems, Problem{p.file.name, p.file.lines.of(key), fmt.Sprintf(format, args...)})
}

// calendar builds it from all settings; when that fails each group of settings
// is tried alone, to find the lines to blame.
func (p *parser) calendar() *calendar.Calendar {
	c := p.file.Calendar
	whole := calendar.Options{Zone: p.file.Office.Zone, WorkFrom: c.WorkFrom, WorkTo: c.WorkTo, QuietFrom: c.QuietFrom, QuietTo: c.QuietTo}
	whole.Terms, whole.Holidays = p.terms(), p.days()
	cal, err := calendar.New(whole)
	if err == nil {
		return cal
	}
	for _, try := range []struct {
		key string
		o   calendar.Options
	}{
		{"office.zone", calendar.Options{Zone: whole.Zone}},
		{"calendar.work_from", calendar.Options{WorkFrom: whole.WorkFrom, WorkTo: whole.WorkTo}},
		{"calendar.quiet_from", calendar.Options{QuietFrom: whole.QuietFrom, QuietTo: whole.QuietTo}},
		{"calendar.term", calendar.Options{Terms: whole.Terms}},
		{"calendar.day", calendar.Options{Holidays: whole.Holidays}},
	} {
		if _, err := calendar.New(try.o); err != nil {
			p.wrong(try.key, "%v", err)
		}
	}
	return nil
}

func (p *parser) terms() []calendar.Term {
	var out []calendar.Term
	for i, t := range p.file.Calendar.Terms {
		key := fmt.Sprintf("calendar.term.%d", i)
		out = append(out, calendar.Term{From: p.date(key+".from", t.From), To: p.date(key+".to", t.To)})
	}
	return out
}

func (p *parser) days() []calendar.Day {
	var out []calendar.Day
	for i, d := range p.file.Calendar.Days {
		key := fmt.Sprintf("calendar.day.%d", i)
		out = append(out, calendar.Day{Date: p.date(key+".date", d.Date), Name: d.Name, Work: d.Work})
	}
	return out
}

func (p *parser) date(key, s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		p.wrong(key, "%v", err)
	}
	return d
}

// duration reads a Go duration of at least floor.
func (p *parser) duration(key, s string, floor time.Duration) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		p.wrong(key, "%s = “%s”读不懂，请写成 3s（3 秒）、30m（30 分钟）、1h（1 小时）这样", key, s)
		return floor
	}
	if d < floor {
		p.wrong(key, "%s = “%s”太短，最短 %g 秒", key, s, floor.Seconds())
	}
	return d
}

// endpoint refuses everything that another machine could answer.
func (p *parser) endpoint() string {
	s := p.file.WeChat.Endpoint
	if s == "" || loopback(s) {
		return strings.TrimSuffix(s, "/")
	}
	p.wrong("wechat.endpoint", "endpoint = “%s”不行：只能留空（真的微信），或写本机的地址，例如 http://127.0.0.1:8080", s)
	return ""
}

// console refuses an address that another machine could reach: what the page
// shows holds names, and 停发 is on it.
func (p *parser) console() string {
	c := p.file.Console
	host, port, err := net.SplitHostPort(c.Listen)
	ip := net.ParseIP(host)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || ip == nil || !ip.IsLoopback() || n == 0 {
		p.wrong("console.listen", "listen = “%s”不行：控制台有姓名，还能停发，只能开在本机，不能让别的电脑打开，请写 127.0.0.1 加端口，例如 127.0.0.1:8600", c.Listen)
		return ""
	}
	if !c.Enabled {
		return ""
	}
	return c.Listen
}

// backup refuses two keys, of which one would be forgotten.
func (p *parser) backup() BackupOptions {
	b := p.file.Backup
	at, err := calendar.ParseClock(b.At)
	if err != nil {
		p.wrong("backup.at", "%v", err)
	}
	if b.Recipient != "" && b.PassphraseFile != "" {
		p.wrong("backup.recipient", "recipient 和 passphrase_file 只能写一个")
	}
	if b.Recipient != "" && !strings.HasPrefix(b.Recipient, "age1") {
		p.wrong("backup.recipient", "recipient = “%s”不对，请写 age-keygen 给出的公钥，以 age1 开头", b.Recipient)
	}
	return BackupOptions{At: at, Also: b.Also, Recipient: b.Recipient, PassphraseFile: b.PassphraseFile}
}

func loopback(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" || u.Port() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback()
}

var (
	hostShape   = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$`)
	numberShape = regexp.MustCompile(`^[0-9][0-9-]{1,14}$`)
)

// gate refuses what no link or number could ever equal.
func (p *parser) gate() {
	for _, h := range p.file.Gate.Hosts {
		if !hostShape.MatchString(h) {
			p.wrong("gate.hosts", "主机名“%s”不对，请写全，小写，不带 http 和 *，例如 mp.weixin.qq.com", h)
		}
	}
	for _, n := range p.file.Gate.Numbers {
		if !numberShape.MatchString(n) {
			p.wrong("gate.numbers", "号码“%s”不对，只能写数字，例如 96110", n)
		}
	}
}

func (p *parser) office(cal *calendar.Calendar) schedule.Settings {
	f, s := p.file, schedule.DefaultSettings()
	s.Cooling = p.duration("push.cooling", f.Push.Cooling, time.Minute)
	s.WideFrom = p.between("push.wide_from", f.Push.WideFrom, 1, 20)
	s.ItemRest = p.between("push.item_rest_days", f.Push.ItemRestDays, 0, 3650)
	s.RemindersADay = p.between("push.reminders_a_day", f.Push.RemindersADay, 0, 3)
	p.pace(&s)
	p.gate()
	s.Allow = content.Allow{Hosts: f.Gate.Hosts, Numbers: f.Gate.Numbers}
	if cal != nil {
		s.Slots = p.slots(cal)
	}
	return s
}

// between checks a whole number; the bounds are part of what keeps an account
// alive and people unbothered, so they are not for configuration.
func (p *parser) between(key string, n, low, high int) int {
	if n < low || n > high {
		p.wrong(key, "%s = %d 超出范围，请写 %d 到 %d 之间的整数", key, n, low, high)
	}
	return n
}

// pace reads gaps and caps. Their floors fall away on a loopback endpoint,
// where nobody is disturbed (design rule 10).
func (p *parser) pace(s *schedule.Settings) {
	w, usual, free := p.file.WeChat, *s, p.file.WeChat.Endpoint != "" && loopback(p.file.WeChat.Endpoint)
	caps := [2]int{usual.PerGroupDay, usual.PerAccountDay}
	s.OneAdopts = free
	if free {
		usual.TextPace, usual.PicturePace, s.GroupGap = schedule.Pace{}, schedule.Pace{}, 0
		caps = [2]int{1_000_000, 100_000_000}
	}
	s.TextPace = p.gap("wechat.text", w.TextMin, w.TextMax, usual.TextPace)
	s.PicturePace = p.gap("wechat.picture", w.PictureMin, w.PictureMax, usual.PicturePace)
	s.PerGroupDay = p.between("wechat.per_group_day", w.PerGroupDay, 1, caps[0])
	s.PerAccountDay = p.between("wechat.per_account_day", w.PerAccountDay, 1, caps[1])
}

func (p *parser) gap(key, low, high string, floor schedule.Pace) schedule.Pace {
	g := schedule.Pace{Min: p.duration(key+"_min", low, floor.Min), Max: p.duration(key+"_max", high, floor.Max)}
	if g.Max < g.Min {
		p.wrong(key+"_max", "%s_max 比 %s_min 还短，请把较长的写在 %s_max", key, key, key)
	}
	return g
}

func (p *parser) slots(cal *calendar.Calendar) []schedule.Slot {
	var out []schedule.Slot
	taken := map[string]bool{}
	for i, s := range p.file.Slots {
		key := fmt.Sprintf("slot.%d", i)
		if name := strings.TrimSpace(s.Name); name == "" || taken[name] {
			p.wrong(key+".name", "时段要有名字，而且不能重名，例如 name = \"周二上午\"")
		}
		taken[strings.TrimSpace(s.Name)] = true
		slot, key2, err := slotOf(s, cal)
		if err != nil {
			p.wrong(key+"."+key2, "%v", err)
			continue
		}
		out = append(out, slot)
	}
	return out
}

// slotOf reads one slot; on failure key names the value to blame.
func slotOf(s Slot, cal *calendar.Calendar) (slot schedule.Slot, key string, err error) {
	slot.Name = strings.TrimSpace(s.Name)
	if slot.Cron, err = calendar.ParseCron(s.Cron, cal.Zone()); err != nil {
		return slot, "cron", err
	}
	to := s.To
	if strings.TrimSpace(to) == "" {
		to = "all"
	}
	if slot.To, err = roster.ParseSelector(to); err != nil {
		return slot, "to", err
	}
	until, err := calendar.ParseClock(s.Until)
	if err != nil {
		return slot, "until", err
	}
	slot.Length, err = windowOf(slot.Cron, until, cal)
	return slot, "until", err
}

// windowOf is from the cron line's time of day to until on the same day.
func windowOf(c calendar.Cron, until int, cal *calendar.Calendar) (time.Duration, error) {
	monday := calendar.MustDate("2026-01-05") // any day: the time of day is what is asked
	days := c.Days(monday, monday.AddDays(800))
	if len(days) == 0 {
		return 0, errors.New("cron 一行两年内都不会到，请改成例如 0 9 * * TUE")
	}
	first := days[0]
	length := first.Date.At(0, until, cal.Zone()).Sub(first.At)
	if length < 10*time.Minute {
		return 0, fmt.Errorf("until 要比开始时间 %s 至少晚 10 分钟", first.At.In(cal.Zone()).Format("15:04"))
	}
	for m := time.Duration(0); m <= length; m += time.Minute {
		if t := first.At.Add(m); cal.Quiet(t) && m < length {
			return 0, fmt.Errorf("这个时段有一部分落在安静时间（%s 起），请改时段或 [calendar] 的 quiet_from、quiet_to", t.In(cal.Zone()).Format("15:04"))
		}
	}
	return length, nil
}
