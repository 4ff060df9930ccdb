package content

import (
	"slices"
)

// account matches an invitation to a chat account: the service, in its own name
// or in the spellings used to slip past filters, and an id right behind it.
var account = pattern(`((?:wei|[微薇威徽维v])\s?[信x❤♥]|卫星|vx|wx|\bv\s?[:：]|wechat|weixin|qq|扣扣|企鹅|telegram|tg|纸飞机|飞机号|whatsapp|skype|蝙蝠|陌陌|抖音|快手|公众号|群)\s?(?:号码|账号|号|群|id)?\s?(?:是|为|搜|加)?\s?[:：=→>-]*\s?(@?[a-z0-9_][a-z0-9_-]{4,19})`)

// handle matches @name and slang for adding somebody, with anything that can be
// an id behind a colon.
var handle = pattern(`(?:^|[^a-z0-9])@[a-z0-9_]{5,}|(?:vx|v信|薇信|威信|微x|加\s?v\s?[❤♥]|加v|加薇|\+v|\+薇|加微|扣扣)\s?[:：]\s?\S{2,}|(?:加v|加薇|加微|\+v|\+微|\+薇|\+q|加q)\s?(?:信|q)?\s?[a-z0-9_-]{4,}`)

// plainWords follow the name of a service in ordinary prose.
var plainWords = []string{"wechat", "weixin", "windows", "android", "iphone", "whatsapp", "telegram"}

// contacts reports invitations to add a chat account.
func (s *scan) contacts() {
	const reason = "出现微信、QQ 等联系方式，请删掉"
	for _, m := range account().FindAllStringSubmatchIndex(s.text, -1) {
		id := s.text[m[4]:m[5]]
		if !slices.Contains(plainWords, id) && !slices.Contains(s.allow.Numbers, id) && !counts().MatchString(s.text[m[5]:]) {
			s.add(FoundContact, s.text[m[0]:m[1]], s.lineOf(s.text, m[0]), reason)
		}
	}
	for _, m := range handle().FindAllStringIndex(s.text, -1) {
		s.add(FoundContact, s.text[m[0]:m[1]], s.lineOf(s.text, m[0]), reason)
	}
}
