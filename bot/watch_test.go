package bot

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
)

// post is a desk with a watch, in made-up time. carries says what the service
// makes of a check.
type post struct {
	t       *testing.T
	d       *Desk
	w       *Watch
	now     time.Time
	may     bool
	checks  []time.Time
	carries func() error
}

// checking is a transport that can check.
type checking struct {
	*wire
	post *post
}

func (c checking) Check(context.Context, string) error {
	c.post.checks = append(c.post.checks, c.post.now)
	return c.post.carries()
}

func newPost(t *testing.T) *post {
	p := &post{t: t, w: new(Watch), may: true, now: time.Date(2026, 6, 2, 1, 0, 0, 0, time.UTC), carries: func() error { return nil }}
	p.d = NewDesk(checking{&wire{inbox: make(chan Message)}, p}, nil, nil)
	p.d.Bind(session("a", "一群"), crew("一群"), nil)
	p.pass(0)
	return p
}

// pass lets time go by, looking each minute as the daemon does.
func (p *post) pass(d time.Duration) schedule.AccountState {
	for end := p.now.Add(d); ; p.now = p.now.Add(time.Minute) {
		_, _ = p.d.Watched(p.t.Context(), p.w, p.may, p.now)
		if !p.now.Before(end) {
			return p.d.Status().State
		}
	}
}

func TestWatch(t *testing.T) {
	t.Run("a talkative account is never checked", func(t *testing.T) {
		p := newPost(t)
		for range 100 {
			p.w.Sign(SignSaid, p.now)
			require.Equal(t, schedule.AccountOnline, p.pass(QuietFor-time.Minute))
		}
		require.Empty(t, p.checks)
	})
	t.Run("a quiet one is doubted, checked once, and taken back by the echo", func(t *testing.T) {
		p := newPost(t)
		require.Equal(t, schedule.AccountOnline, p.pass(QuietFor-time.Minute))
		require.Equal(t, schedule.AccountSuspect, p.pass(time.Minute))
		require.Len(t, p.checks, 1)
		_, err := p.d.Send(t.Context(), say(1))
		require.Equal(t, AwaitSession, schedule.NextOf(err), "nothing goes in doubt")
		p.w.Sign(SignEcho, p.now)
		require.Equal(t, schedule.AccountOnline, p.pass(0))
		require.True(t, p.w.Echoes())
		require.Equal(t, schedule.AccountOnline, p.pass(QuietFor-time.Minute))
		require.Len(t, p.checks, 1)
	})
	t.Run("no echo of an account that has echoed: offline, until the phone stirs", func(t *testing.T) {
		p := newPost(t)
		p.w.Recall(true)
		p.pass(QuietFor)
		require.Equal(t, schedule.AccountSuspect, p.pass(echoIn-time.Minute))
		require.Equal(t, schedule.AccountOffline, p.pass(time.Minute))
		require.Contains(t, p.d.Status().Say(), "打开手机")
		require.Equal(t, schedule.AccountOffline, p.pass(4*time.Hour))
		for i := 1; i < len(p.checks); i++ {
			require.GreaterOrEqual(t, p.checks[i].Sub(p.checks[i-1]), checkEvery)
		}
		require.Len(t, p.checks, 9, "it goes on asking, every half an hour")
		p.w.Sign(SignSaid, p.now)
		require.Equal(t, schedule.AccountOnline, p.pass(0))
	})
	t.Run("an account that never echoed is believed when its check is taken", func(t *testing.T) {
		p := newPost(t)
		p.pass(QuietFor)
		require.Equal(t, schedule.AccountSuspect, p.pass(echoIn-time.Minute))
		require.Equal(t, schedule.AccountOnline, p.pass(time.Minute))
		require.Equal(t, schedule.AccountOnline, p.pass(QuietFor-time.Minute), "and quiet for another hour")
		require.Len(t, p.checks, 1)
	})
	t.Run("a check that is not taken proves nothing", func(t *testing.T) {
		p := newPost(t)
		p.carries = func() error { return &SendError{Next: AskSomebody, Err: context.DeadlineExceeded} }
		p.pass(QuietFor)
		require.Equal(t, schedule.AccountOffline, p.pass(echoIn))
		p.carries = func() error { return nil }
		require.Equal(t, schedule.AccountOffline, p.pass(checkEvery-echoIn))
		require.Equal(t, schedule.AccountOnline, p.pass(echoIn), "the next one was")
	})
	t.Run("a check that ends the session ends it", func(t *testing.T) {
		p := newPost(t)
		p.carries = func() error { return &SendError{Next: AwaitSession, Ret: 1100, Err: context.Canceled} }
		p.pass(QuietFor)
		require.Equal(t, schedule.AccountOffline, p.pass(0))
		require.Empty(t, p.d.Status().Session)
		p.pass(5 * time.Hour)
		require.Len(t, p.checks, 1, "there is nothing to check")
	})
	t.Run("sends count as signs only where there are no echoes", func(t *testing.T) {
		for echoes, want := range map[bool]schedule.AccountState{false: schedule.AccountOnline, true: schedule.AccountSuspect} {
			p := newPost(t)
			p.w.Recall(echoes)
			p.pass(QuietFor / 2)
			p.w.Sent(p.now)
			require.Equal(t, want, p.pass(QuietFor/2), "echoes %t", echoes)
		}
	})
	t.Run("not at night, not while stopped; in the morning first thing", func(t *testing.T) {
		p := newPost(t)
		p.may = false
		require.Equal(t, schedule.AccountOnline, p.pass(14*time.Hour))
		require.Empty(t, p.checks)
		p.may = true
		require.Equal(t, schedule.AccountSuspect, p.pass(0))
	})
	t.Run("a new session starts anew", func(t *testing.T) {
		p := newPost(t)
		p.pass(QuietFor - time.Minute)
		p.d.Bind(session("b", "一群"), crew("一群"), nil)
		require.Equal(t, schedule.AccountOnline, p.pass(QuietFor-time.Minute))
		require.Empty(t, p.checks)
	})
	t.Run("what is held or barred is not checked", func(t *testing.T) {
		p := newPost(t)
		p.d.Restrict("x")
		require.Equal(t, schedule.AccountBarred, p.pass(3*time.Hour))
		require.Empty(t, p.checks)
	})
	t.Run("a transport that cannot check is not believed", func(t *testing.T) {
		d, _ := newDesk()
		d.Bind(session("a", "一群"), crew("一群"), nil)
		require.ErrorIs(t, d.Check(t.Context()), errNoCheck)
	})
}
