package loopback

import (
	"encoding/json"
	"fmt"
	"html"
	"strconv"
	"strings"
)

// looseString takes a JSON string or number: the two known clients send ids
// either way (protocol §1.4).
type looseString string

// UnmarshalJSON implements json.Unmarshaler.
func (l *looseString) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*l = looseString(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return fmt.Errorf("string or number wanted: %w", err)
	}
	*l = looseString(n)
	return nil
}

type baseResponse struct {
	Ret    int
	ErrMsg string
}

// retReply is the failure shape that all JSON endpoints share.
func retReply(ret int) reply {
	return reply{body: []byte(`{"BaseResponse":{"Ret":` + strconv.Itoa(ret) + `,"ErrMsg":""},"MsgID":"","LocalID":"","MediaId":""}`)}
}

// sentReply is the success shape of every send.
func sentReply(msgID, localID string) reply {
	b := make([]byte, 0, 160)
	b = append(b, `{"BaseResponse":{"Ret":0,"ErrMsg":""},"MsgID":"`...)
	b = append(b, msgID...)
	b = append(b, `","LocalID":`...)
	quoted, _ := json.Marshal(localID)
	b = append(append(b, quoted...), '}')
	return reply{body: b}
}

func jsonReply(v any) reply {
	b, err := json.Marshal(v)
	if err != nil {
		return retReply(retSystem)
	}
	return reply{body: b}
}

func textReply(format string, args ...any) reply {
	return reply{body: fmt.Appendf(nil, format, args...)}
}

// wireText writes a person's words as the service does inside Content: HTML
// escaped, line ends as <br/>, emoji as spans (protocol §1.3).
func wireText(s string) string {
	s = html.EscapeString(s)
	s = strings.NewReplacer("&#34;", `"`, "&#39;", "'").Replace(s)
	return wireEmoji(strings.ReplaceAll(s, "\n", "<br/>"))
}

// wireEmoji writes emoji of one code point as spans; names carry them so too.
func wireEmoji(s string) string {
	if !strings.ContainsFunc(s, isEmoji) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isEmoji(r) {
			fmt.Fprintf(&b, `<span class="emoji emoji%x"></span>`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func isEmoji(r rune) bool { return r >= 0x1f300 && r <= 0x1faff }
