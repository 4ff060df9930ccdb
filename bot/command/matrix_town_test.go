package command_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/command"
	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// Who speaks in the matrix, all of 永宁村. Each keeps a group there, but who left.
const (
	theCadre = 101 + iota
	theStaff
	theLeader
	theAdmin
	dimStaff // of high roles, recognised by the remark alone
	dimLeader
	dimAdmin
	gone // was staff until last month
)

// Who is spoken about: the keepers of the group of a colleague, of the grid
// below, of the town above and of the village beside; and the town's clerk.
const (
	peer = 111 + iota
	below
	above
	beside
	clerk
)

// relations are the targets of the matrix, seen from 永宁村.
var relations = []string{"自己", "本单位", "下级", "上级", "旁的"}

// target is what may be named in a word, of one relation.
type target struct {
	handoff, declined, waiting, sent, flag int64
	lost                                   int64 // an uncertain delivery to the group
	held                                   int64 // a push to the group that a restore holds
	task                                   int64 // of the villages
	gid                                    int64 // of the group
	question                               int64 // the speaker's own
	group, unit, item                      string
}

// matrixTown is an office in the middle of its work on Tuesday 2026-06-02:
// everything that a word could hit is there in every relation.
type matrixTown struct {
	*wire
	dir     string
	books   *books
	targets map[int64]map[string]target // by speaker, by relation
	unsaid  []string                    // what 永宁村 may not learn
	spare   string                      // the title of an item nobody was asked to forward
}

func paths() map[string]string {
	return map[string]string{"自己": "永宁镇/永宁村", "本单位": "永宁镇/永宁村", "下级": "永宁镇/永宁村/三组", "上级": "永宁镇", "旁的": "永宁镇/前埔村"}
}

// matrixPeople is the roster: 永宁镇 over 永宁村 and 前埔村, 三组 under 永宁村.
func matrixPeople() *roster.Roster {
	unit := func(id, parent, contact int64, path string) roster.Unit {
		return roster.Unit{ID: id, Parent: parent, Contact: contact, Name: filepath.Base(path), Path: path}
	}
	units := []roster.Unit{unit(1, 0, above, "永宁镇"), unit(2, 1, peer, "永宁镇/永宁村"), unit(3, 1, beside, "永宁镇/前埔村"), unit(5, 2, below, "永宁镇/永宁村/三组")}
	at := map[string]int64{"永宁镇": 1, "永宁镇/永宁村": 2, "永宁镇/前埔村": 3, "永宁镇/永宁村/三组": 5}
	var persons []roster.Person
	var groups []roster.Group
	keep := func(id int64, path, group, kind string, by roster.Carrier, keeper int64) {
		groups = append(groups, roster.Group{ID: id, Unit: at[path], UnitPath: path, Name: group, Kind: kind, Keeper: keeper, Carrier: by, Audiences: []string{"居民"}})
	}
	add := func(id int64, role roster.Role, name, path string) {
		p := roster.Person{ID: id, Unit: at[path], UnitPath: path, Name: name, Role: role, Tag: name}
		if id == gone {
			p.Until = "2026-05-01"
		} else if id != clerk {
			keep(id+100, path, name+"的便民群", "便民群", roster.ByKeeper, id)
		}
		persons = append(persons, p)
	}
	village := "永宁镇/永宁村"
	for i, name := range []string{"甘部", "班公", "凌导", "关立", "魏一", "魏二", "魏三", "黎任"} {
		role := []roster.Role{roster.Cadre, roster.Staff, roster.Leader, roster.Admin, roster.Staff, roster.Leader, roster.Admin, roster.Staff}[i]
		add(theCadre+int64(i), role, name, village)
	}
	for i, name := range []string{"童世", "夏明", "尚天", "庞边"} {
		path := paths()[relations[i+1]]
		add(peer+int64(i), roster.Cadre, name, path)
		keep(300+peer+int64(i), path, name+"的机器群", "便民群", roster.ByBot, peer+int64(i))
	}
	add(clerk, roster.Staff, "陈真", "永宁镇")
	keep(500, village, "永宁村工作群", "工作群", roster.ByBot, peer)
	keep(501, "永宁镇/永宁村/三组", "三组网格群", "网格群", roster.ByKeeper, below)
	return roster.New(units, groups, persons)
}

