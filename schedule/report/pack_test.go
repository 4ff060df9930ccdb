package report

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

func aPack() Pack {
	return Pack{Day: "2026-06-02", Slot: "周二上午", Push: 37, Item: "刷单都是骗局",
		Texts: []string{"刷单都是骗局，\n先垫钱的更是。"},
		Files: []File{{Name: "ab12cd34.PNG", Data: []byte("png")}, {Name: "x.mp4", Data: []byte("mp4")}, {Name: "ef.png", Data: []byte("png2")}},
		Sheets: []UnitSheet{
			{Unit: "永宁镇/永宁村", Person: "张三", Phone: "13800000001", Rows: []PackRow{
				{Delivery: 101, Handoff: 12, Unit: "永宁镇/永宁村", Group: "便民群", Person: "张三", Due: "2026-06-02 11:30", Clause: "11号方案：每周不少于2次"},
				{Delivery: 102, Handoff: 12, Unit: "永宁镇/永宁村", Group: "=党员群", Person: "张三", Due: "2026-06-02 11:30"}}},
			{Unit: "安平村", Rows: []PackRow{{Delivery: 103, Handoff: 13, Unit: "安平村", Group: "便民群", Person: "李四", Due: "2026-06-02 11:30"}}},
		}}
}

func write(t *testing.T, dir string, p Pack) string {
	t.Helper()
	folder, err := WritePack(dir, p)
	require.NoError(t, err)
	return folder
}

func tree(t *testing.T, folder string) []string {
	t.Helper()
	var out []string
	require.NoError(t, filepath.WalkDir(folder, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(folder, p)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	}))
	return out
}

// edit changes the tick-list as a person with a spreadsheet does.
func edit(t *testing.T, folder string, cells map[string]any) {
	t.Helper()
	name := filepath.Join(folder, TickListName)
	f, err := excelize.OpenFile(name)
	require.NoError(t, err)
	for cell, v := range cells {
		require.NoError(t, f.SetCellValue(tickTab, cell, v))
	}
	require.NoError(t, f.Save())
	require.NoError(t, f.Close())
}

func ticks(t *testing.T, folder string) []Tick {
	t.Helper()
	f, err := os.Open(filepath.Join(folder, TickListName))
	require.NoError(t, err)
	defer f.Close()
	out, err := ReadTickList(TickListName, f)
	require.NoError(t, err)
	return out
}

func TestWritePack(t *testing.T) {
	t.Run("lays out a folder per unit, ready to forward", func(t *testing.T) {
		dir := t.TempDir()
		folder := write(t, dir, aPack())
		require.Equal(t, "2026-06-02-周二上午-37", filepath.Base(folder))
		require.Equal(t, []string{
			"安平村/图片1.png", "安平村/图片2.png", "安平村/正文.txt", "安平村/群名单.txt", "安平村/视频1.mp4",
			"永宁镇-永宁村/图片1.png", "永宁镇-永宁村/图片2.png", "永宁镇-永宁村/正文.txt", "永宁镇-永宁村/群名单.txt", "永宁镇-永宁村/视频1.mp4",
			TickListName}, tree(t, folder))
		text, err := os.ReadFile(filepath.Join(folder, "安平村/正文.txt"))
		require.NoError(t, err)
		require.Equal(t, "\xef\xbb\xbf刷单都是骗局，\r\n先垫钱的更是。", string(text))
		list, err := os.ReadFile(filepath.Join(folder, "永宁镇-永宁村/群名单.txt"))
		require.NoError(t, err)
		for _, want := range []string{"2026-06-02 周二上午 刷单都是骗局\r\n", "联系人：张三 13800000001", "2 个群", "1. 便民群\r\n2. =党员群\r\n", "已转 12；", "转不了 12 原因"} {
			require.Contains(t, string(list), want)
		}
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 1, "no half-written folder is left behind")
	})
	t.Run("the tick-list is ready to print and to fill in", func(t *testing.T) {
		f, err := excelize.OpenFile(filepath.Join(write(t, t.TempDir(), aPack()), TickListName))
		require.NoError(t, err)
		defer f.Close()
		rows, err := f.GetRows(tickTab)
		require.NoError(t, err)
		require.Equal(t, tickColumns(), rows[0])
		require.Equal(t, []string{"101", "永宁镇/永宁村", "便民群", "张三", "2026-06-02 11:30", "", "", "", "", "11号方案：每周不少于2次"}, rows[1])
		require.Equal(t, "'=党员群", rows[2][2])
		panes, err := f.GetPanes(tickTab)
		require.NoError(t, err)
		require.True(t, panes.Freeze)
		require.Equal(t, 1, panes.YSplit)
		page, err := f.GetPageLayout(tickTab)
		require.NoError(t, err)
		require.Equal(t, 9, *page.Size)
		require.Equal(t, "landscape", *page.Orientation)
		choices, err := f.GetDataValidations(tickTab)
		require.NoError(t, err)
		require.Len(t, choices, 1)
		require.Equal(t, "G2:G5000", choices[0].Sqref)
	})
	t.Run("units of one name get folders of their own", func(t *testing.T) {
		p := Pack{Sheets: []UnitSheet{{Unit: "a", Person: "张三"}, {Unit: "a", Person: "李四"}, {Unit: "A-张三"}, {Unit: "../.."}, {Unit: "con"}}}
		require.Equal(t, []string{"a-张三", "a-李四", "A-张三-2", "-", "_con"}, p.unitFolders())
	})
}

