package console

import (
	"net/url"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// address is where a link or a form leads: a constant of ours, or what linkTo
// made. What people write becomes one nowhere else (a test looks).
type address string

// linkTo is a page of ours with a query; "" stays on the page it stands on.
func linkTo(path string, query url.Values) address {
	u := url.URL{Path: path, RawQuery: query.Encode()}
	return address(u.String())
}

func href(to address) g.Node { return h.Href(string(to)) }

// link is a link in words of ours.
func link(to address, says string) g.Node { return h.A(href(to), g.Text(says)) }

// form posts to a page of ours, with the token that it wants back.
func form(to address, token string, holds ...g.Node) g.Node {
	return h.Form(h.Method("post"), h.Action(string(to)), hidden("token", token), g.Group(holds))
}

func hidden(field, value string) g.Node {
	return h.Input(h.Type("hidden"), h.Name(field), h.Value(value))
}

// reload sends the browser on by itself.
func reload(to address) g.Node {
	return h.Meta(g.Attr("http-equiv", "refresh"), h.Content("20; url="+string(to)))
}
