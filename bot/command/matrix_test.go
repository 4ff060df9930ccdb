package command_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/command"
)

// rights is who may say what about whose, as the office would read it aloud. It
// is not computed from anything; a command that it does not know fails the test.
//
// Columns: the word, how it is said, then for cadre, staff, leader, admin and a
// high role that no code has bound what comes of it, where it is answered when
// it is asked in the work group (群 or 私), and the table that it changes.
//
// What comes of it is one letter for each of: one's own, one's own unit's, one of
// a unit below, above, beside.
//
//	W  something is changed        P  the same, but only in private
//	R  it is answered, and changes nothing
//	.  nothing is done and nothing is learned
//	x  there is no such thing
//
// A word that names nobody has one letter. Strangers and those who left: nothing,
// anywhere. In the work group without @, in a resident group and in a room that
// nobody bound: nothing, for anybody.
const rights = `
任务     任务                      R     R     R     R     R     私 -
任务     任务 {handoff}            R.... R.... R.... R.... R.... 私 -
已转     已转 {handoff}            W.... WWW.. W.... WWW.. W.... 群 handoffs
全部已转 全部已转                  W     W     W     W     W     群 handoffs
转不了   转不了 {handoff} 没空     W.... WWW.. W.... WWW.. W.... 群 handoffs
撤销     撤销 {declined}           W.... WWW.. W.... WWW.. W.... 群 handoffs
撤销     撤销 {task}               x.xx. xWxx. x.xx. xWxx. x.xx. 群 obligations
收到     收到                      W     W     W     W     W     群 handoffs
见到     见到 {lost}               W.... WWW.. W.... WWW.. W.... 私 deliveries
没见到   没见到 {lost}             W.... WWW.. W.... WWW.. W.... 私 deliveries
补录     补录 {spare} 5月29日 {group} W.... W.... ..... W.... ..... 私 deliveries
反馈     反馈 群主换了             W     W     W     W     .     私 notices
进度     进度 {unit}               RRR.. RRR.. RRR.. RRR.. ..... 私 -
覆盖率   覆盖率 {unit}             RRR.. RRR.. RRR.. RRR.. ..... 私 -
落后     落后 {unit}               RRR.. RRR.. RRR.. RRR.. ..... 私 -
凭什么   凭什么 {flag}             RRR.. RRR.. RRR.. RRR.. ..... 私 -
帮助     帮助                      R     R     R     R     R     群 -
图       图 {unit}                 RRR.. RRR.. RRR.. RRR.. ..... 私 -
周报     周报 {unit}               RRR.. RRR.. RRR.. RRR.. ..... 私 -
卡在哪   卡在哪                    R     R     R     R     .     私 -
卡在哪   转发链 {handoff}          RRR.. RRR.. RRR.. RRR.. R.... 私 -
排名     排名 {unit}               RRR.. RRR.. RRR.. RRR.. ..... 私 -
今天     今天                      .     R     R     R     .     私 -
队列     队列                      .     R     R     R     .     群 -
确认     确认 {waiting}            ..... .WW.. .WW.. .WW.. ..... 群 pushes
确认     确认 {question}           .xxxx Pxxxx .xxxx Pxxxx .xxxx 私 pushes
取消     取消 {waiting}            ..... WWW.. ..... WWW.. ..... 群 pushes
取消     取消 {question}           .xxxx Pxxxx .xxxx Pxxxx .xxxx 私 questions
停发     停发                      .     W     W     W     .     群 halt
恢复     恢复                      .     W     W     W     .     群 marks
审批     审批                      .     R     R     R     .     私 -
审批     审批 {waiting}            ..... .WW.. .WW.. .WW.. ..... 私 pushes
审批     审批 {item}               ..xxx .Wxxx .Wxxx .Wxxx ..xxx 私 items
认群     认群                      .     R     R     W     .     私 questions
放行     放行                      .     R     R     R     .     私 -
放行     放行 {held}               ..... WWW.. WWW.. WWW.. ..... 私 deliveries
放行     放行 {waiting}            ..... .WW.. .WW.. .WW.. ..... 私 pushes
放行     放行 {item}               ..xxx .Wxxx .Wxxx .Wxxx ..xxx 私 items
退回     退回 {waiting} 不好       ..... WWW.. WWW.. WWW.. ..... 私 pushes
退回     退回 {item} 有错字        ..xxx WWxxx WWxxx WWxxx ..xxx 私 marks
改期     改期 {waiting} 6月5日15点 ..... WWW.. ..... WWW.. ..... 私 pushes
发       发 {group}                ..... WWW.. ..... WWW.. ..... 私 questions
重来     重来                      .     W     .     W     .     私 drafts
入库     入库 刷单 居民            .     W     .     W     .     私 items
更正     更正 {sent} 时间是周五    ..... WWW.. ..... WWW.. ..... 私 questions
撤回     撤回 {sent}               ..... WWW.. ..... WWW.. ..... 私 pushes
免       免 {group} 群解散了       ..... WWW.. ..... WWW.. ..... 私 obligations
免       免 {gid} 群解散了         ..... WWW.. ..... WWW.. ..... 私 obligations
`

