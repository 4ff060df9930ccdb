package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// store keeps what a desk hands over.
type memory struct {
	traces map[int64]roster.Trace
	all    []roster.Decision
	saves  int
	fail   error
}

func (m *memory) save(_ context.Context, _ string, all []roster.Decision, traces []roster.Trace) error {
	if m.saves++; m.fail != nil {
		return m.fail
	}
	for _, x := range traces {
		m.traces[x.Group] = x
	}
	if all != nil {
		m.all = all
	}
	return nil
}

func (m *memory) list() (all []roster.Trace) {
	for _, x := range m.traces {
		all = append(all, x)
	}
	return all
}

// restarted is a new desk that remembers what the old one kept.
func restarted(t *testing.T, d *Desk, account string) (*Desk, *memory) {
	m := &memory{traces: map[int64]roster.Trace{}}
	require.NoError(t, d.Keep(t.Context(), m.save))
	again, _ := newDesk()
	again.Recall(account, m.list())
	return again, m
}

func villages(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("第%d村", i+1))
	}
	return names
}

func decisionOn(d *Desk, group int64) roster.Decision {
	for _, x := range d.Decisions() {
		if x.Group == group {
			return x
		}
	}
	return roster.Decision{}
}

func TestRestartGoesOnWithTheLogin(t *testing.T) {
	names := villages(10)
	d, _ := newDesk()
	s := session("a", names...)
	s.Login = "login"
	first(d, s, crew(names...))
	d, _ = restarted(t, d, "7")
	s.ID = "b"
	s.Rooms[0].Name = "改名" // its handle is certain, and its members agree
	s.Rooms[1].Sketch, s.Rooms[1].Name = nil, "也改名"
	r := d.Bind(s, crew(names...), nil)
	require.Equal(t, 9, r.Bound)
	require.Equal(t, roster.ByLogin, decisionOn(d, 1).By)
	require.Equal(t, roster.Ask, decisionOn(d, 2).Verdict, "neither name nor members")
}

func TestWordsAreObeyedOnce(t *testing.T) {
	names := villages(10)
	d, _ := newDesk()
	word := Binding{ID: 4, Group: 1, Room: "别名"}
	s := session("a", append([]string{"别名"}, names[1:]...)...)
	first(d, s, crew(names...), word)
	require.Equal(t, "@@a1", d.Bindings()[1])
	d, _ = restarted(t, d, "7")
	// In the next login a foreign room bears the name that the word named.
	s = session("b", append([]string{"别名"}, names[1:]...)...)
	s.Rooms[0] = room("@@b1", "别名", "陌生人")
	d.Bind(s, crew(names...), []Binding{word})
	require.NotContains(t, d.Bindings(), int64(1))
	require.Contains(t, decisionOn(d, 1).Why, "像是另一个群")
	d.Rebind(crew(names...), []Binding{{ID: 5, Group: 1, Handle: "@@b1"}})
	require.Equal(t, "@@b1", d.Bindings()[1], "said anew, it counts")
}

func TestLastingIDs(t *testing.T) {
	names := villages(10)
	tell := func(d *Desk, s string, handle, id string) {
		_, ok := d.Translate(Message{Session: s, Kind: Identified, Room: handle, Text: id})
		require.True(t, ok)
	}
	d, _ := newDesk()
	first(d, session("a", names...), crew(names...))
	for i := range names {
		tell(d, "a", fmt.Sprintf("@@a%d", i+1), fmt.Sprint("id", i+1))
	}
	d, _ = restarted(t, d, "7")
	s := session("b", append([]string{"全新的名字"}, names[1:]...)...)
	s.Rooms[0] = room("@@b1", "全新的名字", names[0]) // renamed, the same people
	d.Bind(s, crew(names...), nil)
	require.Equal(t, roster.Ask, decisionOn(d, 1).Verdict)
	tell(d, "b", "@@b1", "id1")
	require.Equal(t, roster.Bind, decisionOn(d, 1).Verdict, "the id settles it")
	require.Equal(t, roster.ByStable, decisionOn(d, 1).By)
	require.True(t, d.Status().Sees(2))
	tell(d, "b", "@@b2", "id7")
	require.False(t, d.Status().Sees(2), "the id of another room is a contradiction")
}

