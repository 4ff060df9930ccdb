package roster

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// told is a roster as one line a group and one line a person who keeps none.
func told(r *Roster) []string {
	keeps := map[int64]bool{}
	who := func(p Person) string {
		return strings.TrimRight(fmt.Sprintf("%s(%s) %s %s", p.Name, p.UnitPath, p.Phone, p.Tag), " ")
	}
	var out []string
	for _, g := range r.Groups {
		keeper, ok := r.Person(g.Keeper)
		if ok {
			keeps[g.Keeper] = true
			out = append(out, fmt.Sprintf("%s %s: %s", g.UnitPath, g.Name, who(keeper)))
			continue
		}
		out = append(out, fmt.Sprintf("%s %s: 空缺", g.UnitPath, g.Name))
	}
	for _, p := range r.Persons {
		if !keeps[p.ID] {
			out = append(out, "另有 "+who(p))
		}
	}
	return out
}

func gbk(t *testing.T, text string) []byte {
	t.Helper()
	data, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(text))
	require.NoError(t, err)
	return data
}

// rows writes rows from the top of a tab, and merges areas of it.
func rows(t *testing.T, f *excelize.File, tab string, cells [][]any, merged ...[2]string) {
	t.Helper()
	if i, _ := f.GetSheetIndex(tab); i < 0 {
		_, err := f.NewSheet(tab)
		require.NoError(t, err)
	}
	for i, row := range cells {
		require.NoError(t, f.SetSheetRow(tab, fmt.Sprintf("A%d", i+1), &row))
	}
	for _, m := range merged {
		require.NoError(t, f.MergeCell(tab, m[0], m[1]))
	}
}

