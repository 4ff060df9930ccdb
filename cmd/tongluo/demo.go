package main

import (
	"os"
	"path/filepath"
	"time"

	"github.com/alecthomas/kong"

	"tongluo/cmd/tongluo/demo"
	"tongluo/schedule"
	"tongluo/store"
)

// Demo adds the command to the grammar. Nothing else names it: delete this file
// and the folder demo, and the rest still builds (see extras).
func (extras) Demo() kong.Option {
	return kong.DynamicCommand("demo", "演示：用编造的时间在本机模拟微信上走完整个流程", "", &demoCmd{})
}

type demoCmd struct {
	Days int    `default:"28" help:"演示多少天" placeholder:"N"`
	Seed int64  `default:"1" help:"随机种子：同一个种子，同一个结果" placeholder:"N"`
	JSON string `help:"把结果另写成 JSON 文件" placeholder:"FILE"`
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
	return demo.Run(a.ctx, o)
}
