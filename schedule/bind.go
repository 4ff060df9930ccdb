package schedule

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"tongluo/content"
	"tongluo/schedule/roster"
)

// A one-time code 绑定码 (design rule 8).
const (
	codeLength  = 8
	codeLetters = "23456789ABCDEFGHJKMNPQRSTUVWXYZ" // none that looks like another
	codeLife    = 15 * time.Minute
	codeRounds  = 10_000 // what makes a stolen hash dear while its code lives
	saltLength  = 16

	maxTries  = 5
	triesFor  = 15 * time.Minute
	lockedFor = time.Hour
)

// Code 绑定码 as it is kept: nobody can read the code from it.
type Code struct {
	Person    int64
	Salt      []byte
	Hash      []byte
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// Proof is what a code left behind: in this session the handle is the person.
type Proof struct {
	Person  int64
	Session string // one login, the same after a restart
	Handle  string
	Salt    []byte
	Stable  []byte // HMAC-SHA256 of the friend's stable id by Salt; empty for none
	At      time.Time
}

// IsStable reports whether a stable id is the one the proof was made with.
func (p Proof) IsStable(id string) bool {
	return id != "" && len(p.Stable) > 0 && hmac.Equal(p.Stable, stableMark(p.Salt, id))
}

// Remember marks a stable id by the proof's salt.
func (p *Proof) Remember(id string) {
	if id != "" {
		p.Stable = stableMark(p.Salt, id)
	}
}

func stableMark(salt []byte, id string) []byte {
	m := hmac.New(sha256.New, salt)
	m.Write([]byte(id))
	return m.Sum(nil)
}

// CodeStore keeps codes, the tries at them and what they proved.
type CodeStore interface {
	// SaveCode replaces whatever code the person had.
	SaveCode(ctx context.Context, a roster.Actor, c Code, now time.Time) error
	// Codes are those that have not been used and not run out.
	Codes(ctx context.Context, now time.Time) ([]Code, error)
	// BeginTry counts a try of a sender before it is looked at, and reports
	// whether it may be. The last of max tries within window locks the sender
	// for lock from then on, unless it is right.
	BeginTry(ctx context.Context, sender string, max int, window, lock time.Duration, now time.Time) (bool, error)
	// BurnCode uses the very code up; ErrStale when it was used, replaced or ran
	// out. With a proof, its person is bound and the sender's tries are
	// forgotten in the same transaction: another handle of the person and
	// another person of the handle are let go.
	BurnCode(ctx context.Context, c Code, p *Proof, sender, why string, now time.Time) error
	// Proofs, oldest first.
	Proofs(ctx context.Context) ([]Proof, error)
	// KeepProofs forgets those of other sessions that have no stable id.
	KeepProofs(ctx context.Context, session string, now time.Time) error
}

// IssuedCode is shown once; it cannot be shown again.
type IssuedCode struct {
	Code    string
	Person  roster.Person
	Expires time.Time
}

// IssueCode makes a one-time code for a person, named as --by names one. It
// replaces the one before. Errors: ErrInput for nobody by that name.
func (o *Office) IssueCode(ctx context.Context, a roster.Actor, person string, now time.Time) (IssuedCode, error) {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return IssuedCode{}, err
	}
	p, err := findPerson(r, strings.TrimSpace(person))
	if err != nil && !roster.May(a, roster.IssueCode, "") { // who may not ask learns of nobody
		return IssuedCode{}, allow(a, roster.IssueCode, "")
	}
	if err != nil {
		return IssuedCode{}, err
	}
	if err := allow(a, roster.IssueCode, p.UnitPath); err != nil {
		return IssuedCode{}, err
	}
	text, err := newCode()
	if err != nil {
		return IssuedCode{}, fmt.Errorf("make a code: %w", err)
	}
	c := Code{Person: p.ID, Salt: make([]byte, saltLength), IssuedAt: now, ExpiresAt: now.Add(codeLife)}
	if _, err := rand.Read(c.Salt); err != nil {
		return IssuedCode{}, fmt.Errorf("make a code: %w", err)
	}
	if c.Hash, err = codeHash(text, c.Salt); err != nil {
		return IssuedCode{}, fmt.Errorf("make a code: %w", err)
	}
	if err := o.store.SaveCode(ctx, a, c, now); err != nil {
		return IssuedCode{}, fmt.Errorf("issue code: %w", err)
	}
	return IssuedCode{Code: text, Person: p, Expires: c.ExpiresAt}, nil
}

