package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"tongluo/content"
	"tongluo/content/poster"
	"tongluo/schedule/calendar"
)

type itemCmd struct {
	Import  itemImportCmd  `cmd:"" help:"导入素材：一个文件，或整个文件夹"`
	List    itemListCmd    `cmd:"" help:"列出素材"`
	Show    itemShowCmd    `cmd:"" help:"看一条素材在群里的样子"`
	Approve itemApproveCmd `cmd:"" help:"审核通过（作者不能审自己的）"`
	Retire  itemRetireCmd  `cmd:"" help:"停用一条素材"`
	Check   itemCheckCmd   `cmd:"" help:"检查素材文件，不写入"`
}

type itemImportCmd struct {
	Path string `arg:"positional,required" help:"素材文件（.md）或文件夹"`
	writes
}

func (c *itemImportCmd) Run(a *app) error {
	files, err := itemFiles(c.Path)
	if err != nil {
		return err
	}
	draw, err := drawer()
	if err != nil {
		return err
	}
	// Everything is read before anything is written: nothing half-imported.
	type read struct {
		item  content.Item
		blobs []content.Blob
	}
	var all []read
	bar := a.progress("读素材", len(files))
	for _, f := range files {
		it, blobs, err := readItem(f, draw)
		if err != nil {
			return err
		}
		all = append(all, read{it, blobs})
		bar.step()
	}
	bar.end()
	return a.with(func(o *office) error {
		now := time.Now()
		views := make([]itemView, 0, len(all))
		for _, r := range all {
			r.item.CreatedAt = now.UTC()
			if err := o.AddItem(a.ctx, o.who, r.item, r.blobs, now); err != nil {
				return err
			}
			views = append(views, viewItem(r.item))
		}
		if c.JSON {
			return a.document(views)
		}
		for _, v := range views {
			a.say("已导入 %s《%s》，等待审核：tongluo item approve %s", v.ID, v.Title, v.ID)
		}
		return nil
	})
}

// itemFiles lists the item files of a path, in order.
func itemFiles(p string) ([]string, error) {
	info, err := os.Stat(p)
	if err != nil {
		return nil, opened(p, err)
	}
	if !info.IsDir() {
		return []string{p}, nil
	}
	files, err := fs.Glob(os.DirFS(p), "*.md") // p itself is no pattern
	if err != nil || len(files) == 0 {
		return nil, inputf("文件夹“%s”里没有素材文件（.md），请核对路径", p)
	}
	for i, name := range files {
		files[i] = filepath.Join(p, name)
	}
	return files, nil
}

// readItem reads a file with its media and draws its poster.
func readItem(file string, draw content.Draw) (content.Item, []content.Blob, error) {
	it, blobs, err := content.Parse(os.DirFS(filepath.Dir(file)), path.Base(filepath.ToSlash(file)))
	if err != nil {
		if e, ok := err.(interface{ Unwrap() error }); ok && os.IsNotExist(e.Unwrap()) {
			return it, nil, opened(file, fs.ErrNotExist)
		}
		return it, nil, input(err)
	}
	it, drawn, err := content.Illustrate(it, draw)
	if err != nil {
		return it, nil, fmt.Errorf("draw the poster of %s: %w", file, err)
	}
	if drawn.SHA256 != "" {
		blobs = append(blobs, drawn)
	}
	return it, blobs, nil
}

// drawer is the poster's Draw with its usual footer.
func drawer() (content.Draw, error) {
	p, err := poster.New()
	if err != nil {
		return nil, fmt.Errorf("load the poster's font: %w", err)
	}
	return func(title, body string) ([]byte, error) { return p.Draw(title, body, "") }, nil
}

// itemView is an item as `item list --json` prints it.
type itemView struct {
	ID        string          `json:"id"`
	Title     string          `json:"title"`
	State     content.State   `json:"state"`
	Media     []content.Media `json:"media"`
	Audience  []string        `json:"audience"`
	Themes    []string        `json:"themes"`
	Author    string          `json:"author"`
	Approver  string          `json:"approver"`
	ExpiresOn *string         `json:"expires_on"`
}

func viewItem(i content.Item) itemView {
	v := itemView{ID: i.ID, Title: i.Title, State: i.State, Media: list(i.Media), Audience: list(i.Audiences), Themes: list(i.Themes),
		Author: i.Author, Approver: i.Approver}
	if i.ExpiresOn != "" {
		v.ExpiresOn = &i.ExpiresOn
	}
	return v
}

