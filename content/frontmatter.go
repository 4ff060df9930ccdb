package content

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
)

// fence is the line that opens and closes the front matter of an item file.
const fence = "+++"

// FileError says what is wrong with an item file, for the person who wrote it:
// the file, the line (1-based, 0 if no single line is to blame) and, in Chinese,
// the fault and what to write instead.
type FileError struct {
	File string
	Line int
	Say  string
}

// Error returns "file:line：say" in Chinese.
func (e *FileError) Error() string {
	if e.Line == 0 {
		return e.File + "：" + e.Say
	}
	return fmt.Sprintf("%s 第 %d 行：%s", e.File, e.Line, e.Say)
}

// header is the front matter, in the order Format writes it.
type header struct {
	ID       string   `toml:"id"`
	Title    string   `toml:"title"`
	Audience []string `toml:"audience"`
	Themes   []string `toml:"themes"`
	Media    []string `toml:"media,omitempty"`
	Poster   bool     `toml:"poster,omitempty"`
	Link     string   `toml:"link,omitempty"`
	Author   string   `toml:"author,omitempty"`
	Expires  string   `toml:"expires,omitempty"`
}

var headerKeys = []string{"id", "title", "audience", "themes", "media", "poster", "link", "author", "expires"}

var slug = pattern(`^[a-z0-9\p{Han}-]{1,40}$`)

// Parse reads the item file of that name: TOML front matter between two lines
// "+++", then the text. Media named in it are read from beside the file, checked
// (kind, size, pixels), pictures re-encoded without their metadata, and returned
// as blobs in the order of the item's attachments. The item is a draft; with
// `poster = true` it still wants Illustrate. A fault in the file is a *FileError.
func Parse(fsys fs.FS, name string) (Item, []Blob, error) {
	src, err := fs.ReadFile(fsys, name)
	if err != nil {
		return Item{}, nil, fmt.Errorf("read item %s: %w", name, err)
	}
	f := file{name: name, src: bytes.ReplaceAll(bytes.TrimPrefix(src, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))}
	h, body, err := f.split()
	if err != nil {
		return Item{}, nil, err
	}
	if err := f.check(h, body); err != nil {
		return Item{}, nil, err
	}
	i := Item{
		ID: h.ID, Title: h.Title, Body: body, Link: h.Link, Poster: h.Poster,
		Audiences: words(h.Audience), Themes: words(h.Themes), Attachments: []Attachment{},
		Author: h.Author, State: Draft, ExpiresOn: h.Expires,
	}
	blobs, err := f.attach(fsys, h, &i)
	if err != nil {
		return Item{}, nil, err
	}
	i.Media = mediaOf(i)
	return i, blobs, nil
}

// Format writes the item as an item file that Parse reads back to the same
// authored fields. State, approval and the drawn poster are not in it.
func Format(i Item) ([]byte, error) {
	h := header{ID: i.ID, Title: i.Title, Audience: words(i.Audiences), Themes: words(i.Themes),
		Poster: i.Poster, Link: i.Link, Author: i.Author, Expires: i.ExpiresOn}
	for _, a := range listed(i.Attachments) {
		h.Media = append(h.Media, a.Name)
	}
	var buf bytes.Buffer
	buf.WriteString(fence + "\n")
	if err := toml.NewEncoder(&buf).Encode(h); err != nil {
		return nil, fmt.Errorf("format item %s: %w", i.ID, err)
	}
	buf.WriteString(fence + "\n")
	if i.Body != "" {
		buf.WriteString(i.Body + "\n")
	}
	return buf.Bytes(), nil
}

// file is an item file being read; its methods know where to point.
type file struct {
	name string
	src  []byte
}

func (f file) fault(line int, format string, args ...any) error {
	return &FileError{File: f.name, Line: line, Say: fmt.Sprintf(format, args...)}
}

// split cuts the front matter from the text and decodes it strictly.
func (f file) split() (header, string, error) {
	if !utf8.Valid(f.src) {
		return header{}, "", f.fault(0, "文件不是 UTF-8 编码，请另存为 UTF-8")
	}
	rest, ok := strings.CutPrefix(string(f.src), fence+"\n")
	if !ok {
		return header{}, "", f.fault(1, "第一行要写 +++，下面写 id、title 等，再用一行 +++ 隔开正文")
	}
	front, body, ok := strings.Cut("\n"+rest, "\n"+fence+"\n")
	if !ok {
		front, ok = strings.CutSuffix("\n"+rest, "\n"+fence)
	}
	if !ok {
		return header{}, "", f.fault(0, "缺少第二个 +++，请在正文前单独写一行 +++")
	}
	var h header
	dec := toml.NewDecoder(strings.NewReader(front)).DisallowUnknownFields()
	if err := dec.Decode(&h); err != nil {
		return header{}, "", f.tomlFault(err)
	}
	return h, strings.TrimSpace(body), nil
}

