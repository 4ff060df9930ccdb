package roster

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

func TestReadSheet(t *testing.T) {
	t.Run("says everything wrong at once, with row, column and what to write", func(t *testing.T) {
		_, err := ReadSheet("/tmp/花名册.csv", strings.NewReader("\xef\xbb\xbf"+head+
			"永宁村,,便民群,便民群,,张三,138000,,甲,,,\n"+
			",,甲群,,,,,,,,,\n"+
			"永宁村,,便民群,,,李四,,村长,甲,骑马,6月2日,\n"+
			"永宁村,,丙群,,,,13800000001,,,,2026-06-02,2026-06-02\n"+
			"永宁村,,,网格群,,王五、赵六,,,,,,\n"+
			"永宁//村,,丁群,,,,,,,,,\n"))
		require.Equal(t, []string{
			"花名册.csv 第2行“联系电话”：“138000”不是电话号码，请写 11 位手机号，或区号加座机号如 0577-88123456",
			"花名册.csv 第4行“承运”：不认识“骑马”，请写 机器人 或 人工",
			"花名册.csv 第4行“建群日期”：“6月2日”不是日期，请写成 2026-06-02 这样",
			"花名册.csv 第4行“角色”：不认识“村长”，请写 干部、普通干部、办公室、领导 或 管理员",
			"花名册.csv 第4行“负责人”：标记“甲”已经是“张三”的，一个标记只能给一个人，请改标记",
			"花名册.csv 第4行“群名称”：与第2行是同一个群（同单位、同名），请只留一行，或把群名称写得不同",
			"花名册.csv 第5行“停用日期”：不晚于建群日期 2026-06-02，请写停用后的第一天",
			"花名册.csv 第5行“联系电话”：没有负责人却写了这一格，请补写负责人或清空",
			"花名册.csv 第6行“群类型”：没有群名称却写了这一格，请补写群名称或清空",
			"花名册.csv 第7行“单位”：“永宁//村”里斜杠多了，请写成“永宁镇/永宁村”这样",
		}, strings.Split(err.Error(), "\n"))
	})
	t.Run("refuses other extensions", func(t *testing.T) {
		_, err := ReadSheet("a.xls", strings.NewReader("单位\n"))
		require.ErrorContains(t, err, "请另存为 xlsx")
	})
	t.Run("refuses a file that is too big", func(t *testing.T) {
		_, err := ReadSheet("a.csv", strings.NewReader(strings.Repeat(" ", MaxSheetBytes+1)))
		require.ErrorContains(t, err, "文件超过 20 MB")
	})
}

func TestReadSheetCells(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown column":        {"单位,群主\n永宁村,甲\n", "第1行“群主”：不认识这一列，请只用：单位、上级单位、群名称"},
		"column twice":          {"单位,单位\n永宁村,甲\n", "“单位”：这一列写了两次"},
		"no header":             {"永宁村,甲\n", "没有找到表头，请写一行列名，必须有：单位"},
		"empty":                 {"", "没有找到表头"},
		"neither UTF-8 nor GBK": {"\xb5\xa5\xce\xbb\n\xff\xff\n", "既不是 UTF-8 也不是 GBK 编码"},
		"workbook named csv":    {"PK\x03\x04xx", "请把扩展名改成 xlsx"},
		"open quote":            {"单位\n\"永宁", "第2行：引号没有成对"},
		"cell without heading":  {"单位\n永宁村,多余\n", "第2行：第 2 格有内容"},
		"long cell":             {"单位\n" + strings.Repeat("长", 1001) + "\n", "第2行“单位”：超过 1000 个字"},
		"parents in a ring":     {"单位,上级单位\n甲,乙\n乙,甲\n", "上级绕成了圈"},
		"two units of a name":   {"单位,上级单位,群名称\n三组,甲,\n三组,乙,\n三组,,便民群\n", "第4行“单位”：有 2 个单位叫“三组”，请写全路径，例如“甲/三组”"},
		"too deep":              {"单位\n" + strings.Repeat("甲/", 12) + "乙\n", "单位超过 12 层"},
		"namesakes":             {"单位,群名称,负责人,标记\n甲,一群,张三,A\n甲,二群,张三,B\n甲,三群,张三,\n", "第4行“负责人”：有几个“张三”，请在“标记”里写明"},
		"two phones":            {"单位,群名称,负责人,联系电话\n甲,一群,张三,13800000001\n甲,二群,张三,13800000002\n", "第3行“联系电话”：“张三”在前面写的是另一个号码"},
		"two roles":             {"单位,群名称,负责人,角色\n甲,一群,张三,领导\n甲,二群,张三,办公室\n", "“张三”在前面写的是领导"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			s, err := ReadSheet("a.csv", strings.NewReader(c.text))
			require.ErrorContains(t, err, c.want)
			require.Empty(t, s)
		})
	}
	t.Run("takes free order, blank rows, several signs and later leaving out of the tag", func(t *testing.T) {
		s := mustRead(t, "标记,负责人,群名称,对象,单位,联系电话\n\n甲, 张三 ,一群,居民；家长/老年人,永宁村,+86 138-0000-0001\n,张三,二群,居民、居民,永宁村,1.3800000001E10\n")
		require.Equal(t, 3, s.Rows[0].Number)
		require.Equal(t, []string{"居民", "家长", "老年人"}, s.Rows[0].Audiences)
		require.Equal(t, []string{"居民"}, s.Rows[1].Audiences)
		r, _ := Merge(nil, s)
		require.Len(t, r.Persons, 1)
		require.Equal(t, "13800000001", r.Persons[0].Phone)
	})
}

