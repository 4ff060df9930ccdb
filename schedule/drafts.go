package schedule

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"tongluo/content"
	"tongluo/schedule/roster"
)

// Draft is what a person has just sent to the bot: one to three messages that
// are to become a push or an item. It is forgotten half an hour after the last.
type Draft struct {
	Person      int64
	Body        string // the texts, as they were sent
	Title, Link string // of a link card
	Attachments []content.Attachment
	Version     int64 // counts its changes, 0: new
	Expires     time.Time
}

// DraftStore keeps one draft for each person, its media apart from the library's.
type DraftStore interface {
	// Draft is the person's, unless it has expired: ErrNotFound.
	Draft(ctx context.Context, person int64, now time.Time) (Draft, error)
	// SaveDraft writes a draft and its new media; ErrStale unless the one there
	// has the version d was read with. An expired one is not there.
	SaveDraft(ctx context.Context, a roster.Actor, d Draft, blobs []content.Blob, now time.Time) error
	// DraftBlob gives media of a person's draft by its SHA-256 and verifies it.
	DraftBlob(ctx context.Context, person int64, sha string) ([]byte, error)
	// DropDraft deletes a person's draft with its media and reports whether
	// there was one.
	DropDraft(ctx context.Context, a roster.Actor, person int64, now time.Time) (bool, error)
	// Forget deletes what has expired: drafts with their media, the payload of
	// questions, and questions a day later.
	Forget(ctx context.Context, now time.Time) error
}

// draftLife is how long a draft is kept after its last message.
const draftLife = 30 * time.Minute

// Piece is one message of content that a person sends to the bot.
type Piece struct {
	Kind content.Media // text, picture, file or link
	// Text is the text as it was sent; of a link its title, a line end and its
	// address; of a file its name.
	Text string
	// Open fetches a picture or file. It is called only for a person who may
	// queue a push.
	Open func(ctx context.Context) ([]byte, error)
	Said time.Time // when it was sent, never after now
}

// AddToDraft puts a piece into the actor's draft and returns the draft. Only whoever
// may queue pushes has one (ErrDenied): of anybody else nothing is fetched or
// kept. A piece that can never be sent is refused at once (ErrInput).
func (o *Office) AddToDraft(ctx context.Context, a roster.Actor, p Piece, now time.Time) (Draft, error) {
	if err := o.mayDraft(a); err != nil {
		return Draft{}, err
	}
	if now.Sub(p.Said) >= draftLife {
		return Draft{}, problem(ErrState, "这条内容过了 %d 分钟才收到，没有留下，请重新发一遍", int(draftLife.Minutes()))
	}
	blob, att, err := o.open(ctx, p)
	if err != nil {
		return Draft{}, err
	}
	for range 3 { // two messages at once
		d, err := o.store.Draft(ctx, a.Person, now)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return Draft{}, err
		}
		d.Person, d.Expires = a.Person, p.Said.Add(draftLife)
		if err := o.extend(&d, p, att); err != nil {
			return Draft{}, err
		}
		var blobs []content.Blob
		if att != nil {
			blobs = []content.Blob{blob}
		}
		err = o.store.SaveDraft(ctx, a, d, blobs, now)
		if errors.Is(err, ErrStale) {
			continue
		}
		if err != nil {
			return Draft{}, fmt.Errorf("keep a draft: %w", err)
		}
		return d, o.forgetAt(ctx, fmt.Sprintf("draft:%d", a.Person), d.Expires)
	}
	return Draft{}, problem(ErrStale, "刚才几条内容同时到，这一条没有留下，请再发一遍")
}

// mayDraft: a draft belongs to a person of the roster who may queue a push.
func (o *Office) mayDraft(a roster.Actor) error {
	if a.Person == 0 {
		return problem(ErrDenied, "没有权限：发内容要由花名册里的办公室人员来做")
	}
	return allow(a, roster.Queue, a.Unit)
}

// open fetches a picture or file and makes an attachment of it; nil for others.
func (o *Office) open(ctx context.Context, p Piece) (content.Blob, *content.Attachment, error) {
	if p.Kind != content.Picture && p.Kind != content.File {
		return content.Blob{}, nil, nil
	}
	data, err := p.Open(ctx)
	if err != nil {
		return content.Blob{}, nil, fmt.Errorf("fetch a %s: %w", p.Kind, err)
	}
	name := ""
	if p.Kind == content.File {
		name = p.Text
	}
	att, blob, err := content.Attach(name, data)
	if err != nil {
		return content.Blob{}, nil, problem(ErrInput, "%s", err)
	}
	return blob, &att, nil
}

