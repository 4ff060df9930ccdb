package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// typed reads a command line, in which ” is an empty word.
func typed(t *testing.T, line string) (any, place, error) {
	t.Helper()
	args := strings.Fields(line)
	for i, word := range args {
		args[i] = strings.ReplaceAll(word, "''", "")
	}
	var p place
	n, rest, err := program().find(args)
	if err == nil {
		err = n.read(rest, &p)
	}
	return n.dest.Addr().Interface(), p, err
}

func TestSpellings(t *testing.T) {
	adopted := pairs{"a": "1", "b": "c=d,e"}
	for line, want := range map[string]any{
		"version":                               &versionCmd{},
		"-- version":                            &versionCmd{},
		"version --json":                        &versionCmd{output{JSON: true}},
		"version --json=yes":                    &versionCmd{output{JSON: true}},
		"version --json --json=false":           &versionCmd{},
		"clock":                                 &clockShowCmd{},
		"clock --json":                          &clockShowCmd{output: output{JSON: true}},
		"clock --json trust":                    &clockTrustCmd{writes{output: output{JSON: true}}},
		"coverage --as-of x --by=plan":          &coverageCmd{By: "plan", reads: reads{AsOf: "x"}},
		"coverage":                              &coverageCmd{By: "unit"},
		"coverage --by=":                        &coverageCmd{},
		"coverage --by= --json":                 &coverageCmd{reads: reads{output: output{JSON: true}}},
		"coverage --by ''":                      &coverageCmd{},
		"coverage --by a --by=b":                &coverageCmd{By: "b"},
		"plan show -- --json":                   &planShowCmd{ID: "--json"},
		"plan show --json -- 11":                &planShowCmd{ID: "11", output: output{JSON: true}},
		"plan check a b c":                      &planCheckCmd{Files: []string{"a", "b", "c"}},
		"plan adopt --set a=1 11 --set=b=c=d,e": &planAdoptCmd{ID: "11", Set: adopted},
		"plan adopt 11 --year=-3 --confirm 7":   &planAdoptCmd{ID: "11", Year: -3, Confirm: 7},
		"say ''":                                &sayCmd{},
		"say - --dry-run":                       &sayCmd{Text: "-", DryRun: true},
		"confirm":                               &confirmCmd{},
		"confirm 12 5/7 --by 李四":                &confirmCmd{ID: "12", Part: "5/7", writes: writes{By: "李四"}},
		"release 1 --all 2":                     &releaseCmd{Push: []string{"1", "2"}, All: true},
		"probe --stay 25h":                      &probeCmd{Stay: 25 * time.Hour},
		"probe":                                 &probeCmd{Stay: 2 * time.Minute},
		"run --open":                            &runCmd{Open: true},
		"service supervise":                     &serviceSuperviseCmd{},
		"loopback --no-auto-login":              &loopbackCmd{Listen: "127.0.0.1:0", Seed: 1, AutoLogin: true, NoAutoLogin: true},
		"loopback --auto-login=false":           &loopbackCmd{Listen: "127.0.0.1:0", Seed: 1},
	} {
		t.Run(line, func(t *testing.T) {
			got, _, err := typed(t, line)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
	for _, line := range []string{"--data d --config=c plan list", "plan --data=d --config c list", "plan list --config c --data d", "--data plan --data d --config c plan list"} {
		t.Run(line, func(t *testing.T) {
			got, p, err := typed(t, line)
			require.NoError(t, err)
			require.Equal(t, &planListCmd{}, got)
			require.Equal(t, place{Data: "d", Config: "c"}, p)
		})
	}
}

// What go-arg says is known by its words: these fail when it finds others.
func TestComplaints(t *testing.T) {
	for line, want := range map[string]string{
		"coverag":                  "多写了或写错了 coverag，是不是 coverage？",
		"cover":                    "多写了或写错了 cover，是不是 coverage？",
		"版本":                       "多写了或写错了 版本",
		"plan":                     "还要写上其中一个：list、show、check、adopt、drop、adopted",
		"service":                  "还要写上其中一个：install、uninstall、status、start、stop",
		"clock tust":               "多写了或写错了 tust，是不是 trust？",
		"plan list list":           "多写了或写错了 list",
		"coverage --jsno":          "不认识选项 --jsno，是不是 --json？",
		"coverage -json":           "不认识选项 -json，是不是 --json？",
		"coverage --opn=1":         "不认识选项 --opn",
		"-data d version":          "不认识选项 -data，是不是 --data？",
		"--json version":           "不认识选项 --json",
		"confirm -3":               "不认识选项 -3（负数请写成 --选项=-3 的样子）",
		"version --json=":          "--json 后面不写什么，或者写 --json=false",
		"--data":                   "--data 后面还要写：--data=DIR",
		"version --data --json":    "--data 后面还要写：--data=DIR",
		"plan adopt 11 --set":      "--set 后面还要写：--set=KEY=VALUE",
		"plan adopt 11 --set x":    "--set 要写成 KEY=VALUE，而不是“x”",
		"plan adopt 11 --set=":     "--set 要写成 KEY=VALUE，而不是“”",
		"plan adopt 11 --year 今年":  "--year 要写一个整数，而不是“今年”",
		"plan adopt 11 --year=1e3": "--year 要写一个整数，而不是“1e3”",
		"plan adopt 11 --year 9" + "9876543210987654321": "--year 要写一个整数，而不是“99876543210987654321”",
		"probe --stay=3":        "--stay 要写一段时间（例如 90s、2m、25h），而不是“3”",
		"probe --stay 3天":       "--stay 要写一段时间（例如 90s、2m、25h），而不是“3天”",
		"probe --stay=3x":       "--stay 要写一段时间（例如 90s、2m、25h），而不是“3x”",
		`plan adopt --year 3"`:  `--year 要写一个整数，而不是“3"”`,
		"excuse 1 --reason -放假": "--reason 后面写的以 - 开头，请连着写：--reason=-放假",
		"plan adopt --year -3":  "--year 后面写的以 - 开头，请连着写：--year=-3",
		"push --to all":         "还要写上：--item=ID",
		"excuse":                "还要写上：<group>、--period=P、--reason=R",
		"plan check":            "还要写上：<file> ...",
	} {
		t.Run(line, func(t *testing.T) {
			_, _, err := typed(t, line)
			require.EqualError(t, err, "用法不对："+want+"\n用 tongluo --help 或 tongluo 命令 --help 看用法")
			require.Equal(t, exitInput, codeOf(err))
		})
	}
}

func TestEveryCommand(t *testing.T) {
	leaves := program().leaves()
	require.Greater(t, len(leaves), 50)
	for _, n := range leaves {
		t.Run(n.path, func(t *testing.T) {
			require.Implements(t, (*runnable)(nil), n.dest.Addr().Interface())
			require.NotEmpty(t, n.help)
			if err := n.read(nil, &place{}); err != nil {
				require.ErrorContains(t, err, "还要写上：", "go-arg takes its struct")
			}
			seen := map[string]bool{"help": true}
			var help strings.Builder
			printHelp(&help, n)
			for _, a := range n.arguments() {
				require.Regexp(t, `^( ?(arg|help|placeholder|default|hidden|name):"[^"]*")+$`, a.Tag, "a tag that nobody reads")
				require.NotContains(t, a.Tag, `arg:""`)
				require.False(t, seen[a.name], "two are called %s", a.name)
				seen[a.name] = true
				require.Equal(t, !a.hidden, strings.Contains(help.String(), "\n  "+a.String()+" "), a.name)
				require.True(t, a.hidden || a.Tag.Get("help") != "", a.name)
			}
		})
	}
}

func TestHelpAnywhere(t *testing.T) {
	p := newPC(t)
	of := func(args ...string) string { return strings.SplitN(p.ok(args...), "\n", 2)[0] }
	for line, want := range map[string]string{
		"-h":                          "用法：tongluo 命令 [选项]",
		"--data d plan -h":            "用法：tongluo plan 命令 [选项]",
		"clock --help":                "用法：tongluo clock 命令 [选项]",
		"--help plan show":            "用法：tongluo plan show <id> [选项]",
		"plan --help show":            "用法：tongluo plan show <id> [选项]",
		"confirm 1 2 3 --nosuch -h":   "用法：tongluo confirm [<id>] [<n/m>] [选项]",
		"release --help":              "用法：tongluo release [<push> ...] [选项]",
		"item check --config none -h": "用法：tongluo item check <file> ... [选项]",
		"service supervise --help":    "用法：tongluo service supervise [选项]",
	} {
		require.Equal(t, want, of(strings.Fields(line)...), line)
	}
	require.NotContains(t, p.ok("run", "--help"), "--open")
	require.NotContains(t, p.ok("--help"), "supervise")
	require.Equal(t, exitInput, p.run("version", "--", "--help").code)
}
