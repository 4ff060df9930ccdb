package main

import "tongluo/schedule/plans"

type tasksCmd struct{ reads }

// Run lists what units still hand in; `confirm` takes the numbers.
func (c *tasksCmd) Run(a *app) error {
	now, _, err := c.now()
	if err != nil {
		return err
	}
	return a.with(func(o *office) error {
		rows, err := o.Tasks(a.ctx, reader(), now)
		if err != nil {
			return err
		}
		if c.JSON {
			return a.document(rows)
		}
		for _, t := range rows {
			a.say("#%d %s　%s　%s，%s前，%s", t.ID, t.Unit.Name, t.Title, t.Period, o.dayTime(t.Due), t.Standing.Chinese())
			a.say("   凭方案%d“%s”", t.Plan, plans.Simplified(t.Quote))
		}
		a.say("共 %d 项要报送或开展。办好了：tongluo confirm 编号 [--day 日期]", len(rows))
		return nil
	})
}
