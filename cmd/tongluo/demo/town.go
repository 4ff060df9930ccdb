package demo

import (
	"fmt"
	"strconv"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule/roster"
)

// place is the made-up town: a roster, and the same people and groups as the
// make-believe WeChat knows them.
type place struct {
	roster *roster.Roster
	town   loopback.Town
	// contact and room give the server's ids of our persons and groups.
	contact map[int64]string
	room    map[int64]string
}

const (
	townName   = "永宁镇"
	schoolName = "永宁镇中心小学"
)

var villages = [...]string{"永宁村", "沙堤村", "外高村", "郭坑村", "前埔村", "港边村", "梅林村", "塔石村", "岑兜村", "洋厝村", "浯沙村", "后杆村"}

var surnames = []rune("王李张刘陈杨黄赵周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文")

var givens = []string{"建国", "秀兰", "志强", "丽华", "海燕", "文斌", "美玲", "国栋", "淑芬", "永福", "晓梅", "长青"}

// builder numbers what it makes.
type builder struct {
	units   []roster.Unit
	groups  []roster.Group
	persons []roster.Person
}

func (b *builder) unit(parent roster.Unit, name string, school bool) roster.Unit {
	path := name
	if parent.Path != "" {
		path = parent.Path + "/" + name
	}
	u := roster.Unit{ID: int64(len(b.units) + 1), Name: name, Path: path, Parent: parent.ID, School: school}
	b.units = append(b.units, u)
	return u
}

func (b *builder) person(u roster.Unit, role roster.Role) roster.Person {
	n := len(b.persons)
	p := roster.Person{ID: int64(n + 1), Name: string(surnames[n%len(surnames)]) + givens[n%len(givens)], Unit: u.ID, UnitPath: u.Path,
		Role: role, Phone: fmt.Sprintf("139000%05d", n+1), Tag: "TL-" + strconv.Itoa(100+n)}
	b.persons = append(b.persons, p)
	return p
}

// contact makes a person the contact of their unit.
func (b *builder) contact(u roster.Unit) roster.Person {
	p := b.person(u, roster.Cadre)
	b.units[u.ID-1].Contact = p.ID
	return p
}

func (b *builder) group(u roster.Unit, name, kind string, audiences []string, keeper int64, by roster.Carrier) roster.Group {
	g := roster.Group{ID: int64(len(b.groups) + 1), Name: name, Unit: u.ID, UnitPath: u.Path, Kind: kind, Audiences: audiences, Keeper: keeper, Carrier: by}
	b.groups = append(b.groups, g)
	return g
}

// build makes the town: 12 villages with 5 groups each, and a school of 9
// classes with a parents' and a class group each.
func build() *place {
	b := &builder{}
	town := b.unit(roster.Unit{}, townName, false)
	b.person(town, roster.Staff)
	b.person(town, roster.Staff)
	b.person(town, roster.Leader)
	for i, name := range villages {
		b.village(town, i, name)
	}
	b.school(town)
	p := &place{roster: roster.New(b.units, b.groups, b.persons), contact: map[int64]string{}, room: map[int64]string{}}
	p.asWeChat(b)
	return p
}

func (b *builder) village(town roster.Unit, i int, name string) {
	v := b.unit(town, name, false)
	head := b.contact(v)
	everyone := []string{"居民", "老年人", "家长"}
	by := roster.ByBot
	if i == neverVillage || i == handVillage {
		by = roster.ByKeeper
	}
	b.group(v, name+"便民服务群", "便民群", everyone, head.ID, by)
	b.group(v, name+"党员群", "党员群", []string{"党员", "居民"}, head.ID, roster.ByBot)
	b.group(v, name+"防骗工作群", "防骗工作群", []string{"干部", "居民"}, head.ID, roster.ByBot)
	for _, n := range []string{"一组", "二组"} {
		grid := b.unit(v, n, false)
		leader := b.contact(grid)
		b.group(grid, name+n+"网格群", "网格群", everyone, leader.ID, roster.ByKeeper)
	}
}

