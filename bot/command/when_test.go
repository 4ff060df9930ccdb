package command_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot/command"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
)

func shanghai(t testing.TB) *calendar.Calendar {
	t.Helper()
	cal, err := calendar.New(calendar.Defaults())
	require.NoError(t, err)
	return cal
}

// wednesday is 2026-11-25 10:20, a Wednesday.
func wednesday(cal *calendar.Calendar) time.Time {
	return calendar.MustDate("2026-11-25").At(10, 20, cal.Zone())
}

func TestWhen(t *testing.T) {
	cal := shanghai(t)
	now := wednesday(cal)
	for echo, said := range map[string][]string{
		"11月26日 周四 09:00": {"明早9点", "明天9点", "明早九点", "明天上午9點", "明天 9:00", "明天09:00", "明日早上九点钟", "明早９：００", "明天9.00", "11.26 9点",
			"26号9点", "二十六号九点", "11-26 9点", "11/26 09:00", "2026-11-26 09:00", "2026年11月26日9时", "二〇二六年十一月二十六日九点整", "明天（周四）9点", "明天的9点", "周四9点", "禮拜四早上9點", "1天后9点"},
		"11月25日 周三 20:00":    {"今晚8点", "今晚八点", "今天20:00", "今天晚上8点", "20点", "晚上8点", "25号晚8点", "今晚8：00"},
		"11月27日 周五 15:30":    {"周五下午三点半", "星期五15：30", "这周五下午3:30", "本周五15点30分", "週五下午3點半", "11月27日 周五 15:30", "后天下午三点三十", "周五15点30", "周5下午3点半"},
		"11月30日 周一":          {"下周一", "11.30", "11月30日", "11月30号", "30号", "月底", "下个星期一", "下禮拜一", "周一", "5天后"},
		"11月30日 周一前":         {"月底前", "本月底之前", "月末以前", "30号前"},
		"11月25日 周三":          {"25号", "11.25", "今天", "11/25"},
		"11月25日 周三 11:00":    {"11月25日上午11点", "11点", "11:00", "四十分钟后", "40分钟后", "十一点"},
		"12月1日 周二 09:00":     {"2026-12-01 09:00", "2026/12/1 9:00", "2026.12.1 9点", "12月1号9点", "下周二9点"},
		"11月25日 周三 10:50":    {"半小时后", "半个小时以后", "过半小时", "30分钟后", "三十分鐘後"},
		"11月25日 周三 12:20":    {"两小时后", "兩個小時後", "2小时后", "过2个小时", "二个钟头后"},
		"11月25日 周三 11:50":    {"一个半小时后", "1小时半后"},
		"11月25日 周三 10:35":    {"一刻钟后", "15分钟以后"},
		"11月26日 周四":          {"明天", "明日", "1天后"},
		"11月27日 周五":          {"后天", "後天", "周五", "星期五", "两天后"},
		"11月28日 周六":          {"大后天", "大後天", "三天后"},
		"11月25日 周三 10:20":    {"现在", "马上", "立即", "馬上"},
		"11月26日 周四 09:15":    {"明天九点一刻", "明天9点15", "明天9点15分", "明早九点十五分"},
		"11月26日 周四 09:05":    {"明天九点零五", "明天9点05", "明天9点5分", "明天九点过五分"},
		"11月25日 周三 24:00":    {"今晚12点", "今天24点", "今晚十二点", "今天24:00"},
		"11月26日 周四 00:30":    {"明天0:30", "明天凌晨12点半", "今晚12点半"},
		"11月26日 周四 12:00":    {"明天中午12点", "明天12点", "明天下午12点"},
		"11月26日 周四 13:00":    {"明天中午1点", "明天下午一点", "明天13点"},
		"2027年1月3日 周日":       {"1月3日", "1.3", "2027-01-03"},
		"2027年1月3日 周日 09:00": {"1月3日9点"},
		"12月7日 周一":           {"下下周一", "下下个星期一"},
		"12月25日 周五":          {"25号周五", "下月25号", "下个月25日", "12.25"},
		"12月31日 周四":          {"下月底", "12月31日"},
		"11月29日 周日":          {"周日", "星期天", "礼拜天", "本周日"},
		"11月28日 周六 08:30":    {"周六早上8点半", "周六08:30", "周六上午八点三十"},
	} {
		for _, s := range said {
			w, ok := command.When(s, now, cal)
			require.True(t, ok, s)
			require.Empty(t, w.Rest, s)
			require.True(t, w.Sure, "%s: %s", s, w.Question)
			require.Equal(t, echo, w.Echo, s)
		}
	}
}