// extend adds a piece to a draft, within what one push can carry.
func (o *Office) extend(d *Draft, p Piece, att *content.Attachment) error {
	switch p.Kind {
	case content.Text:
		d.Body = strings.TrimSpace(d.Body + "\n" + strings.TrimSpace(p.Text))
		if n := utf8.RuneCountInString(d.Body); n > content.MaxTextRunes {
			return problem(ErrInput, "文字加起来有 %d 字，最多 %d 字。重新来请回：重来", n, content.MaxTextRunes)
		}
	case content.Link:
		if d.Link != "" {
			return problem(ErrInput, "一次只能带一个链接，这个没有留下。重新来请回：重来")
		}
		title, link, _ := strings.Cut(p.Text, "\n")
		if found := content.Check(link, nil, o.settings.Allow); len(found) > 0 {
			return problem(ErrInput, "这个链接不能发，没有留下：%s。要放行“%s”请找管理员", found[0].Reason, hostOf(link))
		}
		d.Title, d.Link = strings.TrimSpace(title), link
	default:
		if att == nil {
			return problem(ErrInput, "只能发文字、图片、文件或链接")
		}
		d.Attachments = append(d.Attachments[:len(d.Attachments):len(d.Attachments)], *att)
	}
	if d.Parts() > content.MaxParts {
		return problem(ErrInput, "一次最多 %d 条内容，这条没有留下。先把前面的发出去，或者请回：重来", content.MaxParts)
	}
	return nil
}

func hostOf(link string) string {
	if u, err := url.Parse(link); err == nil {
		return u.Hostname()
	}
	return link
}

// Parts is how many messages the draft goes out as.
func (d Draft) Parts() int {
	n := len(d.Attachments)
	if d.Body != "" {
		n++
	}
	if d.Link != "" {
		n++
	}
	return n
}

// DraftOf is the actor's draft; ErrState when there is none.
func (o *Office) DraftOf(ctx context.Context, a roster.Actor, now time.Time) (Draft, error) {
	if err := o.mayDraft(a); err != nil {
		return Draft{}, err
	}
	d, err := o.store.Draft(ctx, a.Person, now)
	if errors.Is(err, ErrNotFound) {
		return d, problem(ErrState, "还没有内容。请先把要发的文字、图片、文件或公众号文章发给我，%d 分钟内有效", int(draftLife.Minutes()))
	}
	return d, err
}

// DropDraft is 重来: the actor's draft is deleted. It reports whether there was one.
func (o *Office) DropDraft(ctx context.Context, a roster.Actor, now time.Time) (bool, error) {
	if err := o.mayDraft(a); err != nil {
		return false, err
	}
	return o.store.DropDraft(ctx, a, a.Person, now)
}

// item is the draft as content of an author's. The words stay as they were
// written; how they begin is the title.
func (d Draft) item(id, author string, now time.Time) content.Item {
	it := content.Item{ID: id, Title: titleOf(d.Body), Body: d.Body, Link: d.Link, Audiences: []string{}, Themes: []string{},
		Attachments: d.Attachments, Author: author, State: content.Draft, CreatedAt: now.UTC()}
	switch {
	case d.Title != "":
		it.Title = d.Title
	case it.Title != "":
	case d.Link != "":
		it.Title = content.Link.Word()
	case len(d.Attachments) > 0 && d.Attachments[0].Kind == content.File:
		it.Title = d.Attachments[0].Name
	default:
		it.Title = content.Picture.Word()
	}
	return content.Edit(it, func(*content.Item) {})
}

// Limits of a title, in runes.
const longestTitle, clippedTitle = 24, 16

// titleOf is what a text begins with: the words in 【】, the first line or
// sentence if it is short, else the first clause.
func titleOf(text string) string {
	if inner, ok := strings.CutPrefix(text, "【"); ok {
		if t, _, ok := strings.Cut(inner, "】"); ok && utf8.RuneCountInString(t) <= longestTitle {
			return t
		}
	}
	for _, ends := range []string{"\n。！？", "\n。！？，；、, "} {
		if i := strings.IndexAny(text, ends); i > 0 && utf8.RuneCountInString(text[:i]) <= longestTitle {
			return text[:i]
		}
	}
	if r := []rune(text); len(r) > clippedTitle {
		return string(r[:clippedTitle])
	}
	return text
}

// blobs reads the draft's media.
func (o *Office) blobs(ctx context.Context, d Draft) ([]content.Blob, error) {
	var blobs []content.Blob
	for _, att := range d.Attachments {
		data, err := o.store.DraftBlob(ctx, d.Person, att.SHA256)
		if err != nil {
			return nil, fmt.Errorf("read a draft's media: %w", err)
		}
		blobs = append(blobs, blobOf(att, data))
	}
	return blobs, nil
}

// clean reads the draft's media and has the gate look at everything: what it
// finds is said, with what to do.
func (o *Office) clean(ctx context.Context, d Draft, it content.Item) ([]content.Blob, error) {
	blobs, err := o.blobs(ctx, d)
	if err != nil {
		return nil, err
	}
	return blobs, o.refuseFound(it, blobs, "改好以后先回“重来”，再把内容发来")
}

// refuseFound refuses what the gate does not let through, with what it found.
func (o *Office) refuseFound(it content.Item, blobs []content.Blob, next string) error {
	found := content.CheckItem(it, pictures(it, blobs), o.settings.Allow)
	if len(found) == 0 {
		return nil
	}
	say := "不能发："
	for _, f := range found {
		say += "\n" + f.Where
		if f.Text != "" {
			say += "“" + f.Text + "”"
		}
		say += "：" + f.Reason
	}
	return problem(ErrInput, "%s\n%s", say, next)
}

// pictures are the bytes of the item's pictures among the blobs.
func pictures(it content.Item, blobs []content.Blob) [][]byte {
	var out [][]byte
	for _, b := range blobs {
		if isPicture(it, b.SHA256) {
			out = append(out, b.Data)
		}
	}
	return out
}
