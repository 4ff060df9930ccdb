package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
)

// TestRosterOffice imports a sheet as an office keeps it, and shows what is left
// to do and who is missing.
func TestRosterOffice(t *testing.T) {
	p := newOffice(t, "")
	t.Run("a sheet with titles and blocks is read, a dry run tells all of it", func(t *testing.T) {
		p.file("office.csv", "永宁镇微信群台账,,,\n乡镇,村居,群名,网格员,手机号\n永宁镇,石村,石村一群,吴十、郑一,13800000021、13800000022\n,,石村二群,空缺,无\n合计,,2个群,,\n")
		dry := document[imported](p, "roster", "import", "office.csv", "--dry-run")
		require.Equal(t, []string{
			"新增单位 永宁镇/石村",
			"新增人员 吴十（永宁镇/石村）：干部，13800000021",
			"新增人员 郑一（永宁镇/石村）：干部，13800000022",
			"新增群 永宁镇/石村 石村一群：没写群类型，负责人吴十（永宁镇/石村），机器人",
			"新增群 永宁镇/石村 石村二群：没写群类型，负责人空缺，机器人",
		}, dry.Changes)
		require.Empty(t, dry.Moves)
		require.Equal(t, dry.Changes, document[imported](p, "roster", "import", "office.csv").Changes)
	})
	t.Run("units whose parent nobody wrote are named", func(t *testing.T) {
		p := newPC(t)
		p.file("flat.csv", "单位,群名,网格员,手机号\n永宁镇,工作群,陈一,13800000031\n木村,木村群,冯二,13800000032\n")
		require.Contains(t, p.run("roster", "import", "flat.csv").err, "永宁镇、木村 没有写上级单位")
		require.NotContains(t, p.run("roster", "import", "flat.csv").err, "上级单位", "said once")
	})
	t.Run("one bad cell keeps everything out", func(t *testing.T) {
		p.file("bad.csv", "村居,群名,网格员,手机号\n木村,木村群,冯二,13800000023\n木村,木村二群,陈三,1.38E+10\n")
		r := p.run("roster", "import", "bad.csv")
		require.Equal(t, exitInput, r.code)
		require.Contains(t, r.err, "bad.csv 第3行“手机号”")
		require.NotContains(t, p.run("roster", "export").out, "木村")
	})
	t.Run("a dry run refuses what the import refuses", func(t *testing.T) {
		p.file("leaves.csv", "村居,姓名,手机号,停用日期\n石村,郑一,13800000022,2999-01-01\n")
		for _, args := range [][]string{{"--dry-run"}, {}} {
			r := p.run(append([]string{"roster", "import", "leaves.csv"}, args...)...)
			require.Equal(t, exitInput, r.code)
			require.Contains(t, r.err, "停用日期 2999-01-01 还没到")
		}
	})
	t.Run("behind shows the vacancy as the office's", func(t *testing.T) {
		rows := document[[]schedule.VacancyRow](p, "behind", "--unit", "石村")
		require.Len(t, rows, 1)
		require.Equal(t, schedule.Vacant, rows[0].Standing)
		require.EqualValues(t, "office", rows[0].Cause)
		require.Contains(t, p.run("behind", "--unit", "石村").out, "石村二群（永宁镇/石村）　联络员空缺 1 天，没有负责人")
	})
	t.Run("check lists what to do, in order", func(t *testing.T) {
		found := document[checked](p, "roster", "check")
		require.False(t, found.Seen)
		require.Len(t, found.Problems, len(found.Steps))
		require.Equal(t, schedule.StepKeeper, found.Steps[0].Kind)
		require.True(t, strings.HasPrefix(found.Problems[0], "永宁镇/石村 石村二群：没有负责人。"), found.Problems[0])
		require.Contains(t, found.Problems, "永宁镇/石村 石村一群：没写群类型，哪个方案都不会算到它。请在花名册“群类型”一栏写上，如：网格群，再导入")
	})
}
