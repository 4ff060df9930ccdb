package wechat

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
	"tongluo/schedule/roster"
)

// F12: a reply about fifty rooms comes back short, doubled, in another order,
// with blanks and with rooms that nobody asked for. No room takes another one's
// name or members: openwechat writes by position, and would.
func TestBatchRepliesRetargetNothing(t *testing.T) {
	const groups = 60
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 12))
	var lie atomic.Bool
	var r *rig
	r = startBehind(t, groups, func(w http.ResponseWriter, q *http.Request) bool {
		if !lie.Load() || !strings.HasSuffix(q.URL.Path, "/webwxbatchgetcontact") {
			return false
		}
		record := httptest.NewRecorder()
		r.server.ServeHTTP(record, q)
		_, _ = w.Write(garble(rnd, record.Body.Bytes()))
		return true
	})
	truth := byName(r.serve().Rooms)
	require.Len(t, truth, groups)
	rounds, unread := 20, 0
	if os.Getenv("TONGLUO_LONG") != "" {
		rounds = 200
	}
	lie.Store(true)
	for range rounds {
		r.stop()
		for _, room := range r.serve().Rooms {
			own, _ := r.server.Handle("g" + strings.TrimPrefix(room.Name, "群"))
			require.Equal(t, own, room.Handle)
			if room.Sketch == nil {
				unread++
				continue
			}
			require.Equal(t, truth[room.Name].Sketch, room.Sketch, room.Name)
		}
	}
	require.Positive(t, unread, "something was left out")
	t.Logf("%d rooms in %d logins, %d without members", groups*rounds, rounds, unread)
}

func byName(rooms []bot.Room) map[string]bot.Room {
	out := map[string]bot.Room{}
	for _, r := range rooms {
		out[r.Name] = r
	}
	return out
}

// garble makes of an honest reply one that is short, doubled and shuffled.
func garble(rnd *rand.Rand, honest []byte) []byte {
	var reply map[string]json.RawMessage
	var list []json.RawMessage
	if json.Unmarshal(honest, &reply) != nil || json.Unmarshal(reply["ContactList"], &list) != nil {
		return honest
	}
	var out []json.RawMessage
	for _, c := range list {
		switch rnd.IntN(6) {
		case 0: // left out
		case 1:
			out = append(out, json.RawMessage(`{"UserName":"","NickName":"","MemberList":[]}`))
		case 2: // the same once more, with another one's members
			out = append(out, c, swapMembers(c, list[rnd.IntN(len(list))]))
		case 3:
			out = append(out, c, json.RawMessage(`{"UserName":"@@foreign","NickName":"群1","MemberList":[{"NickName":"谁"}]}`), json.RawMessage(`7`))
		default:
			out = append(out, c)
		}
	}
	// A lie may not come before the truth it copies: then it would be the answer.
	reply["ContactList"], _ = json.Marshal(out)
	if rnd.IntN(10) == 0 {
		return []byte(`{"BaseResponse":{"Ret":1205}}`)
	}
	all, _ := json.Marshal(reply)
	return all
}

func swapMembers(a, b json.RawMessage) json.RawMessage {
	var x, y map[string]json.RawMessage
	_ = json.Unmarshal(a, &x)
	_ = json.Unmarshal(b, &y)
	x["MemberList"], x["NickName"] = y["MemberList"], y["NickName"]
	out, _ := json.Marshal(x)
	return out
}

// A group that was left or disbanded is told of by nothing: two looks that miss
// it, ten minutes apart, tell. One that is merely no longer in the address book
// is still there.
func TestRoomsThatVanish(t *testing.T) {
	r := start(t, 5)
	var ahead atomic.Int64
	r.w.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	r.serve()
	gone := r.handle("g2")
	require.NoError(t, r.server.Leave("g2"))
	tick := func(d time.Duration) []bot.Message {
		ahead.Add(int64(d))
		r.say("p1", "", "敲门")
		var heard []bot.Message
		for { // the look comes after the round that brought these words, and before the next
			m := r.next()
			heard = append(heard, m)
			if m.Text == "敲门" {
				break
			}
		}
		require.NoError(t, r.server.WaitIdle(t.Context()))
		for {
			select {
			case m := <-r.w.Inbox():
				heard = append(heard, m)
				continue
			default:
			}
			return slices.DeleteFunc(heard, func(m bot.Message) bool { return m.Text == "敲门" })
		}
	}
	require.Empty(t, tick(refreshGap), "missed once")
	require.Empty(t, tick(absentGap/2), "again, but too soon")
	heard := tick(absentGap)
	require.Len(t, heard, 1)
	require.Equal(t, bot.Removed, heard[0].Kind)
	require.Equal(t, gone, heard[0].Room)
	require.Empty(t, tick(refreshGap), "told once")
}

// A reply that fails at the members costs the members, not the login.
func TestMembersUnread(t *testing.T) {
	r := start(t, 3)
	require.NoError(t, r.server.AddFault(loopback.Fault{Endpoint: "webwxbatchgetcontact", Action: "ret:1205", Count: -1}))
	rooms := r.serve().Rooms
	require.Len(t, rooms, 3)
	for _, room := range rooms {
		require.Empty(t, room.Sketch)
	}
}

// Nothing of the members leaves the transport but their sketch, and without the
// key nobody can tell whose it is.
func TestMembersAreHashed(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	a, err := New(Options{Dir: "unused", Key: key})
	require.NoError(t, err)
	b, err := New(Options{Dir: "unused", Key: key})
	require.NoError(t, err)
	other, err := New(Options{Dir: "unused"})
	require.NoError(t, err)
	var all []member
	for i := range 300 {
		all = append(all, member{NickName: fmt.Sprint("村民", i)})
	}
	require.Equal(t, a.sketch(all), b.sketch(all))
	require.NotEqual(t, a.sketch(all), other.sketch(all))
	require.Len(t, a.sketch(all), roster.SketchSize)
	require.Nil(t, a.sketch(append(all[:2:2], make([]member, 5)...)), "most have no name")
	require.Equal(t, a.mark("1@chatroom"), b.mark("1@chatroom"))
	require.NotEqual(t, a.mark("1@chatroom"), other.mark("1@chatroom"))
}

func TestReadPage(t *testing.T) {
	p, err := readPage([]byte(`{"ContactList":[{"UserName":"@@a","MemberList":[{"NickName":"x"},{"NickName":5},3]},7,{"UserName":8},{"UserName":"@@b","MemberList":{}}],"Seq":5,"Other":{"ContactList":[{"UserName":"@@no"}]},"BaseResponse":{"Ret":0}}`))
	require.NoError(t, err)
	require.EqualValues(t, 5, p.Seq)
	var names []string
	for _, c := range p.ContactList {
		names = append(names, c.UserName)
	}
	require.Equal(t, []string{"@@a", "", "", "@@b"}, names)
	for _, bad := range []string{``, `{}`, `null`, `[]`, `7`, `<html>`, `{"BaseResponse":{}}`, `{"BaseResponse":{"Ret":0},"ContactList":[{"UserName":"@@a"}`} {
		_, err := readPage([]byte(bad))
		require.ErrorIs(t, err, errMalformed, bad)
	}
	_, err = readPage([]byte(`{"BaseResponse":{"Ret":1205}}`))
	require.EqualValues(t, 1205, retOf(err))
	_, err = readPage([]byte(`{"BaseResponse":{"Ret":0},"Seq":"x","ContactList":null}`))
	require.NoError(t, err)
}