func TestARoomWithAnothersCodeIsLetGo(t *testing.T) {
	d, w := newDesk()
	first(d, session("a", "一群", "二群"), crew("一群", "二群"))
	_, ok := d.Translate(Message{Session: "a", Kind: Renamed, Room: "@@a1", Text: "一群·" + roster.CodeOf(2)})
	require.True(t, ok)
	require.False(t, d.Status().Sees(1))
	_, err := d.Send(t.Context(), say(1))
	require.Equal(t, HoldGroup, schedule.NextOf(err))
	require.Empty(t, w.sent)
	require.True(t, d.Status().Sees(2))
}

func TestLostIsNotFoundByItself(t *testing.T) {
	names := villages(12)
	d, _ := newDesk()
	first(d, session("a", names...), crew(names...))
	_, ok := d.Translate(Message{Session: "a", Kind: Removed, Room: "@@a3"})
	require.True(t, ok)
	_, ok = d.Translate(Message{Session: "a", Kind: Joined, Room: "@@a3", Text: names[2]})
	require.True(t, ok)
	require.False(t, d.Status().Sees(3), "pulled in again under its name")
	d, m := restarted(t, d, "7")
	require.Empty(t, m.traces[3].Sketch, "nothing is kept of its members")
	r := d.Bind(session("b", names...), crew(names...), nil)
	require.Equal(t, 11, r.Bound)
	require.Empty(t, r.Held, "what is known to be lost is not missed")
	require.Contains(t, decisionOn(d, 3).Why, "不会自动再认")
	require.False(t, d.Enrol(3, "@@b4"), "another group's room")
	require.True(t, d.Enrol(3, "@@b3"))
	require.Equal(t, roster.ByPosted, decisionOn(d, 3).By)
	d, _ = restarted(t, d, "7")
	require.Equal(t, 12, d.Bind(session("c", names...), crew(names...), nil).Bound)
}

func TestHeldTeachesNothing(t *testing.T) {
	names := villages(20)
	d, _ := newDesk()
	first(d, session("a", names...), crew(names...))
	d, m := restarted(t, d, "7")
	require.NotEmpty(t, d.Bind(session("b", names[5:]...), crew(names...), nil).Held)
	saves := m.saves
	require.NoError(t, d.Keep(t.Context(), m.save))
	require.Equal(t, saves+1, m.saves, "the decisions are kept")
	for _, x := range m.traces {
		require.Equal(t, "a", x.Login, "the rooms of a held session are not believed")
	}
	again, _ := newDesk()
	again.Recall("7", m.list())
	require.NotEmpty(t, again.Bind(session("c", names[5:]...), crew(names...), nil).Held, "a restart accepts nothing")
}

func TestTwoGroupsOneRoomHolds(t *testing.T) {
	names := villages(20)
	d, _ := newDesk()
	first(d, session("a", names...), crew(names...))
	m := &memory{traces: map[int64]roster.Trace{}}
	require.NoError(t, d.Keep(t.Context(), m.save))
	x := m.traces[1]
	x.Name, x.Stable = m.traces[2].Name+"旧", "id2"
	m.traces[1] = x
	y := m.traces[2]
	y.Stable = "id2"
	m.traces[2] = y
	d, _ = newDesk()
	d.Recall("7", m.list())
	s := session("b", names...)
	s.Rooms[1].Stable = "id2"
	s.Rooms[0] = room("@@b1", "无关", "无关")
	x.Sketch = m.traces[2].Sketch
	m.traces[1] = x
	d.Recall("7", m.list())
	require.Contains(t, d.Bind(s, crew(names...), nil).Held, "同一个群上")
	require.NotContains(t, d.Bindings(), int64(2))
}

func TestKeepHandsOverAgainWhatFailed(t *testing.T) {
	d, _ := newDesk()
	first(d, session("a", "一群"), crew("一群"))
	m := &memory{traces: map[int64]roster.Trace{}, fail: errors.New("disk full")}
	require.Error(t, d.Keep(t.Context(), m.save))
	m.fail = nil
	require.NoError(t, d.Keep(t.Context(), m.save))
	require.Len(t, m.traces, 1)
	require.Len(t, m.all, 1)
	require.NoError(t, d.Keep(t.Context(), m.save))
	require.Equal(t, 2, m.saves, "nothing new, nothing saved")
}

func TestAuditNamesNobody(t *testing.T) {
	names := villages(3)
	d, _ := newDesk()
	first(d, session("a", names...), crew(names...))
	for _, x := range d.Decisions() {
		for _, n := range append(names, "张三", "@@") {
			require.False(t, strings.Contains(x.Audit(), n), x.Audit())
		}
	}
}
