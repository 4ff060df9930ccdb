package main

import (
	"context"
	"io"
)

// place is what every command reads: where the office is.
type place struct {
	Data   string `help:"数据目录（默认 data；demo 默认新建临时目录）" placeholder:"DIR"`
	Config string `help:"设置文件（默认用当前目录的 config.toml，没有就用默认设置）" placeholder:"FILE"`
}

// grammar is every command but those that may be left out of a build: a file
// that adds one gives grammar the method Extra (demo.go), which is looked for by
// interface, so that deleting the file is all it takes to leave the command out.
type grammar struct {
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

// runnable is what every command of grammar is.
type runnable interface{ Run(a *app) error }

// run is the program: arguments in, exit code out.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	a := &app{ctx: ctx, place: &place{}, out: out, err: errOut, width: widthOf(out)}
	n, rest, err := program().find(args)
	if err == nil {
		err = n.read(rest, a.place)
	}
	switch {
	case err != nil && asksHelp(args):
		printHelp(out, n)
		return exitDone
	case err != nil:
		return a.fail(err)
	}
	chosen := n.dest.Addr().Interface()
	if w, ok := chosen.(interface{ actsFor() string }); ok {
		a.by = w.actsFor()
	}
	return a.fail(chosen.(runnable).Run(a))
}
