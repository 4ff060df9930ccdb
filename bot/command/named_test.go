package command_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/bot/command"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// TestPreview_names: whoever says yes reads every group by name, or, of very many,
// how many there are in each unit below.
func TestPreview_names(t *testing.T) {
	t.Parallel()
	var groups []roster.Group
	var refs []schedule.Ref
	for i := range 61 {
		g := roster.Group{ID: int64(i + 1), Name: fmt.Sprint("群", i+1), UnitPath: []string{"镇/东村", "镇/东村/一组", "镇/西村", "镇"}[i%4]}
		groups, refs = append(groups, g), append(refs, schedule.Ref{ID: g.ID, Name: g.Name})
	}
	r := roster.New(nil, groups, nil)
	require.Equal(t, "东村 31、本级 15、西村 15", command.Named(r, "镇", refs))
	all := command.Named(r, "镇", refs[:60])
	require.Len(t, strings.Split(all, "、"), 60)
	require.True(t, strings.HasSuffix(all, "、群60"), all)
}
