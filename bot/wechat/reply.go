package wechat

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/eatmoreapple/openwechat"
)

// errMalformed is a reply that does not have the shape of the protocol.
var errMalformed = errors.New("malformed reply")

// Return codes that decide something (protocol §1.0, trap T8).
const (
	retLoggedOut  = 1100
	retElsewhere  = 1101
	retBadCookie  = 1102
	retBarred     = 1203
	retTooOften   = 1205
	maxSyncKeys   = 1000
	unknownReturn = -1 << 31
)

// head is the BaseResponse of a reply; a missing Ret is not a zero Ret.
type head struct {
	Ret *int
}

// err is errMalformed without a Ret, an openwechat.Ret for a refusal.
func (h *head) err() error {
	switch {
	case h == nil || h.Ret == nil:
		return fmt.Errorf("%w: no Ret", errMalformed)
	case *h.Ret != 0:
		return openwechat.Ret(*h.Ret)
	}
	return nil
}

// loose takes a JSON string or number: another type in one field must not make
// a taken message look refused (protocol §1.0).
type loose string

// UnmarshalJSON implements json.Unmarshaler.
func (l *loose) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(l))
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	*l = loose(n)
	return nil
}

type sendReply struct {
	BaseResponse   *head
	MsgID, LocalID loose
}

// readSendReply decides whether a message was taken: Ret present and 0, MsgID
// not empty, LocalID empty or ours (reliability.md §0.3). It returns the
// server's id, or an openwechat.Ret, or errMalformed: nobody knows.
func readSendReply(data []byte, localID string) (string, error) {
	var r sendReply
	if err := json.Unmarshal(data, &r); err != nil {
		return "", fmt.Errorf("%w: not JSON", errMalformed)
	}
	if err := r.BaseResponse.err(); err != nil {
		return "", err
	}
	if r.MsgID == "" {
		return "", fmt.Errorf("%w: no message id", errMalformed)
	}
	if r.LocalID != "" && string(r.LocalID) != localID {
		return "", fmt.Errorf("%w: answer to another message", errMalformed)
	}
	return string(r.MsgID), nil
}

type uploadReply struct {
	BaseResponse *head
	MediaId      string
}

// readUploadReply returns the media id.
func readUploadReply(data []byte) (string, error) {
	var r uploadReply
	if err := json.Unmarshal(data, &r); err != nil {
		return "", fmt.Errorf("%w: not JSON", errMalformed)
	}
	if err := r.BaseResponse.err(); err != nil {
		return "", err
	}
	if r.MediaId == "" {
		return "", fmt.Errorf("%w: no media id", errMalformed)
	}
	return r.MediaId, nil
}

type initReply struct {
	BaseResponse *head
	User         *contact
	SyncKey      *openwechat.SyncKey
	ContactList  []json.RawMessage
	ChatSet      string
}

// readInit refuses what openwechat would trip over: no user, no key.
func readInit(data []byte) (initReply, error) {
	var r initReply
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("%w: not JSON", errMalformed)
	}
	if err := r.BaseResponse.err(); err != nil {
		return r, err
	}
	if r.User == nil || !strings.HasPrefix(r.User.UserName, "@") {
		return r, fmt.Errorf("%w: no user", errMalformed)
	}
	if err := fixKey(r.SyncKey); err != nil || len(r.SyncKey.List) == 0 {
		return r, fmt.Errorf("%w: no sync key", errMalformed)
	}
	return r, nil
}

type syncReply struct {
	BaseResponse   *head
	SyncKey        *openwechat.SyncKey
	AddMsgList     []json.RawMessage
	ModContactList []json.RawMessage
	DelContactList []json.RawMessage
}

// readSync reads the reply of webwxsync. Its error is an openwechat.Ret for a
// refusal and errMalformed without a Ret or a key; a key without entries
// (some refusals send one) means: keep the old one.
func readSync(data []byte) (syncReply, error) {
	var r syncReply
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("%w: not JSON", errMalformed)
	}
	if err := r.BaseResponse.err(); err != nil {
		return r, err
	}
	if err := fixKey(r.SyncKey); err != nil {
		return r, err
	}
	return r, nil
}

// fixKey makes Count what it says: openwechat indexes by it and panics.
func fixKey(k *openwechat.SyncKey) error {
	if k == nil || len(k.List) > maxSyncKeys {
		return fmt.Errorf("%w: no sync key", errMalformed)
	}
	k.Count = len(k.List)
	return nil
}

// each decodes the entries of a list one by one; one that has another shape
// costs only itself. It returns how many were left out.
func each[T any](list []json.RawMessage) (out []T, bad int) {
	for _, raw := range list {
		var v T
		if json.Unmarshal(raw, &v) != nil {
			bad++
			continue
		}
		out = append(out, v)
	}
	return out, bad
}

// retOf is the code of a refusal, unknownReturn when err is none.
func retOf(err error) int {
	var r openwechat.Ret
	if errors.As(err, &r) {
		return int(r)
	}
	return unknownReturn
}
