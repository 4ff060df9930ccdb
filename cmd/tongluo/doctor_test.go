package main

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/cmd/tongluo/ops"
	"tongluo/schedule"
	"tongluo/schedule/report"
	"tongluo/store"
)

// doctor runs the doctor, whose findings must agree with its exit code.
func (p *pc) doctor(args ...string) map[string]ops.Check {
	p.t.Helper()
	r := p.run(append([]string{"doctor", "--json"}, args...)...)
	var v examined
	decode(p.t, r.out, &v)
	require.Equal(p.t, v.Bad > 0, r.code == exitFailed, "exit code %d: %s", r.code, r.err)
	by := map[string]ops.Check{}
	for _, c := range v.Checks {
		by[c.Key] = c
		require.Regexp(p.t, `\p{Han}`, c.Say, c.Key)
		require.Equal(p.t, c.State == ops.OK, c.Do == "", "%s: what is not well says what to do", c.Key)
	}
	require.Len(p.t, by, len(v.Checks))
	return by
}

// ownAlone gives the office's files the rights they have when the program made
// them; a copied directory has others.
func (p *pc) ownAlone() *pc {
	p.t.Helper()
	require.NoError(p.t, filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(path, map[bool]os.FileMode{true: 0o700, false: 0o600}[d.IsDir()])
	}))
	return p
}

// not are the keys that are not in a state.
func not(by map[string]ops.Check, s ops.State) (keys []string) {
	for k, c := range by {
		if c.State != s {
			keys = append(keys, fmt.Sprintf("%s: %s", k, c.Say))
		}
	}
	return keys
}

func TestDoctor(t *testing.T) {
	t.Run("on an empty directory says what is missing and makes nothing", func(t *testing.T) {
		p := newPC(t)
		by := p.doctor()
		require.NotContains(t, fmt.Sprint(by), string(ops.Bad))
		for _, key := range []string{"config", "rights", "database", "plans", "roster", "backup", "roads"} {
			require.Equal(t, ops.Warn, by[key].State, key)
		}
		left, err := os.ReadDir(p.dir)
		require.NoError(t, err)
		require.Empty(t, left)
	})
	t.Run("finds every part of an office, beside a running daemon", func(t *testing.T) {
		// From 1 December on a well office knows the next year's holidays.
		next := fmt.Sprintf("[[calendar.day]]\ndate = \"%d-10-01\"\nname = \"国庆节\"\n", time.Now().Year()+1)
		p := newOffice(t, next+"[alerts]\nwebhook = \"http://127.0.0.1:1/"+secretKey+"\"\nheartbeat = \"http://127.0.0.1:1/"+secretKey+"\"\n").ownAlone()
		p.ok("plan", "adopt", "11", "--unit", "永宁镇", "--year", "2026", "--by", "王办")
		p.ok("backup")
		d := p.start(nil, "run")
		eventually(t, "the daemon runs", func() bool { return strings.Contains(d.said(), "铜锣已启动") })
		by := p.doctor()
		require.NotContains(t, fmt.Sprint(by), secretKey)
		require.Equal(t, ops.OK, by["plans"].State, by["plans"].Say)
		require.Equal(t, "共 1 份，最近的是 0 分钟前", by["backup"].Say)
		require.Equal(t, "1 条，有心跳；试一试：tongluo alerts test", by["roads"].Say)
		require.Empty(t, not(by, ops.OK), "nothing to say of a well office")
		require.Zero(t, d.stop(t), d.said())
	})
	t.Run("a damaged database is a line, not a failure of the doctor", func(t *testing.T) {
		p := newOffice(t, "")
		file := filepath.Join(p.dir, "data", store.FileName)
		whole, err := os.ReadFile(file)
		require.NoError(t, err)
		for name, spoil := range map[string]func([]byte) []byte{
			"no database at all": func([]byte) []byte { return []byte("你好") },
			"half of it":         func(b []byte) []byte { return b[:len(b)/2] },
			"pages of rubbish": func(b []byte) []byte {
				for i := 8 << 10; i < len(b)-4096; i += 3 * 4096 {
					copy(b[i:], strings.Repeat("\xa5", 4096))
				}
				return b
			},
		} {
			require.NoError(t, os.WriteFile(file, spoil(append([]byte(nil), whole...)), 0o600))
			by := p.doctor()
			require.Equal(t, ops.Bad, by["database"].State, name)
			require.Contains(t, by["database"].Do, "用最近的备份恢复", name)
			require.Equal(t, ops.OK, by["font"].State, "%s: the rest is looked at", name)
		}
	})
	t.Run("settings that cannot be read are a line", func(t *testing.T) {
		p := newOffice(t, "")
		p.file("config.toml", "[ofice]\n[alerts]\nwecom = \"什么\"\n")
		c := p.doctor()["config"]
		require.Equal(t, ops.Bad, c.State)
		require.Contains(t, c.Say, "config.toml 第 1 行")
	})
}

func TestDoctor_files(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("rights lie elsewhere on Windows")
	}
	p := newOffice(t, "[alerts]\nwecom = \""+secretKey+"\"\n").ownAlone()
	require.Equal(t, ops.OK, p.doctor()["rights"].State)
	p.file("data/session/session.json", "{}")
	for _, name := range []string{"data", "data/tongluo.db", "data/session/session.json", "config.toml"} {
		path := filepath.Join(p.dir, name)
		st, err := os.Stat(path)
		require.NoError(t, err)
		require.NoError(t, os.Chmod(path, st.Mode().Perm()|0o004))
	}
	by := p.doctor()
	require.Equal(t, ops.Bad, by["rights"].State)
	require.Regexp(t, "^别人也能看 data 等 [35] 处，里面有姓名、电话或登录$", by["rights"].Say, "whoever opens the database makes -wal and -shm with its rights")
	require.Contains(t, by["rights"].Do, "chmod")
	require.Equal(t, ops.Warn, by["config"].State, "keys that everybody reads")
}

