package console

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
)

// Who lets go of a push can read every group it is for, and nobody is asked at
// the end of a page that shows nothing.
func TestReleaseNamesAll(t *testing.T) {
	var groups []schedule.Ref
	for n := range 45 {
		groups = append(groups, schedule.Ref{ID: int64(n + 1), Name: fmt.Sprintf("第%d群", n+1)})
	}
	v := releaseView{List: schedule.HeldList{All: 45, Rows: []schedule.HeldPush{{Push: 1, Groups: groups}}}, Changed: true}
	v.Rows = []heldLine{{HeldPush: v.List.Rows[0]}}
	var page strings.Builder
	require.NoError(t, v.draw(frame{zone: time.UTC}).Render(&page))
	for _, g := range groups {
		require.Contains(t, page.String(), ">"+g.Name+"<")
	}
	require.Contains(t, page.String(), "名单变了")
}
