package plans

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"tongluo/schedule/calendar"
)

func embedded(t testing.TB) []Plan {
	t.Helper()
	all, err := Embedded()
	require.NoError(t, err)
	return all
}

func plan(t testing.TB, number string) Plan {
	t.Helper()
	p, err := Find(embedded(t), number)
	require.NoError(t, err)
	return p
}

func resolve(t testing.TB, number string, year int, answers map[string]string) Terms {
	t.Helper()
	terms, err := Resolve(plan(t, number), year, answers)
	require.NoError(t, err)
	return terms
}

func duty(t testing.TB, terms Terms, id string) Term {
	t.Helper()
	for _, d := range terms.Duties {
		if d.ID == id {
			return d
		}
	}
	require.FailNow(t, "no duty "+id)
	return Term{}
}

func shanghai(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	return zone
}

func TestEmbedded(t *testing.T) {
	all := embedded(t)
	require.Len(t, all, 18)
	year := regexp.MustCompile(`(?m)^\s*(from|to|due)\s*=\s*"[0-9]{4}`)
	for i, p := range all {
		require.Equal(t, i+1, p.Number)
		require.Regexp(t, fmt.Sprintf("^%02d-[a-z-]+$", p.Number), p.ID)
		data, err := files.ReadFile("files/" + p.ID + ".toml")
		require.NoError(t, err, "the file is named after the plan")
		require.Regexp(t, fmt.Sprintf(`^# Plan %d, plans-source.txt lines [0-9]+-[0-9]+`, p.Number), string(data))
		require.NotRegexp(t, year, string(data), "embedded plans carry no year")
		require.Empty(t, Check(p))
		require.Equal(t, "year", p.Decisions[0].Key, "the year is open in every plan")
	}
}

func TestEmbedded_words(t *testing.T) {
	for _, p := range embedded(t) {
		require.Equal(t, p.Title, Simplified(p.Title))
		for _, d := range p.Duties {
			at := p.ID + "/" + d.ID
			require.NotEmpty(t, d.Title, at)
			require.Equal(t, d.Title, Simplified(d.Title), at)
			require.Equal(t, d.Receiver, Simplified(d.Receiver), at)
			length := utf8.RuneCountInString(d.Quote)
			require.True(t, length >= 8 && length <= 120, "%s: quote of %d characters", at, length)
			for _, dec := range append(d.Decisions, p.Decisions...) {
				require.Equal(t, dec.About, Simplified(dec.About), at)
			}
		}
	}
}

// TestQuotes reads the documents themselves, which are not part of the product.
func TestQuotes(t *testing.T) {
	path := os.Getenv("TONGLUO_PLANS_SOURCE")
	if path == "" {
		path = filepath.Join("..", "..", "..", "shared", "reference", "plans-source.txt")
	}
	data, err := os.ReadFile(path)
	if err != nil && os.Getenv("TONGLUO_REQUIRE") == "" {
		t.Skip("the documents are not here: set TONGLUO_PLANS_SOURCE to plans-source.txt to compare the quotes with them")
	}
	require.NoError(t, err)
	lines := strings.Split(string(data), "\n")
	span := regexp.MustCompile(`lines ([0-9]+)-([0-9]+)`)
	for _, p := range embedded(t) {
		file, err := files.ReadFile("files/" + p.ID + ".toml")
		require.NoError(t, err)
		var from, to int
		_, err = fmt.Sscanf(span.FindString(string(file)), "lines %d-%d", &from, &to)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("反電詐工作實施方案%d", p.Number), squeeze(lines[from-1]), p.ID)
		own := squeeze(strings.Join(lines[from-1:to], ""))
		for _, d := range p.Duties {
			require.True(t, strings.Contains(own, squeeze(d.Quote)), "%s/%s: not in lines %d-%d", p.ID, d.ID, from, to)
		}
	}
}

// squeeze leaves out white space, which the source breaks words with.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

func TestFind(t *testing.T) {
	all := embedded(t)
	for _, name := range []string{"11", "11-yongning", " 11 "} {
		p, err := Find(all, name)
		require.NoError(t, err)
		require.Equal(t, 11, p.Number)
	}
	for _, name := range []string{"", "0", "19", "011", "yongning"} {
		_, err := Find(all, name)
		require.ErrorContains(t, err, "11-yongning")
	}
}

