package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"tongluo/cmd/tongluo/console"
	"tongluo/cmd/tongluo/demo"
	"tongluo/schedule"
	"tongluo/store"
)

// Extra adds the command to the grammar. Nothing else names it: delete this file
// and the folder demo, and the rest still builds.
func (*grammar) Extra() any {
	return &struct {
		Demo demoCmd `cmd:"" help:"演示：用编造的时间在本机模拟微信上走完整个流程"`
	}{}
}

type demoCmd struct {
	Days int    `default:"28" help:"演示多少天" placeholder:"N"`
	Seed int64  `default:"1" help:"随机种子：同一个种子，同一个结果" placeholder:"N"`
	JSON string `help:"把结果另写成 JSON 文件" placeholder:"FILE"`
	Stay bool   `help:"演完以后开着控制台，Ctrl+C 结束"`
}

func (c *demoCmd) Run(a *app) error {
	if c.Days < 1 || c.Days > 366 {
		return inputf("--days 要写 1 到 366 之间的整数")
	}
	if _, err := os.Stat(filepath.Join(a.place.Data, store.FileName)); a.place.Data != "" && err == nil {
		return inputf("%s 里已经有数据，演示请用 --data 另给一个空目录", a.place.Data)
	}
	o := demo.Options{Days: c.Days, Seed: c.Seed, JSON: c.JSON, Data: a.place.Data, Out: a.out, Width: a.width,
		Packs: func(dir string, zone *time.Location) schedule.Packer { return packs{dir: dir, zone: zone} }}
	if onTerminal(a.err) {
		o.Err = a.err
	}
	if c.Stay {
		o.Stay = a.stay
	}
	return demo.Run(a.ctx, o)
}

// demoListen is where the console of a demo is, or at any other port when that
// is taken.
const demoListen, anyPort = "127.0.0.1:8600", "127.0.0.1:0"

// stay keeps the console of a demo up until it is interrupted. Its people are
// made up, and so is its password: anybody may read it.
func (a *app) stay(ctx context.Context, s demo.Scene) error {
	ln, err := console.Listen(ctx, demoListen)
	if err != nil {
		if ln, err = console.Listen(ctx, anyPort); err != nil {
			return err
		}
	}
	pw, err := console.FirstPassword(s.Data)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	a.say("控制台：在这台电脑的浏览器里打开 http://%s　密码：%s　Ctrl+C 结束。", ln.Addr(), pw)
	return console.New(console.Options{Name: "演示", Office: s.Office, Account: s.Account, Data: s.Data,
		Packs: filepath.Join(s.Data, "packs"), Now: s.Now}).Serve(ctx, ln)
}