func TestWritePackAgain(t *testing.T) {
	t.Run("keeps every tick and adds the new rows", func(t *testing.T) {
		dir := t.TempDir()
		folder := write(t, dir, aPack())
		edit(t, folder, map[string]any{"G2": "√", "H2": "2026-06-02", "I4": "群已解散", "K1": "备注", "K2": "电话问过"})
		before := ticks(t, folder)
		require.Equal(t, []Tick{{Row: 2, ID: 101, Done: true, Day: "2026-06-02"}, {Row: 4, ID: 103, Reason: "群已解散"}}, before)
		old, err := os.ReadFile(filepath.Join(folder, TickListName))
		require.NoError(t, err)

		p := aPack()
		write(t, dir, p)
		same, err := os.ReadFile(filepath.Join(folder, TickListName))
		require.NoError(t, err)
		require.Equal(t, old, same, "nothing new: not a byte changes")

		p.Sheets = p.Sheets[:1]
		p.Sheets[0].Rows = append(p.Sheets[0].Rows, PackRow{Delivery: 104, Handoff: 14, Unit: "永宁镇/永宁村", Group: "新群", Person: "张三"})
		write(t, dir, p)
		require.Equal(t, before, ticks(t, folder))
		edit(t, folder, map[string]any{"G5": "√"})
		require.Equal(t, Tick{Row: 5, ID: 104, Done: true}, ticks(t, folder)[2])
		f, err := excelize.OpenFile(filepath.Join(folder, TickListName))
		require.NoError(t, err)
		defer f.Close()
		note, err := f.GetCellValue(tickTab, "K2")
		require.NoError(t, err)
		require.Equal(t, "电话问过", note)
	})
	t.Run("a withdrawn unit goes, what people put there stays", func(t *testing.T) {
		dir := t.TempDir()
		folder := write(t, dir, aPack())
		require.NoError(t, os.WriteFile(filepath.Join(folder, "安平村", "截图.png"), []byte("x"), 0o600))
		require.NoError(t, os.Mkdir(filepath.Join(folder, "我的"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "我的", "图片1.png"), []byte("x"), 0o600))
		p := aPack()
		p.Sheets = p.Sheets[:1]
		p.Files = p.Files[:1]
		p.Texts = []string{"一", "二"}
		write(t, dir, p)
		require.Equal(t, []string{"安平村/截图.png", "我的/图片1.png", "永宁镇-永宁村/图片1.png", "永宁镇-永宁村/正文1.txt", "永宁镇-永宁村/正文2.txt", "永宁镇-永宁村/群名单.txt", TickListName}, tree(t, folder))
	})
}

func TestWritePackTrouble(t *testing.T) {
	t.Run("a tick-list that cannot be read is never overwritten", func(t *testing.T) {
		dir := t.TempDir()
		folder := write(t, dir, aPack())
		name := filepath.Join(folder, TickListName)
		require.NoError(t, os.WriteFile(name, []byte("broken"), 0o600))
		_, err := WritePack(dir, aPack())
		require.ErrorContains(t, err, "没有覆盖")
		kept, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, "broken", string(kept))
	})
	t.Run("what a crash left behind is swept", func(t *testing.T) {
		dir := t.TempDir()
		half := filepath.Join(dir, ".new-2026-06-02-周二上午-37", "安平村")
		require.NoError(t, os.MkdirAll(half, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(half, "旧.txt"), []byte("x"), 0o600))
		folder := write(t, dir, aPack())
		require.NotContains(t, tree(t, folder), "安平村/旧.txt")
	})
}

func TestSafeName(t *testing.T) {
	for in, want := range map[string]string{`a:b?*<>|"\/c`: "a-b--------c", "永宁村. ": "永宁村", "..": "未命名", "": "未命名", "nul.txt": "_nul.txt", "com1": "_com1",
		"a\x00b\u202e": "ab", strings.Repeat("长", 60): strings.Repeat("长", 40)} {
		require.Equal(t, want, safeName(in, 40), "%q", in)
	}
}

func FuzzSafeName(f *testing.F) {
	f.Add("永宁村. ")
	f.Add("CON.a/..")
	f.Fuzz(func(t *testing.T, s string) {
		name := safeName(s, 40)
		require.NotEmpty(t, name)
		require.Equal(t, strings.Trim(name, " ."), name)
		require.False(t, strings.ContainsAny(name, "<>:\"/\\|?*\x00\n"))
		require.LessOrEqual(t, len([]rune(name)), 41)
	})
}

