package schedule

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"tongluo/schedule/roster"
)

// GroupCode 群绑定码 is a Code that is said in a group: the room it is said in is
// the group. Nobody can read the code from it.
type GroupCode struct {
	Group     int64
	Salt      []byte
	Hash      []byte
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// IssuedGroupCode is shown once; it cannot be shown again.
type IssuedGroupCode struct {
	Code    string
	Group   roster.Group
	Expires time.Time
}

// IssueGroupCode makes a one-time code for a group. It replaces the one before.
// Errors: ErrInput for no such group.
func (o *Office) IssueGroupCode(ctx context.Context, a roster.Actor, group string, now time.Time) (IssuedGroupCode, error) {
	g, err := o.findGroup(ctx, group)
	if err != nil && !roster.May(a, roster.IssueCode, "") {
		return IssuedGroupCode{}, allow(a, roster.IssueCode, "")
	}
	if err != nil {
		return IssuedGroupCode{}, err
	}
	if err := allow(a, roster.IssueCode, g.UnitPath); err != nil {
		return IssuedGroupCode{}, err
	}
	text, err := newCode()
	c := GroupCode{Group: g.ID, Salt: make([]byte, saltLength), IssuedAt: now, ExpiresAt: now.Add(codeLife)}
	if err == nil {
		_, err = rand.Read(c.Salt)
	}
	if err == nil {
		c.Hash, err = codeHash(text, c.Salt)
	}
	if err != nil {
		return IssuedGroupCode{}, fmt.Errorf("make a code: %w", err)
	}
	if err := o.store.SaveGroupCode(ctx, a, c, now); err != nil {
		return IssuedGroupCode{}, fmt.Errorf("issue group code: %w", err)
	}
	return IssuedGroupCode{Code: text, Group: g, Expires: c.ExpiresAt}, nil
}

// ErrElsewhere: the room is another group's already.
var ErrElsewhere = errors.New("room is bound to another group")

// RedeemGroup takes a group's code at its word when somebody who may says it in
// a room: the room is that group from now on. here is the group the room is
// bound to already, 0 for none. A right code said by anybody else is used up:
// it has leaked. Errors: ErrNoCode, ErrLocked, ErrBurned, ErrElsewhere.
func (o *Office) RedeemGroup(ctx context.Context, s Saying, proven bool, here int64, now time.Time) (roster.Group, error) {
	codes, err := o.store.GroupCodes(ctx, now)
	if err != nil || len(codes) == 0 {
		return roster.Group{}, errors.Join(ErrNoCode, err)
	}
	may, err := o.store.BeginTry(ctx, s.sender(), maxTries, triesFor, lockedFor, now)
	if err != nil {
		return roster.Group{}, err
	}
	if !may {
		return roster.Group{}, ErrLocked
	}
	var as []Code
	for _, c := range codes {
		as = append(as, Code{Person: c.Group, Salt: c.Salt, Hash: c.Hash})
	}
	hit, err := matching(as, s.Code)
	if err != nil {
		return roster.Group{}, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return roster.Group{}, err
	}
	g, ours := r.Group(hit.Person)
	who, known := r.Person(s.Person)
	actor := roster.Heard(who, proven)
	c := GroupCode{Group: hit.Person, Salt: hit.Salt}
	why, fate := "bound", error(nil)
	switch {
	case !ours:
		return g, ErrNoCode
	case !known || !roster.May(actor, roster.EnrolGroup, g.UnitPath):
		actor, why, fate = roster.Clock(), "said by somebody who may not", ErrBurned
	case here != 0 && here != g.ID:
		why, fate = "said in another group's room", ErrElsewhere
	}
	err = o.store.BurnGroupCode(ctx, c, actor, why, now)
	if errors.Is(err, ErrStale) { // somebody was faster
		return g, ErrNoCode
	}
	return g, errors.Join(fate, err)
}