// newCode draws letters evenly: a byte beyond the last whole round is drawn anew.
func newCode() (string, error) {
	const whole = 256 / len(codeLetters) * len(codeLetters)
	code, one := make([]byte, 0, codeLength), make([]byte, 1)
	for len(code) < codeLength {
		if _, err := rand.Read(one); err != nil {
			return "", err
		}
		if int(one[0]) < whole {
			code = append(code, codeLetters[int(one[0])%len(codeLetters)])
		}
	}
	return string(code), nil
}

func codeHash(code string, salt []byte) ([]byte, error) {
	return pbkdf2.Key(sha256.New, code, salt, codeRounds, sha256.Size)
}

// CodeIn reads a message that is nothing but a code, as people type it: small
// letters, full width, in two halves, with 绑定码 before it.
func CodeIn(text string) (string, bool) {
	if len(text) > 100 {
		return "", false
	}
	s := strings.ToUpper(norm.NFKC.String(text))
	for _, word := range []string{"绑定码", "绑定", "邦定码"} {
		s = strings.TrimPrefix(strings.TrimSpace(s), word)
	}
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n:-—。.", r) {
			return -1
		}
		return r
	}, s)
	if len(s) != codeLength || strings.Trim(s, codeLetters) != "" {
		return "", false
	}
	return s, true
}

// Saying is a code as it came in.
type Saying struct {
	Code    string // as CodeIn reads it
	Session string
	Handle  string
	Stable  string // the friend's stable id, "" where the session gives none
	Private bool
	Person  int64 // whom the handle is known as already, 0 for nobody
}

// Fates of a code that was said.
var (
	// ErrNoCode: no living code is this one; whoever said it gets no answer.
	ErrNoCode = errors.New("no such code")
	// ErrLocked: too many tries; nothing was looked at.
	ErrLocked = errors.New("too many tries")
	// ErrBurned: it was right and is used up, because it was said in a group or
	// by somebody known as another person.
	ErrBurned = errors.New("code burned")
)

// Redeem takes a code at its word: whoever says it in private is its person in
// this session from now on. It is called for anybody, so it asks for no right
// but the code itself. While no code lives nothing is counted or kept.
func (o *Office) Redeem(ctx context.Context, s Saying, now time.Time) (roster.Person, Proof, error) {
	codes, err := o.store.Codes(ctx, now)
	if err != nil || len(codes) == 0 {
		return roster.Person{}, Proof{}, errors.Join(ErrNoCode, err)
	}
	sender := s.sender()
	may, err := o.store.BeginTry(ctx, sender, maxTries, triesFor, lockedFor, now)
	if err != nil {
		return roster.Person{}, Proof{}, err
	}
	if !may {
		return roster.Person{}, Proof{}, ErrLocked
	}
	c, err := matching(codes, s.Code)
	if err != nil {
		return roster.Person{}, Proof{}, err
	}
	if why := s.amiss(c); why != "" {
		return roster.Person{}, Proof{}, errors.Join(ErrBurned, o.store.BurnCode(ctx, c, nil, sender, why, now))
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return roster.Person{}, Proof{}, err
	}
	who, ok := r.Person(c.Person)
	if !ok || who.Until != "" {
		return roster.Person{}, Proof{}, ErrNoCode
	}
	p := Proof{Person: c.Person, Session: s.Session, Handle: s.Handle, Salt: c.Salt, At: now}
	p.Remember(s.Stable)
	err = o.store.BurnCode(ctx, c, &p, sender, "bound", now)
	if errors.Is(err, ErrStale) { // somebody was faster
		err = ErrNoCode
	}
	return who, p, err
}

