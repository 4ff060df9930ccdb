package content

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Media is a kind of message a group can be given. The words are those of the
// plans' duties and of `plan list --json`.
type Media string

// The five kinds of message.
const (
	Text    Media = "text"
	Picture Media = "picture"
	Video   Media = "video"
	File    Media = "file"
	Link    Media = "link"
)

// mediaOrder lists every Media in the order parts are sent.
var mediaOrder = []Media{Text, Picture, Video, File, Link}

// Word returns the office's Chinese word for m, or m itself if it is no known
// kind.
func (m Media) Word() string {
	switch m {
	case Text:
		return "文字"
	case Picture:
		return "图片"
	case Video:
		return "视频"
	case File:
		return "文件"
	case Link:
		return "链接"
	}
	return string(m)
}

// Valid reports whether m is one of the five kinds.
func (m Media) Valid() bool { return slices.Contains(mediaOrder, m) }

// Limits on one item. A push is one to three messages; a text longer than
// MaxTextRunes is not read on a phone.
const (
	MaxTextRunes = 1000
	MaxParts     = 3
)

// Part is one message of an item as it goes out. Text is set for text and link
// parts; Name (a neutral file name), SHA256 (lower-case hex) and Size (bytes)
// for the others.
type Part struct {
	Kind   Media  `json:"kind"`
	Text   string `json:"text,omitempty"`
	Name   string `json:"name,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Size   int64  `json:"size,omitempty"`
}

// Attachment is a file that belongs to an item, named by the hash of its bytes.
// Drawn marks the poster made from the item's own text: it is never listed in
// front matter and is drawn anew when the text changes.
type Attachment struct {
	Kind   Media  `json:"kind"`
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	MIME   string `json:"mime"`
	Drawn  bool   `json:"drawn,omitempty"`
}

// Item is one thing the office may say. Audiences (居民, 家长 …) and Themes are
// the office's own words; no audience means everyone. Media is derived from the
// text, the link and the attachments. Author and Approver are opaque person ids.
// ApprovedRevision is the Revision the approver saw. Instants are UTC; ExpiresOn
// is the last local day ("2006-01-02") the item may be sent, empty for no end.
type Item struct {
	ID               string       `json:"id"`
	Title            string       `json:"title"`
	Body             string       `json:"body"`
	Link             string       `json:"link,omitempty"`
	Media            []Media      `json:"media"`
	Audiences        []string     `json:"audiences"`
	Themes           []string     `json:"themes"`
	Attachments      []Attachment `json:"attachments"`
	Poster           bool         `json:"poster"`
	Author           string       `json:"author"`
	Approver         string       `json:"approver,omitempty"`
	State            State        `json:"state"`
	ApprovedRevision string       `json:"approved_revision,omitempty"`
	CreatedAt        time.Time    `json:"created_at"`
	ApprovedAt       time.Time    `json:"approved_at,omitzero"`
	ExpiresOn        string       `json:"expires_on,omitempty"`
}

// Text returns the words a group reads: the title in 【】 and the body beneath, or
// the body alone if it begins with its title. Empty if the item has no body (a
// picture or video alone).
func (i Item) Text() string {
	switch {
	case i.Body == "":
		return ""
	case strings.HasPrefix(strings.TrimPrefix(i.Body, "【"), i.Title):
		return i.Body
	}
	return "【" + i.Title + "】\n" + i.Body
}

// Parts returns the one to three messages the item goes out as: the text first,
// then the attachments in their order, then the link as title and address. A
// poster that has not been drawn yet (see Illustrate) is no part.
func (i Item) Parts() []Part {
	var parts []Part
	if text := i.Text(); text != "" {
		parts = append(parts, Part{Kind: Text, Text: text})
	}
	for _, a := range i.Attachments {
		parts = append(parts, Part{Kind: a.Kind, Name: a.Name, SHA256: a.SHA256, Size: a.Size})
	}
	if i.Link != "" {
		parts = append(parts, Part{Kind: Link, Text: i.Title + "\n" + i.Link})
	}
	return parts
}

// Revision returns the SHA-256 (lower-case hex) over the parts in order: kinds,
// texts, names and the hashes of the attached bytes. It is what an approval
// binds: another word, picture or order is another revision.
func (i Item) Revision() string {
	h := sha256.New()
	for _, p := range i.Parts() {
		for _, field := range []string{string(p.Kind), p.Text, p.Name, p.SHA256} {
			fmt.Fprintf(h, "%d:%s", len(field), field)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Sendable reports whether the item may be sent on the local day given
// ("2006-01-02"): approved, unchanged since, not expired, not empty.
func (i Item) Sendable(day string) bool {
	return i.State == Approved && i.ApprovedRevision == i.Revision() &&
		len(i.Parts()) > 0 && (i.ExpiresOn == "" || day <= i.ExpiresOn)
}

// mediaOf derives the kinds of message the item consists of, without repeats.
func mediaOf(i Item) []Media {
	kinds := []Media{}
	for _, p := range i.Parts() {
		if !slices.Contains(kinds, p.Kind) {
			kinds = append(kinds, p.Kind)
		}
	}
	return kinds
}

// Draw makes a PNG poster from a title and a text; poster.Poster offers one.
type Draw func(title, body string) ([]byte, error)

// Blob is the content of one attachment. SHA256 is the lower-case hex hash of
// Data and equals the attachment's.
type Blob struct {
	Name   string
	SHA256 string
	Data   []byte
}

// Illustrate draws the poster of an item whose front matter asks for one
// (`poster = true`) and returns the item with the picture attached right after
// the text, in place of an older drawing, and the picture's bytes. The result is
// a draft: the picture is part of what an approver sees. An item that asks for
// no poster comes back unchanged with an empty Blob.
func Illustrate(i Item, draw Draw) (Item, Blob, error) {
	if !i.Poster {
		return i, Blob{}, nil
	}
	data, err := draw(i.Title, i.Body)
	if err != nil {
		return Item{}, Blob{}, fmt.Errorf("draw poster of item %s: %w", i.ID, err)
	}
	blob := newBlob("poster.png", data)
	drawn := Attachment{Kind: Picture, Name: blob.Name, SHA256: blob.SHA256, Size: int64(len(data)), MIME: "image/png", Drawn: true}
	i = Edit(i, func(i *Item) {
		i.Attachments = append([]Attachment{drawn}, listed(i.Attachments)...)
	})
	return i, blob, nil
}

// listed returns the attachments front matter names: all but the drawn poster.
func listed(all []Attachment) []Attachment {
	return slices.DeleteFunc(slices.Clone(all), func(a Attachment) bool { return a.Drawn })
}

func newBlob(name string, data []byte) Blob {
	sum := sha256.Sum256(data)
	return Blob{Name: name, SHA256: hex.EncodeToString(sum[:]), Data: data}
}
