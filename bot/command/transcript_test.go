package command_test

import (
	"bytes"
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot/command"
	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

var update = flag.Bool("update", false, "write the transcripts and docs/chat-words.md anew")

// speakers are the names in the transcripts; 路人 is in no roster.
func speakers() map[string]int64 {
	return map[string]int64{"王海": wang, "李玉": li, "陈明": chen, "林书记": lin, "赵管": zhao, "周静": zhou, "孙立": sun, "路人": 0}
}

func rooms() map[string]int64 {
	return map[string]int64{"工作群": workGroup, "居民群": residents, "便民群": 12, "外面的群": 0}
}

var (
	saidLine  = regexp.MustCompile(`^(\S+?)(?: @(\S+))?(?: \((\d+)分钟前\))?> (.*)$`)
	clockLine = regexp.MustCompile(`^== (\d{4}-\d{2}-\d{2} \d{2}:\d{2})$`)
	queueLine = regexp.MustCompile(`^-- (\S+) 在电脑上排推送：(\S+) (\S+)$`)
	draftLine = regexp.MustCompile(`^-- (\S+) 写素材：(\S+) (\S+)$`)
	lineLine  = regexp.MustCompile(`^-- (机器人看得到群|机器人把该发的发了)$`)
	auditHead = regexp.MustCompile(`日志校验码 \d+-\d+-[0-9a-f]{16}`) // another with every log row
	askLine   = regexp.MustCompile(`^-- 微信登录，等人认：(\S+)$`)
	adoptLine = regexp.MustCompile(`^-- 启用方案 (\d+)$`)
)

// TestTranscripts plays every testdata/*.txt against a real office. Lines:
//
//	== 2026-06-02 09:10        the clock is set; what is due until then is done
//	-- 启用方案 1
//	-- 陈明 在电脑上排推送：shua-dan kind:便民群
//	-- 陈明 写素材：yang-sheng 养老投资要当心
//	-- 机器人看得到群             from now on the bot's groups are seen
//	-- 机器人把该发的发了          what is due now is sent to them
//	-- 微信登录，等人认：前埔村防骗群、三组网格群→一家亲   a login asks about groups
//	-- 从备份恢复               what has not gone is held
//	王海> 任务                  said in private
//	陈明> [图片]                content: [图片], [文件 通知.pdf], [链接 标题 https://…]
//	王海 @工作群> 帮助           said in a group, @-ing the bot
//	王海 (70分钟前)> 已转        said earlier, heard now; "；；" is a new line
//	bot> …                     the answer where it was asked; "bot 私下> …" in private
//	                           to somebody who asked in a group; nothing: silence
//	bot 图> …                   a picture that follows, with its size
//	# a remark
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(name)
			require.NoError(t, err)
			got := auditHead.ReplaceAllString(play(t, string(want)), "日志校验码 …")
			if *update {
				require.NoError(t, os.WriteFile(name, []byte(got), 0o644))
				return
			}
			require.Equal(t, string(want), got)
		})
	}
}

// play writes the script again with the answers that are given now.
func play(t *testing.T, script string) string {
	w := newTown(t)
	var out bytes.Buffer
	for line := range strings.SplitSeq(strings.TrimRight(script, "\n"), "\n") {
		if strings.HasPrefix(line, "bot") || strings.HasPrefix(line, "   ") {
			continue
		}
		fmt.Fprintln(&out, line)
		switch {
		case clockLine.MatchString(line):
			at, err := time.ParseInLocation("2006-01-02 15:04", clockLine.FindStringSubmatch(line)[1], w.office.Calendar().Zone())
			require.NoError(t, err)
			w.until(at)
		case adoptLine.MatchString(line):
			w.adopt(adoptLine.FindStringSubmatch(line)[1], nil)
		case draftLine.MatchString(line):
			w.draft(draftLine.FindStringSubmatch(line))
		case lineLine.MatchString(line):
			if w.line.sees {
				w.carry()
			}
			w.line.sees = true
		case askLine.MatchString(line):
			w.asks(askLine.FindStringSubmatch(line)[1])
		case line == "-- 从备份恢复":
			_, _, err := w.db.BeginEpoch(t.Context(), roster.Operator(""), schedule.HeldByRestore, w.now)
			require.NoError(t, err)
		case queueLine.MatchString(line):
			w.queue(queueLine.FindStringSubmatch(line))
		case saidLine.MatchString(line):
			out.WriteString(w.exchange(saidLine.FindStringSubmatch(line)))
		default:
			require.True(t, line == "" || line[0] == '#', "not a line of a transcript: %q", line)
		}
	}
	return out.String()
}

// asks has a login that is not certain of the groups named, and refuses the rest.
func (w *town) asks(groups string) {
	var all []roster.Decision
	for name := range strings.SplitSeq(groups, "、") {
		ours, called, renamed := strings.Cut(name, "→")
		g, err := people().FindGroup(ours)
		require.NoError(w.t, err)
		d := roster.Decision{Group: g.ID, Verdict: roster.Ask, Handle: "@@" + ours, First: !renamed, NewName: ours, NewSize: 53, Overlap: -1, Second: -1, Why: "第一次认，名称对得上，要人看过才算"}
		if renamed {
			d.NewName, d.OldSize, d.Why = called, 50, "改了名，成员多半还是那些人"
		}
		all = append(all, d)
	}
	all = append(all, roster.Decision{Group: 14, Verdict: roster.Refuse, Overlap: -1, Second: -1, Why: "微信里看不到这个群"})
	require.NoError(w.t, w.office.NoteIdentity(w.t.Context(), "s", all, nil, w.now))
}

