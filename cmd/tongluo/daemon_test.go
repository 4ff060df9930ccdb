package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
)

// pushNow queues the first item to every group, to be sent at once.
func pushNow(p *pc) schedule.Preview {
	p.t.Helper()
	item := document[[]itemView](p, "item", "list")[0].ID
	v := document[schedule.Preview](p, "push", "--item", item, "--to", "all")
	require.Equal(p.t, schedule.PushReady, v.State, "%v", v.Why)
	return v
}

func states(p *pc, push int64) map[schedule.State]int {
	n := map[schedule.State]int{}
	for _, d := range document[[]schedule.DeliveryView](p, "deliveries", "--push", fmt.Sprint(push)) {
		n[d.State]++
	}
	return n
}

func TestDaemon(t *testing.T) {
	p := newOffice(t, "")
	d := p.start(nil, "run")
	eventually(t, "the daemon runs", func() bool { return strings.Contains(d.said(), "铜锣已启动") })
	t.Run("a second one is told who holds the data", func(t *testing.T) {
		r := p.run("run")
		require.Equal(t, exitLocked, r.code)
		require.Contains(t, r.err, "正由另一个铜锣使用")
		require.Contains(t, r.err, fmt.Sprint(d.cmd.Process.Pid))
	})
	v := pushNow(p)
	t.Run("without an account every group goes to a person", func(t *testing.T) {
		eventually(t, "handed", func() bool { return states(p, v.ID)[schedule.Handed] == 3 })
		eventually(t, "on disk", func() bool {
			packs, err := filepath.Glob(filepath.Join(p.dir, "data", "packs", "*", "登记表.xlsx"))
			return err == nil && len(packs) == 1
		})
	})
	t.Run("a person's word is taken by number and by sheet", func(t *testing.T) {
		hs := document[[]schedule.HandoffView](p, "handoffs")
		require.Len(t, hs, 2)
		p.ok("confirm", fmt.Sprint(hs[0].ID))
		rest := "编号,已转发(填√)\n"
		for _, dv := range document[[]schedule.DeliveryView](p, "deliveries", "--push", fmt.Sprint(v.ID)) {
			if dv.State == schedule.Handed {
				rest += fmt.Sprintf("%d,√\n", dv.ID)
			}
		}
		p.file("ticks.csv", rest)
		n := document[map[string]int](p, "confirm", "--sheet", "ticks.csv")["credited"]
		require.Equal(t, 3-len(hs[0].Groups), n)
		require.Equal(t, map[schedule.State]int{schedule.Reported: 3}, states(p, v.ID))
	})
	t.Run("stops when asked and says so", func(t *testing.T) {
		require.Zero(t, d.stop(t), d.said())
		require.Contains(t, d.said(), "没有启用")
	})
}

const fast = `[wechat]
enabled = true
endpoint = %q
text_min = "0s"
text_max = "0s"
picture_min = "0s"
picture_max = "0s"
per_group_day = 100
per_account_day = 100000
`

// TestLoopback sends through the real client to the make-believe service, each
// in a process of its own.
func TestLoopback(t *testing.T) {
	address := startLoopback(newPC(t))
	p := newOffice(t, fmt.Sprintf(fast, address)) // three of the small town's six groups
	d := p.start(nil, "run")
	eventually(t, "logged in", func() bool {
		s := document[checked](p, "roster", "check")
		return len(receipts(t, address)) == 0 && len(s.Problems) == 2 // the office person is no friend, and the rooms wait to be looked at
	})
	require.Empty(t, receipts(t, address))
	list := document[schedule.RoomList](p, "roster", "bindings")
	require.Equal(t, 3, list.Asked, "the first time a person looks")
	p.ok("roster", "bind", "--accept")
	eventually(t, "bound", func() bool { return document[schedule.RoomList](p, "roster", "bindings").Bound == 3 })
	v := pushNow(p)
	eventually(t, "accepted", func() bool { return states(p, v.ID)[schedule.Accepted] == 3 })
	got := map[string]int{}
	for _, r := range receipts(t, address) {
		got[r.To]++
	}
	parts := len(document[[]schedule.DeliveryView](p, "deliveries", "--push", fmt.Sprint(v.ID))[0].Parts)
	require.Equal(t, map[string]int{"网格群-1": parts, "便民群-1": parts, "便民群-2": parts}, got)
	t.Run("a keeper is answered, a stranger is not", func(t *testing.T) {
		say(t, address, "keeper-1", "任务")
		eventually(t, "answered", func() bool { return heard(t, address, "keeper-1") == 1 })
		say(t, address, "keeper-3", "任务") // a friend whose remark is no tag of ours
		say(t, address, "keeper-2", "帮助")
		eventually(t, "answered", func() bool { return heard(t, address, "keeper-2") == 1 })
		require.Zero(t, heard(t, address, "keeper-3"))
	})
	require.Zero(t, d.stop(t), d.said())
	require.NotContains(t, d.said(), "任务", "what people say is not logged")
}

// say has somebody speak to the account in private.
func say(t *testing.T, address, from, text string) {
	t.Helper()
	body, err := json.Marshal(loopback.Words{From: from, Text: text})
	require.NoError(t, err)
	resp, err := http.Post(address+"/_control/say", "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
}

// heard counts the messages that reached somebody.
func heard(t *testing.T, address, who string) int {
	t.Helper()
	n := 0
	for _, r := range receipts(t, address) {
		if r.To == who {
			n++
		}
	}
	return n
}

func startLoopback(p *pc) string {
	p.t.Helper()
	read, write, err := os.Pipe()
	require.NoError(p.t, err)
	p.start(write, "loopback")
	require.NoError(p.t, write.Close())
	var v map[string]string
	require.NoError(p.t, json.NewDecoder(read).Decode(&v))
	p.t.Cleanup(func() { _ = read.Close() })
	return v["address"]
}

func receipts(t *testing.T, address string) []loopback.Receipt {
	t.Helper()
	resp, err := http.Get(address + "/_control/receipts")
	require.NoError(t, err)
	defer resp.Body.Close() //nolint:errcheck // only read
	var out []loopback.Receipt
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&out))
	return out
}