// right is one line of the table.
type right struct {
	word, said string
	by         map[string]string // letters by role
	openly     bool
	changes    string
}

// rolesOf are the columns of the table, each with who is of that role; nobody has none.
var rolesOf = []struct {
	role    string
	persons []int64
}{{"cadre", []int64{theCadre}}, {"staff", []int64{theStaff}}, {"leader", []int64{theLeader}}, {"admin", []int64{theAdmin}},
	{"unproven", []int64{dimStaff, dimLeader, dimAdmin}}, {"nobody", []int64{0, gone}}}

func readRights(t *testing.T) []right {
	var all []right
	for line := range strings.SplitSeq(strings.TrimSpace(rights), "\n") {
		f := strings.Fields(line)
		n := len(f)
		require.GreaterOrEqual(t, n, 9, line)
		r := right{word: f[0], said: strings.Join(f[1:n-7], " "), by: map[string]string{"nobody": "....."}, openly: f[n-2] == "群", changes: f[n-1]}
		for i, role := range []string{"cadre", "staff", "leader", "admin", "unproven"} {
			letters := f[n-7+i]
			require.Contains(t, []int{1, len(relations)}, len(letters), line)
			require.Empty(t, strings.Trim(letters, "WPR.x"), line)
			r.by[role] = letters
		}
		all = append(all, r)
	}
	return all
}

// places are where a word can be said: the room's handle, and whether the bot is
// named.
var places = []struct {
	name, room string
	named      bool
}{{"private", "", false}, {"work group", "@@work", true}, {"work group unnamed", "@@work", false}, {"resident group", "@@homes", true}, {"unbound room", "@@other", true}}

// cell is one word of one person about one thing in one place.
type cell struct {
	right
	role, relation, text, room string
	who                        int64
	letter                     byte
	named                      bool
}

func (c cell) String() string {
	return fmt.Sprintf("%s %d says %q of %s in %q named %v", c.role, c.who, c.text, c.relation, c.room, c.named)
}

// cells are all of one line of the table; letter is what the office expects.
func (m *matrixTown) cells(r right) []cell {
	var all []cell
	for _, column := range rolesOf {
		for _, who := range column.persons {
			for i, relation := range relations {
				letters := r.by[column.role]
				if i > 0 && len(r.by["cadre"]) == 1 || r.by["cadre"][min(i, len(r.by["cadre"])-1)] == 'x' {
					continue
				}
				for _, p := range places {
					c := cell{right: r, role: column.role, who: who, relation: relation, room: p.room, named: p.named, letter: letters[i]}
					of := m.targets[max(who, theCadre)][relation]
					c.text = strings.TrimSpace(strings.NewReplacer("{handoff}", fmt.Sprint(of.handoff), "{declined}", fmt.Sprint(of.declined), "{waiting}", fmt.Sprint(of.waiting),
						"{sent}", fmt.Sprint(of.sent), "{lost}", fmt.Sprint(of.lost), "{held}", fmt.Sprint(of.held), "{flag}", fmt.Sprint(of.flag), "{question}", fmt.Sprint(of.question), "{group}", of.group, "{gid}", fmt.Sprint(of.gid), "{unit}", of.unit,
						"{item}", of.item, "{task}", fmt.Sprint(of.task), "{spare}", m.spare).Replace(r.said))
					switch {
					case p.room != "" && (p.room != "@@work" || !p.named):
						c.letter = '!'
					case p.room != "" && c.letter == 'P':
						c.letter = '.'
					}
					if column.role == "nobody" {
						c.letter = '!'
					}
					all = append(all, c)
				}
			}
		}
	}
	return all
}

// said is what came of a cell.
type said struct {
	private, public string
	others          int // messages to anybody else
	changed         []string
}

