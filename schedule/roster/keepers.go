package roster

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// keeper is one of the people in a row.
type keeper struct{ name, home, phone, tag string }

// manyDigits in a name is a phone in the wrong column.
var manyDigits = regexp.MustCompile(`[0-9０-９][0-9０-９ -]{4,}`)

// keepers are the people of a row in the order written, with the phones and tags
// that stand in the same order.
func (p *rowParser) keepers() []keeper {
	phones := p.phones()
	names := p.names(len(phones))
	if len(names) == 0 {
		return nil
	}
	if len(phones) > 0 && len(phones) != len(names) {
		p.wrong(colPhone, "写了 %d 个号码，负责人是 %d 个，请按负责人的顺序一人写一个", len(phones), len(names))
		phones = nil
	}
	tags := []string{p.cell(colTag)}
	if len(names) > 1 {
		tags = splitCell(p.lines(colTag))
	}
	if len(tags) > 0 && len(tags) != len(names) {
		p.wrong(colTag, "写了 %d 个标记，负责人是 %d 个，请按负责人的顺序一人写一个", len(tags), len(names))
		tags = nil
	}
	out := make([]keeper, 0, len(names))
	for i, name := range names {
		if manyDigits.MatchString(name) {
			p.wrong(colPerson, "“%s”里有号码，请把号码写到“%s”一列", name, either(p.written[colPhone], colPhone))
		}
		k := keeper{}
		k.home, k.name = splitHome(p.path(colPerson, name))
		if i < len(phones) {
			k.phone = phones[i]
		}
		if i < len(tags) {
			k.tag = tags[i]
		}
		out = append(out, k)
	}
	return out
}

// splitCell splits a cell at 、,; and line breaks, blanks left out, repeats kept.
func splitCell(s string) []string {
	var out []string
	for v := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune("、,，;；\n", r) }) {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// names are the people in the keeper's cell. 张三/李四 are two when two phones
// stand beside them; otherwise what is before the slash is a unit.
func (p *rowParser) names(phones int) []string {
	names := splitCell(p.lines(colPerson))
	if len(names) == 0 && !p.vacant() {
		p.wrong(colPerson, "“%s”里没有姓名，请写姓名", p.cell(colPerson))
	}
	if len(names) != 1 {
		return closeUpAll(names)
	}
	parts := strings.FieldsFunc(names[0], func(r rune) bool { return r == '/' || r == '／' })
	if len(parts) > 1 && len(parts) == phones {
		return closeUpAll(parts)
	}
	name := closeUp(names[0])
	parts = strings.Fields(name)
	if len(parts) > 1 && allHan(parts) {
		if len(parts) == phones {
			return parts
		}
		p.wrong(colPerson, "“%s”像是 %d 个人，请写成“%s”；是一个人就不要空格", name, len(parts), strings.Join(parts, "、"))
	}
	return []string{name}
}

func closeUpAll(names []string) []string {
	for i, n := range names {
		names[i] = closeUp(n)
	}
	return names
}

// closeUp takes the spaces out of 张 三, set to be as wide as three characters.
func closeUp(name string) string {
	parts := strings.Fields(halfSpaces(name))
	if len(parts) < 2 || len(parts) > 4 || !allHan(parts) {
		return strings.TrimSpace(name)
	}
	for _, part := range parts {
		if utf8.RuneCountInString(part) != 1 {
			return strings.Join(parts, " ")
		}
	}
	return strings.Join(parts, "")
}

// halfSpaces turns full-width spaces into plain ones.
func halfSpaces(s string) string { return strings.ReplaceAll(s, "　", " ") }

func allHan(parts []string) bool {
	for _, part := range parts {
		for _, r := range part {
			if !unicode.Is(unicode.Han, r) {
				return false
			}
		}
	}
	return true
}

// phones are the numbers of the phone cell as they are stored.
func (p *rowParser) phones() []string {
	cell := p.lines(colPhone)
	if phone, ok := parsePhone(strings.ReplaceAll(cell, "\n", " ")); ok {
		return []string{phone}
	}
	parts := splitCell(strings.NewReplacer("/", "、", "／", "、").Replace(cell))
	if len(parts) == 1 && spaced(parts[0]) {
		parts = strings.Fields(halfSpaces(parts[0]))
	}
	out := make([]string, 0, len(parts))
	for _, part := range parts {
		phone, ok := parsePhone(part)
		switch {
		case !ok && lostDigits(part):
			p.wrong(colPhone, "“%s”后面的数字已经丢了，请把这一列设成“文本”，重写完整的 11 位手机号", part)
		case !ok:
			p.wrong(colPhone, "“%s”不是电话号码，请写 11 位手机号，或区号加座机号如 0577-88123456", part)
		}
		out = append(out, phone)
	}
	return out
}

// spaced reports whether several whole numbers stand with spaces between.
func spaced(s string) bool {
	parts := strings.Fields(halfSpaces(s))
	for _, part := range parts {
		if _, ok := parsePhone(part); !ok {
			return false
		}
	}
	return len(parts) > 1
}
