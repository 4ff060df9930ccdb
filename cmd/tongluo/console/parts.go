package console

import (
	"net/http"
	"net/url"
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"tongluo/schedule/roster"
)

// space keeps two words of one line apart.
var space = g.Text(" ")

// called is what somebody named a group, a unit, a person or an item. Whichever
// way it is read, what stands beside it keeps its own.
func called(name string) g.Node { return g.El("bdi", g.Text(name)) }

// shown is called for what strangers may have named, in the chat or before it
// was checked: on one line, in the order it is written in.
func shown(name string) g.Node { return called(roster.ShownName(name)) }

// number is what people say to mean this line.
func number(id int64) g.Node { return h.B(g.Textf("#%d", id)) }

func button(says string) g.Node { return h.Button(g.Text(says)) }

func home(says string) g.Node { return link("/", says) }

// list is its lines, or a sentence: that this page has none, or what is said
// where there are none at all.
func list[T drawn](f frame, rows []T, all int, none string) g.Node {
	switch {
	case len(rows) > 0:
		return h.Ul(h.Class("list"), g.Map(rows, func(row T) g.Node { return row.draw(f) }))
	case all > 0:
		return h.P(g.Text("这一页没有了。"))
	}
	return h.P(g.Text(none))
}

// turned is a page of a long list.
type turned struct {
	At, Pages  int
	Prev, Next address // "" at the ends
}

func (t turned) draw(frame) g.Node {
	if t.Pages <= 1 {
		return nil
	}
	return h.P(h.Class("turn"),
		g.If(t.Prev != "", link(t.Prev, "上一页")),
		g.Textf(" 第 %d 页，共 %d 页 ", t.At, t.Pages),
		g.If(t.Next != "", link(t.Next, "下一页")),
	)
}

// turn reads ?page= and says what to skip; the list's length is told to of later.
func turn(r *http.Request, size int) (at, skip int) {
	at, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || at < 1 || at > 1<<20 {
		at = 1
	}
	return at, (at - 1) * size
}

func turnedTo(r *http.Request, at, size, all int) turned {
	t := turned{At: at, Pages: max(1, (all+size-1)/size)}
	page := func(n int) address {
		q := url.Values{}
		for k, v := range r.URL.Query() {
			if k != "auto" {
				q[k] = v
			}
		}
		q.Set("page", strconv.Itoa(n))
		return linkTo("", q)
	}
	if at > 1 {
		t.Prev = page(min(at-1, t.Pages))
	}
	if at < t.Pages {
		t.Next = page(at + 1)
	}
	return t
}
