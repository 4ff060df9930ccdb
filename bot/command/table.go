package command

import (
	"cmp"
	"context"
	"slices"
	"unicode/utf8"

	"tongluo/schedule/roster"
)

// command is one line of the table: everything there is to know about a word.
type command struct {
	word string
	also []string // synonyms, in Simplified characters
	// slips are what voice input and hurried fingers make of it. They are obeyed
	// like the word and shown to nobody; words that send or approve have none.
	slips []string
	// who is shown the word in help. It gives no right: the verbs do.
	who   []roster.Role
	where where
	args  grammar
	usage []string // how it is written, most usual first
	about string
	// does: it changes something, so a question or a doubtful ending is no
	// order. told: it reports what the person did, so 了 may follow, and it is
	// believed however late.
	does, told bool
	// leads: another command may follow without a space: 收到已转12.
	leads  bool
	handle func(d *Dialogue, ctx context.Context, t turn, c call) (answer, error)
}

// where an answer may be heard.
type where int

const (
	anywhere  where = iota // where it was asked
	privately              // it names units or persons: only to the asker
)

// table is the commands with their words in the order of matching.
type table struct {
	commands []command
	words    []entry // longest first
}

type entry struct {
	text string
	cmd  *command
}

func newTable() table {
	t := table{commands: slices.Concat(cadreWords(), sightWords(), tellWords(), everyonesWords(), leadWords(), composeWords(), approveWords(), officeWords(), acceptWords(), correctWords())}
	for i := range t.commands {
		c := &t.commands[i]
		for _, w := range slices.Concat([]string{c.word}, c.also, c.slips) {
			t.words = append(t.words, entry{w, c})
		}
	}
	slices.SortStableFunc(t.words, func(a, b entry) int {
		return cmp.Compare(utf8.RuneCountInString(b.text), utf8.RuneCountInString(a.text))
	})
	return t
}

func cadreWords() []command {
	us := []roster.Role{roster.Cadre, roster.Staff}
	return []command{
		{word: "任务", who: us, where: privately, args: maybeNumber, handle: (*Dialogue).tasks,
			also:  []string{"待转", "待转发", "我的任务", "有什么任务", "未发", "未转", "没转", "还没转", "还没发", "没发"},
			slips: []string{"人物", "任物"},
			usage: []string{"任务", "任务 12"}, about: "看手上待转发的，或其中一份的群"},
		{word: "已转", who: us, where: anywhere, args: forwards, does: true, told: true, handle: (*Dialogue).forwarded,
			also: []string{"已转发", "已经转", "已经转发", "转了", "转好了", "转完了", "转发了", "转过了", "已发", "已经发", "发了", "已发送",
				"已转达"},
			slips: []string{"以转", "己转", "巳转", "一转", "亿转", "已砖", "已赚", "已专", "以砖", "以发", "己发", "以转发", "己转发", "一转发"},
			usage: []string{"已转 12", "已转 12 5/7", "已转 12、13"}, about: "转好了；5/7 是 7 个群里转了前 5 个"},
		{word: "全部已转", who: us, where: anywhere, args: nothing, does: true, told: true, handle: (*Dialogue).allForwarded,
			also: []string{"全部转了", "全部已转发", "全部转好了", "全部转完了", "全部都转了", "全转了", "全都转了", "都转了", "都已转", "都转好了",
				"都转完了", "全部已发", "都发了"},
			slips: []string{"全部以转", "全部己转", "全部一转", "全部已砖", "全部已赚", "全都以转"},
			usage: []string{"全部已转"}, about: "手上的都转好了"},
		{word: "转不了", who: us, where: anywhere, args: reasons, does: true, told: true, handle: (*Dialogue).cannot,
			also:  []string{"转不成", "转发不了", "发不了", "发不出", "没法转", "没法发", "无法转发", "无法转", "不能转"},
			slips: []string{"转不料", "赚不了", "砖不了", "专不了"},
			usage: []string{"转不了 12 群解散了"}, about: "转不了，写上原因"},
		{word: "撤销", who: us, where: anywhere, args: maybeNumber, does: true, handle: (*Dialogue).undo,
			also:  []string{"撤消", "记错了", "回错了"},
			usage: []string{"撤销", "撤销 12"}, about: "收回刚才的已转或转不了"},
		{word: "收到", who: us, where: anywhere, args: nothing, does: true, leads: true, handle: (*Dialogue).received,
			also:  []string{"收到了", "知道了", "已收到"},
			slips: []string{"受到", "收倒", "手到", "以收到"},
			usage: []string{"收到"}, about: "知道了，不再催"},
	}
}