// TestMessySheets is the corpus: sheets as offices keep them, each with the
// roster it must give.
func TestMessySheets(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		data func(t *testing.T) []byte
		want []string
	}{
		"GBK with a title, synonyms, full-width digits and a note": {"群台账.csv", func(t *testing.T) []byte {
			return gbk(t, "永宁镇微信群台账,,,,\r\n填报单位：综治办,,,,\r\n序号,村居,微信群名称,网格员,手机号\r\n"+
				"1,永宁村,便民群,张 三,１３８００００００１１\r\n,,,,\r\n2,东村,便民群,李四,0577-88123456\r\n合计,,2个群,2人,\r\n备注：每月更新,,,,\r\n")
		}, []string{"永宁村 便民群: 张三(永宁村) 13800000011", "东村 便民群: 李四(东村) 0577-88123456"}},
		"who filled the sheet in stands beneath, over several cells": {"a.csv", func(*testing.T) []byte {
			return []byte("村居,微信群,网格员,手机号\n永宁村,便民群,张三,13800000011\n填表人：小陈,,审核人：,老王\n联系电话：88123456,,日期：2026年11月20日,\n")
		}, []string{"永宁村 便民群: 张三(永宁村) 13800000011"}},
		"a dash where there is no group": {"a.csv", func(*testing.T) []byte {
			return []byte("村居,微信群,网格员,手机号\n永宁村,便民群,张三,13800000011\n永宁村,-,李四,13800000012\n东村,暂无,,\n")
		}, []string{"永宁村 便民群: 张三(永宁村) 13800000011", "另有 李四(永宁村) 13800000012"}},
		"GB18030 with a rare character": {"a.csv", func(t *testing.T) []byte {
			data, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte("单位,群名称,姓名\n永宁村,便民群,王䶮\n"))
			require.NoError(t, err)
			return data
		}, []string{"永宁村 便民群: 王䶮(永宁村)"}},
		"UTF-8 with BOM, headings in two rows of a CSV": {"a.csv", func(*testing.T) []byte {
			return []byte("\xef\xbb\xbf花名册,,,,\n单位,群名称,网格员,,备注\n,,姓名,电话,\n永宁村,便民群,张三,13800000011,新建\n")
		}, []string{"永宁村 便民群: 张三(永宁村) 13800000011"}},
		"merged headings, a unit once per block, one keeper over two groups": {"a.xlsx", func(t *testing.T) []byte {
			return workbook(t, func(f *excelize.File) {
				rows(t, f, "Sheet1", [][]any{
					{"永宁镇微信群花名册"},
					{"村（社区）", "群聊名称", "负责人", nil, "群人数"},
					{nil, nil, "姓名", "联系方式", nil},
					{"永宁村", "一群", "张三", 13800000011, 480},
					{nil, "二群", nil, nil, 499},
					{nil, "三群", "李四", "13800000012", 120},
					{"东村", "一群", "王五", "13800000013", 77},
					{"备注：群人数为上月末数字"},
				}, [2]string{"A1", "E1"}, [2]string{"A2", "A3"}, [2]string{"B2", "B3"}, [2]string{"C2", "D2"}, [2]string{"E2", "E3"},
					[2]string{"A4", "A6"}, [2]string{"C4", "C5"}, [2]string{"D4", "D5"}, [2]string{"A8", "E8"})
			}).Bytes()
		}, []string{"永宁村 一群: 张三(永宁村) 13800000011", "永宁村 二群: 张三(永宁村) 13800000011", "永宁村 三群: 李四(永宁村) 13800000012",
			"东村 一群: 王五(东村) 13800000013"}},
		"a unit once and blank below, the town once above all": {"a.csv", func(*testing.T) []byte {
			return []byte("乡镇,村,群名,姓名\n永宁镇,永宁村,一群,张三\n,,二群,李四\n,东村,一群,王五\n")
		}, []string{"永宁镇/永宁村 一群: 张三(永宁镇/永宁村)", "永宁镇/永宁村 二群: 李四(永宁镇/永宁村)", "永宁镇/东村 一群: 王五(永宁镇/东村)"}},
		"several tabs, one without headings, one hidden, one named after its village": {"a.xlsx", func(t *testing.T) []byte {
			return workbook(t, func(f *excelize.File) {
				rows(t, f, "Sheet1", [][]any{{"填表说明"}, {"每月25日前报"}})
				rows(t, f, "东片", [][]any{{"单位", "群名称", "负责人"}, {"永宁村", "一群", "张三"}})
				rows(t, f, "西村", [][]any{{"群名称", "负责人", "电话"}, {"一群", "李四", "13800000012"}})
				rows(t, f, "旧", [][]any{{"单位", "群名称"}, {"废村", "旧群"}})
				require.NoError(t, f.SetSheetVisible("旧", false))
			}).Bytes()
		}, []string{"永宁村 一群: 张三(永宁村)", "西村 一群: 李四(西村) 13800000012"}},
		"two keepers in a cell, by 、 / and a line break": {"a.csv", func(*testing.T) []byte {
			return []byte("单位,群名称,负责人,电话\n永宁村,一群,张三、李四,13800000011、13800000012\n东村,一群,王五/赵六,13800000013/13800000014\n" +
				"西村,一群,\"钱七\n孙八\",\"13800000015\n13800000016\"\n北村,一群,周九、吴十,\n")
		}, []string{"永宁村 一群: 张三(永宁村) 13800000011", "东村 一群: 王五(东村) 13800000013", "西村 一群: 钱七(西村) 13800000015", "北村 一群: 周九(北村)",
			"另有 李四(永宁村) 13800000012", "另有 赵六(东村) 13800000014", "另有 孙八(西村) 13800000016", "另有 吴十(北村)"}},
		"one group over two rows with a keeper each": {"a.xlsx", func(t *testing.T) []byte {
			return workbook(t, func(f *excelize.File) {
				rows(t, f, "Sheet1", [][]any{{"单位", "群名称", "姓名", "电话"}, {"永宁村", "一群", "张三", "13800000011"}, {nil, nil, "李四", "13800000012"}},
					[2]string{"A2", "A3"}, [2]string{"B2", "B3"})
			}).Bytes()
		}, []string{"永宁村 一群: 张三(永宁村) 13800000011", "另有 李四(永宁村) 13800000012"}},
		"numbers as numbers, as text and with an exact exponent; formulas with values": {"a.xlsx", func(t *testing.T) []byte {
			data := workbook(t, func(f *excelize.File) {
				rows(t, f, "Sheet1", [][]any{{"单位", "群名称", "姓名", "电话"}, {"永宁村", "一群", "张三", 13800000011}, {"永宁村", "二群", "李四", "13800000012"},
					{"永宁村", "三群", "王五", 13800000000}, {"永宁村", "四群", "赵六", 13800000014}})
			}).Bytes()
			return edited(t, data, "<v>13800000000</v>", "<v>1.38E+10</v>", "<v>13800000014</v>", "<f>13800000013+1</f><v>13800000014</v>")
		}, []string{"永宁村 一群: 张三(永宁村) 13800000011", "永宁村 二群: 李四(永宁村) 13800000012", "永宁村 三群: 王五(永宁村) 13800000000",
			"永宁村 四群: 赵六(永宁村) 13800000014"}},
		"headings again on the second page, words for nobody, columns in brackets": {"a.csv", func(*testing.T) []byte {
			return []byte("单位,群名称,负责人,联系电话,（微信昵称）\n永宁村,一群,张三,13800000011,小三\n单位,群名称,负责人,联系电话,（微信昵称）\n永宁村,二群,空缺,无,\n")
		}, []string{"永宁村 一群: 张三(永宁村) 13800000011", "永宁村 二群: 空缺"}},
	} {
		t.Run(name, func(t *testing.T) {
			data := c.data(t)
			s, err := ReadSheetFor(New(nil, nil, nil), c.file, bytes.NewReader(data))
			require.NoError(t, err)
			r, _ := Merge(nil, s)
			require.Equal(t, c.want, told(r))
			_, again := Merge(r, s)
			require.Empty(t, lines(again), "the same sheet again changes nothing")
		})
	}
}

