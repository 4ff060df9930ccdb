package command_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot/command"
	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// echo is the town with a push that waits, and a staff member who has sent what
// is to be pushed.
type echo struct {
	*town
	books *books
	push  int64
}

func newEcho(t testing.TB) *echo {
	dir := t.TempDir()
	w := openTown(t, dir, time.Date(2026, time.June, 1, 8, 30, 0, 0, time.FixedZone("CST", 8*3600)), "永宁镇")
	w.furnish(people())
	who, _ := people().Person(chen)
	p, err := w.office.QueuePush(t.Context(), roster.ActorOf(who, roster.ViaChat), schedule.Request{Item: "shua-dan", To: "便民群", At: w.now.Add(time.Hour)}, w.now)
	require.NoError(t, err)
	return &echo{w, openBooks(t, dir), p.ID}
}

// written is an instant as people are told it, spelled out here once more. The
// end of a day is its 24:00; another year than this is named.
func written(at, now time.Time) string {
	zone := time.FixedZone("CST", 8*3600)
	at, now = at.In(zone), now.In(zone)
	hour := fmt.Sprintf("%02d:%02d", at.Hour(), at.Minute())
	if hour == "00:00" {
		at, hour = at.AddDate(0, 0, -1), "24:00"
	}
	day := fmt.Sprintf("%d月%d日 周%s %s", at.Month(), at.Day(), []string{"日", "一", "二", "三", "四", "五", "六"}[at.Weekday()], hour)
	if at.Year() != now.Year() {
		day = fmt.Sprintf("%d年%s", at.Year(), day)
	}
	return day
}

// sound says 改期 and 发 with words of time: what is accepted lies ahead, and the
// answer says it in full.
func (w *echo) sound(text string, after time.Duration) {
	t, now := w.t, w.now.Add(after)
	who, _ := people().Person(chen)
	_, err := w.office.DropDraft(t.Context(), roster.ActorOf(who, roster.ViaChat), now)
	require.NoError(t, err)
	_, err = w.office.AddToDraft(t.Context(), roster.ActorOf(who, roster.ViaChat), schedule.Piece{Kind: content.Text, Text: "陌生来电一律挂断", Said: now}, now)
	require.NoError(t, err)
	for _, order := range []string{fmt.Sprintf("改期 %d %s", w.push, text), "发 便民群 " + text} {
		in := w.private(chen, order)
		in.At = now
		r, err := w.talk.Answer(t.Context(), in, now)
		require.NoError(t, err, "%q", order)
		if len(r.Understood) != 1 || r.Understood[0].Outcome != command.Done {
			continue
		}
		switch r.Understood[0].Command {
		case "改期":
			p, err := w.db.Push(t.Context(), w.push)
			require.NoError(t, err)
			require.False(t, p.Opens.Before(now), "%q at %v: %v", order, now, p.Opens)
			require.Contains(t, r.Text, written(p.Opens, now)+"起发", "%q", order)
		case "发":
			at := w.asked()
			require.False(t, !at.IsZero() && at.Before(now), "%q at %v: %v", order, now, at)
			want := "时间：确认后马上发"
			if !at.IsZero() {
				want = "时间：" + written(at, now) + "起发"
			}
			require.Contains(t, r.Text, want, "%q", order)
		}
	}
}

// asked is the instant that the one open question about a push is about.
func (w *echo) asked() time.Time {
	var ms int64
	require.NoError(w.t, w.books.conn.QueryRowContext(w.t.Context(), "SELECT coalesce(json_extract(payload, '$.at'), 0) FROM questions WHERE payload <> '' ORDER BY id DESC LIMIT 1").Scan(&ms))
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// FuzzEcho: whatever is written for a time, nothing panics, nothing past is
// accepted, and every accepted time is echoed in the answer.
func FuzzEcho(f *testing.F) {
	for _, s := range []string{"明早9点", "今晚12点", "周五下午三点半", "25号", "11.25 9:00", "2027年3月1日9点", "12月31日24:00", "半小时后", "月底前", "马上", "周五", "下周一 10点", "9点，停发", "不发了", "２０２７-０１-０１ 00:00"} {
		f.Add(s, uint32(0))
		f.Add(s, uint32(210*24*60-1))
	}
	w := newEcho(f)
	f.Fuzz(func(t *testing.T, text string, minutes uint32) {
		w.t = t
		w.sound(text, time.Duration(minutes%(400*24*60))*time.Minute)
	})
}

// TestEcho is the fuzz test on words that go together.
func TestEcho(t *testing.T) {
	w := newEcho(t)
	r := rand.New(rand.NewPCG(5, 6))
	days := []string{"", "今天", "明天", "后天", "周五", "下周一", "25号", "12月31日", "2027年1月1日", "2027-03-01", "11.25", "月底前", "三天后", "2月29日", "昨天"}
	hours := []string{"", "9点", "早上8点", "下午三点半", "24:00", "00:00", "0点", "晚上12点", "23:59", "半小时后", "九点一刻", "25点"}
	for range 150 {
		w.sound(strings.TrimSpace(days[r.IntN(len(days))]+hours[r.IntN(len(hours))]), time.Duration(r.IntN(300*24*60))*time.Minute)
	}
}
