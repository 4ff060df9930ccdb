package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"tongluo/cmd/tongluo/config"
	"tongluo/schedule"
	"tongluo/store"
)

// The exit codes (design §6).
const (
	exitDone   = 0
	exitFailed = 1
	exitInput  = 2
	exitLocked = 3
)

// inputError marks what the person at the keyboard can mend.
type inputError struct{ err error }

func (e inputError) Error() string { return e.err.Error() }
func (e inputError) Unwrap() error { return e.err }

// input marks err, unless it is nil.
func input(err error) error {
	if err == nil {
		return nil
	}
	return inputError{err}
}

// inputf makes such an error.
func inputf(format string, args ...any) error { return inputError{fmt.Errorf(format, args...)} }

// codeOf maps an error to the exit code.
func codeOf(err error) int {
	var bad inputError
	var settings config.Problems
	var child childEnded
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &child):
		return int(child)
	case errors.Is(err, store.ErrLocked), errors.Is(err, store.ErrCopied), errors.Is(err, store.ErrReadOnly):
		return exitLocked
	case errors.As(err, &bad), errors.As(err, &settings),
		errors.Is(err, store.ErrExists), errors.Is(err, store.ErrRemote), errors.Is(err, schedule.ErrInput), errors.Is(err, schedule.ErrNotFound):
		return exitInput
	}
	return exitFailed
}

// fail prints what went wrong, in Chinese as far as it was foreseen, and gives
// the exit code. What was not foreseen carries its English cause, for whoever
// is asked for help.
func (a *app) fail(err error) int {
	code := codeOf(err)
	if code != exitDone {
		fmt.Fprintln(a.err, sentence(err, code))
	}
	return code
}

func sentence(err error, code int) string {
	var said *schedule.Problem
	var child childEnded
	switch {
	case errors.As(err, &child):
		return child.Error()
	case errors.As(err, &said):
		return said.Say
	case errors.Is(err, store.ErrCopied):
		return err.Error() + "\n两份一起跑会发两遍，所以没有启动。原来那份不再用了，就运行 tongluo run --takeover 改用这份"
	case errors.Is(err, store.ErrReadOnly):
		return "这份数据只能看，没有改动（" + err.Error() + "）"
	case code == exitLocked:
		return err.Error() + "\n请先停掉那一个，或用 --data 换一个目录"
	case code == exitInput:
		return err.Error()
	case errors.Is(err, store.ErrNewer):
		return "数据是更新版本的铜锣写的，请换用新版本（" + err.Error() + "）"
	case errors.Is(err, store.ErrFull):
		return "磁盘满了，请先腾出空间（" + err.Error() + "）"
	case errors.Is(err, errAudit):
		return errAudit.Error()
	case errors.Is(err, store.ErrCut):
		return "上一次恢复做到一半断了，数据还不全，什么也没有发，也没有改。请停掉 run，再恢复一次：tongluo restore 备份文件"
	case errors.Is(err, store.ErrCorrupt):
		return "数据库坏了，已不再发送，也不再改动；还能看。请停掉 run，用最近一份好的备份恢复：tongluo restore 备份文件（在数据目录的 backups 里；要原样接着用现在这份，就写 tongluo restore " + store.FileName + " 的路径）（" + err.Error() + "）"
	case errors.Is(err, context.Canceled):
		return "已中断"
	}
	return "没有做成：" + err.Error()
}

// opened turns the failure to open a file somebody named into a sentence.
func opened(path string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return inputf("没有文件“%s”，请核对路径", path)
	case errors.Is(err, fs.ErrPermission):
		return inputf("没有权限读“%s”，请换一个文件或改权限", path)
	}
	return inputf("打不开“%s”：%w", path, err)
}

// usagef is a complaint about how a command was written.
func usagef(format string, args ...any) error {
	return inputf("用法不对："+format+"\n用 tongluo --help 或 tongluo 命令 --help 看用法", args...)
}