// edited replaces text in the XML of the first tab.
func edited(t *testing.T, data []byte, pairs ...string) []byte {
	t.Helper()
	const part = "xl/worksheets/sheet1.xml"
	f, err := excelize.OpenReader(bytes.NewReader(data))
	require.NoError(t, err)
	raw, _ := f.Pkg.Load(part)
	text := string(raw.([]byte))
	for i := 0; i < len(pairs); i += 2 {
		require.Contains(t, text, pairs[i])
	}
	return replaced(t, data, map[string]string{part: strings.NewReplacer(pairs...).Replace(text)})
}

func TestMessySheetsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		data func(t *testing.T) []byte
		want []string
	}{
		"digits lost, in a CSV and by the heading as written": {"a.csv", func(*testing.T) []byte {
			return []byte("村,群名,姓名,手机号\n永宁村,一群,张三,1.38E+10\n")
		}, []string{"a.csv 第2行“手机号”：“1.38E+10”后面的数字已经丢了，请把这一列设成“文本”，重写完整的 11 位手机号"}},
		"everything wrong in every tab, at once": {"a.xlsx", func(t *testing.T) []byte {
			return edited(t, workbook(t, func(f *excelize.File) {
				rows(t, f, "Sheet1", [][]any{{"单位", "群名称", "姓名", "电话"}, {"永宁村", "一群", "张三", 13800000011}, {"永宁村", "二群", "李四", 7}})
				rows(t, f, "表二", [][]any{{"单位", "群名称", "群主"}, {"东村", "一群", "王五"}})
				rows(t, f, "表三", [][]any{{"单位", "群名称", "姓名"}, {nil, "三群", "赵六13800000014"}, {"永宁村", "一群", "张三"}})
				rows(t, f, "表四", [][]any{{"群名称", "姓名"}, {"四群", "孙八"}})
			}).Bytes(), "<v>13800000011</v>", "<f>B9</f>")
		}, []string{
			"a.xlsx 表“Sheet1” 第2行“电话”：是还没算出结果的公式，请用 Excel 或 WPS 打开保存一次，或直接写内容",
			"a.xlsx 表“Sheet1” 第3行“电话”：“7”不是电话号码，请写 11 位手机号，或区号加座机号如 0577-88123456",
			"a.xlsx 表“表二” 第1行“群主”：不认识这一列，请只用：单位、上级单位、群名称、群类型、对象、负责人、联系电话、角色、标记、承运、建群日期、停用日期；与花名册无关的，把列名放进括号，如（群主）",
			"a.xlsx 表“表三” 第2行“单位”：空着，请写单位名称",
			"a.xlsx 表“表三” 第2行“姓名”：“赵六13800000014”里有号码，请把号码写到“联系电话”一列",
			"a.xlsx 表“表三” 第3行“群名称”：与表“Sheet1”第2行是同一个群（同单位、同名），请只留一行，或把群名称写得不同",
			"a.xlsx 表“表四” 第1行：没有“单位”一列，请加上，或把表名改成单位名称，如“永宁村”",
		}},
		"a block that a blank row ends": {"a.csv", func(*testing.T) []byte {
			return []byte("单位,群名称\n永宁村,一群\n,\n,二群\n")
		}, []string{"a.csv 第4行“单位”：空着，上面又隔了空行，看不出是哪个单位，请写单位名称"}},
		"phones and names that do not pair": {"a.csv", func(*testing.T) []byte {
			return []byte("单位,群名称,负责人,电话,标记\n永宁村,一群,张三、李四,13800000011,\n永宁村,二群,王五,13800000012/13800000013,\n永宁村,三群,赵六、孙八,,甲\n" +
				"永宁村,四群,钱七 周九,,\n永宁村,五群,吴十/郑一,,\n")
		}, []string{
			"a.csv 第2行“电话”：写了 1 个号码，负责人是 2 个，请按负责人的顺序一人写一个",
			"a.csv 第3行“电话”：写了 2 个号码，负责人是 1 个，请按负责人的顺序一人写一个",
			"a.csv 第4行“标记”：写了 1 个标记，负责人是 2 个，请按负责人的顺序一人写一个",
			"a.csv 第5行“负责人”：“钱七 周九”像是 2 个人，请写成“钱七、周九”；是一个人就不要空格",
			"a.csv 第6行“负责人”：看不出“吴十/郑一”是两个人还是“单位/姓名”：两个人请写成“吴十、郑一”，不然请先有单位“吴十”的一行",
		}},
		"an error value": {"a.xlsx", func(t *testing.T) []byte {
			return edited(t, workbook(t, func(f *excelize.File) {
				rows(t, f, "Sheet1", [][]any{{"单位", "群名称", "电话", "姓名"}, {"永宁村", "一群", 13800000011, "张三"}})
			}).Bytes(), `<c r="C2"><v>13800000011</v>`, `<c r="C2" t="e"><f>B9</f><v>#REF!</v>`)
		}, []string{"a.xlsx 表“Sheet1” 第2行“电话”：是公式的错误值“#REF!”，请直接写内容"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := ReadSheetFor(New(nil, nil, nil), c.file, bytes.NewReader(c.data(t)))
			require.Error(t, err)
			require.Equal(t, c.want, strings.Split(err.Error(), "\n"))
			require.Empty(t, s, "nothing half-read")
		})
	}
}

