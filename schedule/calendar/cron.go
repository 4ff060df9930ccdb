package calendar

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// longestWait is how far apart the occurrences of a usable slot may be.
const longestWait = 400 * 24 * time.Hour

// Cron is a slot's rhythm in one zone. The zero value never fires.
type Cron struct {
	spec     string
	schedule cron.Schedule // evaluated on wall readings carried as UTC
	zone     *time.Location
}

// Occurrence is one local day on which a Cron fires, with the first time it
// does. Date is the day the rhythm names and is the slot's identity; At can only
// fall past its end when a clock change swallows the rest of that day.
type Occurrence struct {
	Date Date
	At   time.Time
}

// ParseCron reads five cron fields (minute, hour, day of month, month, weekday).
// Everything else of the dialect is refused (zones inside the line, @every and
// other names), and so is a line that never fires or rests longer than 400 days.
// Errors are Chinese and say what to write.
func ParseCron(spec string, zone *time.Location) (Cron, error) {
	if zone == nil {
		return Cron{}, fmt.Errorf("cron“%s”没有时区：请写 IANA 名称，如 Asia/Shanghai", spec)
	}
	if err := checkShape(spec); err != nil {
		return Cron{}, err
	}
	schedule, err := parseStandard(spec)
	if err != nil {
		return Cron{}, fmt.Errorf("cron“%s”无法识别：%w", spec, errHowTo)
	}
	// 1 March 2001 is three years before a leap day, so what rests longer than
	// 400 days does so from here, whatever today is.
	from := NewDate(2001, time.March, 1).midnight()
	first := schedule.Next(from)
	if first.IsZero() {
		return Cron{}, fmt.Errorf("cron“%s”永远不会触发：这样的日期不存在（如 2 月 30 日），请改日或月", spec)
	}
	if first.Sub(from) > longestWait {
		return Cron{}, fmt.Errorf("cron“%s”两次触发可能相隔 400 天以上（如只在 2 月 29 日）：请改成每年都有的日期", spec)
	}
	return Cron{spec: spec, schedule: schedule, zone: zone}, nil
}

var errHowTo = errors.New("请写五段“分 时 日 月 周”，如 0 9 * * 2,5（每周二、周五 09:00）")

var (
	cronItem   = regexp.MustCompile(`^(\*|\?|[0-9A-Za-z]{1,4}(-[0-9A-Za-z]{1,4})?)(/[0-9]{1,4})?$`)
	cronFields = [5]string{"第 1 段（分，0–59）", "第 2 段（时，0–23）", "第 3 段（日，1–31）", "第 4 段（月，1–12）", "第 5 段（周，0–6，0 是周日）"}
)

// checkShape names the field at fault, and keeps from the parser what it reads
// loosely ("*-5" as "*", "," as never).
func checkShape(spec string) error {
	upper := strings.ToUpper(strings.TrimSpace(spec))
	switch {
	case strings.HasPrefix(upper, "TZ=") || strings.HasPrefix(upper, "CRON_TZ="):
		return fmt.Errorf("cron“%s”里不能写时区：时区在设置 zone 中统一填写，%w", spec, errHowTo)
	case strings.HasPrefix(upper, "@"):
		return fmt.Errorf("cron“%s”不能用 @ 开头的写法：%w", spec, errHowTo)
	}
	fields := strings.Fields(spec)
	if len(fields) != len(cronFields) {
		return fmt.Errorf("cron“%s”有 %d 段，应为五段：%w", spec, len(fields), errHowTo)
	}
	for i, field := range fields {
		if !fieldReadable(i, field) {
			return fmt.Errorf("cron“%s”%s写成了“%s”：%w", spec, cronFields[i], field, errHowTo)
		}
	}
	return nil
}

func fieldReadable(i int, field string) bool {
	for _, item := range strings.Split(field, ",") {
		if !cronItem.MatchString(item) {
			return false
		}
	}
	alone := [5]string{"*", "*", "*", "*", "*"}
	alone[i] = field
	_, err := parseStandard(strings.Join(alone[:], " "))
	return err == nil
}

// parseStandard fences the library: some lines make its parser panic, and a
// schedule without an explicit zone would follow the machine's.
func parseStandard(spec string) (schedule cron.Schedule, err error) {
	defer func() {
		if r := recover(); r != nil {
			schedule, err = nil, fmt.Errorf("parse cron line: parser panicked: %v", r)
		}
	}()
	parsed, err := cron.ParseStandard(spec)
	if err != nil {
		return nil, fmt.Errorf("parse cron line: %w", err)
	}
	fields, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, errors.New("parse cron line: not a five-field line")
	}
	fields.Location = time.UTC
	return fields, nil
}

// String is the line as it was written.
func (c Cron) String() string { return c.spec }

// Next is the first firing after the given instant, in the Cron's zone: a time
// skipped by a clock change fires at the first valid minute, a repeated one
// once. The zero time means never (zero Cron only).
func (c Cron) Next(after time.Time) time.Time {
	if c.schedule == nil {
		return time.Time{}
	}
	for wall := wallClock(after, c.zone); ; {
		wall = c.schedule.Next(wall)
		if wall.IsZero() {
			return time.Time{}
		}
		at := firstReading(wall, c.zone)
		if at.After(after) && happens(dateOfWall(wall), c.zone) {
			return at
		}
	}
}

// Days lists the local days in [from, to) on which the Cron fires, each once
// with its first time, in order.
func (c Cron) Days(from, to Date) []Occurrence {
	if c.schedule == nil {
		return nil
	}
	var all []Occurrence
	for d := from; d.Before(to); {
		wall := c.schedule.Next(d.midnight().Add(-time.Second))
		day := dateOfWall(wall)
		if wall.IsZero() || !day.Before(to) {
			break
		}
		if happens(day, c.zone) {
			all = append(all, Occurrence{Date: day, At: firstReading(wall, c.zone)})
		}
		d = day.AddDays(1)
	}
	return all
}

// happens is false for a day that a zone left out altogether, as Samoa did with
// 30 December 2011.
func happens(d Date, zone *time.Location) bool { return DateOf(d.Start(zone), zone) == d }
