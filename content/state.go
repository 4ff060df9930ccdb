package content

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// What can stand in the way of an approval or another change of state.
var (
	ErrSelfApproval = errors.New("作者不能审核自己写的素材，请换一位同志审核")
	ErrNoPerson     = errors.New("素材要有作者和审核人，二者都不能空")
	ErrNotDrawn     = errors.New("这条素材要配图，图还没有画出来，请重新导入")
	ErrEmpty        = errors.New("素材没有正文也没有附件，请写上正文或附上图片")
	ErrTransition   = errors.New("素材的状态不允许这样改")
)

// State is where an item stands between being written and being dropped.
type State string

// The states. Only approved items are sent, and those written for one push with it.
const (
	// Draft 草稿: written or changed, waiting for a second person.
	Draft State = "draft"
	// Approved 已通过: someone other than the author has read this revision.
	Approved State = "approved"
	// Once 单次: written for the one push that carries it; nobody is asked to
	// approve it for the library, and no other push may take it.
	Once State = "once"
	// Retired 停用: kept for the record, never sent again unless drafted anew.
	Retired State = "retired"
)

// States lists every state in the order of an item's life.
func States() []State { return []State{Draft, Approved, Once, Retired} }

// Word returns the office's Chinese word for s.
func (s State) Word() string {
	switch s {
	case Draft:
		return "草稿"
	case Approved:
		return "已通过"
	case Once:
		return "单次"
	case Retired:
		return "停用"
	}
	return string(s)
}

// transitions is the one table of what may follow what: any edit leads back to
// draft, a retired item comes back only as a draft.
var transitions = map[State][]State{
	Draft:    {Approved, Once, Retired},
	Approved: {Draft, Retired},
	Once:     {Retired},
	Retired:  {Draft},
}

// CanMove reports whether an item may pass from one state to the other.
func CanMove(from, to State) bool { return slices.Contains(transitions[from], to) }

// move returns ErrTransition, with both words, if the table lacks the step.
func move(i Item, to State) error {
	if CanMove(i.State, to) {
		return nil
	}
	return fmt.Errorf("%s 现在是“%s”，不能改成“%s”：%w", i.ID, i.State.Word(), to.Word(), ErrTransition)
}

// Approve returns the draft as approved by a person at an instant, bound to its
// present revision. The approver must not be the author, compared by person id
// (ErrSelfApproval); both must be named (ErrNoPerson). An item that asks for a
// poster must have it (ErrNotDrawn), one with nothing to send is refused
// (ErrEmpty), and only drafts are approved (ErrTransition).
func Approve(i Item, approver string, now time.Time) (Item, error) {
	if err := move(i, Approved); err != nil {
		return Item{}, err
	}
	author, approver := strings.TrimSpace(i.Author), strings.TrimSpace(approver)
	drawn := slices.ContainsFunc(i.Attachments, func(a Attachment) bool { return a.Drawn })
	switch {
	case author == "" || approver == "":
		return Item{}, ErrNoPerson
	case strings.EqualFold(author, approver):
		return Item{}, ErrSelfApproval
	case len(i.Parts()) == 0:
		return Item{}, ErrEmpty
	case i.Poster && !drawn:
		return Item{}, ErrNotDrawn
	}
	i.State, i.Approver, i.ApprovedAt = Approved, approver, now.UTC()
	i.ApprovedRevision = i.Revision()
	return i, nil
}

// ForOnePush returns the draft as content of the single push it was written for:
// what a second person may have to approve is then that push. It wants an author
// (ErrNoPerson) and something to send (ErrEmpty); only drafts qualify
// (ErrTransition).
func ForOnePush(i Item) (Item, error) {
	if err := move(i, Once); err != nil {
		return Item{}, err
	}
	switch {
	case strings.TrimSpace(i.Author) == "":
		return Item{}, ErrNoPerson
	case len(i.Parts()) == 0:
		return Item{}, ErrEmpty
	}
	i.State, i.Media = Once, mediaOf(i)
	return i, nil
}

// Cleared reports whether a push that was made of the item may still carry it:
// approved, or written for that push.
func (i Item) Cleared() bool { return i.State == Approved || i.State == Once }

// Edit returns the item with a change made to a copy of it: a draft again, its
// approval void, its media derived anew. A changed title or body drops the drawn
// poster, so that text and picture never disagree: call Illustrate again.
func Edit(i Item, change func(*Item)) Item {
	i.Audiences, i.Themes = slices.Clone(i.Audiences), slices.Clone(i.Themes)
	i.Attachments = slices.Clone(i.Attachments)
	title, body := i.Title, i.Body
	change(&i)
	if i.Title != title || i.Body != body {
		i.Attachments = listed(i.Attachments)
	}
	i.State, i.Approver, i.ApprovedAt, i.ApprovedRevision = Draft, "", time.Time{}, ""
	i.Media = mediaOf(i)
	return i
}

// Retire returns the item as never to be sent again, its approval kept for the
// record. An item already retired gives ErrTransition.
func Retire(i Item) (Item, error) {
	if err := move(i, Retired); err != nil {
		return Item{}, err
	}
	i.State = Retired
	return i, nil
}
