// Command tongluo is OPERATOR: the command line of the office PC. Each file
// holds one command or a small family of them; a command reads its flags, calls
// verbs of package schedule and prints. It knows no rules of its own.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"tongluo/cmd/tongluo/ops"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	args := os.Args[1:]
	clicked := len(args) == 0 && ops.DoubleClicked()
	if clicked { // by its icon: the daemon, and the console in the browser
		besideProgram()
		args = []string{"run", "--open"}
	}
	code := run(ctx, args, os.Stdout, os.Stderr)
	stop()
	if clicked && code != exitDone { // the window would take the reason with it
		fmt.Fprint(os.Stderr, "按回车键关闭窗口。")
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	}
	os.Exit(code)
}
