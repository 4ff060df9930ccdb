package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/cmd/tongluo/config"
)

func TestExample(t *testing.T) {
	path := filepath.Join("..", "..", "..", "config.example.toml")
	t.Run("says every default", func(t *testing.T) {
		f, err := config.Load(path)
		require.NoError(t, err)
		require.Equal(t, config.Default(), f.Config)
	})
	t.Run("has a Chinese sentence before every key of a table's first use", func(t *testing.T) {
		src, err := os.ReadFile(path)
		require.NoError(t, err)
		lines := strings.Split(string(src), "\n")
		said := map[string]bool{}
		key := regexp.MustCompile(`^([a-z_]+) = `)
		for i, line := range lines {
			m := key.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			if !said[m[1]] {
				require.Regexp(t, `^# .*\p{Han}`, lines[i-1], "key %s", m[1])
			}
			said[m[1]] = true
		}
		for _, k := range []string{"zone", "cron", "until", "to", "work_from", "term", "day", "cooling", "enabled", "endpoint", "per_account_day", "hosts", "numbers", "listen"} {
			require.True(t, said[k], "key %s is not in the example", k)
		}
	})
}

func TestParse(t *testing.T) {
	t.Run("understands the defaults", func(t *testing.T) {
		s, err := config.Defaults().Parse()
		require.NoError(t, err)
		require.Len(t, s.Office.Slots, 2)
		require.Equal(t, 150*time.Minute, s.Office.Slots[0].Length)
		require.Equal(t, 3*time.Second, s.Office.TextPace.Min)
		require.Equal(t, 1500, s.Office.PerAccountDay)
		require.Equal(t, "Asia/Shanghai", s.Calendar.Zone().String())
		require.False(t, s.WeChat.Enabled)
	})
	t.Run("one slot replaces the default ones", func(t *testing.T) {
		s := parse(t, "[[slot]]\nname = \"早\"\ncron = \"30 8 * * 1-5\"\nuntil = \"10:00\"\nto = \"kind:网格群\"\n")
		require.Len(t, s.Office.Slots, 1)
		require.Equal(t, 90*time.Minute, s.Office.Slots[0].Length)
	})
	t.Run("a loopback endpoint may be faster", func(t *testing.T) {
		s := parse(t, "[wechat]\nendpoint = \"http://127.0.0.1:8080/\"\ntext_min = \"0s\"\ntext_max = \"0s\"\nper_group_day = 99\nper_account_day = 9999\n")
		require.Equal(t, "http://127.0.0.1:8080", s.WeChat.Endpoint)
		require.Zero(t, s.Office.TextPace.Max)
		require.Equal(t, 99, s.Office.PerGroupDay)
	})
	t.Run("the console is on at a loopback address, or off", func(t *testing.T) {
		require.Equal(t, "127.0.0.1:8600", parse(t, "").Console)
		require.Equal(t, "[::1]:9000", parse(t, "[console]\nlisten = \"[::1]:9000\"\n").Console)
		require.Empty(t, parse(t, "[console]\nenabled = false\n").Console)
	})
	t.Run("holidays and terms are the office's own", func(t *testing.T) {
		s := parse(t, "[[calendar.term]]\nfrom = \"2027-03-01\"\nto = \"2027-07-10\"\n[[calendar.day]]\ndate = \"2027-03-02\"\nname = \"校庆\"\n")
		require.Len(t, s.Office.Slots, 2)
	})
}

func parse(t *testing.T, src string) config.Settings {
	t.Helper()
	f, err := config.Read("config.toml", []byte(src))
	require.NoError(t, err)
	s, err := f.Parse()
	require.NoError(t, err)
	return s
}