// What has two readings is asked, also when only one of them still lies ahead;
// what is past, or is a rhythm, is answered with what to write.
func TestWhenAsks(t *testing.T) {
	cal := shanghai(t)
	now := wednesday(cal)
	friday := now.AddDate(0, 0, 2)
	for _, c := range []struct {
		now  time.Time
		said string
		asks string
	}{
		{now, "3点", "没说清是哪个时间，是11月25日 周三 15:00吗？请写全，如：11月25日周三15:00"},
		{now, "明天3点", "没说清是哪个时间，是11月26日 周四 03:00，还是11月26日 周四 15:00？请写全，如：11月26日周四15:00"},
		{now, "周五8点", "没说清是哪个时间，是11月27日 周五 08:00，还是11月27日 周五 20:00？请写全，如：11月27日周五20:00"},
		{now, "8:30", "没说清是哪个时间，是11月25日 周三 20:30吗？请写全，如：11月25日周三20:30"},
		{now, "9点", "这个时间已经过了，是11月25日 周三 21:00吗？请写全，如：11月25日周三21:00"},
		{now, "上午9点", "这个时间已经过了，是11月26日 周四 09:00吗？请写全，如：11月26日周四09:00"},
		{friday, "周五", "没说清是哪个时间，是11月27日 周五，还是12月4日 周五？请写全，如：12月4日周五"},
		{friday, "周五15:00", "没说清是哪个时间，是11月27日 周五 15:00，还是12月4日 周五 15:00？请写全，如：12月4日周五15:00"},
		{friday, "25号", "这个时间已经过了，是12月25日 周五吗？请写全，如：12月25日周五"},
		{friday, "25号9点", "这个时间已经过了，是12月25日 周五 09:00吗？请写全，如：12月25日周五09:00"},
		{now, "1号9点", "这个时间已经过了，是12月1日 周二 09:00吗？请写全，如：12月1日周二09:00"},
		{now, "11月20日周五", "这个时间已经过了。请写以后的时间，如：明天9点"},
		{now, "31号", "这个时间已经过了，是12月31日 周四吗？请写全，如：12月31日周四"},
		{now, "6月1日", "这个时间已经过了，是2027年6月1日 周二吗？请写全，如：2027年6月1日周二"},
		{now, "本周二", "这个时间已经过了，是12月1日 周二吗？请写全，如：12月1日周二"},
		{now, "周末", "没说清是哪个时间，是11月28日 周六，还是11月29日 周日？请写全，如：11月29日周日"},
		{now, "昨天9点", "这个时间已经过了。请写以后的时间，如：明天9点"},
		{now, "2026-11-20", "这个时间已经过了。请写以后的时间，如：明天9点"},
		{now, "上周五", "这个时间已经过了。请写以后的时间，如：明天9点"},
		{now, "明早", "请写几点，如：上午9点、15:30"},
		{now, "周五下午", "请写几点，如：上午9点、15:30"},
		{now, "下周", "请写到哪一天，如：下周一9点、25号9点"},
		{now, "下个月", "请写到哪一天，如：下周一9点、25号9点"},
		{now, "2月30日", "没有这一天。请对着日历再写一次，如：11月25日"},
		{now, "本月31号", "没有这一天。请对着日历再写一次，如：11月25日"},
		{now, "11月27日周四", "这一天不是周四。请对着日历再写一次，如：11月25日9点"},
		{now, "明天25点", "这个钟点说不通。请写清楚，如：上午9点、15:30"},
		{now, "明天上午15点", "这个钟点说不通。请写清楚，如：上午9点、15:30"},
		{now, "明晚3点", "这个钟点说不通。请写清楚，如：上午9点、15:30"},
		{now, "2031-01-01", "这个时间太远了，只排一年以内的。请写近一点的时间，如：明天9点"},
		{now, "9999天后", "这个时间太远了，只排一年以内的。请写近一点的时间，如：明天9点"},
		{now, "每周二、周五9点", "每周、每天的固定时间在电脑上的时段表里设，这里只排一次。请写一个时间，如：周五9点"},
		{now, "每周二五上午9点", "每周、每天的固定时间在电脑上的时段表里设，这里只排一次。请写一个时间，如：周五9点"},
		{now, "每天早上九点", "每周、每天的固定时间在电脑上的时段表里设，这里只排一次。请写一个时间，如：周五9点"},
		{now, "每月25号", "每周、每天的固定时间在电脑上的时段表里设，这里只排一次。请写一个时间，如：周五9点"},
	} {
		w, ok := command.When(c.said, c.now, cal)
		require.True(t, ok, c.said)
		require.Empty(t, w.Rest, c.said)
		require.False(t, w.Sure, "%s: %s", c.said, w.Echo)
		require.Equal(t, c.asks, w.Question, c.said)
	}
}