func newMatrixTown(t *testing.T) *matrixTown {
	dir := t.TempDir()
	began := time.Date(2026, time.May, 25, 8, 30, 0, 0, time.FixedZone("CST", 8*3600))
	w := openTown(t, dir, began, "永宁镇")
	w.furnish(matrixPeople())
	w.fill("gong-jian", "冒充公检法")
	m := &matrixTown{wire: &wire{town: w, phone: &phone{sent: map[string][]string{}}}, dir: dir, books: openBooks(t, dir), targets: map[int64]map[string]target{}}
	m.until(time.Date(2026, time.June, 2, 9, 30, 0, 0, began.Location()))
	m.decline()
	m.push()
	m.now = m.now.Add(time.Minute)
	m.aim()
	m.unknown("认得的名字")
	m.seat()
	for _, p := range matrixPeople().Persons {
		if p.ID == above || p.ID == beside {
			m.unsaid = append(m.unsaid, p.Name)
		}
	}
	return m
}

// seat binds rooms and friends; codes have proven whom they should.
func (m *matrixTown) seat() {
	m.desk = bot.NewDesk(m.phone, nil, nil)
	s := bot.Session{ID: "s", Account: "7", Rooms: []bot.Room{{Handle: "@@work", Name: "永宁村工作群"}, {Handle: "@@homes", Name: "三组网格群"}, {Handle: "@@other", Name: "牌友"}},
		Friends: []bot.Friend{{Handle: "@fake"}}}
	for _, p := range matrixPeople().Persons {
		s.Friends = append(s.Friends, bot.Friend{Handle: "@" + p.Name, Remark: p.Tag})
	}
	m.desk.Bind(s, matrixPeople(), nil)
	m.desk.Accept()
	for _, p := range matrixPeople().Persons {
		if p.ID < dimStaff || p.ID > dimAdmin {
			m.desk.Prove(schedule.Proof{Person: p.ID, Session: "s", Handle: "@" + p.Name, At: m.now})
		}
	}
	m.talk = command.New(m.office, command.Settings{TalkIn: command.DefaultSettings().TalkIn, Ranking: true})
	m.conv = &command.Conversation{Desk: m.desk, Talk: m.talk, Office: m.office, Sender: m.desk, Rest: func(context.Context, time.Time) {}}
}

// as is a person as if they had the role of staff: what they could leave behind
// before they lost it.
func (m *matrixTown) as(person int64) roster.Actor {
	p, ok := matrixPeople().Person(person)
	require.True(m.t, ok)
	p.Role, p.Until = roster.Staff, ""
	return roster.ActorOf(p, roster.ViaChat)
}

// decline has everybody asked once more, and everybody refuse.
func (m *matrixTown) decline() {
	p, err := m.office.QueuePush(m.t.Context(), m.as(clerk), schedule.Request{Item: "shua-dan", To: "kind:便民群"}, m.now)
	require.NoError(m.t, err)
	require.NoError(m.t, m.office.ApprovePush(m.t.Context(), roster.Operator("乙"), p.ID, m.now))
	m.until(m.now.Add(time.Minute))
	hs, err := m.db.Handoffs(m.t.Context(), schedule.HandoffFilter{Push: p.ID})
	require.NoError(m.t, err)
	for _, h := range hs {
		_, err := m.office.CannotForward(m.t.Context(), roster.Operator(""), h.ID, "群里在吵架", m.now)
		require.NoError(m.t, err)
	}
}

// push queues for every relation a push that waits and one that is sent, and a
// question and a draft of every speaker.
func (m *matrixTown) push() {
	m.line.sees = true
	for _, who := range m.speakers() {
		m.targets[who] = map[string]target{}
		mine := m.asked(who)
		mine.waiting, mine.sent = m.queued(who, m.ownGroup(who), 2*time.Hour), m.sent(who, peer)
		mine.item = m.written(who)
		m.targets[who]["自己"] = mine
	}
	item := m.written(clerk)
	for i, keeper := range []int64{peer, below, above, beside} {
		of := target{waiting: m.queued(clerk, keeper+100, 2*time.Hour), sent: m.sent(clerk, keeper)}
		if keeper == peer {
			of.item = item
		}
		for _, who := range m.speakers() {
			m.targets[who][relations[i+1]] = of
		}
	}
}

func (m *matrixTown) speakers() []int64 {
	return []int64{theCadre, theStaff, theLeader, theAdmin, dimStaff, dimLeader, dimAdmin, gone}
}

// ownGroup is the group a speaker keeps; of who left, a colleague's.
func (m *matrixTown) ownGroup(who int64) int64 {
	if who == gone {
		who = peer
	}
	return who + 100
}