// tomlFault puts the decoder's error in the office's words. The front matter was
// decoded with one empty line before it, so its line numbers are the file's.
func (f file) tomlFault(err error) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		line, _ := strict.Errors[0].Position()
		key := strings.Join(strict.Errors[0].Key(), ".")
		return f.fault(line, "不认识 %q，可以写的有：%s", key, strings.Join(headerKeys, "、"))
	}
	var syntax *toml.DecodeError
	if !errors.As(err, &syntax) {
		return f.fault(0, "开头部分读不懂（%v），请对照样例改", err)
	}
	line, _ := syntax.Position()
	example := map[string]string{"audience": `audience = ["居民", "家长"]`, "themes": `themes = ["刷单返利"]`, "media": `media = ["图片.png"]`, "poster": "poster = true", "expires": `expires = "2026-12-31"`}
	key := strings.Join(syntax.Key(), ".")
	if say, ok := example[key]; ok {
		return f.fault(line, "%s 写得不对，请写成 %s", key, say)
	}
	return f.fault(line, "这一行写得不对，请写成 名称 = \"内容\" 的样子，例如 title = \"刷单就是诈骗\"")
}

// check tests every field that can be judged without opening another file.
func (f file) check(h header, body string) error {
	switch n := utf8.RuneCountInString(body); {
	case !slug().MatchString(h.ID):
		return f.fault(f.line("id"), "id 要写 1 到 40 个小写字母、数字、汉字或短横线，例如 id = \"shua-dan\"")
	case strings.TrimSpace(h.Title) == "" || utf8.RuneCountInString(h.Title) > 40 || strings.ContainsAny(h.Title, "\n\r"):
		return f.fault(f.line("title"), "title 要写一行标题，不超过 40 个字，例如 title = \"刷单就是诈骗\"")
	case n > MaxTextRunes:
		return f.fault(0, "正文有 %d 个字，最多 %d 个。群里没人读长文，请删到 220 字以内，或拆成几条素材", n, MaxTextRunes)
	case body == "" && len(h.Media) == 0 && h.Link == "":
		return f.fault(0, "没有正文，也没有附件。请在第二个 +++ 下面写正文，或用 media 列出图片")
	case h.Poster && body == "":
		return f.fault(f.line("poster"), "poster = true 是按正文画图，可是没有正文。请写正文，或删掉这一行")
	case h.Expires != "" && !isDay(h.Expires):
		return f.fault(f.line("expires"), "expires 要写成 expires = \"2026-12-31\"")
	case h.Link != "" && !isAddress(h.Link):
		return f.fault(f.line("link"), "link 要写完整地址，以 https:// 开头")
	}
	return nil
}

// attach reads the media the header names, in order, into the item.
func (f file) attach(fsys fs.FS, h header, i *Item) ([]Blob, error) {
	var blobs []Blob
	for _, name := range h.Media {
		if name == "" || path.Base(name) != name || strings.Contains(name, `\`) {
			return nil, f.fault(f.line("media"), "附件 %q 要和素材文件放在同一个文件夹，只写文件名，例如 media = [\"图片.png\"]", name)
		}
		data, err := readMedia(fsys, path.Join(path.Dir(f.name), name))
		if err != nil {
			return nil, f.fault(f.line("media"), "%v", err)
		}
		a, blob, err := load(name, data)
		if err != nil {
			return nil, f.fault(f.line("media"), "附件 %s %v", name, err)
		}
		i.Attachments, blobs = append(i.Attachments, a), append(blobs, blob)
	}
	n := len(i.Parts())
	if i.Poster {
		n++
	}
	if n > MaxParts {
		return nil, f.fault(f.line("media"), "一条素材最多发 %d 条消息（正文、配图、附件、链接各算一条），这里有 %d 条，请拆开", MaxParts, n)
	}
	return blobs, nil
}

// line finds the line of the front matter that sets key; 1 if none does.
func (f file) line(key string) int {
	for n, l := range strings.Split(string(f.src), "\n") {
		if before, _, ok := strings.Cut(l, "="); ok && strings.Trim(before, " \t\"'") == key {
			return n + 1
		}
	}
	return 1
}

// words trims, drops empties and repeats, and never returns nil.
func words(in []string) []string {
	out := []string{}
	for _, w := range in {
		if w = strings.TrimSpace(w); w != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

func isDay(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func isAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && !strings.ContainsAny(s, " \t\n\r")
}