func (b *builder) school(town roster.Unit) {
	s := b.unit(town, schoolName, true)
	b.contact(s)
	for _, grade := range []string{"四年级", "五年级", "六年级"} {
		g := b.unit(s, grade, false)
		b.contact(g)
		for n := 1; n <= 3; n++ {
			name := fmt.Sprintf("%s（%d）班", grade[:len(grade)-len("年级")], n)
			c := b.unit(g, name, false)
			teacher := b.contact(c)
			b.group(c, name+"家长群", "家长群", []string{"家长", "居民"}, teacher.ID, roster.ByBot)
			b.group(c, name+"班级群", "班级群", []string{"学生", "家长"}, teacher.ID, roster.ByKeeper)
		}
	}
}

// asWeChat puts the same people and groups on the make-believe WeChat: friends
// with the remark the office set, groups that are saved to contacts.
func (p *place) asWeChat(b *builder) {
	p.town.Account = loopback.Account{Uin: 800000001, Nickname: "永宁镇反诈铜锣"}
	for _, x := range b.persons {
		id := fmt.Sprintf("c%d", x.ID)
		p.contact[x.ID] = id
		c := loopback.Contact{ID: id, Nickname: "阳光" + strconv.FormatInt(x.ID, 10), Remark: x.Tag}
		if x.ID == p.strangerID() { // never added the bot as a friend
			c.Stranger, c.Remark = true, ""
		}
		p.town.Contacts = append(p.town.Contacts, c)
	}
	for _, g := range b.groups {
		p.town.Groups = append(p.town.Groups, p.asRoom(g))
	}
	for n := range residents {
		p.town.Contacts = append(p.town.Contacts, loopback.Contact{ID: foreigner(n), Nickname: fmt.Sprintf("来客%d", n+1), Stranger: true})
	}
}

// foreigner is somebody who is in none of our groups.
func foreigner(n int) string { return fmt.Sprintf("f%d", n+1) }

// residents are how many people of its own each group has.
const residents = 12

func (p *place) asRoom(g roster.Group) loopback.Group {
	id := fmt.Sprintf("g%d", g.ID)
	p.room[g.ID] = id
	room := loopback.Group{ID: id, Name: g.Name, Saved: true, Members: []string{p.contact[g.Keeper]}}
	for n := range residents {
		c := loopback.Contact{ID: fmt.Sprintf("%s-r%d", id, n+1), Nickname: fmt.Sprintf("邻里%d-%d", g.ID, n+1), Stranger: true}
		p.town.Contacts, room.Members = append(p.town.Contacts, c), append(room.Members, c.ID)
	}
	return room
}

// split is a new group that half of the people of two others move into.
func (p *place) split(g, a, b roster.Group) loopback.Group {
	room := loopback.Group{ID: fmt.Sprintf("g%d", g.ID), Name: g.Name, Saved: true, Members: []string{p.contact[g.Keeper]}}
	p.room[g.ID] = room.ID
	for n := range residents / 2 {
		for _, from := range []roster.Group{a, b} {
			room.Members = append(room.Members, fmt.Sprintf("g%d-r%d", from.ID, n+1))
		}
	}
	return room
}

// isRoom reports whether the server's id is one of our groups.
func (p *place) isRoom(id string) bool { return holds(p.room, id) }

// isPerson reports whether the server's id is one of our people.
func (p *place) isPerson(id string) bool { return holds(p.contact, id) }

func holds(ids map[int64]string, id string) bool {
	for _, one := range ids {
		if one == id {
			return true
		}
	}
	return false
}

// strangerID is the contact of the last village, who is nobody's friend: only
// office packs reach them.
func (p *place) strangerID() int64 {
	for _, u := range p.roster.Units {
		if u.Name == villages[len(villages)-1] {
			return u.Contact
		}
	}
	return 0
}

// head is the contact of a village, by its place in the list.
func (p *place) head(village int) roster.Person {
	for _, u := range p.roster.Units {
		if u.Name == villages[village] {
			who, _ := p.roster.Person(u.Contact)
			return who
		}
	}
	return roster.Person{}
}

// groupNamed finds a group by its name.
func (p *place) groupNamed(name string) roster.Group {
	for _, g := range p.roster.Groups {
		if g.Name == name {
			return g
		}
	}
	return roster.Group{}
}
