package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tongluo/schedule/roster"
)

// showAdoption tells the office of an adoption by one person, and plans what it
// sends today when the delay is over.
func (o *Office) showAdoption(ctx context.Context, ad Adoption, now time.Time) error {
	if !ad.Alone(now) {
		return nil
	}
	text := fmt.Sprintf("【请核对】方案%d在%s启用，应办已经算起，%s起按时段发送。\n另一个人同意就不用等：在办公室电脑上运行 tongluo plan adopt --confirm %d --by 本人\n不同意请先回：停发",
		ad.Terms.Number, ad.UnitPath, o.say(ad.ReadyAt), ad.ID)
	if err := o.tellOffice(ctx, []string{ad.UnitPath}, ad.Person, fmt.Sprintf("adopted:%d", ad.ID), text, now); err != nil {
		return err
	}
	return o.store.PutJobs(ctx, []Job{{Key: fmt.Sprintf("adopted:%d", ad.ID), Kind: jobAdopted, Ref: ad.ID, At: ad.ReadyAt}})
}

// ConfirmAdoption is the second person of an adoption: its slots are filled from
// now on. Errors: ErrNotFound, ErrDenied for who adopted it, ErrInput for the
// command line without a name, ErrState when nobody need confirm it.
func (o *Office) ConfirmAdoption(ctx context.Context, a roster.Actor, id int64, now time.Time) (Adoption, error) {
	ad, err := o.adoption(ctx, id)
	if err != nil {
		return Adoption{}, err
	}
	if err := allow(a, roster.ConfirmPlan, ad.UnitPath); err != nil {
		return Adoption{}, err
	}
	switch {
	case !ad.DroppedOn.IsZero():
		return Adoption{}, problem(ErrState, "启用 %d 已经停用", id)
	case !ad.Alone(now):
		return Adoption{}, problem(ErrState, "启用 %d 已经生效，不用再确认", id)
	case nameless(a):
		return Adoption{}, problem(ErrInput, "请写明是谁确认：--by 确认人")
	}
	if same, err := o.samePerson(ctx, ad.Person, ad.By, a); err != nil || same {
		if err != nil {
			return Adoption{}, err
		}
		return Adoption{}, problem(ErrDenied, "启用 %d 是您自己办的，要由另一个人确认；也可以等到 %s", id, o.say(ad.ReadyAt))
	}
	if err := o.store.ConfirmAdoption(ctx, a, id, now); err != nil {
		if errors.Is(err, ErrStale) {
			return Adoption{}, problem(ErrState, "启用 %d 刚才已经有人确认", id)
		}
		return Adoption{}, fmt.Errorf("confirm adoption %d: %w", id, err)
	}
	ad.ReadyAt = time.Time{}
	return ad, o.planDay(ctx, o.cal.Today(now), now)
}

func (o *Office) adoption(ctx context.Context, id int64) (Adoption, error) {
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return Adoption{}, err
	}
	for _, ad := range ads {
		if ad.ID == id {
			return ad, nil
		}
	}
	return Adoption{}, problem(ErrNotFound, "没有编号是 %d 的启用，请用 plan adopted 查看", id)
}

// confirmed are the adoptions whose slots may be filled.
func confirmed(ads []Adoption, now time.Time) []Adoption {
	out := make([]Adoption, 0, len(ads))
	for _, ad := range ads {
		if !ad.Alone(now) {
			out = append(out, ad)
		}
	}
	return out
}
