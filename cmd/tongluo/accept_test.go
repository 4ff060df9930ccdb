package main

import (
	"context"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

var yesNumber = regexp.MustCompile(`都对请回：(确认 \d+)`)

// After the very first login an admin who has no command line says two words,
// and the groups get what they are to get.
func TestFirstLoginAcceptedInChat(t *testing.T) {
	const groups = 3
	r := newRig(t, groups)
	ctx := context.Background()
	people, err := r.db.Roster(ctx)
	require.NoError(t, err)
	persons := append(people.Persons, roster.Person{ID: 2, Name: "关立", Unit: 1, UnitPath: "永宁镇", Role: roster.Admin, Tag: "镇管理员"})
	require.NoError(t, r.db.SaveRoster(ctx, roster.Operator(""), roster.New(people.Units, people.Groups, persons), r.now))
	require.Zero(t, r.serve().Bound, "nobody has looked at it")
	require.NoError(t, r.server.Befriend(loopback.Contact{ID: "boss", Nickname: "老关", Remark: "镇管理员"}))
	r.hear()
	code, err := r.office.IssueCode(ctx, roster.Operator(""), "关立", r.now)
	require.NoError(t, err)
	r.said("boss", "", code.Code)
	require.Equal(t, 1, r.got("boss", "已绑定：关立"), "persons are answered before any group is bound")
	v := r.push(false)
	r.now = v.Opens.Add(time.Minute)
	r.said("boss", "", "认群")
	yes := ""
	for _, rc := range r.server.Receipts() {
		if m := yesNumber.FindStringSubmatch(rc.Text); m != nil && rc.To == "boss" {
			yes = m[1]
		}
	}
	require.NotEmpty(t, yes)
	require.Zero(t, r.desk.Status().Bound)
	r.said("boss", "", yes)
	require.Equal(t, 1, r.got("boss", "认了 3 个群"))
	require.NoError(t, r.talk.Look(ctx, r.now))
	require.Equal(t, groups, r.desk.Status().Bound)
	_, err = r.step()
	require.NoError(t, err)
	require.Equal(t, groups, r.books().in(schedule.Accepted))
	r.nothingAstray(groups)
	r.audit()
}
