package schedule

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"tongluo/schedule/roster"
)

// StepKind is what keeps a person or a group from being reached.
type StepKind string

// The kinds, in the order in which the office should go through them.
const (
	StepAccept  StepKind = "accept"  // the login waits for a person to look
	StepKeeper  StepKind = "keeper"  // a group has nobody who can be asked
	StepSort    StepKind = "kind"    // a group has no kind, so that no duty concerns it
	StepTag     StepKind = "tag"     // a person cannot be recognised in chat
	StepFriend  StepKind = "friend"  // a person is not the bot's friend, or the remark differs
	StepBind    StepKind = "bind"    // several groups bear one name: only a person can tell
	StepContact StepKind = "contact" // the bot does not see the group: mostly not saved to contacts
)

var stepOrder = []StepKind{StepAccept, StepKeeper, StepSort, StepTag, StepFriend, StepBind, StepContact}

// Step is one thing to do so that the bot and the people reach each other.
type Step struct {
	Kind   StepKind `json:"kind"`
	Unit   Ref      `json:"unit"`
	Group  Ref      `json:"group"`  // id 0: about a person
	Person Ref      `json:"person"` // id 0: about a group
	What   string   `json:"what"`   // Chinese: what is missing
	Do     string   `json:"do"`     // Chinese: what to do next
}

// Line says it on one line.
func (s Step) Line() string {
	who := s.Group.Name
	if s.Person.ID != 0 {
		who = s.Person.Name
	}
	if who == "" {
		return s.What + "：" + s.Do
	}
	return fmt.Sprintf("%s %s：%s。%s", s.Unit.Name, who, s.What, s.Do)
}

// Onboarding is what is to be done before everybody is reached, in order.
type Onboarding struct {
	// Seen: the account is logged in, so that friends and groups could be looked at.
	Seen  bool   `json:"seen"`
	Steps []Step `json:"steps"`
}

// Onboard lists, within the actor's subtree, who is not yet the bot's friend,
// which groups the bot does not see, and which persons have no tag, each with
// the next thing to do. While nobody is logged in, friends and groups are not
// looked at.
func (o *Office) Onboard(ctx context.Context, a roster.Actor, now time.Time) (Onboarding, error) {
	if err := allow(a, roster.SeeQueue, a.Unit); err != nil {
		return Onboarding{}, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return Onboarding{}, err
	}
	st := o.account.Status()
	out := Onboarding{Seen: st.LoggedIn(), Steps: []Step{}}
	found, err := o.decided(ctx)
	if err != nil {
		return Onboarding{}, err
	}
	if asked := roster.Tally(slices.Collect(maps.Values(found)))[roster.Ask]; a.Unit == "" && (st.State == AccountHeld || asked > 0) {
		step := Step{Kind: StepAccept, What: fmt.Sprintf("有 %d 个群等人认一下，认了才发", asked), Do: "管理员在微信里回“认群”，或在控制台点“认群”；也可以看 roster bindings，都对就用 roster bind --accept"}
		if st.State == AccountHeld {
			step.What, step.Do = fmt.Sprintf("这次登录只认出 %d 个群，已暂停发送", st.Bound), SayLook
		}
		out.Steps = append(out.Steps, step)
	}
	c := checker{r: r, st: st, found: found, seen: out.Seen, today: o.cal.Today(now).String(), named: map[string]int{}, keeps: map[int64]bool{}}
	for _, g := range r.Groups {
		if g.On(c.today) {
			c.named[g.Name]++
			c.keeps[g.Keeper] = true
		}
	}
	for _, g := range r.Groups {
		if g.On(c.today) && roster.Under(g.UnitPath, a.Unit) {
			out.Steps = append(out.Steps, c.group(g)...)
		}
	}
	for _, p := range r.Persons {
		if p.Until == "" && roster.Under(p.UnitPath, a.Unit) {
			out.Steps = append(out.Steps, c.person(p)...)
		}
	}
	slices.SortStableFunc(out.Steps, func(x, y Step) int {
		return slices.Index(stepOrder, x.Kind) - slices.Index(stepOrder, y.Kind)
	})
	return out, nil
}

// checker looks at one group or person after the other.
type checker struct {
	r     *roster.Roster
	st    AccountStatus
	found map[int64]roster.Decision
	seen  bool
	today string
	named map[string]int // group name → how many bear it
	keeps map[int64]bool
}

func (c checker) group(g roster.Group) []Step {
	step := Step{Unit: Ref{g.Unit, g.UnitPath}, Group: Ref{g.ID, g.Name}}
	var out []Step
	if why := vacancyOf(c.r, g); why != "" {
		step.Kind, step.What, step.Do = StepKeeper, why.Chinese(), "请在花名册“负责人”一栏补上能联系的人，再导入"
		out = append(out, step)
	}
	if g.Kind == "" {
		step.Kind, step.What, step.Do = StepSort, "没写群类型，哪个方案都不会算到它", "请在花名册“群类型”一栏写上，如：网格群，再导入"
		out = append(out, step)
	}
	d, decided := c.found[g.ID]
	switch {
	case !c.seen || g.Carrier != roster.ByBot || c.st.Sees(g.ID) || d.Verdict == roster.Ask:
	case decided && d.NewName != "": // there is a room, and something speaks against it
		step.Kind, step.What, step.Do = StepBind, d.Why, nextFor(g, d, "")
		out = append(out, step)
	case c.named[g.Name] > 1:
		step.Kind, step.What = StepBind, fmt.Sprintf("花名册里有 %d 个群叫这个名字，机器人分不清", c.named[g.Name])
		step.Do = fmt.Sprintf("请用 roster bind %d 微信群名或群号 指定", g.ID)
		out = append(out, step)
	default:
		step.Kind, step.What = StepContact, "机器人看不到这个群（不在通讯录，不等于被移出）"
		step.Do = fmt.Sprintf("请在机器人的手机上打开这个群，右上角…，打开“保存到通讯录”；手机上也没有这个群，请负责人拉机器人进群；群名不一样，用 roster bind %d 微信群名", g.ID)
		out = append(out, step)
	}
	return out
}

func (c checker) person(p roster.Person) []Step {
	step := Step{Unit: Ref{p.Unit, p.UnitPath}, Person: Ref{p.ID, p.Name}}
	switch {
	case p.Tag == "" && (c.keeps[p.ID] || p.Role != roster.Cadre):
		step.Kind, step.What = StepTag, "没有“标记”，聊天里认不出"
		step.Do = "请在花名册“标记”一栏写一个不重复的备注名，导入后在机器人的手机上设成这位好友的备注"
	case c.seen && c.st.Twin != nil && c.st.Twin(p.ID):
		step.Kind, step.What = StepFriend, fmt.Sprintf("有几个好友的手机备注都是“%s”，一个都没有认", p.Tag)
		step.Do = "请在机器人的手机上只给本人留这个备注"
	case c.seen && p.Tag != "" && !c.st.Knows(p.ID):
		step.Kind, step.What = StepFriend, "还不是机器人的好友，或手机备注不对"
		step.Do = fmt.Sprintf("请让本人加机器人为好友，通过后在机器人的手机上把备注设成“%s”", p.Tag)
	default:
		return nil
	}
	return []Step{step}
}
