package demo

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// checkOffice holds what clerks and leader did by chat against what arrived.
func checkOffice(t *testing.T, w *world) {
	t.Run("a push is let go by a second person", func(t *testing.T) { secondPerson(t, w) })
	t.Run("the listed groups received it once", func(t *testing.T) { listedOnce(t, w) })
	t.Run("its correction went where it had gone", func(t *testing.T) { corrected(t, w) })
	t.Run("who asks where a relay is stuck is told at whom and since when", func(t *testing.T) { toldStuck(t, w) })
	if days() >= askedOn {
		t.Run("a leader's picture", func(t *testing.T) { leaderPicture(t, w) })
	}
}

// answersTo is what the bot said to a person right after those words, up to the
// person's next ones.
func answersTo(w *world, person int64, words *regexp.Regexp) []line {
	var out []line
	after := false
	for _, l := range w.log {
		switch {
		case l.person != person:
		case !l.bot:
			if after {
				return out
			}
			after = words.MatchString(l.text)
		case after:
			out = append(out, l)
		}
	}
	return out
}

func secondPerson(t *testing.T, w *world) {
	shown := answersTo(w, w.clerk().ID, regexp.MustCompile(`^发 `))
	require.NotEmpty(t, shown)
	require.Contains(t, shown[0].text, "21 个群：永宁村防骗工作群、")
	require.Contains(t, shown[0].text, "要另一个人再确认：发往 21 个群，超过 20 个")
	require.Contains(t, shown[0].text, lectureBegins+lecture)

	p, err := w.db.Push(t.Context(), w.notice.push)
	require.NoError(t, err)
	require.Equal(t, w.clerk().ID, p.Author)
	require.Equal(t, w.second().ID, p.Approver, "not the clock, not the clerk")
	require.True(t, p.ApprovedAt.Before(w.arrived(lectureBegins).first))
	require.NotEmpty(t, answersTo(w, w.second().ID, regexp.MustCompile(`^审批 `)), "by chat")

	pushes, err := w.db.Pushes(t.Context())
	require.NoError(t, err)
	wide := 0
	for _, p := range pushes {
		if p.Slot == "" && p.Selector == "kind:网格群" {
			wide++
			require.Equal(t, w.second().ID, p.Approver, "push %d, queued at the PC", p.ID)
		}
	}
	require.Positive(t, wide)
}

// listed are the rooms of the kinds that the clerk named, by the roster.
func listed(w *world) map[string]int {
	out := map[string]int{}
	for _, g := range w.place.roster.Groups {
		if slices.Contains(strings.Fields(lectureFor), g.Kind) {
			out[w.place.room[g.ID]] = 1
		}
	}
	return out
}

func listedOnce(t *testing.T, w *world) {
	want := listed(w)
	require.Len(t, want, 21)
	got := w.arrived(lectureBegins)
	require.Equal(t, want, got.times)
	require.False(t, got.first.Before(w.day(correctedOn, 9, 0)), "the hour that was said")
	sha, pictures := "", map[string]int{}
	for _, r := range w.server.Receipts() {
		if r.Kind == loopback.KindImage && want[r.To] == 1 && !r.At.Before(got.first) && r.At.Before(w.day(correctedOn, 10, 0)) {
			require.True(t, sha == "" || sha == r.MediaSHA256, "one picture, uploaded once")
			sha = r.MediaSHA256
			pictures[r.To]++
		}
	}
	require.Equal(t, want, pictures)
}

func corrected(t *testing.T, w *world) {
	require.NotZero(t, w.notice.correction)
	require.NotEqual(t, w.notice.push, w.notice.correction)
	require.Equal(t, w.arrived(lectureBegins).times, w.arrived(mendedBegins).times, "exactly who had received what was wrong")
	p, err := w.db.Push(t.Context(), w.notice.correction)
	require.NoError(t, err)
	require.Equal(t, w.clerk().ID, p.Author)
	require.Zero(t, p.Approver, "one person")
	ds, err := w.office.Deliveries(t.Context(), roster.Operator(""), schedule.DeliveryFilter{Push: w.notice.correction})
	require.NoError(t, err)
	require.Len(t, ds, 21)
	for _, d := range ds {
		require.Equal(t, schedule.Accepted, d.State)
		require.Empty(t, d.Duties, "a correction credits nothing")
	}
}

func toldStuck(t *testing.T, w *world) {
	who, _ := w.place.roster.Person(w.gridLeader(stuckVillage))
	for _, words := range []string{`^卡在哪$`, `^转发链 \d+$`} {
		told := answersTo(w, w.clerk().ID, regexp.MustCompile(words))
		require.NotEmpty(t, told, words)
		require.Regexp(t, `\d+/\d+ (第2级 )?一组 `+who.Name+`\n　卡了 \d+小时\d+分（工作时间），自6月3日 周三 \d\d:\d\d`, told[0].text)
	}
}

func leaderPicture(t *testing.T, w *world) {
	told := answersTo(w, w.leader().ID, regexp.MustCompile(`^图$`))
	require.Len(t, told, 2, "a sentence and a picture")
	require.Contains(t, told[0].text, "图见下一条")
	pictures := 0
	for _, r := range w.server.Receipts() {
		if r.To == w.place.contact[w.leader().ID] && r.Kind == loopback.KindImage {
			pictures++
			require.Equal(t, told[1].media, r.MediaSHA256)
		}
	}
	require.Equal(t, 1, pictures)
	arrived, ok := w.server.Media(told[1].media)
	require.True(t, ok)
	kept, err := os.ReadFile(filepath.Join(w.dir, "reports", pictureName))
	require.NoError(t, err)
	require.Equal(t, arrived, kept)
	img, err := png.Decode(bytes.NewReader(kept))
	require.NoError(t, err)
	require.Greater(t, img.Bounds().Dx(), 500)
}