// sender names who says it, for counting tries, and cannot be read.
func (s Saying) sender() string {
	sum := sha256.Sum256([]byte(s.Session + "\x00" + s.Handle))
	return hex.EncodeToString(sum[:])
}

// amiss is why a right code may not bind, for the log.
func (s Saying) amiss(c Code) string {
	switch {
	case !s.Private:
		return "said in a group"
	case s.Person != 0 && s.Person != c.Person:
		return "said by another person"
	}
	return ""
}

// matching finds the code that was said, taking as long for every one.
func matching(codes []Code, said string) (Code, error) {
	var hit *Code
	for i, c := range codes {
		h, err := codeHash(said, c.Salt)
		if err != nil {
			return Code{}, err
		}
		if subtle.ConstantTimeCompare(h, c.Hash) == 1 {
			hit = &codes[i]
		}
	}
	if hit == nil {
		return Code{}, ErrNoCode
	}
	return *hit, nil
}

// SessionBegan forgets who was bound in the logins before, but for those whose
// stable id may be met again, and returns what still holds.
func (o *Office) SessionBegan(ctx context.Context, session string, now time.Time) ([]Proof, error) {
	if err := o.store.KeepProofs(ctx, session, now); err != nil {
		return nil, err
	}
	return o.store.Proofs(ctx)
}

// TwinRemarks tells the office, once a login, that several friends bear the tag
// of these persons as their remark: none of them was taken for the person. It
// names units and counts; the names are in Onboard.
func (o *Office) TwinRemarks(ctx context.Context, persons []int64, login string, now time.Time) error {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	for _, id := range persons {
		p, ok := r.Person(id)
		if !ok {
			continue
		}
		if err := o.store.Log(ctx, roster.Clock(), "twin remark", fmt.Sprintf("person/%d", id), "nobody is bound by it", now); err != nil {
			return err
		}
		text := fmt.Sprintf("【请核对】%s有 1 个人的标记，同时是几个好友的手机备注，一个都没有认。\n请在手机上改成只留一个；看是谁：在办公室电脑上运行 tongluo roster check", p.UnitPath)
		if err := o.tellOffice(ctx, []string{p.UnitPath}, id, fmt.Sprintf("twin:%d:%s", id, login), text, now); err != nil {
			return err
		}
	}
	return nil
}

// tellOffice sends a text to every member of the office, but one, who may cancel
// in all the units. key makes it once to each.
func (o *Office) tellOffice(ctx context.Context, units []string, but int64, key, text string, now time.Time) error {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	var who []roster.Person
	for _, p := range r.Persons {
		a := roster.ActorOf(p, roster.ViaChat)
		out := func(unit string) bool { return !roster.May(a, roster.Cancel, unit) }
		if p.ID != but && p.Role.High() && !slices.ContainsFunc(units, out) {
			who = append(who, p)
		}
	}
	return o.tell(ctx, who, key, text, now)
}

// tell puts a text before each of some persons who can be known in chat, once by
// its key.
func (o *Office) tell(ctx context.Context, who []roster.Person, key, text string, now time.Time) error {
	var ns []Notice
	for _, p := range who {
		if p.Tag != "" {
			ns = append(ns, Notice{Person: p.ID, Key: fmt.Sprintf("%s:%d", key, p.ID), Due: o.cal.NextSpeak(now), State: Queued,
				Part: content.Part{Kind: content.Text, Text: text}})
		}
	}
	_, err := o.store.AddNotices(ctx, ns, now)
	return err
}

// tellAuthor sends a text to who wrote or queued something, if that is a person
// of the roster.
func (o *Office) tellAuthor(ctx context.Context, person int64, key, text string, now time.Time) error {
	if person == 0 {
		return nil
	}
	_, err := o.store.AddNotices(ctx, []Notice{{Person: person, Key: key, Due: o.cal.NextSpeak(now), State: Queued,
		Part: content.Part{Kind: content.Text, Text: text}}}, now)
	return err
}