func TestRefusals(t *testing.T) {
	slot := "[[slot]]\nname = \"早\"\ncron = \"%\"\nuntil = \"10:00\"\nto = \"all\"\n"
	for name, c := range map[string]struct{ src, line, say string }{
		"unknown key":                            {"[office]\nnam = \"x\"\n", "第 2 行", "不认识“nam”，[office] 里可以写的有：name、zone"},
		"unknown table":                          {"\n[slots]\nname = \"x\"\n", "第 2 行", "不认识“slots”，这里可以写的有：office、slot"},
		"key of a slot":                          {"[[slot]]\nname = \"x\"\nform = \"x\"\n", "第 3 行", "[slot] 里可以写的有：name、cron、until、to"},
		"not TOML":                               {"[office]\nname = 本单位\n", "第 2 行", "写得不对"},
		"not a number":                           {"[push]\nwide_from = \"20\"\n", "第 2 行", "要写一个整数"},
		"not a bool":                             {"[wechat]\nenabled = \"是\"\n", "第 2 行", "true"},
		"not a list":                             {"[gate]\nnumbers = \"110\"\n", "第 2 行", "要写成列表"},
		"zone":                                   {"[office]\nzone = \"Beijing\"\n", "第 2 行", "Asia/Shanghai"},
		"local zone":                             {"[office]\nzone = \"Local\"\n", "第 2 行", "IANA"},
		"work time":                              {"[calendar]\nwork_from = \"18:00\"\n", "第 2 行", "上班时间"},
		"quiet time":                             {"[calendar]\nquiet_to = \"8点\"\nquiet_from = \"21:00\"\n", "第 3 行", "安静时间"},
		"holiday date":                           {"[[calendar.day]]\ndate = \"2027-02-30\"\n", "第 2 行", "2027-02-30"},
		"term date":                              {"[[calendar.term]]\nfrom = \"2027-02-20\"\nto = \"2027-13-01\"\n", "第 3 行", "2027-13-01"},
		"cron that panics":                       {strings.Replace(slot, "%", "TZ=0", 1), "第 3 行", "cron"},
		"cron never fires":                       {strings.Replace(slot, "%", "0 9 31 2 *", 1), "第 3 行", "cron"},
		"cron after until":                       {strings.Replace(slot, "%", "0 11 * * *", 1), "第 4 行", "10 分钟"},
		"cron in the night":                      {strings.Replace(slot, "%", "0 7 * * *", 1), "第 4 行", "安静时间"},
		"slot twice":                             {strings.Repeat(strings.Replace(slot, "%", "0 9 * * *", 1), 2), "第 7 行", "不能重名"},
		"slot selector":                          {"[[slot]]\nname = \"早\"\ncron = \"0 9 * * *\"\nuntil = \"10:00\"\nto = \"村:永宁\"\n", "第 5 行", "kind"},
		"cooling":                                {"[push]\ncooling = \"半小时\"\n", "第 2 行", "30m"},
		"wider":                                  {"[push]\nwide_from = 500\n", "第 2 行", "1 到 20"},
		"faster text":                            {"[wechat]\ntext_min = \"1s\"\n", "第 2 行", "最短 3 秒"},
		"crossed pace":                           {"[wechat]\npicture_min = \"40s\"\n", "第 1 行", "picture_max"},
		"more a group":                           {"[wechat]\nper_group_day = 4\n", "第 2 行", "1 到 3"},
		"more an account":                        {"[wechat]\nper_account_day = 1501\n", "第 2 行", "1 到 1500"},
		"endpoint abroad":                        {"[wechat]\nendpoint = \"http://10.0.0.1:80\"\n", "第 2 行", "127.0.0.1"},
		"endpoint by name":                       {"[wechat]\nendpoint = \"http://localhost.example.com:80\"\n", "第 2 行", "127.0.0.1"},
		"endpoint no port":                       {"[wechat]\nendpoint = \"http://127.0.0.1\"\n", "第 2 行", "127.0.0.1"},
		"console for everybody":                  {"[console]\nlisten = \"0.0.0.0:8600\"\n", "第 2 行", "不能让别的电脑打开"},
		"console on all addresses":               {"[console]\nlisten = \":8600\"\n", "第 2 行", "127.0.0.1:8600"},
		"console in the network, switched off":   {"[console]\nenabled = false\nlisten = \"192.168.1.5:8600\"\n", "第 3 行", "只能开在本机"},
		"console by name":                        {"[console]\nlisten = \"localhost:8600\"\n", "第 2 行", "只能开在本机"},
		"console without a port":                 {"[console]\nlisten = \"127.0.0.1\"\n", "第 2 行", "127.0.0.1:8600"},
		"console port nobody has":                {"[console]\nlisten = \"127.0.0.1:86000\"\n", "第 2 行", "127.0.0.1:8600"},
		"endpoint abroad does not free the caps": {"[wechat]\nendpoint = \"http://10.0.0.1:80\"\nper_group_day = 9\n", "第 3 行", "1 到 3"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := config.Read("config.toml", []byte(c.src))
			if err == nil {
				_, err = f.Parse()
			}
			require.Error(t, err)
			var ps config.Problems
			require.ErrorAs(t, err, &ps)
			require.Contains(t, err.Error(), "config.toml "+c.line+"：")
			require.Contains(t, err.Error(), c.say)
		})
	}
}

func TestProblems(t *testing.T) {
	t.Run("come all at once, in the order of lines", func(t *testing.T) {
		f, err := config.Read("c.toml", []byte("[push]\nwide_from = 0\ncooling = \"x\"\n[office]\nzone = \"y\"\n"))
		require.NoError(t, err)
		_, err = f.Parse()
		var ps config.Problems
		require.ErrorAs(t, err, &ps)
		require.Len(t, ps, 3)
		require.Equal(t, []int{2, 3, 5}, []int{ps[0].Line, ps[1].Line, ps[2].Line})
	})
	t.Run("a missing file is a missing file", func(t *testing.T) {
		_, err := config.Load(filepath.Join(t.TempDir(), "no.toml"))
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("[office]\nname = \"x\"\n"))
	f.Add([]byte("[[slot]]\ncron = \"@every 1s\"\n"))
	f.Add([]byte("a.b.c = 1\n[calendar]\nday = [1]\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		file, err := config.Read("config.toml", src)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		if _, err := file.Parse(); err != nil {
			require.Contains(t, err.Error(), "config.toml")
		}
	})
}
