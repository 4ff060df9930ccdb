package main

import (
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// said is `say --json` as design §6 has it, and nothing else.
type said struct {
	Reply      string `json:"reply"`
	To         string `json:"to"`
	Understood []struct {
		Outcome string   `json:"outcome"`
		Command string   `json:"command"`
		Args    []string `json:"args"`
		Nearest string   `json:"nearest"`
	} `json:"understood"`
	Attachments []string `json:"attachments"`
}

func TestSay(t *testing.T) {
	p := newOffice(t, "")
	t.Run("answers as in private chat", func(t *testing.T) {
		s := document[said](p, "say", "--as", "张三", "好的，看看任務")
		require.Equal(t, "private", s.To)
		require.True(t, strings.HasPrefix(s.Reply, "现在没有待转发的内容。\n"), s.Reply)
		require.Len(t, s.Understood, 1)
		require.Equal(t, "done", s.Understood[0].Outcome)
		require.Equal(t, "任务", s.Understood[0].Command)
		require.Empty(t, s.Attachments)
		require.NotNil(t, s.Attachments)
		require.Equal(t, s.Reply+"\n", p.ok("say", "--as", "永宁村干部", "任务"))
	})
	t.Run("names the nearest word and what is refused", func(t *testing.T) {
		s := document[said](p, "say", "--as", "王办", "停罚")
		require.Equal(t, "停发", s.Understood[0].Nearest)
		require.Equal(t, "asked", s.Understood[0].Outcome)
		s = document[said](p, "say", "--as", "张三", "停发")
		require.Equal(t, "denied", s.Understood[0].Outcome)
	})
	t.Run("is silent to strangers and in resident groups", func(t *testing.T) {
		for _, args := range [][]string{{"--stranger", "王办", "停发"}, {"--as", "王办", "--in", "永宁村网格群", "停发"}, {"--stranger", "x", "--in", "永宁村网格群", "帮助"}} {
			s := document[said](p, append([]string{"say"}, args...)...)
			require.Empty(t, s.Reply)
			require.Empty(t, s.To)
			require.Equal(t, "ignored", s.Understood[0].Outcome)
			require.Empty(t, p.ok(append([]string{"say"}, args...)...))
		}
		require.Contains(t, p.ok("say", "--as", "王办", "恢复", "--dry-run"), "现在没有停发")
	})
	t.Run("dry-run answers and changes nothing", func(t *testing.T) {
		before := p.files()
		require.Contains(t, p.ok("say", "--dry-run", "--as", "王办", "停发"), "已停发")
		require.Equal(t, before, p.files())
		require.Contains(t, p.ok("say", "--as", "王办", "恢复", "--dry-run"), "现在没有停发")
		require.Contains(t, p.ok("say", "--as", "王办", "停发"), "已停发")
		require.NotContains(t, p.ok("say", "--as", "王办", "恢复", "--dry-run"), "现在没有停发")
	})
	t.Run("a picture that follows is put where it can be looked at", func(t *testing.T) {
		before := p.files()
		require.Equal(t, []string{"每周达标.png"}, document[said](p, "say", "--dry-run", "--as", "张三", "图").Attachments)
		require.Equal(t, before, p.files())
		s := document[said](p, "say", "--as", "张三", "图")
		require.Len(t, s.Attachments, 1)
		f, err := os.Open(filepath.Join(p.dir, s.Attachments[0]))
		require.NoError(t, err)
		defer f.Close() //nolint:errcheck // only read
		shape, err := png.DecodeConfig(f)
		require.NoError(t, err)
		require.Positive(t, shape.Width)
	})
	t.Run("reads standard input", func(t *testing.T) {
		cmd := p.command("say", "--as", "张三", "-")
		cmd.Stdin = strings.NewReader("任务\n")
		out, err := cmd.Output()
		require.NoError(t, err)
		require.Contains(t, string(out), "现在没有待转发的内容")
	})
	t.Run("says what to write instead", func(t *testing.T) {
		for want, args := range map[string][]string{
			"两样选一样": {"任务"}, "no-one": {"--as", "no-one", "任务"}, "没有群": {"--as", "张三", "--in", "nogroup", "任务"}, "还没有数据": {"--dry-run", "--data", "none", "--as", "张三", "任务"},
		} {
			r := p.run(append([]string{"say"}, args...)...)
			require.Equal(t, exitInput, r.code, r.err)
			require.Contains(t, r.err, want)
			require.Empty(t, r.out)
		}
		require.NoDirExists(t, filepath.Join(p.dir, "none"))
	})
}

// files are the bytes of the database, its journal among them.
func (p *pc) files() map[string]string {
	p.t.Helper()
	all := map[string]string{}
	names, err := filepath.Glob(filepath.Join(p.dir, "data", "tongluo.db*"))
	require.NoError(p.t, err)
	for _, name := range names {
		if strings.HasSuffix(name, "-shm") { // the index of readers, not data
			continue
		}
		data, err := os.ReadFile(name)
		require.NoError(p.t, err)
		if len(data) > 0 {
			all[filepath.Base(name)] = string(data)
		}
	}
	return all
}
