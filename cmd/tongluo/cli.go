package main

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// grammar is every command but demo, which registers itself: see extras.
type grammar struct {
	Data   string `help:"数据目录（默认 data；demo 默认新建临时目录）" placeholder:"DIR"`
	Config string `help:"设置文件（默认用当前目录的 config.toml，没有就用默认设置）" placeholder:"FILE"`

	Run        runCmd        `cmd:"" help:"守护进程：按时发送、转交、提醒、督办"`
	Plan       planCmd       `cmd:"" help:"方案：查看、检查、启用、停用"`
	Roster     rosterCmd     `cmd:"" help:"花名册：单位、群、人员"`
	Item       itemCmd       `cmd:"" help:"素材库"`
	Push       pushCmd       `cmd:"" help:"排一次推送"`
	Queue      queueCmd      `cmd:"" help:"看推送队列"`
	Slots      slotsCmd      `cmd:"" help:"最近的时段：每个办了、错过了还是没有，为什么"`
	Clock      clockCmd      `cmd:"" help:"电脑的时间：靠得住吗，改对了接着发"`
	Approve    approveCmd    `cmd:"" help:"批准一次等待中的推送"`
	Cancel     cancelCmd     `cmd:"" help:"取消一次推送"`
	Halt       haltCmd       `cmd:"" help:"停发：立即停止一切发送"`
	Resume     resumeCmd     `cmd:"" help:"恢复发送"`
	Coverage   coverageCmd   `cmd:"" help:"覆盖率"`
	Behind     behindCmd     `cmd:"" help:"谁落后、从何时起、为什么、凭哪一条"`
	Excuse     excuseCmd     `cmd:"" help:"免考核：某个群的某一期不计"`
	Deliveries deliveriesCmd `cmd:"" help:"投递台账"`
	Handoffs   handoffsCmd   `cmd:"" help:"等着人转发的转发单"`
	Tasks      tasksCmd      `cmd:"" help:"要报送的材料、要开展的活动"`
	Confirm    confirmCmd    `cmd:"" help:"记下已转：一张转发单、登记表或补录台账"`
	Settle     settleCmd     `cmd:"" help:"了结一次未确定的投递：群里见到（seen）或没有（unseen）"`
	Say        sayCmd        `cmd:"" help:"替一个人对机器人说一句话，看它怎么答（不用账号）"`
	Loopback   loopbackCmd   `cmd:"" help:"本机模拟微信，供测试"`
	Console    consoleCmd    `cmd:"" help:"控制台：本机浏览器里的首页"`
	Account    accountCmd    `cmd:"" help:"微信号：看状态、让它重新登录、换号"`
	Service    serviceCmd    `cmd:"" help:"开机自动启动：安装、取消、看状态、启动、停下"`
	Alerts     alertsCmd     `cmd:"" help:"告警：现在有什么不对，知道了，试一试"`
	Doctor     doctorCmd     `cmd:"" help:"体检：文件、时间、磁盘、数据库、备份等有没有不对，怎么办"`
	Probe      probeCmd      `cmd:"" help:"摸底：在真的微信上试十件没把握的事，写一份不含姓名的报告"`
	Backup     backupCmd     `cmd:"" help:"备份数据库（运行中也可以）"`
	Restore    restoreCmd    `cmd:"" help:"从备份恢复（要先停掉 run）；恢复后什么都不会重发"`
	Release    releaseCmd    `cmd:"" help:"放行恢复备份时暂缓的投递"`
	Audit      auditCmd      `cmd:"" help:"日志有没有被动过"`
	Version    versionCmd    `cmd:"" help:"版本"`
}

// extras is what may be left out of a build. A file that adds a command gives
// extras a method (demo.go: Demo); run looks for it by interface, so that
// deleting the file is all it takes to leave the command out.
type extras struct{}

// exited carries the exit code that kong asks for after --help.
type exited int

// run is the program: arguments in, exit code out.
func run(ctx context.Context, args []string, out, errOut io.Writer) (code int) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case exited:
			code = int(p)
		default:
			panic(p)
		}
	}()
	var g grammar
	a := &app{ctx: ctx, place: &g, out: out, err: errOut, width: widthOf(out)}
	parser, err := newParser(a, &g, args)
	if err != nil {
		return a.fail(fmt.Errorf("build the command line: %w", err))
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		return a.fail(usage(err))
	}
	return a.fail(chosen.Run(a))
}

func newParser(a *app, g *grammar, args []string) (*kong.Kong, error) {
	options := []kong.Option{
		kong.Name("tongluo"),
		kong.Bind(a), // for writes.AfterApply
		kong.Description("铜锣：按方案把反诈宣传按时发到每个群，留下凭证，看谁落后"),
		kong.Writers(a.out, a.err),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.Help(printHelp),
		kong.PostBuild(func(k *kong.Kong) error {
			k.Model.HelpFlag.Help = "看用法"
			return nil
		}),
	}
	if e, ok := any(extras{}).(interface{ Demo() kong.Option }); ok {
		options = append(options, e.Demo())
	}
	if others := unnamed(args); len(others) > 0 {
		options = append(options, kong.IgnoreFields(`^grammar\.(?:`+strings.Join(others, "|")+`)$`))
	}
	return kong.New(g, options...)
}

// unnamed are the fields of grammar whose commands none of the arguments can
// mean, so that they need not be built, which takes as long as opening the
// database. Where no argument names a command all of them are needed, for the
// help and for what else may have been meant.
func unnamed(args []string) []string {
	var others []string
	all := true
	for f := range reflect.TypeFor[grammar]().Fields() {
		_, command := f.Tag.Lookup("cmd")
		switch {
		case command && slices.Contains(args, strings.ToLower(f.Name)):
			all = false
		case command:
			others = append(others, f.Name)
		}
	}
	if all {
		return nil
	}
	return others
}
