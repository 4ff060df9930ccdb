package wechat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"tongluo/bot"
)

// ErrNoGroup: the group that may be written to is not there, or more than one
// bears its name.
var ErrNoGroup = errors.New("wechat: no such group, or several of that name")

// Probe says what may be done to learn how the service behaves (reliability.md
// §9). Nothing is sent but what SelfToo and Group allow.
type Probe struct {
	SelfToo bool          // write three lines to the account's own 文件传输助手
	Group   string        // exact name of the one group that may be written to, "" for none
	Removal time.Duration // wait so long for somebody to remove the account from Group, and write once more; 0: do not
	Stay    time.Duration // how long to listen
	Gap     time.Duration // between two messages
	Patient time.Duration // how long an echo, or the phone's list of ids, may take
	Tell    func(line string)
}

// Findings are what a probe learned: counts, codes and durations. They hold no
// name, id, handle, text or secret, so that an office may send them on.
type Findings struct {
	Format  int       `json:"format"`
	At      time.Time `json:"at"`
	Real    bool      `json:"real"` // false: a make-believe service
	Login   Stayed    `json:"1_login"`
	Stable  Stable    `json:"2_stable_ids"`
	Dedupe  Dedupe    `json:"3_same_id_twice"`
	Echo    Echo      `json:"4_echo"`
	Removed Answer    `json:"5_send_after_removal"`
	LocalID LocalID   `json:"6_local_id"`
	Limits  Limits    `json:"7_limits"`
	Remarks Remarks   `json:"8_remarks"`
	Handles Handles   `json:"9_handles"`
	Groups  Groups    `json:"10_groups"`
}

// Stayed is a login and how long it lasted.
type Stayed struct {
	Way       string  `json:"way"` // hot, phone or code
	Seconds   float64 `json:"seconds"`
	Stayed    float64 `json:"stayed_seconds"`
	Ret       int     `json:"ret"` // that ended it, 0: it was alive at the end
	OverADay  bool    `json:"over_24h"`
	Refusals  int     `json:"refusals"` // 1205 and the like meanwhile
	StillHere bool    `json:"still_alive"`
}

// Stable is what the phone's lists of recent chats told.
type Stable struct {
	Lists  int    `json:"lists"`
	Pairs  int    `json:"pairs"`
	Rooms  int    `json:"rooms"`
	Uneven int    `json:"uneven"` // lists of unequal length
	Target Answer `json:"as_target"`
}

// Answer is the service's word to one message. Asked is false where consent, or
// what it needs, was missing; Why says what.
type Answer struct {
	Asked  bool   `json:"asked"`
	Status int    `json:"status"`
	Ret    int    `json:"ret"`
	HasID  bool   `json:"has_message_id"`
	Why    string `json:"why,omitempty"`
}

// Dedupe is two messages under one id of ours.
type Dedupe struct {
	First  Answer `json:"first"`
	Second Answer `json:"second"`
	SameID bool   `json:"same_message_id"`
	Echoes int    `json:"echoes"`
}

// Echo is whether our own message comes back.
type Echo struct {
	Sent    Answer  `json:"sent"`
	Echoed  bool    `json:"echoed"`
	Seconds float64 `json:"seconds"`
}

// LocalID counts answers to messages, those with a LocalID, and those with ours.
type LocalID struct {
	Answers int `json:"answers"`
	Present int `json:"present"`
	Equal   int `json:"equal"`
}

// Limits are not looked for: to find them is to hit them.
type Limits struct {
	Texts   int `json:"texts_sent"`
	TooMany int `json:"ret_1205"`
}

// Remarks are friends, those with a phone-set remark, and how many remarks of
// the last probe are still there (of how many).
type Remarks struct {
	Friends int `json:"friends"`
	Remarks int `json:"with_remark"`
	Before  int `json:"before"`
	Again   int `json:"again"`
}

// Handles compare the handles of two logins.
type Handles struct {
	Hot  Compared `json:"hot_login"`
	Last Compared `json:"last_probe"` // perhaps another login
}

// Compared is how many handles of before are there again.
type Compared struct {
	Way    string `json:"way"`
	Before int    `json:"before"`
	Again  int    `json:"again"`
}

// Groups is what the account sees.
type Groups struct {
	Visible int `json:"visible"`
	Members int `json:"with_member_count"`
	Largest int `json:"largest"`
}

// prober is one probe on its way.
type prober struct {
	t     *Transport
	p     Probe
	found Findings

	// mu guards what Serve's side writes.
	mu     sync.Mutex
	echoes map[string]int // by text of ours
	stable map[string]string
	gone   map[string]bool
	news   chan struct{}
}