func TestReadTickList(t *testing.T) {
	csv := func(rows string) (got []Tick, err error) {
		return ReadTickList("登记表.csv", strings.NewReader("编号,群名称,已转发,转发日期,转不了的原因,备注\n"+rows))
	}
	t.Run("reads the ways people tick", func(t *testing.T) {
		for i, word := range []string{"√", "✓", "v", "V", "Ｖ", "是", "已转", "1", "对", "✔️"} {
			got, err := csv(fmt.Sprintf("#%d,便民群,%s,2026/6/2,,问过\n", i+1, word))
			require.NoError(t, err, word)
			require.Equal(t, []Tick{{Row: 2, ID: int64(i + 1), Done: true, Day: "2026-06-02"}}, got)
		}
	})
	t.Run("blank lines are no ticks", func(t *testing.T) {
		got, err := csv("1,便民群,,,,\n,,,,,\n2,便民群,否,,,\n3,便民群,×,,群已解散,\n,小计,,,,\n")
		require.NoError(t, err)
		require.Equal(t, []Tick{{Row: 5, ID: 3, Reason: "群已解散"}}, got)
	})
	t.Run("names row and column and reads nothing", func(t *testing.T) {
		got, err := csv("1,,√,6月2日,,\n2,,大概,,,\n3,,√,,不会,\n4,,,2026-06-02,,\n五,,√,,,\n6,,√,,,\n6,,√,,,\n")
		require.Nil(t, got)
		require.Equal(t, []string{
			"登记表.csv 第2行“转发日期”：“6月2日”不是完整的日期，请写成 2026-06-02 这样",
			"登记表.csv 第3行“已转发”：看不懂“大概”，转了请填 √，没转请空着",
			"登记表.csv 第4行“转不了的原因”：又填了 √ 又写了转不了的原因，请只留一样",
			"登记表.csv 第5行“转发日期”：写了转发日期却没填 √，请填 √ 或清空日期",
			"登记表.csv 第6行“编号”：“五”不是编号，请照原表写数字，例如 37",
			"登记表.csv 第8行“编号”：6 在第7行已经登记过，请只留一行",
		}, strings.Split(err.Error(), "\n"))
	})
	t.Run("needs the tick column", func(t *testing.T) {
		_, err := ReadTickList("a.csv", strings.NewReader("编号\n1\n"))
		require.ErrorContains(t, err, "没有“已转发(填√)”一列")
	})
}

func TestReadLedger(t *testing.T) {
	t.Run("reads what was sent", func(t *testing.T) {
		got, err := ReadLedger("台账.csv", strings.NewReader("日期,单位,群名称,内容,形式,主题,转发人\n2026年3月5日,永宁村,便民群,刷单,图片、文字,刷单返利；养老,张三\n"))
		require.NoError(t, err)
		require.Equal(t, []Entry{{Row: 2, Day: "2026-03-05", Unit: "永宁村", Group: "便民群", Title: "刷单", Media: []string{"text", "picture"}, Themes: []string{"刷单返利", "养老"}, Person: "张三"}}, got)
	})
	t.Run("reads a workbook with date cells", func(t *testing.T) {
		f := excelize.NewFile()
		require.NoError(t, f.SetSheetRow("Sheet1", "A1", &[]any{"日期", "单位", "群名称", "形式"}))
		require.NoError(t, f.SetSheetRow("Sheet1", "A2", &[]any{46086, "永宁村", "便民群", "链接/视频/文件"}))
		var file bytes.Buffer
		require.NoError(t, f.Write(&file))
		got, err := ReadLedger("台账.xlsx", &file)
		require.NoError(t, err)
		require.Equal(t, "2026-03-05", got[0].Day)
		require.Equal(t, []string{"video", "file", "link"}, got[0].Media)
	})
	t.Run("names row and column and reads nothing", func(t *testing.T) {
		got, err := ReadLedger("台账.csv", strings.NewReader("日期,单位,群名称,形式\n,永宁村,便民群,照片\n昨天,,便民群,\n"))
		require.Nil(t, got)
		require.Equal(t, []string{
			"台账.csv 第2行“日期”：空着，请写日期，如 2026-03-05",
			"台账.csv 第2行“形式”：不认识“照片”，请写 文字、图片、视频、文件 或 链接",
			"台账.csv 第3行“单位”：空着，请写花名册里的单位",
			"台账.csv 第3行“形式”：空着，请写 文字、图片、视频、文件 或 链接",
			"台账.csv 第3行“日期”：“昨天”不是完整的日期，请写成 2026-06-02 这样",
		}, strings.Split(err.Error(), "\n"))
	})
}

func FuzzReadTickList(f *testing.F) {
	f.Add("编号,已转发,转发日期,转不了的原因\n1,√,2026-06-02,\n")
	f.Add("编号,已转发(填√)\n#1,是\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ReadTickList("a.csv", strings.NewReader(text))
		for _, tick := range got {
			require.NoError(t, err)
			require.Positive(t, tick.ID)
			require.True(t, tick.Done != (tick.Reason != ""))
		}
	})
}