func (m *matrixTown) queued(author, group int64, in time.Duration) int64 {
	g, ok := matrixPeople().Group(group)
	require.True(m.t, ok)
	strict := m.office.Settings()
	strict.WideFrom = 0 // every push waits for a second person
	p, err := schedule.New(m.db, m.office.Calendar(), strict, m.line, noPacks{}).QueuePush(m.t.Context(), m.as(author), schedule.Request{Item: "tui-kuan", To: "group:" + g.Name, At: m.now.Add(in)}, m.now)
	require.NoError(m.t, err)
	require.Equal(m.t, schedule.PushWaiting, p.State)
	return p.ID
}

func (m *matrixTown) sent(author, keeper int64) int64 {
	id := m.queued(author, keeper+300, 0)
	require.NoError(m.t, m.office.ApprovePush(m.t.Context(), roster.Operator("乙"), id, m.now))
	m.carry()
	return id
}

// asked leaves a draft of the person's and a question about it.
func (m *matrixTown) asked(who int64) target {
	ctx := m.t.Context()
	_, err := m.office.AddToDraft(ctx, m.as(who), schedule.Piece{Kind: content.Text, Text: "陌生来电一律挂断，不信不转账", Said: m.now}, m.now)
	require.NoError(m.t, err)
	v, err := m.office.ProposePush(ctx, m.as(who), schedule.Request{To: "unit:永宁村,kind:便民群"}, "private", m.now)
	require.NoError(m.t, err)
	return target{question: v.ID}
}

// written puts a draft of the person's into the library.
func (m *matrixTown) written(who int64) string {
	it := content.Item{ID: "d" + time.Duration(who).String(), Title: "养老投资要当心", Body: "高息都是诱饵。", Media: []content.Media{content.Text},
		Author: schedule.Refer(m.as(who)), State: content.Draft, CreatedAt: m.now}
	require.NoError(m.t, m.office.AddItem(m.t.Context(), m.as(who), it, nil, m.now))
	return it.ID
}

// aim finds the numbers of handoffs and flags, and fills in names.
func (m *matrixTown) aim() {
	ctx := m.t.Context()
	hs, err := m.db.Handoffs(ctx, schedule.HandoffFilter{})
	require.NoError(m.t, err)
	flags, obs, _, err := m.db.OpenFlags(ctx, schedule.FlagQuery{Limit: 999})
	require.NoError(m.t, err)
	tasks := m.handedIn()
	asked, lost, held := map[string]bool{}, map[int64]int64{}, map[int64]int64{}
	for _, h := range hs {
		p, err := m.db.Push(ctx, h.Push)
		require.NoError(m.t, err)
		asked[p.Item] = asked[p.Item] || h.State != schedule.HandoffDeclined
	}
	for id, title := range map[string]string{"shua-dan": "刷单返利是诈骗", "tui-kuan": "客服退款要当心", "gong-jian": "冒充公检法"} {
		if !asked[id] {
			m.spare = title
		}
	}
	for _, who := range m.speakers() {
		for i, relation := range relations {
			keeper := m.ownGroup(who) - 100
			if i > 0 {
				keeper = peer + int64(i) - 1
			}
			of := m.targets[who][relation]
			g, _ := matrixPeople().Group(keeper + 100)
			if lost[g.ID] == 0 {
				lost[g.ID], held[g.ID] = m.lost(g), m.held(g)
			}
			of.lost, of.held = lost[g.ID], held[g.ID]
			of.gid, of.group, of.unit = g.ID, g.Name, filepath.Base(paths()[relation])
			if i == 0 {
				of.unit = ""
			}
			for _, h := range hs {
				if h.Person == keeper && h.State == schedule.HandoffOpen {
					of.handoff = h.ID
				}
				if h.Person == keeper && h.State == schedule.HandoffDeclined {
					of.declined = h.ID
				}
			}
			at := slices.IndexFunc(obs, func(ob schedule.Obligation) bool { return ob.Group == g.ID })
			require.GreaterOrEqual(m.t, at, 0, relation)
			of.flag, of.task = flags[at].ID, tasks[g.UnitPath]
			m.targets[who][relation] = of
			require.NotZero(m.t, min(of.handoff, of.declined, of.waiting, of.sent, of.flag), "%d %s %+v", who, relation, of)
		}
	}
	require.NotEmpty(m.t, m.spare)
}