// Probe logs in, learns and logs in again. It uses the kept session as Serve
// does and keeps it; it must not run beside Serve.
func (t *Transport) Probe(ctx context.Context, p Probe) (Findings, error) {
	if !t.serving.TryLock() {
		return Findings{}, ErrServing
	}
	defer t.serving.Unlock()
	p.Patient = cmp.Or(p.Patient, 30*time.Second)
	if p.Tell == nil {
		p.Tell = func(string) {}
	}
	b := &prober{t: t, p: p, echoes: map[string]int{}, stable: map[string]string{}, gone: map[string]bool{}, news: make(chan struct{}, 1)}
	b.found.Format, b.found.At, b.found.Real = 1, t.now().UTC(), t.endpoint == nil
	first, err := b.session(ctx)
	if err != nil || !b.found.Login.StillHere {
		return b.found, err
	}
	second, way, err := b.again(ctx)
	if err == nil {
		b.found.Handles.Hot = compare(way, first, second)
	}
	return b.found, err
}

// session is the first login: everything but the second.
func (b *prober) session(ctx context.Context) (bot.Session, error) {
	began := b.t.now()
	s, err := b.t.login(ctx)
	if err != nil {
		return bot.Session{}, err
	}
	defer s.close()
	s.heard = b.hear
	if err := s.meet(ctx); err != nil {
		return bot.Session{}, b.t.ended(ctx, s, err)
	}
	s.save()
	login := b.t.now()
	b.found.Login = Stayed{Way: s.way, Seconds: login.Sub(began).Seconds()}
	open := s.opening()
	b.see(open)
	inner, end := context.WithCancelCause(ctx)
	s.line.end = end
	ended, drained := make(chan error, 1), make(chan struct{})
	go func() {
		err := s.listen(inner)
		end(err)
		ended <- err
	}()
	go b.drain(inner, drained)
	err = b.ask(inner, s.line, open)
	if err == nil {
		b.stay(inner, login)
	}
	b.found.Login.StillHere = inner.Err() == nil
	end(context.Canceled)
	over := b.t.ended(ctx, s, <-ended)
	<-drained
	b.found.Login.Stayed = b.t.now().Sub(login).Seconds()
	b.found.Login.OverADay = b.found.Login.Stayed > (24 * time.Hour).Seconds()
	if !b.found.Login.StillHere {
		b.found.Login.Ret = max(retOf(over), 0)
	}
	if errors.Is(over, bot.ErrBarred) {
		return open, over
	}
	return open, err
}

// again is the second login, which should go on with the first.
func (b *prober) again(ctx context.Context) (bot.Session, string, error) {
	s, err := b.t.login(ctx)
	if err != nil {
		return bot.Session{}, "", fmt.Errorf("log in again: %w", err)
	}
	defer s.close()
	if err := s.meet(ctx); err != nil {
		return bot.Session{}, "", b.t.ended(ctx, s, err)
	}
	s.save()
	return s.opening(), s.way, nil
}

func (b *prober) drain(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	for {
		select {
		case m := <-b.t.inbox:
			b.mu.Lock()
			b.gone[m.Room] = b.gone[m.Room] || m.Kind == bot.Removed
			b.mu.Unlock()
			b.wake()
		case <-ctx.Done():
			return
		}
	}
}

// see counts what the login shows, and holds it against the last probe's.
func (b *prober) see(s bot.Session) {
	b.found.Groups.Visible = len(s.Rooms)
	for _, r := range s.Rooms {
		if r.Members > 0 {
			b.found.Groups.Members++
		}
		b.found.Groups.Largest = max(b.found.Groups.Largest, r.Members)
	}
	b.found.Remarks.Friends = len(s.Friends)
	for _, f := range s.Friends {
		if f.Remark != "" {
			b.found.Remarks.Remarks++
		}
	}
	b.recall(s)
}

// stay listens on until Stay is over or the session ends.
func (b *prober) stay(ctx context.Context, since time.Time) {
	if left := b.p.Stay - b.t.now().Sub(since); left > 0 {
		b.p.Tell(fmt.Sprintf("正在听，还要 %s。", left.Round(time.Second)))
		_ = b.t.wait(ctx, left)
	}
}

// compare counts the handles of before that are there again.
func compare(way string, before, after bot.Session) Compared {
	c := Compared{Way: way, Before: len(before.Rooms) + len(before.Friends)}
	handles := map[string]bool{}
	for _, r := range after.Rooms {
		handles[r.Handle] = true
	}
	for _, f := range after.Friends {
		handles[f.Handle] = true
	}
	for _, r := range before.Rooms {
		if handles[r.Handle] {
			c.Again++
		}
	}
	for _, f := range before.Friends {
		if handles[f.Handle] {
			c.Again++
		}
	}
	return c
}

// named is the one room of that name.
func named(s bot.Session, name string) (bot.Room, error) {
	rooms := slices.DeleteFunc(slices.Clone(s.Rooms), func(r bot.Room) bool { return r.Name != name })
	if len(rooms) != 1 {
		return bot.Room{}, ErrNoGroup
	}
	return rooms[0], nil
}
