package main

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/plans"
)

// planView is `plan list --json` as design §6 has it, and nothing else.
type planView struct {
	Number    int              `json:"number"`
	ID        string           `json:"id"`
	Title     string           `json:"title"`
	Source    string           `json:"source"`
	From      string           `json:"from"`
	To        string           `json:"to"`
	Years     int              `json:"years"`
	Phases    []plans.Phase    `json:"phases"`
	Decisions []plans.Decision `json:"decisions"`
	Duties    []map[string]any `json:"duties"`
}

func TestPlans(t *testing.T) {
	p := newPC(t)
	t.Run("are eighteen, without a data directory", func(t *testing.T) {
		all := document[[]planView](p, "plan", "list")
		require.Len(t, all, 18)
		for _, v := range all {
			require.NotNil(t, v.Phases)
			require.NotNil(t, v.Duties)
			for _, d := range v.Duties {
				for _, k := range []string{"id", "kind", "quote", "groups", "audience", "phases", "at_least", "per", "means", "media", "themes", "hops", "within", "due", "owed_by", "receiver", "target", "decisions"} {
					require.Contains(t, d, k, "plan %d", v.Number)
				}
			}
		}
		require.NoDirExists(t, filepath.Join(p.dir, "data"))
	})
	t.Run("fit a narrow terminal", func(t *testing.T) {
		cmd := p.command("plan", "list")
		cmd.Env = append(cmd.Env, "COLUMNS=40")
		out, err := cmd.Output()
		require.NoError(t, err)
		require.Contains(t, string(out), "\n  标题：")
	})
}

// coverageView is `coverage --json`, strictly.
type coverageView struct {
	AsOf  time.Time     `json:"as_of"`
	Grade string        `json:"grade"`
	Rows  []coverageRow `json:"rows"`
	Total coverageRow   `json:"total"`
}

type coverageRow struct {
	Key          string   `json:"key"`
	Name         string   `json:"name"`
	Kind         string   `json:"kind"`
	Period       string   `json:"period"`
	Closed       bool     `json:"closed"`
	Owed         int      `json:"owed"`
	Met          int      `json:"met"`
	Late         int      `json:"late"`
	Behind       int      `json:"behind"`
	BehindKeeper int      `json:"behind_keeper"`
	BehindOffice int      `json:"behind_office"`
	Excused      int      `json:"excused"`
	OnPace       int      `json:"on_pace"`
	AtRisk       int      `json:"at_risk"`
	Coverage     *float64 `json:"coverage"`
	SoFar        struct {
		Owed    int `json:"owed"`
		Met     int `json:"met"`
		Excused int `json:"excused"`
	} `json:"so_far"`
}

// TestOffice is one office's first day, without any account.
func TestOffice(t *testing.T) {
	p := newOffice(t, "")
	monday := time.Now().AddDate(0, 0, -28)
	for monday.Weekday() != time.Monday {
		monday = monday.AddDate(0, 0, -1)
	}
	t.Run("imports a roster, tried dry first", func(t *testing.T) {
		p.file("more.csv", sheet+"桥头村,永宁镇,桥头村网格群,网格群,居民,王五,13800000004,干部,桥头村干部\n")
		dry := document[imported](p, "roster", "import", "more.csv", "--dry-run")
		require.True(t, dry.DryRun)
		require.Equal(t, 4, dry.Groups)
		require.Len(t, dry.Changes, 3)
		require.Equal(t, dry.Changes, document[imported](p, "roster", "import", "more.csv").Changes)
		require.Empty(t, document[imported](p, "roster", "import", "more.csv").Changes)
	})
	t.Run("exports what it imports", func(t *testing.T) {
		p.ok("roster", "export", "--out", "out.xlsx")
		require.Empty(t, document[imported](p, "roster", "import", "out.xlsx", "--dry-run").Changes)
	})
	t.Run("adopts a plan", func(t *testing.T) {
		r := p.run("plan", "adopt", "11", "--unit", "永宁镇", "--year", fmt.Sprint(time.Now().Year()-1), "--set", "owed_from="+monday.Format(time.DateOnly))
		require.Zero(t, r.code, r.err)
		require.Len(t, document[[]adoptionView](p, "plan", "adopted"), 1)
		require.GreaterOrEqual(t, len(document[[]itemView](p, "item", "list")), 15)
		again := p.run("plan", "adopt", "11", "--unit", "永宁镇", "--year", fmt.Sprint(time.Now().Year()-1))
		require.Equal(t, exitInput, again.code)
		require.Contains(t, again.err, "已经在")
	})
	t.Run("enters the ledger so far, once", func(t *testing.T) {
		ledger := "日期,单位,群名称,内容,形式,主题\n"
		for i := range 2 {
			ledger += fmt.Sprintf("%s,永宁村,永宁村便民群,宣传,文字、图片,\n", monday.AddDate(0, 0, 7+i).Format(time.DateOnly))
		}
		p.file("ledger.csv", ledger)
		require.Equal(t, 2, document[map[string]int](p, "confirm", "--ledger", "ledger.csv")["entered"])
		require.Equal(t, 0, document[map[string]int](p, "confirm", "--ledger", "ledger.csv")["entered"])
		ds := document[[]schedule.DeliveryView](p, "deliveries", "--unit", "永宁村")
		require.NotEmpty(t, ds)
		require.True(t, ds[0].Entered)
	})
	t.Run("counts it", func(t *testing.T) {
		v := document[coverageView](p, "coverage")
		require.Equal(t, "reported", v.Grade)
		require.Equal(t, 1, v.Total.Met)
		require.GreaterOrEqual(t, v.Total.Owed, 6)
		require.NotNil(t, v.Total.Coverage)
		require.Contains(t, p.ok("coverage"), "怪不到村里")
		past := document[coverageView](p, "coverage", "--as-of", monday.AddDate(0, 0, -70).Format(time.RFC3339), "--by", "group")
		require.Zero(t, past.Total.Met)
		require.Nil(t, past.Total.Coverage)
	})
	t.Run("excuses, with a reason", func(t *testing.T) {
		y, w := monday.AddDate(0, 0, 14).ISOWeek()
		n := document[map[string]int](p, "excuse", "新丰村便民群", "--period", fmt.Sprintf("%d-W%02d", y, w), "--reason", "停电")["excused"]
		require.Equal(t, 1, n)
	})
	t.Run("lists what is behind as JSON, never null", func(t *testing.T) {
		require.NotNil(t, document[[]schedule.BehindRow](p, "behind"))
		require.NotNil(t, document[[]schedule.HandoffView](p, "handoffs", "--all"))
	})
	t.Run("backs up into a file that opens", func(t *testing.T) {
		file := document[map[string]string](p, "backup")["file"]
		require.FileExists(t, filepath.Join(p.dir, file))
	})
	t.Run("drops a plan", func(t *testing.T) {
		p.ok("plan", "drop", "11")
		require.NotNil(t, document[[]adoptionView](p, "plan", "adopted")[0].DroppedOn)
	})
}