// months names, from the documents alone, what each plan owes in one month of
// 2026: duty, period, number and to whom it falls. A relay has its hops and
// time; what is handed in has its last day.
var months = map[string]struct {
	month string
	owes  []string
}{
	"01": {"2026-06", each("2026-W23 2026-W24 2026-W25 2026-W26", "village-relay % hops 2 in PT4H 网格群,宣传群")},
	"02": {"2026-10", []string{"institution-summary once ≥1 institution by 2026-10-09", "branch-summary once ≥1 office by 2026-10-15"}},
	"03": {"2026-02", []string{"summary once ≥1 office by 2026-02-21"}},
	"04": {"2026-04", []string{
		"town-banners campaign ≥2 town by 2026-04-26", "institution-banners campaign ≥2 institution by 2026-04-26",
		"clinic-banners campaign ≥276 office by 2026-04-26", "leader-roster once ≥1 unit by 2026-04-26", "summary once ≥1 unit by 2026-05-01",
	}},
	"05": {"2026-10", []string{"open-letter once ≥1 class by 2026-10-30"}},
	"06": {"2026-09", []string{
		"monthly-report 2026-09 ≥1 town by 2026-09-30", "posters-up once ≥1 town by 2026-12-31", "final-report once ≥1 town by 2026-12-31",
	}},
	"07": {"2026-09", nil},
	"08": {"2026-09", []string{"survey once ≥1 office by 2026-12-31"}},
	"09": {"2026-11", []string{"parent-push 2026-11 ≥1 家长群", "monthly-bulletin 2026-11 ≥1 office by 2026-11-30"}},
	"10": {"2026-03", []string{"parent-push 2026-03 ≥1 家长群", "monthly-bulletin 2026-03 ≥1 office by 2026-03-31"}},
	"11": {"2026-11", append(
		each("2026-W45 2026-W46 2026-W47 2026-W48", "weekly-push % ≥2 防骗工作群,便民群,党员群 text,picture"),
		"monthly-meeting 2026-11 ≥1 village by 2026-11-30", "monthly-inspection 2026-11 ≥1 office by 2026-11-30", "yearly-award 2026 ≥1 office by 2026-12-31")},
	"12": {"2026-10", append(each("2026-W43 2026-W44", "class-relay % hops 2 in PT4H 班级群"),
		"contact-roster once ≥1 college by 2026-10-27", "contact-change campaign rule", "nickname campaign rule 联络员群",
		"membership campaign rule 联络员群", "keep-group campaign rule 联络员群", "summary once ≥1 college by 2026-11-21")},
	"13": {"2026-12", []string{
		"weekly-report 2026-W49 ≥1 unit by 2026-12-04 16:00", "weekly-report 2026-W50 ≥1 unit by 2026-12-11 16:00",
		"weekly-report 2026-W51 ≥1 unit by 2026-12-18 16:00", "weekly-report 2026-W52 ≥1 unit by 2026-12-25 16:00",
		"weekly-report 2026-W53 ≥1 unit by 2027-01-01 16:00",
	}},
	"14": {"2026-08", nil},
	"15": {"2026-06", append(each("2026-W23 2026-W24 2026-W25 2026-W26", "village-relay % hops 2 in PT4H 村民群,网格群"),
		"follow-rate campaign 0.8 village by 2026-12-31")},
	"16": {"2026-06", append(each("2026-W23 2026-W24 2026-W25 2026-W26", "class-relay % hops 2 in PT4H 班级群"),
		"keep-group campaign rule 联络员群", "summary once ≥1 unit by 2026-06-30")},
	"17": {"2026-10", []string{
		"monthly-report 2026-10 ≥1 unit by 2026-10-31", "monthly-training 2026-10 ≥1 office by 2026-10-31", "market-day 2026-10 ≥1 office by 2026-10-31",
	}},
	"18": {"2026-03", []string{
		"temple-visit once ≥1 office by 2026-12-31", "staff-app campaign 1 department by 2026-12-31", "committee-app campaign 1 village by 2026-12-31",
	}},
}

// each writes a line for every period.
func each(periods, line string) []string {
	var all []string
	for _, key := range strings.Fields(periods) {
		all = append(all, strings.ReplaceAll(line, "%", key))
	}
	return all
}

func TestObligations(t *testing.T) {
	for _, p := range embedded(t) {
		t.Run(p.ID, func(t *testing.T) {
			want, ok := months[p.ID[:2]]
			require.True(t, ok)
			terms, err := Resolve(p, 2026, nil)
			require.NoError(t, err)
			month, err := calendar.ParsePeriod(want.month)
			require.NoError(t, err)
			var got []string
			for _, d := range terms.Duties {
				for _, period := range d.Periods(month.Start, month.End) {
					if d.Per != calendar.Week || month.Takes(period) {
						got = append(got, d.ID+" "+period.Key+" "+owes(t, d, period))
					}
				}
			}
			require.Equal(t, want.owes, got)
		})
	}
}

// owes describes one obligation in a line.
func owes(t *testing.T, d Term, p calendar.Period) string {
	words := []string{fmt.Sprintf("≥%d", d.AtLeast)}
	switch d.Kind {
	case Relay:
		words = []string{fmt.Sprintf("hops %d in %s", d.Hops, d.Within)}
	case Rule:
		words = []string{"rule"}
	case Figure:
		words = []string{fmt.Sprint(d.Target)}
	}
	at, handedIn := d.Deadline(p, shanghai(t))
	require.Equal(t, handedIn, d.Kind != Relay && d.Kind != Rule && d.Means != ByPush)
	if handedIn {
		words = append(words, d.OwedBy, "by")
		last := at.Add(-time.Nanosecond)
		words = append(words, last.Format(time.DateOnly))
		if at.Hour() != 0 {
			words = append(words, at.Format("15:04"))
		}
	}
	for _, list := range [][]string{d.Groups, d.Media} {
		if len(list) > 0 {
			words = append(words, strings.Join(list, ","))
		}
	}
	return strings.Join(words, " ")
}