type itemListCmd struct{ output }

func (c *itemListCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		if err := a.stock(o, time.Now()); err != nil {
			return err
		}
		items, err := o.Items(a.ctx, reader())
		if err != nil {
			return err
		}
		views := make([]itemView, len(items))
		rows := make([][]string, len(items))
		for i, it := range items {
			views[i] = viewItem(it)
			rows[i] = []string{it.ID, it.Title, it.State.Word(), mediaWords(it.Media), strings.Join(it.Audiences, "、"), strings.Join(it.Themes, "、")}
		}
		if c.JSON {
			return a.document(views)
		}
		a.table([]string{"编号", "标题", "状态", "形式", "对象", "主题"}, rows)
		return nil
	})
}

func mediaWords(media []content.Media) string {
	words := make([]string, len(media))
	for i, m := range media {
		words[i] = m.Word()
	}
	return strings.Join(words, "、")
}

type itemShowCmd struct {
	ID string `arg:"positional,required" help:"素材编号"`
	output
}

func (c *itemShowCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		it, err := o.Item(a.ctx, reader(), c.ID)
		if err != nil {
			return err
		}
		if c.JSON {
			return a.document(it)
		}
		a.say("%s《%s》 %s　作者：%s　审核：%s", it.ID, it.Title, it.State.Word(), orDash(it.Author), orDash(it.Approver))
		a.say("对象：%s　主题：%s", orDash(strings.Join(it.Audiences, "、")), orDash(strings.Join(it.Themes, "、")))
		for n, p := range it.Parts() {
			a.say("\n—— 第 %d 条（%s）——", n+1, p.Kind.Word())
			if p.Text != "" {
				a.say("%s", p.Text)
				continue
			}
			a.say("%s，%d KB", p.Name, (p.Size+1023)/1024)
		}
		return nil
	})
}

func orDash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}

type itemApproveCmd struct {
	ID string `arg:"positional,required" help:"素材编号"`
	writes
}

func (c *itemApproveCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		if err := o.ApproveItem(a.ctx, o.who, c.ID, time.Now()); err != nil {
			return err
		}
		return a.done(c.output, "已通过：%s。从下一个时段起可以发送。", c.ID)
	})
}

type itemRetireCmd struct {
	ID string `arg:"positional,required" help:"素材编号"`
	writes
}

func (c *itemRetireCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		if err := o.RetireItem(a.ctx, o.who, c.ID, time.Now()); err != nil {
			return err
		}
		return a.done(c.output, "已停用：%s。以后不再发送。", c.ID)
	})
}

type itemCheckCmd struct {
	Files []string `arg:"positional,required" name:"file" help:"素材文件"`
}

func (c *itemCheckCmd) Run(a *app) error {
	set, err := a.settings()
	if err != nil {
		return err
	}
	draw, err := drawer()
	if err != nil {
		return err
	}
	today := calendar.DateOf(time.Now(), set.Calendar.Zone()).String()
	bad := 0
	for _, f := range c.Files {
		it, blobs, err := readItem(f, draw)
		if err != nil {
			bad++
			a.note("%v", err)
			continue
		}
		found := content.CheckItem(it, picturesOf(it, blobs), set.Office.Allow)
		for _, x := range found {
			a.note("%s：%s“%s”，%s", f, x.Where, x.Text, x.Reason)
		}
		switch {
		case len(found) > 0:
			bad++
		case it.ExpiresOn != "" && it.ExpiresOn < today:
			bad++
			a.note("%s：expires 是 %s，已经过期，请改日期或删掉这一行", f, it.ExpiresOn)
		default:
			a.say("%s：没有问题（%s《%s》，%d 条消息）", f, it.ID, it.Title, len(it.Parts()))
		}
	}
	if bad > 0 {
		return inputf("%d 个文件要改", bad)
	}
	return nil
}

// picturesOf are the bytes of the item's pictures, for the gate.
func picturesOf(it content.Item, blobs []content.Blob) [][]byte {
	var out [][]byte
	for _, at := range it.Attachments {
		for _, b := range blobs {
			if at.Kind == content.Picture && at.SHA256 == b.SHA256 {
				out = append(out, b.Data)
				break
			}
		}
	}
	return out
}