func workbook(t *testing.T, fill func(f *excelize.File)) *bytes.Buffer {
	t.Helper()
	f := excelize.NewFile()
	fill(f)
	var out bytes.Buffer
	require.NoError(t, f.Write(&out))
	return &out
}

func TestReadWorkbook(t *testing.T) {
	t.Run("finds the tab with the headings, number phones and date cells", func(t *testing.T) {
		file := workbook(t, func(f *excelize.File) {
			require.NoError(t, f.SetSheetRow("Sheet1", "A1", &[]any{"填表说明"}))
			_, err := f.NewSheet("名单")
			require.NoError(t, err)
			require.NoError(t, f.SetSheetRow("名单", "A2", &[]any{"单位", "群名称", "负责人", "联系电话", "建群日期", "停用日期"}))
			require.NoError(t, f.SetSheetRow("名单", "A4", &[]any{"永宁村", "便民群", "张三", 13800000001, time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC), "2026/12/1"}))
		})
		s, err := ReadSheet("花名册.XLSX", file)
		require.NoError(t, err)
		require.Equal(t, "名单", s.Tabs[0].Name)
		require.Equal(t, []string{"Sheet1"}, s.Skipped)
		require.Equal(t, Row{Number: 4, Unit: "永宁村", Group: "便民群", Person: "张三", Phone: "13800000001", Carrier: ByBot, Since: "2026-06-02", Until: "2026-12-01"}, s.Rows[0])
	})
	t.Run("names tab, row and column", func(t *testing.T) {
		file := workbook(t, func(f *excelize.File) {
			require.NoError(t, f.SetSheetRow("Sheet1", "A1", &[]any{"单位", "群名称", "建群日期"}))
			require.NoError(t, f.SetSheetRow("Sheet1", "A2", &[]any{"永宁村", "便民群", "前年"}))
		})
		_, err := ReadSheet("花名册.xlsx", file)
		require.EqualError(t, err, "花名册.xlsx 表“Sheet1” 第2行“建群日期”：“前年”不是日期，请写成 2026-06-02 这样")
	})
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"text":         {[]byte("单位\n"), "不是完好的 xlsx"},
		"an old xls":   {[]byte("\xd0\xcf\x11\xe0rest"), "是旧的 xls 格式或加了密码"},
		"another zip":  {zipOf(t, "a.txt", 10, 1), "打不开"},
		"a zip bomb":   {zipOf(t, "xl/worksheets/sheet1.xml", 30<<20, 1), "展开后太大"},
		"many entries": {zipOf(t, "x", 1, maxEntries+1), "展开后太大"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			_, err := ReadSheet("a.xlsx", bytes.NewReader(c.data))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func zipOf(t *testing.T, name string, size, entries int) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := range entries {
		w, err := z.Create(fmt.Sprint(name, i))
		require.NoError(t, err)
		_, err = w.Write(make([]byte, size))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return out.Bytes()
}

func TestPhones(t *testing.T) {
	for in, want := range map[string]string{"13800000001": "13800000001", "138 0000 0001": "13800000001", "１３８００００００１１": "13800000011", "+8613800000001": "13800000001",
		"0577-88123456": "0577-88123456", "057788123456": "057788123456", "88123456": "88123456"} {
		got, ok := parsePhone(in)
		require.True(t, ok, in)
		require.Equal(t, want, got)
	}
	for _, in := range []string{"1380000000", "12800000001", "电话", "0", "0577-1", "-", "138000000012", "NaN", "1e400"} {
		_, ok := parsePhone(in)
		require.False(t, ok, in)
	}
}

func TestEscapeCell(t *testing.T) {
	for _, s := range []string{"", "a", "=1", "+1", "-1", "@a", "\ta", "'a", "'=1", "''@", "'", "“=”"} {
		require.Equal(t, s, UnescapeCell(EscapeCell(s)))
		require.NotContains(t, "=+-@\t", EscapeCell(s + "x")[:1])
	}
}

func FuzzReadSheet(f *testing.F) {
	f.Add(head + "永宁村,永宁镇,便民群,便民群,居民、家长,张三,13800000001,干部,甲,人工,2026-01-05,\n")
	f.Add("单位,上级单位\n甲,乙\n乙,甲\n")
	f.Add("单位,负责人\n甲/乙,丙/丁\n")
	f.Add("\xef\xbb\xbf单位,\"群名称\"\n'=a,'-b\n")
	f.Add("\xb5\xa5\xce\xbb,\xc8\xba\xc3\xfb\n\xbc\xd7,\xd2\xd2\n")
	f.Add("台账\n村,群名,网格员,,\n,,姓名,电话\n甲,一群,张三/李四,13800000011/13800000012\n,二群,\"王五\n赵六\",1.38E+10\n合计,2\n")
	f.Add("单位,群名称,负责人,停用日期\n甲,,张三,2026-01-01\n甲,一群,张三,\n,,李四、张三,\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ReadSheet("a.csv", strings.NewReader(text))
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		r, _ := Merge(nil, s)
		again, changes := Merge(r, s)
		require.Empty(t, lines(changes))
		require.Equal(t, r, again)
	})
}
