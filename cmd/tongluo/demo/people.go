package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tongluo/bot/wechat/loopback"
)

// What is unlike elsewhere, by village. Village numbers index villages.
const (
	lostVillage   = 0 // the reply to the bot's first picture in its party group is lost
	kickedVillage = 1 // the bot is removed from its party group
	neverVillage  = 2 // its contact never answers anything
	stuckVillage  = 3 // the leader of its first grid answers no relay
	otherVillage  = 4 // its service group gets another name while the account is away
	twinVillage   = 5 // somebody makes a group with the name of its service group
	handVillage   = 6 // its groups are carried by hand; its contact once takes a word back
	newVillage    = 7 // it makes a group in mid-week
	restVillage   = 8 // at its party group the service finds the account too busy
	slowVillage   = 9 // the leader of its first grid takes most of a day
)

var asked = regexp.MustCompile(`^【待转发 #(\d+)】`)
var waits = regexp.MustCompile(`^【待审 #(\d+)】`)
var doubted = regexp.MustCompile(`^【请看一眼 #(\d+)】.*发到“(.+)”的《(.+)》`)
var reminded = regexp.MustCompile(`^【提醒 #(\d+)】`)

// readReceipts lets people read what has arrived since the last look.
func (w *world) readReceipts() bool {
	all := w.server.Receipts()
	fresh := all[w.read:]
	w.read = len(all)
	who := map[string]int64{}
	for id, c := range w.place.contact {
		who[c] = id
	}
	for _, r := range fresh {
		if p, ok := who[r.To]; ok {
			w.log = append(w.log, line{at: w.now, person: p, bot: true, kind: r.Kind, text: r.Text, media: r.MediaSHA256})
			w.react(p, r)
		}
	}
	return len(fresh) > 0
}

// react is what a person does about a message, some made-up time later.
func (w *world) react(person int64, r loopback.Receipt) {
	if m := asked.FindStringSubmatch(r.Text); m != nil {
		w.forward(person, m[1])
	}
	if m := reminded.FindStringSubmatch(r.Text); m != nil {
		w.remember(person, m[1])
	}
	if m := doubted.FindStringSubmatch(r.Text); m != nil {
		w.lookInGroup(person, m[1], m[2], m[3])
	}
	if m := waits.FindStringSubmatch(r.Text); m != nil && person == w.second().ID {
		w.at(w.now.Add(10*time.Minute), w.saying(person, "审批 "+m[1]))
	}
}

// forward has the person forward a pack by hand and say so.
func (w *world) forward(person int64, number string) {
	n, _ := strconv.ParseInt(number, 10, 64)
	mind := rand.New(rand.NewPCG(uint64(w.opt.Seed), uint64(person)<<32|uint64(n)))
	if w.neverAnswers(person) || mind.IntN(12) == 0 { // some forget until they are reminded
		return
	}
	after := time.Duration(5+mind.IntN(100)) * time.Minute
	if person == w.gridLeader(slowVillage) {
		after += 5 * time.Hour // past the four hours of a relay: late, and counted so
	}
	words := []string{"已转 %s", "已转%s", "已转 %s，谢谢", "好的，已转 %s"}[mind.IntN(4)]
	when := w.cal.AddWorking(w.now, after)
	if mind.IntN(4) == 0 {
		w.at(w.cal.AddWorking(w.now, 3*time.Minute), w.saying(person, "收到"))
	}
	w.at(when, w.saying(person, fmt.Sprintf(words, number)))
	if person == w.place.head(handVillage).ID && !w.tookBack {
		w.tookBack = true
		w.at(when.Add(4*time.Minute), w.saying(person, "撤销 "+number)) // and again when reminded
	}
}

// remember has a reminded person do it after all.
func (w *world) remember(person int64, number string) {
	if !w.neverAnswers(person) && person != w.gridLeader(slowVillage) {
		w.at(w.cal.AddWorking(w.now, 20*time.Minute), w.saying(person, "已转 "+number))
	}
}

func (w *world) saying(person int64, text string) func(context.Context) error {
	return func(ctx context.Context) error { return w.say(ctx, person, text) }
}

// neverAnswers are the two people whose silence the demo is about.
func (w *world) neverAnswers(person int64) bool {
	return person == w.place.head(neverVillage).ID || person == w.gridLeader(stuckVillage)
}

// gridLeader leads the first grid of a village.
func (w *world) gridLeader(village int) int64 {
	for _, u := range w.place.roster.Units {
		if strings.HasSuffix(u.Path, villages[village]+"/一组") {
			return u.Contact
		}
	}
	return 0
}
