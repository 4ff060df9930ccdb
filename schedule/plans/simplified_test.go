package plans

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestSimplified(t *testing.T) {
	for traditional, want := range map[string]string{
		"": "",
		"活動結束后,第一時間轉發到微信群":           "活动结束后,第一时间转发到微信群",
		"發現頭髮、關係、聯繫、系統":              "发现头发、关系、联系、系统",
		"進群后不准發布與反電信詐騙無關的內容,并及時更換":   "进群后不准发布与反电信诈骗无关的内容,并及时更换",
		"後台、皇后、裡面、鄰里、電視臺、標准":         "后台、皇后、里面、邻里、电视台、标准",
		"乾隆、餅乾、乾杯、干部":                "乾隆、饼干、干杯、干部",
		"村(居)綜治辦 96110 APP":          "村(居)综治办 96110 APP",
		"已经是简体字的句子不变":                "已经是简体字的句子不变",
		"標語上墻、紅橙黃緑、“一院一策”":           "标语上墙、红橙黄绿、“一院一策”",
		"混在一起 mixed 的字體\n與換行\tand 😀": "混在一起 mixed 的字体\n与换行\tand 😀",
	} {
		require.Equal(t, want, Simplified(traditional))
	}
}

// simplifiedQuotes are the quotes most rich in characters that go wrong, as a
// reader of the Simplified original would have them.
var simplifiedQuotes = map[string]string{
	"01/village-relay":       "将镇推送的反电诈宣传内容,第一时间推送到本部门或辖区宣传群,并组织、督导向覆盖全民的下一级宣传群进行集中推送",
	"04/summary":             "活动结束后,要将本单位宣传总结、宣传图片及相关资料统一收集,于20xx年5月1日前报送至市欺诈骗保宣传月活动领导小组办公室",
	"06/posters-up":          "XX月XX日前,要完成养老服务机构防范化解养老服务诈骗标语和举报渠道上墙",
	"06/final-report":        "各地专项行动整体情况XX月XX日前(包括工作总结、附件2、附件3、附件5,通过浙政钉报送PDF盖章扫描件和电子稿)报区民政局社会养老服务指导中心",
	"09/parent-push":         "每月不少于一次通过班主任往家长群推送,提醒家长谨防被骗",
	"11/weekly-push":         "各村(社区)安排专人,在本村(社区)防骗微信工作群、便民群、党员群等微信群中,每周至少推送两次以上防范电信网络诈骗为主要内容的图片、文字等宣传资料",
	"12/nickname":            "指导员、班长进入小组后,将个人信息修改为所属学院、年级、真实姓名",
	"13/weekly-report":       "各乡(镇)、居民事务中心、县x各有关部门务必于每周五下午16:00前将宣传情况及印证图片报至邮箱",
	"15/follow-rate":         "组织各村(社区)开展通过关注反电信诈骗快手号“熊猫反诈”和“国家反诈中心”微信公众号等方式,确保至少达到户籍人口80%的关注率",
	"16/summary":             "各年段、班级要积极参与活动,并收集信息、写好心得体会、总结,并按时报送综治处",
	"17/monthly-training":    "每月集中对全镇干部、村干、工作队开展一次“防诈”、“反诈”培训会",
	"18/committee-app":       "各村支部书记负责组织指导本村“两委成员”全员下载国家反诈中心APP",
	"03/summary":             "刑侦大队制定本活动工作方案及开展活动的工作总结于2月21日报县法建办",
	"02/institution-summary": "各金融机构于10月9日前向人民银行永嘉县支行报送宣传活动工作总结",
	"05/open-letter":         "向每一位学生家长印发《致学生家长的公开信》,由学生向家长宣传防范常识",
	"08/survey":              "本轮摸底排查工作于20XX年XX月XX日前完成",
	"11/monthly-inspection":  "我镇将相应成立创建工作督查组,每月对本辖区村(社区)的创建工作情况进行督察",
	"10/monthly-bulletin":    "每月向镇、街道和社区、村居通报电信案件发案情况",
	"12/contact-roster":      "各二级学院本月27日前将本学院指导员、各班长信息(姓名、性别、电话号码、微信号)整理提交给保安所",
	"04/institution-banners": "市医疗保险经办中心、市新农合管理中心及医保定点医疗机构(含乡镇卫生院、社区卫生服务中心)要有不少于2幅垂楼标语或横幅",
	"04/leader-roster":       "同时要将此次宣传工作主要负责人名单报送市欺诈骗保宣传月活动领导小组办公室",
	"18/temple-visit":        "派出所会同司法所,开展一次针对寺院教职人员人员的反诈宣传",
}

func TestSimplified_quotes(t *testing.T) {
	seen := 0
	for _, p := range embedded(t) {
		for _, d := range p.Duties {
			got := Simplified(d.Quote)
			require.Equal(t, got, Simplified(got), "nothing is left to convert")
			if want, ok := simplifiedQuotes[p.ID[:2]+"/"+d.ID]; ok {
				require.Equal(t, want, got)
				seen++
			}
		}
	}
	require.Len(t, simplifiedQuotes, seen)
}

func FuzzSimplified(f *testing.F) {
	for _, s := range []string{"", "反電詐", "乾", "\xff電\xe9", "乾坤大挪移"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Simplified(s)
		if utf8.ValidString(s) {
			require.True(t, utf8.ValidString(got))
			require.Equal(t, utf8.RuneCountInString(s), utf8.RuneCountInString(got), "one character for one")
		}
	})
}
