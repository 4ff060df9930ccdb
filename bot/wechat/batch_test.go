package wechat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
)

// answered is what the service answers to a question about rooms.
type answered = []map[string]any

// startBent is a rig of six unsaved rooms and one saved one, whose service bends
// the true list of every batch.
func startBent(t *testing.T, bend func(r *rig, list answered) answered) *rig {
	city := town(1)
	for i := range 6 {
		g := city.Groups[0]
		g.ID, g.Name, g.Saved = fmt.Sprint("u", i), fmt.Sprint("没保存", i), false
		city.Groups = append(city.Groups, g)
	}
	var r *rig
	r = startTownBehind(t, city, func(w http.ResponseWriter, q *http.Request) bool {
		if !strings.HasSuffix(q.URL.Path, "/webwxbatchgetcontact") {
			return false
		}
		rec := httptest.NewRecorder()
		r.server.ServeHTTP(rec, q)
		var reply map[string]any
		d := json.NewDecoder(bytes.NewReader(rec.Body.Bytes()))
		d.UseNumber()
		if err := d.Decode(&reply); err != nil {
			panic(err)
		}
		var list answered
		for _, c := range reply["ContactList"].([]any) {
			list = append(list, c.(map[string]any))
		}
		reply["ContactList"] = bend(r, list)
		if err := json.NewEncoder(w).Encode(reply); err != nil {
			panic(err)
		}
		return true
	})
	return r
}

// as is a contact that goes by another's name.
func as(c map[string]any, name string) map[string]any {
	out := map[string]any{}
	for k, v := range c {
		out[k] = v
	}
	out["NickName"] = name
	return out
}

// F12, H4: rooms that do not come back, come twice, or were not asked for never
// give a name to another room's handle: not at the login, not in mid-session.
func TestBatchNeverRetargets(t *testing.T) {
	for name, bend := range map[string]func(r *rig, list answered) answered{
		"nothing":  func(_ *rig, _ answered) answered { return answered{} },
		"the rest": func(_ *rig, list answered) answered { return list[min(1, len(list)):] },
		"backwards": func(_ *rig, list answered) answered {
			slices.Reverse(list)
			return list
		},
		"each twice": func(_ *rig, list answered) answered { return append(list, list...) },
		"each again by another's name": func(_ *rig, list answered) answered {
			for i := range len(list) {
				list = append(list, as(list[i], fmt.Sprint("没保存", (i+1)%6)))
			}
			return list
		},
		"a room nobody asked about": func(r *rig, list answered) answered {
			saved, _ := r.server.Handle("g1")
			if !slices.ContainsFunc(list, func(c map[string]any) bool { return c["UserName"] == saved }) {
				list = append(answered{{"UserName": saved, "NickName": "没保存0"}}, list...)
			}
			return append(answered{{"UserName": "@@stranger", "NickName": "没保存1"}}, list...)
		},
		"nameless ones first": func(_ *rig, list answered) answered {
			var out answered
			for _, c := range list {
				out = append(out, map[string]any{"UserName": "", "NickName": "没保存0"}, map[string]any{"NickName": "没保存1"}, c)
			}
			return out
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := startBent(t, bend)
			s := r.serve()
			truth := map[string]string{r.handle("g1"): "群1"}
			for i := range 6 {
				truth[r.handle(fmt.Sprint("u", i))] = fmt.Sprint("没保存", i)
			}
			for _, room := range s.Rooms {
				require.Equal(t, truth[room.Handle], room.Name)
			}
			for i := range 6 {
				r.say("p1", fmt.Sprint("u", i), "有人吗")
			}
			for heard := 0; heard < 6; {
				switch m := r.next(); m.Kind {
				case bot.Text:
					heard++
				case bot.Joined, bot.Renamed:
					require.Equal(t, truth[m.Room], m.Text)
				}
			}
			r.stop()
			for _, room := range r.serve().Rooms { // all six are recent chats by now
				require.Equal(t, truth[room.Handle], room.Name)
			}
		})
	}
}
