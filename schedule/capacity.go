package schedule

import (
	"context"
	"fmt"
	"time"

	"tongluo/content"
	"tongluo/schedule/roster"
)

// fit answers a push that does not fit its window at the account's pace with
// the figures and three ways out (design rule 11); nothing when it fits.
func (o *Office) fit(groups int, parts []content.Part, window time.Duration, what string) []string {
	var gap time.Duration
	texts, media := 0, 0
	for _, p := range parts {
		if p.Kind == content.Text || p.Kind == content.Link {
			gap += o.settings.TextPace.Mean()
			texts++
		} else {
			gap += o.settings.PicturePace.Mean()
			media++
		}
	}
	need := time.Duration(groups) * gap
	if need <= window {
		return nil
	}
	fits := int(window / max(gap, 1))
	out := fmt.Sprintf("%s排不下：%d 个群，每群 %d 条文字、%d 条图片或文件，平均 %.1f 秒，共要 %s，时段只有 %s，只够 %d 个群。三个办法：①把群分到 %d 天发；②把时段放宽到 %s；",
		what, groups, texts, media, gap.Seconds(), minutes(need), minutes(window), fits, (groups+max(fits, 1)-1)/max(fits, 1), minutes(need))
	if texts > 0 && media > 0 {
		alone := time.Duration(groups) * o.settings.PicturePace.Mean() * time.Duration(media)
		return []string{out + fmt.Sprintf("③只发画有文字的图片，共要 %s。", minutes(alone))}
	}
	return []string{out + "③一部分群改由负责人转发（承运改为“人工”）。"}
}

func minutes(d time.Duration) string {
	m := int((d + time.Minute - 1) / time.Minute)
	if m < 60 {
		return fmt.Sprintf("%d 分钟", m)
	}
	if m%60 == 0 {
		return fmt.Sprintf("%d 小时", m/60)
	}
	return fmt.Sprintf("%d 小时 %d 分", m/60, m%60)
}

// Capacity answers whether each slot's groups fit its window at the account's
// pace, if every one of them were due with text and picture. Empty: all fit.
func (o *Office) Capacity(ctx context.Context, a roster.Actor, now time.Time) ([]string, error) {
	if err := allow(a, roster.SeeQueue, a.Unit); err != nil {
		return nil, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, err
	}
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return nil, err
	}
	day := o.cal.Today(now)
	both := []content.Part{{Kind: content.Text}, {Kind: content.Picture}}
	out := []string{}
	for _, s := range o.settings.Slots {
		n := 0
		for _, g := range r.Select(s.To, day.String()) {
			if g.Carrier == roster.ByBot && owesAny(ads, g) {
				n++
			}
		}
		out = append(out, o.fit(n, both, s.Length, "时段“"+s.Name+"”")...)
		if n*len(both) > o.settings.PerAccountDay {
			out = append(out, fmt.Sprintf("时段“%s”一天要发 %d 条，超过每个账号每天 %d 条的上限", s.Name, n*len(both), o.settings.PerAccountDay))
		}
	}
	return out, nil
}

func owesAny(ads []Adoption, g roster.Group) bool {
	for _, ad := range ads {
		for _, t := range ad.Terms.Duties {
			if ad.DroppedOn.IsZero() && owesPushes(t) && concerns(ad, t, g) {
				return true
			}
		}
	}
	return false
}
