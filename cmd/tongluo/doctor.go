package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"tongluo/cmd/tongluo/config"
	"tongluo/cmd/tongluo/ops"
	"tongluo/schedule"
	"tongluo/schedule/report"
	"tongluo/store"
)

type doctorCmd struct{ output }

// examined is what `doctor --json` prints.
type examined struct {
	Checks []ops.Check `json:"checks"`
	Bad    int         `json:"bad"`
	Warn   int         `json:"warn"`
}

// doctorMarks are signs that a Chinese Windows console can draw; the word beside
// them is what is aligned.
var doctorMarks = map[ops.State]string{ops.OK: "√ 正常", ops.Warn: "! 注意", ops.Bad: "× 不行"}

// Run looks at everything and fails only when something will not work.
func (c *doctorCmd) Run(a *app) error {
	v := examined{Checks: ops.Examine(a.ctx, a.patient(), time.Now())}
	for _, one := range v.Checks {
		switch one.State {
		case ops.Bad:
			v.Bad++
		case ops.Warn:
			v.Warn++
		}
	}
	if c.JSON {
		if err := a.document(v); err != nil {
			return err
		}
	} else {
		printChecks(a, v)
	}
	if v.Bad > 0 {
		return &schedule.Problem{Say: fmt.Sprintf("有 %d 处不行，请先照上面“×”的几行办。", v.Bad), Err: schedule.ErrState}
	}
	return nil
}

func printChecks(a *app, v examined) {
	widest := 0
	for _, one := range v.Checks {
		widest = max(widest, report.Width(one.Name))
	}
	for _, one := range v.Checks {
		line := fmt.Sprintf("%s  %s%s  %s。", doctorMarks[one.State], one.Name, strings.Repeat(" ", widest-report.Width(one.Name)), one.Say)
		if one.Do != "" {
			line += one.Do + "。"
		}
		a.say("%s", strings.ReplaceAll(line, "\n", " "))
	}
	a.say("共 %d 项，不行 %d，注意 %d。", len(v.Checks), v.Bad, v.Warn)
}

// patient is this office as the doctor finds it; settings that cannot be read are
// a finding, and the defaults stand in for them.
func (a *app) patient() ops.Patient {
	set, wrong := a.settings()
	if wrong != nil {
		set = defaultSettings()
	}
	p := ops.Patient{Data: a.data(), Config: cmp.Or(a.place.Config, defaultConfig), ConfigWrong: wrong, Calendar: set.Calendar, WeChat: set.WeChat.Enabled,
		Heartbeat: set.Alerts.Heartbeat != "", Apart: set.Alerts.Apart}
	if _, err := os.Stat(p.Config); err != nil {
		p.Config = ""
	}
	roads, err := roadsOf(set.Alerts)
	p.ConfigWrong, p.Roads = errors.Join(wrong, err), len(roads)
	p.Office = func(ctx context.Context, db *store.DB) (*schedule.Office, schedule.AccountStatus, error) {
		account, err := accountOf(ctx, db, set.WeChat.Enabled)
		if err != nil {
			return nil, schedule.AccountStatus{}, err
		}
		return schedule.New(db, set.Calendar, set.Office, account, packs{dir: a.packDir(), zone: set.Calendar.Zone()}), account.Status(), nil
	}
	return p
}

// defaultSettings are those of an office without a file.
func defaultSettings() config.Settings {
	s, err := config.Defaults().Parse()
	if err != nil {
		panic(err) // a test reads them
	}
	return s
}
