package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat"
	"tongluo/bot/wechat/loopback"
)

func TestProbe(t *testing.T) {
	t.Parallel()
	town := smallTown()
	server := loopback.New(town, loopback.Options{Seed: 3, AutoLogin: true})
	address, err := server.Listen("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	server.EchoFrom(loopback.PlainEcho)
	p := newPC(t)
	p.settings(fmt.Sprintf(fast, address))
	t.Run("asks before it sends", func(t *testing.T) {
		f := document[wechat.Findings](p, "probe", "--stay", "10ms")
		require.Zero(t, server.Stats().Attempts)
		require.Equal(t, "code", f.Login.Way)
		require.True(t, f.Login.StillHere)
		require.Equal(t, 6, f.Groups.Visible)
		require.Equal(t, 3, f.Remarks.Remarks)
		require.Equal(t, wechat.Compared{Way: "hot", Before: 9, Again: 9}, f.Handles.Hot)
		require.Zero(t, f.Handles.Last.Before)
		for _, a := range []wechat.Answer{f.Echo.Sent, f.Dedupe.First, f.Removed, f.Stable.Target} {
			require.Equal(t, wechat.Answer{Why: "no consent"}, a)
		}
	})
	t.Run("names one group, or nothing is sent", func(t *testing.T) {
		for _, args := range [][]string{{"--say-in", "没有这个群", "--say-to-self"}, {"--until-removed"}, {"--stay", "-1s"}} {
			r := p.run(append([]string{"probe", "--stay", "10ms"}, args...)...)
			require.Equal(t, exitInput, r.code, r.err)
		}
		require.Zero(t, server.Stats().Attempts)
	})
	out := filepath.Join(p.dir, "found.json")
	handles := []string{}
	t.Run("learns what it may, and tells nothing that is anybody's", func(t *testing.T) {
		b := p.start(nil, "probe", "--say-to-self", "--say-in", "永宁村网格群", "--until-removed", "--stay", "10ms", "--out", out)
		eventually(t, "it waits for somebody to act", func() bool { return strings.Contains(b.said(), "移出这个群") })
		for _, g := range town.Groups {
			h, ok := server.Handle(g.ID)
			require.True(t, ok)
			handles = append(handles, h, g.Name, g.ID)
		}
		require.NoError(t, server.Kick("网格群-1"))
		require.NoError(t, b.cmd.Wait(), b.said())
		var f wechat.Findings
		data, err := os.ReadFile(out)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &f))
		require.False(t, f.Real)
		require.Equal(t, "hot", f.Login.Way)
		taken := wechat.Answer{Asked: true, Status: 200, HasID: true}
		require.Equal(t, wechat.Dedupe{First: taken, Second: taken, Echoes: 2}, f.Dedupe)
		require.True(t, f.Echo.Echoed)
		require.Equal(t, wechat.Answer{Asked: true, Status: 200, Ret: 1}, f.Removed)
		require.Equal(t, wechat.LocalID{Answers: 4, Present: 3, Equal: 3}, f.LocalID)
		require.Equal(t, wechat.Compared{Way: "hot", Before: 9, Again: 9}, f.Handles.Last, "the handles of the login before")
		require.Equal(t, 3, f.Remarks.Again)
		require.Equal(t, "no stable id was told", f.Stable.Target.Why)
		got := server.Receipts()
		require.Len(t, got, 3)
		for _, r := range got {
			require.Equal(t, loopback.FileHelper, r.To)
		}
		secrets := append(keptSecrets(t, p), handles...)
		for _, c := range town.Contacts {
			secrets = append(secrets, c.Nickname, c.Remark, c.ID)
		}
		secrets = append(secrets, town.Account.Nickname, fmt.Sprint(town.Account.Uin), "测试", got[0].MsgID, got[0].Text, "crypt_", "@@", "://")
		for _, s := range secrets {
			if s == "" { // residents have no remark
				continue
			}
			require.NotContains(t, string(data), s)
		}
		require.NotContains(t, b.said(), "@@")
		info, err := os.Stat(out)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	})
	t.Run("says it in ten lines", func(t *testing.T) {
		said := p.ok("probe", "--stay", "10ms")
		require.Contains(t, said, "10. 看得到的群：5 个")
		require.Contains(t, said, "可以发给开发者")
		files, err := filepath.Glob(filepath.Join(p.dir, "data", "reports", "probe-*.json"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
	})
	t.Run("does not run beside the daemon, nor where the account is stopped", func(t *testing.T) {
		server.Kill(1102)
		r := p.run("probe", "--stay", "10ms")
		require.NotZero(t, r.code)
		require.Contains(t, r.err, "account login")
		before := server.Stats().Requests["jslogin"] + server.Stats().Requests["webwxinit"]
		r = p.run("probe", "--stay", "10ms")
		require.Equal(t, exitFailed, r.code)
		require.Contains(t, r.err, "账号停着")
		require.Equal(t, before, server.Stats().Requests["jslogin"]+server.Stats().Requests["webwxinit"])
		b := p.start(nil, "run")
		eventually(t, "the daemon runs", func() bool { return strings.Contains(b.said(), "铜锣已启动") })
		require.Equal(t, exitLocked, p.run("probe").code)
	})
}