// try says the word and puts the books back. Of a word that is to change
// something only the table is looked at that it must change.
func (m *matrixTown) try(c cell, file string, before map[string]string) said {
	m.n++
	name := "fake"
	if p, ok := matrixPeople().Person(c.who); ok {
		name = p.Name
	}
	was := m.books.version()
	clear(m.phone.sent)
	msg := bot.Message{ID: fmt.Sprintf("m%d", m.n), Session: "s", Room: c.room, Sender: "@" + name, Kind: bot.Text, Text: c.text, At: m.now, Mentioned: c.named}
	require.NoError(m.t, m.conv.Hear(m.t.Context(), msg, m.now), "%v", c)
	out := said{private: strings.Join(m.phone.sent[msg.Sender], "\n"), public: strings.Join(m.phone.sent[c.room], "\n"), changed: []string{}}
	for to := range m.phone.sent {
		if to != msg.Sender && to != c.room {
			out.others++
		}
	}
	switch {
	case m.books.version() == was: // nobody wrote a byte
	case c.letter == 'W' || c.letter == 'P':
		if before[c.changes] != m.books.page(c.changes) {
			out.changed = []string{c.changes}
		}
		m.books.putBack(file)
	default:
		if out.changed = changed(before, m.books.pages()); len(out.changed) > 0 {
			m.books.putBack(file)
		}
	}
	return out
}

// holds requires that a cell came to what the office expects.
func (m *matrixTown) holds(c cell, got said) {
	t := m.t
	require.Zero(t, got.others, "%v: somebody else was told", c)
	for _, name := range m.unsaid {
		require.True(t, strings.Contains(c.text, name) || !strings.Contains(got.private+got.public, name), "%v: learns of %s: %s", c, name, got.private)
	}
	switch c.letter {
	case 'W', 'P':
		require.Contains(t, got.changed, c.changes, "%v: %s", c, got.private+got.public)
	default:
		require.Empty(t, got.changed, "%v: %s", c, got.private+got.public)
	}
	switch {
	case c.letter == '!':
		require.Empty(t, got.private+got.public, "%v", c)
	case c.letter == '.':
		require.Empty(t, got.public, "%v: nobody is refused in public", c)
		switch theirs := strings.ContainsAny(c.by[c.role], "WR"); {
		case c.role != "unproven":
			require.NotEmpty(t, got.private, "%v", c)
		case !theirs && got.private != "": // told once
			require.Equal(t, "这次登录还没有核实您是谁。请向办公室要绑定码，私下发给我", got.private, "%v", c)
		}
	case c.openly && c.room != "":
		require.NotEmpty(t, got.public, "%v: %s", c, got.private)
		require.Empty(t, got.private, "%v", c)
	default:
		require.NotEmpty(t, got.private, "%v", c)
		require.Empty(t, got.public, "%v", c)
	}
}

// TestMatrix: every role says every word of the table about what is its own and
// what is not, in every place. What it comes to is counted in the store and on
// the phone. Said again in an office where only the units above and beside have
// changed, whatever changes nothing is answered by the same words.
func TestMatrix(t *testing.T) {
	t.Parallel()
	m := newMatrixTown(t)
	rows := readRights(t)
	m.knowsEveryWord(rows)
	here, there := filepath.Join(m.dir, "here.db"), filepath.Join(m.dir, "there.db")
	m.books.copyTo(here)
	m.elsewhere()
	m.books.copyTo(there)
	answers := map[string]said{}
	count := map[byte]int{}
	towns := []string{here, there}
	if testing.Short() {
		towns = towns[:1]
	}
	for _, file := range towns {
		m.books.putBack(file)
		m.seat() // nobody has been told anything yet
		before := m.books.pages()
		for _, r := range rows {
			was, kept := before, file
			if r.word == "恢复" {
				kept = m.halted(file)
				was = m.books.pages()
			}
			for _, c := range m.cells(r) {
				if file == there && strings.ContainsRune("WP!", rune(c.letter)) {
					continue
				}
				got := m.try(c, kept, was)
				if file == here {
					count[c.letter]++
					m.holds(c, got)
					answers[c.String()] = got
				} else {
					require.Equal(t, answers[c.String()], got, "%v learns of another unit", c)
				}
			}
			if kept != file {
				m.books.putBack(file)
			}
		}
		require.Empty(t, changed(before, m.books.pages()), "something was left behind")
	}
	all := 0
	for _, n := range count {
		all += n
	}
	t.Logf("%d cells: %d change something, %d are answered, %d refused, %d silence", all, count['W']+count['P'], count['R'], count['.'], count['!'])
}

// knowsEveryWord: the rights name every command of the table and no other, and
// say it so that it is understood.
func (m *matrixTown) knowsEveryWord(rows []right) {
	var known, words []string
	for _, r := range rows {
		known = append(known, r.word)
		for _, c := range m.cells(r)[:1] {
			require.Equal(m.t, []string{r.word}, command.Words(c.text), c.text)
		}
	}
	for _, c := range command.Table() {
		words = append(words, c.Word)
	}
	require.ElementsMatch(m.t, words, slices.Compact(slices.Sorted(slices.Values(known))), "the matrix knows every command")
}
