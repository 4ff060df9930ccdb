package command_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/bot/command"
)

func TestRead(t *testing.T) {
	cases := map[string]struct {
		want string // commands parted by " + ", arguments by "|"; "" for courtesies only
		said []string
	}{
		"a bare word": {"已转", []string{"已转", "已转。", "好的，已转，谢谢", "好的已转了谢谢", "我已转了", "已轉", "已經轉發了", "转好了[OK]", "刚转完了 👍", "以转"}},
		"a number": {"已转|12", []string{"已转 12", "已转12", "已转#12", "已转＃１２", "已轉：１２。", "已转12了", "12已转", "12号已转了", "#12 已转", "已转第12号", "已转编号12", "好的，已转12了谢谢", "已转 12\u200b", "已转⑫",
			"已转十二", "已转十二号", "已转第十二号了", "十二已转", "十二号已转", "以转12", "一转十二", "已砖12", "已转 #十二"}},
		"a number in Chinese":                {"已转|3", []string{"已转三", "已转第三号", "三号已转", "已转三了"}},
		"a count in Chinese":                 {"已转|12|3", []string{"已转 12 三个群", "已转12三个", "已转十二 三个群", "已轉１２三個群"}},
		"a count of the only one in Chinese": {"已转|3", []string{"已转三个群", "已转3个群"}},
		"a share in Chinese":                 {"已转|12|5/7", []string{"已转12 七分之五", "已转十二 五/七"}},
		"a list in Chinese":                  {"已转|12|13", []string{"已转十二、十三", "已转十二和十三了"}},
		"a reason that begins with a number": {"转不了|三组群解散了", []string{"转不了三组群解散了", "转不了 三组群解散了"}},
		"a share":                            {"已转|12|5/7", []string{"已转 12 5/7", "已转12 5／7", "已转12 5/7个群", "已转#12：5/7了，谢谢主任", "12已转5/7"}},
		"a share of the only one":            {"已转|5/7", []string{"已转 5/7", "已转5/7了"}},
		"a count":                            {"已转|12|5", []string{"已转 12 5个群", "已转12 5个"}},
		"a list":                             {"已转|12|13", []string{"已转 12、13", "已转12,13", "已转 12和13", "已转#12#13", "已转 12，13了"}},
		"a list with shares":                 {"已转|12|5/7|13", []string{"已转 12 5/7、13"}},
		"all":                                {"全部已转", []string{"全部已转", "都转了", "全部已轉。", "都转好了，谢谢"}},
		"a reason":                           {"转不了|12|群解散了", []string{"转不了 12 群解散了", "转不了12群解散了", "轉不了１２：群解散了", "12转不了，群解散了", "转不了 12，群解散了。谢谢"}},
		"a reason without a number":          {"转不了|3个群解散了", []string{"转不了 3个群解散了"}},
		"a reason that names another word":   {"转不了|12|群主不同意 取消", []string{"转不了 12 群主不同意 取消"}},
		"no reason":                          {"转不了|12", []string{"转不了 12", "转不了12。"}},
		"undo":                               {"撤销", []string{"撤销", "撤消", "记错了"}},
		"undo of one":                        {"撤销|12", []string{"撤销 12", "撤銷12"}},
		"received":                           {"收到", []string{"收到", "收到！", "收到了", "好的收到", "收到，谢谢"}},
		"two in one line":                    {"收到 + 已转|12", []string{"收到，已转12", "收到已转12", "收到 已转 12"}},
		"two with effects":                   {"已转|12 + 转不了|13|群没了", []string{"已转12，转不了13 群没了", "已转12转不了13群没了", "已转 12；13转不了 群没了"}},
		"a reason ends at the next":          {"转不了|13|群没了 + 已转|12", []string{"转不了13 群没了，已转12", "转不了 13 群没了 已转 12"}},
		"tasks":                              {"任务", []string{"任务", "任務", "还没转", "看看任务"}},
		"coverage":                           {"覆盖率", []string{"覆盖率", "覆蓋率", "覆盖率？", "覆盖率多少", "看看覆盖率", "查一下覆盖率"}},
		"coverage of a unit and a period":    {"覆盖率|永宁村|上月", []string{"覆盖率 永宁村 上月", "覆盖率永宁村上月", "覆盖率 上月 永宁村", "永宁村上月覆盖率", "永宁村上月的覆盖率多少？"}},
		"coverage of a named month":          {"覆盖率|2026-11", []string{"覆盖率 2026-11", "覆盖率2026-11", "２０２６-１１覆盖率"}},
		"coverage of a path":                 {"覆盖率|永宁镇/永宁村", []string{"覆盖率 永宁镇/永宁村", "覆盖率 永宁镇／永宁村"}},
		"behind":                             {"落后", []string{"落后", "谁没发", "谁没发？", "谁落后了"}},
		"behind of a unit":                   {"落后|永宁村", []string{"落后 永宁村", "谁没发 永宁村", "永宁村谁没发？"}},
		"why":                                {"凭什么|12", []string{"凭什么 #12", "凭什么12", "憑什麼 12？", "12凭什么"}},
		"why at all":                         {"凭什么", []string{"凭什么", "凭什么说我们落后？", "凭啥"}},
		"progress":                           {"进度", []string{"进度", "本村", "本村怎么样"}},
		"progress of a week":                 {"进度|本周", []string{"本周进度", "进度 本周", "看看本周进度"}},
		"progress of a unit":                 {"进度|永宁村", []string{"永宁村情况", "永宁村情况怎么样"}},
		"approve":                            {"确认|37", []string{"确认 37", "37确认", "確認３７"}},
		"approve as the second":              {"审批|37", []string{"审批 37", "审批37", "37审批", "同意 37", "審批３７", "审批 no.37"}},
		"let go":                             {"放行|37", []string{"放行 37", "放行#37", "37放行"}},
		"approve an item":                    {"审批|shua-dan", []string{"审批 shua-dan", "审批shua-dan", "审批 ＳＨＵＡ-ＤＡＮ", "通过 shua-dan，谢谢"}},
		"approve an item with a number":      {"审批|2026-dan", []string{"审批 2026-dan", "审批2026-dan"}},
		"approve what":                       {"审批", []string{"审批", "審批"}},
		"give back":                          {"退回|37|时间不对", []string{"退回 37 时间不对", "37退回 时间不对", "打回#37 时间不对"}},
		"give an item back":                  {"退回|shua-dan|3 个错字", []string{"退回 shua-dan 3 个错字", "打回 shua-dan 3 个错字"}},
		"cancel":                             {"取消|37", []string{"取消 37", "取消#37"}},
		"halt":                               {"停发", []string{"停发", "停发，全部停发", "停發！", "马上停发", "请停发"}},
		"resume":                             {"恢复", []string{"恢复", "取消停发", "恢復"}},
		"what one forwarded unasked":         {"补录|刷单 11月20日 三个群", []string{"补录 刷单 11月20日 三个群", "補錄 刷單 11月20日 三個群，謝謝"}},
		"entered and another":                {"补录|刷单 今天 三个群 + 已转|12", []string{"补录 刷单 今天 三个群，已转12"}},
		"a sentence runs to the end":         {"反馈|群没了,已转 12 停发", []string{"反馈 群没了，已转 12 停发", "反馈：群没了，已转 12 停发", "反馈一下，群没了，已转 12 停发"}},
		"told and a sentence":                {"已转|12 + 反馈|群没了", []string{"已转12，反馈群没了"}},
		"a quoted message is somebody's own": {"收到", []string{"「陈明：停发」\n- - - - - - - - - - - - - - -\n收到"}},
		"addressed to somebody":              {"停发", []string{"书记，停发", "主任 停发", "停发，书记"}},
		"courtesies only":                    {"", []string{"好的", "谢谢", "好的，谢谢！", "👍", "[强]", "您好", ""}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for _, said := range c.said {
				got, ok := command.Spoken(said)
				require.True(t, ok, said)
				require.Equal(t, c.want, spoken(got), said)
			}
		})
	}
}

