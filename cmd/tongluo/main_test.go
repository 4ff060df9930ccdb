package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// beProgram makes the test binary the program itself, so that every test runs
// real processes without building anything.
const beProgram = "TONGLUO_TEST_BE_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(beProgram) != "" {
		main()
		return
	}
	os.Exit(withScratch(m.Run))
}

// scratch names a directory that all tests share and that goes with the last.
const scratch = "TONGLUO_TEST_SCRATCH"

func withScratch(tests func() int) int {
	dir, err := os.MkdirTemp("", "tongluo-test-")
	if err == nil {
		err = os.Setenv(scratch, dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	return tests()
}

// pc is an office PC: a directory with its settings and its data.
type pc struct {
	t   *testing.T
	dir string
}

// result is what one run of the program left.
type result struct {
	out, err string
	code     int
}

func newPC(t *testing.T) *pc {
	t.Helper()
	return &pc{t: t, dir: t.TempDir()}
}

// stocked is a data directory whose library has filled itself, made once:
// drawing the posters is what takes time.
var stocked = sync.OnceValues(func() (string, error) {
	dir := os.Getenv(scratch)
	out, err := (&pc{dir: dir}).command("item", "list").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "自带素材") {
		return dir, fmt.Errorf("fill the library: %w: %s", err, out)
	}
	return dir, nil
})

// newOffice is a PC with a copy of stocked and a roster of three groups, and
// settings whose today is a working day at noon.
func newOffice(t *testing.T, more string) *pc {
	t.Helper()
	from, err := stocked()
	require.NoError(t, err)
	p := newPC(t)
	require.NoError(t, os.CopyFS(filepath.Join(p.dir, "data"), os.DirFS(filepath.Join(from, "data"))))
	p.settings(more)
	p.file("roster.csv", sheet)
	p.ok("roster", "import", "roster.csv")
	return p
}

func (p *pc) command(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), beProgram+"=1", "COLUMNS=120")
	return cmd
}

// run runs the program to its end.
func (p *pc) run(args ...string) result {
	p.t.Helper()
	cmd := p.command(args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(p.t, err)
	}
	return result{out.String(), errOut.String(), cmd.ProcessState.ExitCode()}
}

// ok runs the program, which must succeed.
func (p *pc) ok(args ...string) string {
	p.t.Helper()
	r := p.run(args...)
	require.Zero(p.t, r.code, "tongluo %s: %s", strings.Join(args, " "), r.err)
	return r.out
}

// document runs the program and reads its one JSON document strictly.
func document[T any](p *pc, args ...string) T {
	p.t.Helper()
	var v T
	dec := json.NewDecoder(strings.NewReader(p.ok(append(args, "--json")...)))
	dec.DisallowUnknownFields()
	require.NoError(p.t, dec.Decode(&v), "tongluo %s", strings.Join(args, " "))
	require.False(p.t, dec.More(), "one document")
	return v
}

// file writes a file beside the data directory.
func (p *pc) file(name, text string) string {
	p.t.Helper()
	require.NoError(p.t, os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600))
	return name
}

// background is a program that runs until the test is over.
type background struct {
	cmd *exec.Cmd
	err *os.File
}

// start runs the program beside the test; its standard output goes to out.
func (p *pc) start(out *os.File, args ...string) *background {
	p.t.Helper()
	errOut, err := os.Create(filepath.Join(p.t.TempDir(), "stderr"))
	require.NoError(p.t, err)
	b := &background{cmd: p.command(args...), err: errOut}
	b.cmd.Stderr = errOut
	if out != nil { // a nil *os.File is no nil io.Writer
		b.cmd.Stdout = out
	}
	require.NoError(p.t, b.cmd.Start())
	p.t.Cleanup(func() {
		_ = b.cmd.Process.Kill()
		_ = b.cmd.Wait()
		_ = errOut.Close()
	})
	return b
}

// said is what the program has printed on standard error so far.
func (b *background) said() string {
	text, err := os.ReadFile(b.err.Name())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// stop asks the program to end and returns its exit code.
func (b *background) stop(t *testing.T) int {
	t.Helper()
	require.NoError(t, b.cmd.Process.Signal(os.Interrupt))
	done := make(chan error, 1)
	go func() { done <- b.cmd.Wait() }()
	var err error
	select {
	case err = <-done:
	case <-time.After(time.Minute):
		t.Fatal("the program does not stop: ", b.said())
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return b.cmd.ProcessState.ExitCode()
}

// eventually waits for something another process does.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	require.Eventually(t, done, 30*time.Second, 50*time.Millisecond, what)
}

// noon is a zone in which it is now about noon, so that no test depends on when
// it runs: no quiet hours, and the day does not change under it.
func noon() string {
	hours := 12 - time.Now().UTC().Hour()
	if hours == 0 {
		return "Etc/GMT"
	}
	return fmt.Sprintf("Etc/GMT%+d", -hours) // POSIX signs: Etc/GMT-3 is east
}

// settings is a config.toml whose today is a working day at noon.
func (p *pc) settings(more string) {
	p.t.Helper()
	zone, err := time.LoadLocation(noon())
	require.NoError(p.t, err)
	today := time.Now().In(zone).Format(time.DateOnly)
	if !strings.Contains(more, "[console]") { // tests run beside each other and all would want one port
		more = "[console]\nenabled = false\n\n" + more
	}
	p.file("config.toml", fmt.Sprintf("[office]\nzone = %q\n\n[[calendar.day]]\ndate = %q\nname = \"上班\"\nwork = true\n\n%s", noon(), today, more))
}

const sheet = `单位,上级单位,群名称,群类型,对象,负责人,联系电话,角色,标记
永宁镇,,,,,王办,13800000001,办公室,王办
永宁村,永宁镇,永宁村网格群,网格群,居民,张三,13800000002,干部,永宁村干部
永宁村,永宁镇,永宁村便民群,便民群,居民,张三,13800000002,干部,永宁村干部
新丰村,永宁镇,新丰村便民群,便民群,居民,李四,13800000003,干部,新丰村干部
`
