package schedule

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// clausesOf are the duties each group's delivery of the push can serve.
func (o *Office) clausesOf(ctx context.Context, p Push, ds []Delivery) (map[int64][]Clause, error) {
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return nil, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, err
	}
	out := map[int64][]Clause{}
	for _, d := range ds {
		g, _ := r.Group(d.Group)
		for _, ad := range ads {
			for _, t := range ad.Terms.Duties {
				if ad.inForce(p.Day) && concerns(ad, t, g) && t.Holds(p.Day) && serves(t, p, d) {
					out[d.Group] = append(out[d.Group], Clause{ad.Terms.Number, t.ID, t.Title, t.Quote})
				}
			}
		}
	}
	return out, nil
}

// mergeClauses lists the different clauses of all groups once, in plan order.
func mergeClauses(m map[int64][]Clause) []Clause {
	seen := map[string]bool{}
	var out []Clause
	for _, cs := range m {
		for _, c := range cs {
			if key := itoa(c.Plan) + "/" + c.Duty; !seen[key] {
				seen[key] = true
				out = append(out, c)
			}
		}
	}
	slices.SortFunc(out, func(a, b Clause) int {
		if a.Plan != b.Plan {
			return a.Plan - b.Plan
		}
		return strings.Compare(a.Duty, b.Duty)
	})
	return out
}

// say writes an instant the way people do: 6月5日 周五 17:30.
func (o *Office) say(t time.Time) string {
	t = t.In(o.cal.Zone())
	if t.Hour() == 0 && t.Minute() == 0 { // the end of the day before
		t = t.Add(-time.Minute)
		return fmt.Sprintf("%d月%d日 %s 24:00", int(t.Month()), t.Day(), weekdays[t.Weekday()])
	}
	return fmt.Sprintf("%d月%d日 %s %s", int(t.Month()), t.Day(), weekdays[t.Weekday()], t.Format("15:04"))
}

var weekdays = [...]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}