func spoken(calls [][]string) string {
	var all []string
	for _, c := range calls {
		all = append(all, strings.Join(c, "|"))
	}
	return strings.Join(all, " + ")
}

// What is doubtful is not done: a wrong 已转 is a number nobody can prove.
func TestReadRefuses(t *testing.T) {
	for _, said := range []string{
		"没有停发", "不要停发", "别停发", "请勿停发", "停发？", "停发吗", "停发了吗", "停发了", "看看停发", "停发不了", "恢复不了", "恢复了", "停发恢复",
		"已转12吗", "已转？", "已转12？", "已转不了", "还没已转12", "不能说已转12", "已转 12 13", "已转12点", "已转12，其他的明天转", "已转0", "已转 12 0/0",
		"已转 12，5号群没转成", "取消", "确认", "取消 停发", "取消12月的", "撤销12了", "全部已转12", "已转 1234567890", "12", "#12", "今天天气不错", "已转三四个群", "已转一半", "已转三组", "已转一百一", "已转十二三", "三组已转", "一个都没转", "已转两天", "停罚", "听发", "已转零",
		"「陈明：停发」\n- - - - - - - - - - - - - - -\n？", "已转1，已转2，已转3，已转4，已转5，已转6，已转7，已转8，已转9", strings.Repeat("啊", 2000),
		"确认 \u202e73", "\u202e12转已", "\u202d确认 37", "停\u200f发", "停\u2067发", "书记：停发", "领导:\n停发", "好的，主任：确认 37", // shown otherwise, or another's
		strings.Repeat("转不了 a,", 80), strings.Repeat("转不了 a ", 80) + "吗", strings.Repeat("12转不了 ", 70),
	} {
		got, ok := command.Spoken(said)
		require.False(t, ok, "%q was understood as %v", said, got)
	}
}

// FuzzRead: whatever is written, nothing panics, and what is understood is
// understood the same way when it is written out plainly.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"好的，已转12了谢谢", "转不了 12 群解散了，已转13 5/7", "覆盖率永宁村上月", "「a：b」\n- - - -\n停发", "已转12、#13 5/7和14", "\u202e12转已", "１２已转①", "2026-W47覆盖率"} {
		f.Add(s)
	}
	f.Add(strings.Repeat("转不了 a,", 60))
	f.Fuzz(func(t *testing.T, s string) {
		calls, ok := command.Spoken(s)
		if !ok {
			require.Empty(t, calls)
		}
		for _, c := range calls {
			require.NotEmpty(t, c[0])
			for _, arg := range c[1:] {
				require.NotEmpty(t, arg)
			}
		}
	})
}
