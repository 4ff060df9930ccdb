package roster

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// authority is the table of design rule 9 as the office would read it aloud:
// verb, then who may in the own subtree (c cadre, s staff, l leader, a admin).
const authority = `
see own        c s l a
see coverage   c s l a
answer         c s l a
answer for     . s . a
see queue      . s l a
queue          . s . a
approve push   . s l a
return         . s l a
cancel         . s . a
reschedule     . s . a
correct        . s . a
revoke         . s . a
halt           . s l a
resume         . s l a
excuse         . s . a
adopt plan     . . . a
confirm plan   . s l a
edit roster    . . . a
issue code     . . . a
enrol group    c s . a
edit library   . s . a
approve item   . s l a
import ledger  . . . a
enter own      c s . a
feedback       c s l a
ack alert      . s . a
restore        . . . a
release        . s l a
run clock      . . . .`

func TestMay(t *testing.T) {
	rows := strings.Split(strings.TrimSpace(authority), "\n")
	require.Len(t, rows, len(may), "every verb has its line")
	own := []string{"永宁镇", "永宁镇/永宁村", "永宁镇/永宁村/三组"}
	other := []string{"安平镇", "永宁镇二", "安平镇/永宁镇", "", "/"}
	for _, row := range rows {
		verb := Verb(strings.TrimSpace(row[:15]))
		for letter, role := range map[string]Role{"c": Cadre, "s": Staff, "l": Leader, "a": Admin} {
			a := ActorOf(Person{ID: 1, Role: role, UnitPath: "永宁镇"}, ViaChat)
			allowed := strings.Contains(row[15:], letter)
			for _, unit := range own {
				require.Equal(t, allowed, May(a, verb, unit), "%s %s %s", role, verb, unit)
			}
			for _, unit := range other {
				require.False(t, May(a, verb, unit), "%s %s %q", role, verb, unit)
			}
		}
		for _, unknown := range []Role{"", "root", "Admin", "干部"} {
			require.False(t, May(Actor{Role: unknown, Unit: "永宁镇"}, verb, "永宁镇"), "%q %s", unknown, verb)
		}
		require.True(t, May(Clock(), verb, "永宁镇"), "the clock: %s", verb)
		require.Equal(t, verb != RunClock, May(Operator("李四"), verb, "永宁镇"), "the command line: %s", verb)
	}
	t.Run("one's own unit and those below, not those above, beside, or nowhere", func(t *testing.T) {
		cells := 0
		for _, row := range rows {
			verb := Verb(strings.TrimSpace(row[:15]))
			for letter, role := range map[string]Role{"c": Cadre, "s": Staff, "l": Leader, "a": Admin, "-": ""} {
				for unit, within := range map[string]bool{"永宁镇/永宁村": true, "永宁镇/永宁村/三组": true, "永宁镇/永宁村/三组/一网": true, "永宁镇": false,
					"永宁镇/前埔村": false, "永宁镇/永宁村二": false, "永宁村": false, "永宁镇/前埔村/永宁村": false, "永宁镇/": false, "永宁镇/永宁村/": true, "/": false, "": false} {
					for _, via := range []Via{ViaChat, ViaConsole, ViaCommand, ViaClock} {
						a := Actor{Person: 1, Role: role, Unit: "永宁镇/永宁村", Via: via}
						want := within && strings.Contains(row[15:], letter)
						require.Equal(t, want, May(a, verb, unit), "%q %s %q by %s", role, verb, unit, via)
						a.Unproven = true
						require.Equal(t, want && (verb == SeeOwn || verb == Answer), May(a, verb, unit), "unproven %q %s %q", role, verb, unit)
						cells += 2
					}
				}
			}
		}
		t.Logf("%d cells", cells)
	})
	t.Run("an unknown verb is refused to everyone", func(t *testing.T) {
		for _, a := range []Actor{Clock(), Operator(""), {Role: Admin}} {
			require.False(t, May(a, "delete everything", "永宁镇"))
			require.False(t, May(a, "", ""))
		}
	})
	t.Run("a person without a unit has no authority", func(t *testing.T) {
		require.False(t, May(ActorOf(Person{ID: 1, Role: Admin}, ViaConsole), SeeCoverage, "永宁镇"))
		require.False(t, May(Actor{}, SeeOwn, ""))
	})
	t.Run("a high role that no code has bound sees and answers what is its own", func(t *testing.T) {
		for _, role := range []Role{Staff, Leader, Admin} {
			p := Person{ID: 1, Role: role, UnitPath: "永宁镇"}
			for verb := range may {
				require.Equal(t, verb == SeeOwn || verb == Answer, May(Heard(p, false), verb, "永宁镇"), "%s %s", role, verb)
				require.Equal(t, May(ActorOf(p, ViaChat), verb, "永宁镇"), May(Heard(p, true), verb, "永宁镇"), "%s %s", role, verb)
			}
			require.False(t, May(Heard(p, false), SeeOwn, "安平镇"))
		}
		require.Equal(t, Heard(Person{ID: 1, Role: Cadre, UnitPath: "永宁镇"}, true), Heard(Person{ID: 1, Role: Cadre, UnitPath: "永宁镇"}, false),
			"a cadre is known by the remark")
		require.Empty(t, Heard(Person{ID: 1, Role: Admin}, false).Role, "nobody without a unit")
	})
	t.Run("who only looks like the clock is not", func(t *testing.T) {
		a := Clock()
		a.Person = 7
		require.False(t, May(a, RunClock, "永宁镇"))
	})
}
