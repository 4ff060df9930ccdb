package roster

import "fmt"

// facts writes down what speaks for a room and against it.
func (m *match) facts(d *Decision, claim, room int) {
	r, t := m.rooms[room], m.claims[claim].Trace
	d.Handle, d.NewName, d.NewSize = r.Handle, r.Name, r.Members
	d.Overlap, d.Code = m.overlap(claim, room), m.code[room] == d.Group
	for other, o := range m.near[claim] {
		if other != room {
			d.Second = max(d.Second, o)
		}
	}
	if t != nil && t.Stable != "" && r.Stable != "" {
		d.Stable = "other"
		if t.Stable == r.Stable {
			d.Stable = "same"
		}
	}
}

// weigh judges the one room that is pointed at.
func (m *match) weigh(d Decision, i, room int) (Verdict, string) {
	t, r := m.claims[i].Trace, m.rooms[room]
	same := m.claims[i].name() == m.bare[room]
	switch {
	case d.Stable == "other":
		return Refuse, "微信给的群标识不是原来那个，互相矛盾"
	case d.By == ByLogin && (same || d.Overlap >= AgreeOverlap):
		return Bind, fixedWhy[ByLogin]
	case d.By == ByLogin:
		return Ask, "同一次登录里群名和成员都变了"
	case d.Overlap < 0 && len(r.Sketch) == 0:
		if d.By == ByStable && same {
			return Bind, "微信给的群标识和名称都对"
		}
		return Refuse, "没有读到这个群的成员名单"
	case d.Overlap >= 0 && d.Overlap < AgreeOverlap && !(d.By == ByStable && same):
		return Refuse, fmt.Sprintf("名称或编码对得上，成员只有 %.0f%% 相同，像是另一个群", 100*d.Overlap)
	case d.By == ByStable && (same || d.Overlap >= AgreeOverlap):
		return Bind, "微信给的群标识对得上"
	case d.Overlap < 0:
		return Ask, "上次没有记下成员，请认一下"
	case d.By == ByCode && d.Overlap < BindOverlap:
		return Ask, fmt.Sprintf("群名里的编码对，成员只有 %.0f%% 相同", 100*d.Overlap)
	case d.By == ByCode:
		return Bind, fmt.Sprintf("群名里的编码对，成员 %.0f%% 相同", 100*d.Overlap)
	case d.By == ByCrowd && m.names[m.bare[room]] > 0:
		return Refuse, "成员像这个群，名称却是另一个群的，互相矛盾"
	case d.By == ByCrowd:
		return Ask, fmt.Sprintf("像是改了名：成员 %.0f%% 相同", 100*d.Overlap)
	case d.Overlap < BindOverlap:
		return Ask, fmt.Sprintf("名称对，成员只有 %.0f%% 相同", 100*d.Overlap)
	case min(len(t.Sketch), len(r.Sketch)) < LeastMembers:
		return Ask, fmt.Sprintf("名称对，但认得出的成员不到 %d 人，不足为凭", LeastMembers)
	case !ratioFits(t.Members, r.Members):
		return Ask, fmt.Sprintf("名称对，但人数从 %d 变成 %d", t.Members, r.Members)
	}
	return Bind, fmt.Sprintf("名称对，成员 %.0f%% 相同", 100*d.Overlap)
}

func ratioFits(before, now int) bool {
	if before == 0 || now == 0 {
		return false
	}
	ratio := float64(now) / float64(before)
	return ratio >= LeastRatio && ratio <= MostRatio
}