// TestDoctor_time looks from other instants than the present.
func TestDoctor_time(t *testing.T) {
	p := newOffice(t, "")
	a := &app{ctx: context.Background(), place: &place{Data: filepath.Join(p.dir, "data"), Config: filepath.Join(p.dir, "config.toml")}}
	at := func(now time.Time) map[string]ops.Check {
		by := map[string]ops.Check{}
		for _, c := range ops.Examine(a.ctx, a.patient(), now) {
			by[c.Key] = c
		}
		return by
	}
	now := time.Now()
	require.Equal(t, ops.Bad, at(now.Add(-time.Hour))["clock"].State, "a clock that went back")
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		require.NoError(t, err)
		return d.Add(12 * time.Hour)
	}
	// Days away from the turn of the month: the zone of the office is one where people work now.
	require.Equal(t, ops.OK, at(day("2026-11-28"))["holidays"].State)
	require.Equal(t, ops.Warn, at(day("2026-12-03"))["holidays"].State, "from 1 December the next year")
	require.Contains(t, at(day("2029-05-01"))["holidays"].Do, "国务院")
}

// TestDoctor_screen: one line each, in columns, with signs a Chinese console has.
func TestDoctor_screen(t *testing.T) {
	p := newPC(t)
	lines := strings.Split(strings.TrimSpace(p.run("doctor").out), "\n")
	column := -1
	for _, line := range lines[:len(lines)-1] {
		require.Regexp(t, `^(√ 正常|! 注意|× 不行)  \p{Han}+ +\S`, line)
		head := line[:strings.LastIndex(line[:strings.Index(line, "  ")+2+strings.Index(line[strings.Index(line, "  ")+2:], "  ")+2], "  ")+2]
		rest := strings.TrimLeft(line[len(head):], " ")
		at := report.Width(line) - report.Width(rest)
		if column < 0 {
			column = at
		}
		require.Equal(t, column, at, line)
	}
	require.Regexp(t, `^共 17 项，不行 0，注意 \d+。$`, lines[len(lines)-1])
}

// TestDoctor_knows what other parts keep: the clock's trouble, where the data
// lie, the attempt journal, the states of the account.
func TestDoctor_knows(t *testing.T) {
	p := newOffice(t, "").ownAlone()
	data := filepath.Join(p.dir, "data")
	a := &app{ctx: context.Background(), place: &place{Data: data, Config: filepath.Join(p.dir, "config.toml")}}
	mark := func(key, text string) {
		set, err := a.settings()
		require.NoError(t, err)
		db, err := store.Open(a.ctx, data, store.Options{Cal: set.Calendar})
		require.NoError(t, err)
		require.NoError(t, errors.Join(db.Mark(a.ctx, key, text), db.Close()))
	}
	mark(schedule.MarkClock, schedule.ClockTrouble{Kind: schedule.ClockSkewed, Now: time.Now(), Ahead: time.Hour}.Mark())
	require.Contains(t, p.doctor()["clock"].Say, "比微信的")
	mark(schedule.MarkClock, "")
	mark("place", `{"machine":"0123456789abcdef","volume":"v","file":"1","path":"/elsewhere/tongluo.db"}`)
	require.Equal(t, ops.Bad, p.doctor()["place"].State)
	require.Contains(t, p.doctor()["place"].Do, "tongluo run --takeover")
	mark("place", "")
	require.Equal(t, ops.OK, p.doctor()["journal"].State)
	p.file("data/journal/2026-11-30.log", "00000000 {}\n")
	require.Equal(t, ops.Warn, p.doctor()["journal"].State)
	body := `{"head":"9999-9-aaaaaaaaaaaaaaaa"}`
	p.file("data/journal/2026-12-01.log", fmt.Sprintf("%08x %s\n", crc32.ChecksumIEEE([]byte(body)), body))
	by := p.doctor()
	require.Equal(t, ops.Bad, by["database"].State, "older than the journal has seen")
	require.Contains(t, by["database"].Do, "tongluo restore")
	p.file("data/identity.key", strings.Repeat("k", 32))
	if runtime.GOOS != "windows" {
		require.NoError(t, os.Chmod(filepath.Join(data, "identity.key"), 0o644))
		require.Contains(t, p.doctor()["rights"].Say, "identity.key")
	}
	for state, do := range map[schedule.AccountState]string{schedule.AccountSuspect: "手机", schedule.AccountBarred: "tongluo account login", schedule.AccountNeedsScan: "扫码"} {
		sick := a.patient()
		sick.WeChat = true
		open := sick.Office
		sick.Office = func(ctx context.Context, db *store.DB) (*schedule.Office, schedule.AccountStatus, error) {
			o, _, err := open(ctx, db)
			return o, schedule.AccountStatus{State: state}, err
		}
		for _, c := range ops.Examine(a.ctx, sick, time.Now()) {
			if c.Key == "session" {
				require.Contains(t, c.Do, do, state)
				require.NotContains(t, c.Say, "还没有登录过", state)
			}
		}
	}
}
