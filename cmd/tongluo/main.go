// Command tongluo is OPERATOR: the command line of the office PC. Each file
// holds one command or a small family of them; a command reads its flags, calls
// verbs of package schedule and prints. It knows no rules of its own.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