func TestDryRunListsEverything(t *testing.T) {
	r := town(t)
	next, changes := Merge(r, mustRead(t, head+
		"永宁村,永宁镇,便民群,网格群,居民,赵六、孙八,13800000002、13800000003,,,人工,2026-02-01,\n"+
		"永宁村,,党员群,党员群,党员,张三,,,,人工,2026-01-05,2026-07-01\n"+
		"永宁村,,,,,王五,,普通干部,,,,2026-06-01\n"+
		"东村,永宁镇,新群,网格群,老年人,,,,,,,\n"))
	require.Equal(t, []string{
		"新增单位 永宁镇/东村",
		"新增人员 赵六（永宁镇/永宁村）：干部，13800000002",
		"新增人员 孙八（永宁镇/永宁村）：干部，13800000003",
		"停用人员 王五（永宁镇/永宁村）：从 2026-06-01 起",
		"人员 王五（永宁镇/永宁村）：标记 由“书记王五”改为“空”",
		"群 永宁镇/永宁村 便民群：群类型 由“便民群”改为“网格群”",
		"群 永宁镇/永宁村 便民群：建群日期 由“空”改为“2026-02-01”",
		"群 永宁镇/永宁村 便民群：对象 由“居民、老年人”改为“居民”",
		"群 永宁镇/永宁村 便民群：承运 由“机器人”改为“人工”",
		"群 永宁镇/永宁村 便民群：负责人 由“张三（永宁镇/永宁村）”改为“赵六（永宁镇/永宁村）”",
		"停用群 永宁镇/永宁村 党员群：从 2026-07-01 起",
		"新增群 永宁镇/东村 新群：网格群，老年人，负责人空缺，机器人",
		"单位 永宁镇/永宁村：联系人 由“王五（永宁镇/永宁村）”改为“空”",
	}, lines(changes))
	t.Run("who left has no authority and no tag, and may come back", func(t *testing.T) {
		gone := next.Persons[mustIndex(t, next, "王五")]
		require.False(t, May(ActorOf(gone, ViaChat), SeeOwn, "永宁镇/永宁村"))
		_, known := next.PersonByTag("书记王五")
		require.False(t, known)
		back, _ := Merge(next, mustRead(t, head+"永宁村,永宁镇,,,,王五,,,书记王五,,,\n"))
		require.Len(t, back.Persons, len(next.Persons))
		p, known := back.PersonByTag("书记王五")
		require.True(t, known)
		require.True(t, May(ActorOf(p, ViaChat), SeeOwn, "永宁镇/永宁村"))
	})
}