func TestQueue(t *testing.T) {
	p := newOffice(t, "")
	item := document[[]itemView](p, "item", "list")[0].ID
	tomorrow := time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	push := func(t *testing.T, at string, more ...string) schedule.Preview {
		return document[schedule.Preview](p, append([]string{"push", "--item", item, "--to", "kind:便民群", "--at", at}, more...)...)
	}
	t.Run("shows what will be sent and cancels it", func(t *testing.T) {
		v := push(t, tomorrow+" 10:00")
		require.Len(t, v.Groups, 2)
		require.Equal(t, schedule.PushReady, v.State)
		rows := document[[]schedule.QueueRow](p, "queue")
		require.Len(t, rows, 1)
		require.Equal(t, v.ID, rows[0].ID)
		p.ok("cancel", fmt.Sprintf("#%d", v.ID))
		require.Empty(t, document[[]schedule.QueueRow](p, "queue"))
		again := p.run("cancel", fmt.Sprint(v.ID))
		require.Equal(t, exitFailed, again.code)
	})
	t.Run("a push at night waits for another person", func(t *testing.T) {
		v := push(t, tomorrow+" 22:30", "--by", "王办")
		require.Equal(t, schedule.PushWaiting, v.State)
		require.NotEmpty(t, v.Why)
		own := p.run("approve", fmt.Sprint(v.ID), "--by", "王办")
		require.Equal(t, exitFailed, own.code)
		require.Contains(t, own.err, "另一个人")
		p.ok("approve", fmt.Sprint(v.ID), "--by", "新丰村干部")
	})
	t.Run("a number means one thing", func(t *testing.T) {
		v := push(t, tomorrow+" 10:30")
		d := document[[]schedule.DeliveryView](p, "deliveries", "--push", fmt.Sprint(v.ID))
		require.Len(t, d, 2)
		wrong := p.run("cancel", fmt.Sprint(d[0].ID))
		require.Equal(t, exitInput, wrong.code)
		require.Contains(t, wrong.err, "是投递，不是推送")
		wrong = p.run("settle", fmt.Sprint(v.ID), "seen")
		require.Equal(t, exitInput, wrong.code)
		require.Contains(t, wrong.err, "是推送，不是投递")
		require.Equal(t, exitInput, p.run("approve", "987654").code)
	})
	t.Run("refuses what it cannot mean", func(t *testing.T) {
		for _, args := range [][]string{
			{"push", "--item", "none", "--to", "all"},
			{"push", "--item", item, "--to", "村:永宁"},
			{"push", "--item", item, "--to", "unit:无此村"},
			{"push", "--item", item, "--to", "all", "--at", "明天"},
			{"push", "--item", item, "--to", "all", "--at", "2020-01-01 10:00"},
		} {
			r := p.run(args...)
			require.Equal(t, exitInput, r.code, "%v: %s", args, r.err)
		}
	})
	t.Run("halts at once, resumes by two", func(t *testing.T) {
		p.ok("halt", "--by", "王办")
		require.Contains(t, p.ok("queue"), "停发中")
		require.Contains(t, p.ok("resume", "--by", "王办"), "将在")
		require.Contains(t, p.ok("resume", "--by", "新丰村干部"), "已恢复")
	})
}
