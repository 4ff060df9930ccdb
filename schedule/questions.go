package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tongluo/schedule/roster"
)

// Question is something the bot has asked one person in one place. Only that
// person can answer it, only there, and only for a few minutes.
type Question struct {
	ID     int64 // a #number
	Person int64
	// Place is where it was put, in the words of whoever puts it: "private", or
	// the group.
	Place   string
	Kind    string
	Payload string // JSON, what an answer needs to know; "" once it has expired
	AskedAt time.Time
	Expires time.Time
}

// QuestionStore keeps pending questions.
type QuestionStore interface {
	// Ask stores a question under a new number. It takes the place of the
	// person's earlier question of that kind there.
	Ask(ctx context.Context, a roster.Actor, q Question, now time.Time) (int64, error)
	// Question also gives one that has expired lately; ErrNotFound for one that
	// was answered, replaced or never put.
	Question(ctx context.Context, id int64) (Question, error)
	// Questions are a person's in a place that have not expired, oldest first.
	Questions(ctx context.Context, person int64, place string, now time.Time) ([]Question, error)
	// EndQuestion takes a question away because it is answered or dropped;
	// ErrStale when somebody was faster. One of two callers wins.
	EndQuestion(ctx context.Context, a roster.Actor, id int64, now time.Time) error
}

// patience is how long a question waits for its answer.
const patience = 10 * time.Minute

// Ask puts a question to the actor: payload is kept as JSON until the answer
// comes or 10 minutes are over. It returns the question's number. An earlier
// question of the kind to the same person in the same place is replaced.
func (o *Office) Ask(ctx context.Context, a roster.Actor, place, kind string, payload any, now time.Time) (int64, error) {
	if err := allow(a, roster.SeeOwn, a.Unit); err != nil {
		return 0, err
	}
	text, err := json.Marshal(payload)
	if err != nil {
		return 0, fmt.Errorf("ask %s: %w", kind, err)
	}
	q := Question{Person: a.Person, Place: place, Kind: kind, Payload: string(text), AskedAt: now, Expires: now.Add(patience)}
	if q.ID, err = o.store.Ask(ctx, a, q, now); err != nil {
		return 0, fmt.Errorf("ask %s: %w", kind, err)
	}
	return q.ID, o.forgetAt(ctx, fmt.Sprintf("question:%d", q.ID), q.Expires)
}

// Asked finds the question of a number that was put to the actor in the place.
// ErrNotFound, without words, when there is none; ErrState when its time is over.
func (o *Office) Asked(ctx context.Context, a roster.Actor, id int64, place string, now time.Time) (Question, error) {
	if err := allow(a, roster.SeeOwn, a.Unit); err != nil {
		return Question{}, err
	}
	q, err := o.store.Question(ctx, id)
	if err != nil {
		return Question{}, err
	}
	if a.Person == 0 || q.Person != a.Person || q.Place != place {
		return Question{}, fmt.Errorf("question %d: %w", id, ErrNotFound)
	}
	if !now.Before(q.Expires) {
		return Question{}, problem(ErrState, "#%d 过了 %d 分钟没有确认，已经作废，请重新写一遍", id, int(patience.Minutes()))
	}
	return q, nil
}

// Pending are the questions that wait for the actor's answer in the place,
// oldest first.
func (o *Office) Pending(ctx context.Context, a roster.Actor, place string, now time.Time) ([]Question, error) {
	if err := allow(a, roster.SeeOwn, a.Unit); err != nil || a.Person == 0 {
		return nil, err
	}
	return o.store.Questions(ctx, a.Person, place, now)
}

// EndQuestion ends a question of the actor's; ErrState when it has been answered
// already, so that of two answers one counts.
func (o *Office) EndQuestion(ctx context.Context, a roster.Actor, q Question, now time.Time) error {
	err := o.store.EndQuestion(ctx, a, q.ID, now)
	if errors.Is(err, ErrStale) {
		return problem(ErrState, "#%d 已经回过了", q.ID)
	}
	return err
}

// read takes a question's payload apart.
func (q Question) read(into any) error {
	if err := json.Unmarshal([]byte(q.Payload), into); err != nil {
		return fmt.Errorf("read question %d: %w", q.ID, err)
	}
	return nil
}

// forgetAt has what expires at the instant forgotten then.
func (o *Office) forgetAt(ctx context.Context, key string, at time.Time) error {
	return o.store.PutJobs(ctx, []Job{{Key: "forget:" + key, Kind: jobForget, At: at}})
}