func everyonesWords() []command {
	all := []roster.Role{roster.Cadre, roster.Staff, roster.Leader, roster.Admin}
	return []command{
		{word: "进度", who: all, where: privately, args: places, handle: (*Dialogue).progress,
			also:  []string{"本村", "我村", "本单位", "本校", "本班", "本镇", "情况"},
			slips: []string{"本存", "本春"},
			usage: []string{"进度", "进度 永宁村"}, about: "自己单位本周、本月怎么样"},
		{word: "覆盖率", who: all, where: privately, args: places, handle: (*Dialogue).coverage,
			also:  []string{"覆盖", "达标率", "完成率"},
			slips: []string{"复盖率", "付盖率", "覆盖律"},
			usage: []string{"覆盖率", "覆盖率 永宁村 上月"}, about: "达标多少，分母多少，怪谁"},
		{word: "落后", who: all, where: privately, args: places, handle: (*Dialogue).behind,
			also:  []string{"谁没发", "谁没转", "谁还没发", "谁还没转", "谁落后", "督办"},
			usage: []string{"落后", "落后 永宁村"}, about: "谁落后，从哪期起，什么原因"},
		{word: "凭什么", who: all, where: privately, args: maybeNumber, handle: (*Dialogue).why,
			also:  []string{"凭啥", "依据", "凭什么说我们落后", "凭什么说落后", "为什么落后"},
			usage: []string{"凭什么 12"}, about: "方案原文和原因"},
		{word: "帮助", who: all, where: anywhere, args: nothing, handle: (*Dialogue).help,
			also:  []string{"菜单", "help", "怎么用", "能说什么", "使用说明"},
			usage: []string{"帮助"}, about: "看能说什么"},
	}
}

func officeWords() []command {
	office := []roster.Role{roster.Staff, roster.Leader, roster.Admin}
	staff := []roster.Role{roster.Staff, roster.Admin}
	return []command{
		{word: "今天", who: staff, where: privately, args: nothing, handle: (*Dialogue).today,
			also:  []string{"今日", "简报", "今天有什么"},
			usage: []string{"今天"}, about: "今天有什么要办"},
		{word: "队列", who: office, where: anywhere, args: nothing, handle: (*Dialogue).queue,
			also:  []string{"排队", "待发", "待审"},
			usage: []string{"队列"}, about: "排着的推送，谁在等审批"},
		{word: "确认", who: office, where: anywhere, args: aNumber, does: true, handle: (*Dialogue).approve,
			usage: []string{"确认 37"}, about: "确认自己刚看过的，或放行别人排的"},
		{word: "取消", who: staff, where: anywhere, args: aNumber, does: true, handle: (*Dialogue).cancel,
			also:  []string{"取消推送", "不发了"},
			usage: []string{"取消 37"}, about: "取消一个推送"},
		{word: "停发", who: office, where: anywhere, args: nothing, does: true, handle: (*Dialogue).halt,
			also:  []string{"全部停发", "马上停发", "立即停发", "立刻停发", "暂停发送", "停止发送"},
			usage: []string{"停发"}, about: "马上全部停发"},
		{word: "恢复", who: office, where: anywhere, args: nothing, does: true, handle: (*Dialogue).resume,
			also:  []string{"恢复发送", "取消停发", "解除停发"},
			usage: []string{"恢复"}, about: "停发以后继续，要两个人或等一会"},
	}
}

// match finds the longest word of the table that s begins with.
func (t table) match(s string) (*command, string, bool) {
	for _, e := range t.words {
		if len(s) >= len(e.text) && s[:len(e.text)] == e.text {
			return e.cmd, s[len(e.text):], true
		}
	}
	return nil, s, false
}
