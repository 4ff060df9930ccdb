package main

import (
	"runtime"
	"runtime/debug"
)

type versionCmd struct{ output }

// version is what `version --json` prints.
type version struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

func (c *versionCmd) Run(a *app) error {
	v := version{Version: "devel", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" && info.Main.Version != "(devel)" {
			v.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Revision = s.Value
			}
		}
	}
	if c.JSON {
		return a.document(v)
	}
	a.say("铜锣 %s %s（%s，%s/%s）", v.Version, v.Revision, v.Go, v.OS, v.Arch)
	return nil
}
