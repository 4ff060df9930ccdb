package store

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// lockDirEnv tells TestLockHolder, run as a process of its own, what to hold.
const lockDirEnv = "TONGLUO_TEST_LOCK"

// TestLockHolder is the other process of TestLock: it holds the lock until its
// input ends.
func TestLockHolder(t *testing.T) {
	dir := os.Getenv(lockDirEnv)
	if dir == "" {
		t.Skip("only as a child of TestLock")
	}
	_, err := Lock(dir)
	require.NoError(t, err)
	fmt.Println("held")
	_, err = io.ReadAll(os.Stdin)
	require.NoError(t, err)
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLockHolder$")
	child.Env = append(os.Environ(), lockDirEnv+"="+dir)
	_, err := child.StdinPipe() // stays open until the child is gone
	require.NoError(t, err)
	stdout, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "held\n", line)

	_, err = Lock(dir)
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, strconv.Itoa(child.Process.Pid), "the holder is named")

	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait(), "killed")
	release, err := Lock(dir)
	require.NoError(t, err, "the file a dead process left is no lock")
	_, err = Lock(dir)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, release())
	release, err = Lock(dir)
	require.NoError(t, err)
	require.NoError(t, release())
}
