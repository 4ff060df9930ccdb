package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"tongluo/bot/wechat/loopback"
)

type loopbackCmd struct {
	Listen    string `default:"127.0.0.1:0" help:"监听地址，只能是本机" placeholder:"ADDR"`
	Town      string `help:"镇子：账号、好友、群（JSON）；默认用自带的小镇" placeholder:"FILE"`
	Seed      int64  `default:"1" help:"随机种子" placeholder:"N"`
	AutoLogin bool   `arg:"--auto-login" default:"true" help:"登录码一出现就当作扫过（--no-auto-login：用 POST /_control/login 自己扫）"`
	Echo      string `help:"把账号自己发的再给它看一遍：plain 只带服务器编号，named 也带客户端编号" placeholder:"KIND"`

	NoAutoLogin bool `arg:"--no-auto-login" hidden:""`
}

// Run prints one JSON document with the address and serves until interrupted.
func (c *loopbackCmd) Run(a *app) error {
	echo := loopback.Echo(c.Echo)
	if !slices.Contains([]loopback.Echo{loopback.NoEcho, loopback.PlainEcho, loopback.NamedEcho}, echo) {
		return inputf("--echo 只能写 plain 或 named，而不是“%s”", c.Echo)
	}
	town, err := c.town()
	if err != nil {
		return err
	}
	s := loopback.New(town, loopback.Options{Seed: c.Seed, AutoLogin: c.AutoLogin && !c.NoAutoLogin, Echo: echo})
	address, err := s.Listen(c.Listen)
	if err != nil {
		_ = s.Close()
		if errors.Is(err, loopback.ErrNotLocal) {
			return inputf("只能监听本机地址，例如 127.0.0.1:8080")
		}
		return inputf("监听不了 %s，请换一个端口：%w", c.Listen, err)
	}
	err = a.document(map[string]string{"address": address, "control": address + "/_control/"})
	if err == nil {
		a.note("模拟微信在 %s，在 config.toml 的 [wechat] 里写 endpoint = %q。Ctrl+C 停止。", address, address)
		<-a.ctx.Done()
	}
	return errors.Join(err, s.Close())
}

func (c *loopbackCmd) town() (loopback.Town, error) {
	if c.Town == "" {
		return smallTown(), nil
	}
	f, err := os.Open(c.Town)
	if err != nil {
		return loopback.Town{}, opened(c.Town, err)
	}
	defer f.Close() //nolint:errcheck // only read
	town, err := loopback.ReadTown(f)
	return town, input(err)
}

// smallTown is an account with three villages of two groups each, a dozen
// residents in every group.
func smallTown() loopback.Town {
	t := loopback.Town{Account: loopback.Account{Uin: 10001, Nickname: "铜锣"}}
	for i, village := range []string{"永宁村", "新丰村", "桥头村"} {
		keeper := fmt.Sprintf("keeper-%d", i+1)
		t.Contacts = append(t.Contacts, loopback.Contact{ID: keeper, Nickname: village + "干部", Remark: village + "干部"})
		for _, kind := range []string{"网格群", "便民群"} {
			g := loopback.Group{ID: fmt.Sprintf("%s-%d", kind, i+1), Name: village + kind, Members: []string{keeper}, Saved: true}
			for n := range 12 {
				c := loopback.Contact{ID: fmt.Sprintf("%s-resident-%d", g.ID, n+1), Nickname: fmt.Sprintf("%s%s居民%d", village, kind, n+1), Stranger: true}
				t.Contacts, g.Members = append(t.Contacts, c), append(g.Members, c.ID)
			}
			t.Groups = append(t.Groups, g)
		}
	}
	return t
}