// What is no time is left to the caller, and so is what follows one.
func TestWhenLeaves(t *testing.T) {
	cal := shanghai(t)
	for said, rest := range map[string]string{
		"明天9点，已转12": ",已转12", "半小时后发": "发", "25号 群没了": " 群没了", "明天九点3个群": "3个群", "周五9点左右": "左右", "明天9.5": "9.5",
	} {
		w, ok := command.When(said, wednesday(cal), cal)
		require.True(t, ok, said)
		require.Equal(t, rest, w.Rest, said)
	}
	for _, said := range []string{"", "12", "已转", "网格群", "三组", "半天", "早点发", "5/", "1.2.3", "十", "周59点", "两小时", "时段", "晚会"} {
		w, ok := command.When(said, wednesday(cal), cal)
		require.False(t, ok, "%s: %+v", said, w)
	}
}

// A day without an hour is that day's first slot.
func TestWhenInstant(t *testing.T) {
	cal := shanghai(t)
	var slots []schedule.Slot
	for _, spec := range []string{"30 14 * * FRI", "0 9 * * TUE,FRI"} {
		cron, err := calendar.ParseCron(spec, cal.Zone())
		require.NoError(t, err)
		slots = append(slots, schedule.Slot{Name: spec, Cron: cron, Length: time.Hour})
	}
	now := wednesday(cal)
	friday := calendar.MustDate("2026-11-27").At(10, 0, cal.Zone())
	for _, c := range []struct {
		now        time.Time
		said, want string
	}{
		{now, "周五", "2026-11-27 09:00"}, {now, "周五15点", "2026-11-27 15:00"}, {friday, "今天", "2026-11-27 14:30"}, {now, "月底前", "2026-11-27 14:30"},
		{now, "明天", "11月26日 周四没有时段了。请写上几点，如：11月26日15:30"}, {friday, "周五", "没说清是哪个时间"}, {now, "明早", "请写几点"},
	} {
		at, err := command.Instant(c.said, slots, c.now, cal)
		if err != nil {
			require.ErrorIs(t, err, schedule.ErrInput)
			require.ErrorContains(t, err, c.want, c.said)
			continue
		}
		require.Equal(t, c.want, at.In(cal.Zone()).Format("2006-01-02 15:04"), c.said)
	}
}

// FuzzWhen: no panic, nothing accepted or offered that is past, and every echo
// read again is the same time.
func FuzzWhen(f *testing.F) {
	for _, s := range []string{"明早9点", "今晚8点", "周五下午三点半", "下周一", "25号", "11.25", "11月25日上午10点", "2026-12-01 09:00", "每周二、周五9点", "半小时后",
		"两小时后", "月底前", "大后天", "马上", "九点一刻", "15：30", "２０２６年２月２９日", "今晚12点", "31号", "周末", "三天后9点", "二〇二七年一月三日", "下下个周日24:00"} {
		f.Add(s, int64(1_780_000_000))
		f.Add(s, int64(1_798_732_799)) // the last second of 2026
	}
	cal := shanghai(f)
	f.Fuzz(func(t *testing.T, s string, second int64) { soundWhen(t, s, second, cal) })
}

// soundWhen is what must hold of any text at any second.
func soundWhen(t *testing.T, s string, second int64, cal *calendar.Calendar) {
	const from, years = 1_577_808_000, 30 * 366 * 86_400 // 2020 on
	now := time.Unix(from+(second%years+years)%years, 0)
	w, ok := command.When(s, now, cal)
	if !ok {
		require.Equal(t, command.Heard{Rest: w.Rest}, w)
		return
	}
	require.NotEqual(t, w.Sure, w.Question != "")
	for _, one := range append(w.Either, w) {
		if !one.Sure {
			require.NotEmpty(t, one.Question)
			continue
		}
		require.False(t, one.Day.IsZero() && one.At.Before(now), "%q is past: %v", s, one)
		require.False(t, one.At.IsZero() && one.Day.Before(cal.Today(now)), "%q is past: %v", s, one)
		again, ok := command.When(one.Echo, now, cal)
		require.True(t, ok && again.Sure && again.Rest == "", "%q → %q → %q", s, one.Echo, again.Question)
		require.True(t, one.At.Equal(again.At) && one.Day == again.Day && one.Echo == again.Echo, "%q → %q → %q", s, one.Echo, again.Echo)
	}
}

// TestWhenPieces is the fuzz test on words that go together.
func TestWhenPieces(t *testing.T) {
	cal := shanghai(t)
	r := rand.New(rand.NewPCG(3, 4))
	pieces := []string{"今", "明", "后天", "周", "下", "五", "日", "末", "25号", "31号", "二", "十", "12", "月", "2月29日", "11.25", "2027-", "01-01", "早", "晚上", "中午", "凌晨",
		"下午", "9点", "12点", "3", "点", "半", ":30", "24:00", "一刻", "零五", "分", "后", "小时", "个", "天", "每", "底", "前", " ", "的", "(周三)", "现在", "过", "年"}
	for range 30_000 {
		var b strings.Builder
		for range 1 + r.IntN(5) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		soundWhen(t, b.String(), r.Int64(), cal)
	}
}