func (w *town) queue(m []string) {
	p, ok := people().Person(speakers()[m[1]])
	require.True(w.t, ok)
	_, err := w.office.QueuePush(w.t.Context(), roster.ActorOf(p, roster.ViaConsole), schedule.Request{Item: m[2], To: m[3], At: w.now.Add(2 * time.Hour)}, w.now)
	require.NoError(w.t, err)
}

func (w *town) draft(m []string) {
	p, ok := people().Person(speakers()[m[1]])
	require.True(w.t, ok)
	it := content.Item{ID: m[2], Title: m[3], Body: "高息都是诱饵。", Media: []content.Media{content.Text}, State: content.Draft, CreatedAt: w.now}
	require.NoError(w.t, w.office.AddItem(w.t.Context(), roster.ActorOf(p, roster.ViaConsole), it, nil, w.now))
}

// exchange is one message and the lines of its answer.
func (w *town) exchange(m []string) string {
	person, known := speakers()[m[1]]
	require.True(w.t, known, "nobody is called %q", m[1])
	in := w.private(person, strings.ReplaceAll(m[4], "；；", "\n"))
	w.enclose(&in)
	if m[2] != "" {
		group, known := rooms()[m[2]]
		require.True(w.t, known, "no group is called %q", m[2])
		in = w.inGroup(person, group, in.Text)
	}
	if m[3] != "" {
		ago, err := time.ParseDuration(m[3] + "m")
		require.NoError(w.t, err)
		in.At = w.now.Add(-ago)
	}
	r := w.say(in)
	if r.Text == "" {
		require.Empty(w.t, r.To)
		return ""
	}
	head := "bot> "
	if m[2] != "" && r.To == command.Private {
		head = "bot 私下> "
	}
	require.Equal(w.t, m[2] == "" || head != "bot> ", r.To == command.Private)
	out := head + strings.ReplaceAll(r.Text, "\n", "\n     ") + "\n"
	for _, a := range r.Attachments {
		picture, err := png.DecodeConfig(bytes.NewReader(a.Data))
		require.NoError(w.t, err)
		out += fmt.Sprintf("bot 图> %s %d×%d\n", a.Name, picture.Width, picture.Height)
	}
	return out
}

// TestChatWords keeps docs/chat-words.md the table.
func TestChatWords(t *testing.T) {
	const name = "../../docs/chat-words.md"
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(chatWords()), 0o644))
	}
	have, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, chatWords(), string(have), "run go test ./bot/command -update")
}

func chatWords() string {
	roles := map[roster.Role]string{roster.Cadre: "干部", roster.Staff: "办公室", roster.Leader: "领导", roster.Admin: "管理员"}
	var b strings.Builder
	b.WriteString(`# 跟机器人说的话

这一页由 bot/command 的词表生成，改词表后运行 ` + "`go test ./bot/command -update`" + `。

- 私下说就答。在工作群、防骗工作群、联络员群里要 @ 它才答；别的群里说什么都不作声，不在花名册里的人说什么也不作声。
- 全角半角、简体繁体、有没有空格、前后的客气话都不要紧：“好的，已轉１２了，謝謝”就是“已转 12”。
- 编号和数目也可以写成汉字：“已转十二 三个群”就是“已转 12 3个群”；语音输入常见的错字（以转、已砖、一转）也认得。
- 引用别人的话不算数，不管引的是什么。
- 一句话可以说两件事：“已转 12，转不了 13 群解散了”。
- 没全看懂就什么也不办，只回一行最像的写法。
- 超过 10 分钟才收到的话不办；已转、全部已转、转不了例外，多晚都认。

`)
	b.WriteString("| 词 | 写法 | 做什么 | 也可以说 | 谁用 | 答在哪里 |\n|---|---|---|---|---|---|\n")
	for _, c := range command.Table() {
		var who []string
		for _, r := range c.Who {
			who = append(who, roles[r])
		}
		where := "原处"
		if c.Private {
			where = "私下"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", c.Word, strings.Join(c.Usage, "；"), c.About,
			strings.Join(c.Synonyms, "、"), strings.Join(who, "、"), where)
	}
	return b.String()
}

// TestTable keeps the table sound: no word twice, every usage understood as its
// own command, everything people need filled in.
func TestTable(t *testing.T) {
	seen := map[string]string{}
	for _, c := range command.Table() {
		for _, w := range slices.Concat([]string{c.Word}, c.Synonyms, c.Slips) {
			require.Empty(t, seen[w], "%s is a word of two commands", w)
			seen[w] = c.Word
		}
		require.NotEmpty(t, c.Who)
		require.NotEmpty(t, c.About)
		for _, u := range c.Usage {
			require.Equal(t, []string{c.Word}, command.Words(u), u)
		}
	}
}
