package roster

import "slices"

// someone is one person of a sheet, put together from all rows that name them.
type someone struct {
	name, tag, phone string
	role             Role // "" when no row says
	first            int  // row index, which orders new ids
	stated           []string
	implied          []string // units of groups kept, where no row states the home
	until            string
	ended            bool // a row of their own says whether they are gone
}

// homes returns the units the sheet gives the person, the likeliest first.
func (p *someone) homes() []string {
	if len(p.stated) > 0 {
		return p.stated
	}
	return p.implied
}

// crew is the people of a sheet.
type crew struct {
	people []*someone
	ofRow  []*someone // by row index, nil where the row names nobody

	byTag  map[string]*someone
	byName map[homeName][]*someone
}

type homeName struct{ home, name string }

// crew puts the people together: one tag is one person; without a tag, one
// name in one unit is. Rows with tags go first, so that a later row may leave
// the tag out.
func (s Sheet) crew(places []place) (crew, Problems) {
	c := crew{ofRow: make([]*someone, len(s.Rows)), byTag: map[string]*someone{}, byName: map[homeName][]*someone{}}
	var problems Problems
	for _, tagged := range []bool{true, false} {
		for i, row := range s.Rows {
			if row.Person == "" || (row.Tag != "") != tagged {
				continue
			}
			p, what := c.find(row, places[i])
			if what != "" {
				problems = append(problems, s.problem(row, colPerson, "%s", what))
			}
			if p == nil {
				p = &someone{name: row.Person, tag: row.Tag, first: i}
				c.people = append(c.people, p)
			}
			problems = append(problems, c.add(s, i, p, places[i])...)
		}
	}
	slices.SortStableFunc(c.people, func(a, b *someone) int { return a.first - b.first })
	return c, problems
}

// find returns the person a row means, nil for one not named yet.
func (c *crew) find(row Row, at place) (p *someone, what string) {
	if row.Tag != "" {
		p = c.byTag[row.Tag]
		if p != nil && p.name != row.Person {
			what = "标记“" + row.Tag + "”已经是“" + p.name + "”的，一个标记只能给一个人，请改标记"
		}
		return p, what
	}
	same := c.byName[homeName{at.home, row.Person}]
	if len(same) == 0 {
		return nil, ""
	}
	if len(same) > 1 {
		what = "有几个“" + row.Person + "”，请在“标记”里写明是哪一个"
	}
	return same[0], what
}

// add joins what a row says to the person it names.
func (c *crew) add(s Sheet, i int, p *someone, at place) Problems {
	var problems Problems
	row := s.Rows[i]
	if p.phone != "" && row.Phone != "" && p.phone != row.Phone {
		problems = append(problems, s.problem(row, colPhone, "“%s”在前面写的是另一个号码，请写成一样的；若是两个人，请写标记", row.Person))
	}
	if p.role != "" && row.Role != "" && p.role != row.Role {
		problems = append(problems, s.problem(row, colRole, "“%s”在前面写的是%s，请写成一样的", row.Person, p.role.Word()))
	}
	p.phone, p.role, p.first = either(p.phone, row.Phone), either(p.role, row.Role), min(p.first, i)
	if row.Group == "" && !row.Helper && s.says(row, colUntil) {
		p.until, p.ended = either(p.until, row.Until), true
	}
	if row.Group == "" && !row.Helper || row.Home != "" {
		p.stated = appendNew(p.stated, at.home)
	} else {
		p.implied = appendNew(p.implied, at.home)
	}
	c.ofRow[i] = p
	if p.tag != "" {
		c.byTag[p.tag] = p
	}
	k := homeName{at.home, p.name}
	c.byName[k] = appendNew(c.byName[k], p)
	return problems
}

func either[T ~string](a, b T) T {
	if a != "" {
		return a
	}
	return b
}

func appendNew[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}