// lost is a delivery to a group that nobody can vouch for.
func (m *matrixTown) lost(g roster.Group) int64 {
	ctx := m.t.Context()
	it, err := m.db.Item(ctx, "tui-kuan")
	require.NoError(m.t, err)
	opens, closes, day := m.now.Add(-time.Hour), m.now.Add(time.Hour), m.office.Calendar().Today(m.now)
	push, _, err := m.db.PlanPush(ctx, roster.Operator(""), schedule.Push{Item: it.ID, Revision: it.Revision(), State: schedule.PushRunning, Day: day, Opens: opens, Closes: closes},
		[]schedule.Delivery{{Item: it.ID, Media: []string{"text"}, Day: day, Group: g.ID, Unit: g.Unit, Carrier: roster.ByBot, State: schedule.Queued,
			Parts: []schedule.Part{{Kind: content.Text, State: schedule.Queued}}, Opens: opens, Closes: closes, Due: opens}}, nil, m.now)
	require.NoError(m.t, err)
	ds, err := m.db.Deliveries(ctx, schedule.DeliveryFilter{Push: push})
	require.NoError(m.t, err)
	for _, c := range []schedule.Change{{From: schedule.Queued, To: schedule.Sending}, {From: schedule.Sending, To: schedule.Uncertain}} {
		c.ID = ds[0].ID
		require.NoError(m.t, m.db.Shift(ctx, roster.Clock(), []schedule.Change{c}, m.now))
	}
	return ds[0].ID
}

// held is a push to the group that a restore holds.
func (m *matrixTown) held(g roster.Group) int64 {
	opens, closes := m.now.Add(time.Hour), m.now.Add(3*time.Hour)
	day := m.office.Calendar().Today(m.now)
	push, _, err := m.db.PlanPush(m.t.Context(), roster.Operator(""), schedule.Push{Item: "tui-kuan", State: schedule.PushReady, Day: day, Opens: opens, Closes: closes},
		[]schedule.Delivery{{Item: "tui-kuan", Media: []string{"text"}, Day: day, Group: g.ID, Unit: g.Unit, Carrier: roster.ByBot, State: schedule.Held, Reason: schedule.HeldByRestore,
			Parts: []schedule.Part{{Kind: content.Text, State: schedule.Queued}}, Opens: opens, Closes: closes, Due: opens}}, nil, m.now)
	require.NoError(m.t, err)
	return push
}

// unknown has a login ask about everybody's groups, those above and beside under
// another name.
func (m *matrixTown) unknown(called string) {
	var all []roster.Decision
	for _, g := range matrixPeople().Groups {
		d := roster.Decision{Group: g.ID, Verdict: roster.Ask, Handle: "@@" + g.Name, NewName: g.Name, First: true, Overlap: -1, Second: -1, Why: "第一次认"}
		if !roster.Under(g.UnitPath, "永宁镇/永宁村") {
			d.NewName = called
		}
		all = append(all, d)
	}
	require.NoError(m.t, m.office.NoteIdentity(m.t.Context(), "s", all, nil, m.now))
}

// handedIn has every village hand in what it owes this month.
func (m *matrixTown) handedIn() map[string]int64 {
	tasks, err := m.office.Tasks(m.t.Context(), roster.Operator(""), m.now)
	require.NoError(m.t, err)
	done := map[string]int64{}
	for _, task := range tasks {
		_, err := m.office.Confirm(m.t.Context(), roster.Operator(""), task.ID, 0, 0, m.now)
		require.NoError(m.t, err)
		done[task.Unit.Name] = task.ID
	}
	require.NotZero(m.t, min(done["永宁镇/永宁村"], done["永宁镇/前埔村"]))
	return done
}

// elsewhere lets things go on in the town and in the village beside, and nowhere
// in 永宁村 or below.
func (m *matrixTown) elsewhere() {
	ctx := m.t.Context()
	m.unknown("换过的名字")
	for i, relation := range relations[3:] {
		of := m.targets[theCadre][relation]
		_, err := m.office.Forwarded(ctx, roster.Operator(""), schedule.Word{Handoff: of.handoff}, m.now)
		require.NoError(m.t, err)
		_, err = m.office.ExcuseOpen(ctx, m.as(clerk), of.group+" 群解散了", m.now)
		if i > 0 {
			require.NoError(m.t, err)
		}
		require.NoError(m.t, m.office.CancelPush(ctx, m.as(clerk), of.waiting, m.now))
		for range 3 {
			m.queued(clerk, above+100+int64(i), 2*time.Hour)
		}
	}
}

// halted is the kept office with 停发 said.
func (m *matrixTown) halted(file string) string {
	require.NoError(m.t, m.office.Halt(m.t.Context(), roster.Operator("丙"), m.now))
	m.books.copyTo(file + ".halted")
	return file + ".halted"
}
