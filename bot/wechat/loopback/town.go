// Package loopback is a make-believe WeChat web server: one account, its
// contacts and chat rooms, and the web protocol that a browser client speaks
// to them. It records what every chat received, so that a test can count on
// the receiving side, and it can be told to fail in the ways the real service
// fails.
//
// It knows accounts, contacts, chat rooms and messages. It refuses to know why
// anything is sent: it imports nothing of ours, has no opinion on content and
// must never be reachable from another machine.
package loopback

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// FileHelper is the one chat everybody has; its handle and its permanent id
// are the same word on the real service too.
const FileHelper = "filehelper"

// Town is the world behind the server. All ids in it are permanent and are
// never shown to a client; clients see handles that change with every login.
type Town struct {
	Account  Account   `json:"account"`
	Contacts []Contact `json:"contacts"`
	Groups   []Group   `json:"groups"`
}

// Account is the one account that can log in.
type Account struct {
	Uin      int64  `json:"uin"`
	Nickname string `json:"nickname"`
}

// Contact is a person. Remark is what the account's owner calls the person on
// the phone. A Stranger is only a fellow member of some chat room.
type Contact struct {
	ID       string `json:"id"`
	Nickname string `json:"nickname"`
	Remark   string `json:"remark,omitempty"`
	Stranger bool   `json:"stranger,omitempty"`
}

// Group is a chat room that the account belongs to. Members are contact ids
// without the account. A group that is not Saved to the address book stays
// out of the contact list and is first seen when somebody speaks in it.
type Group struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Members []string `json:"members"`
	Saved   bool     `json:"saved"`
}

// ErrTown wraps every complaint about a town file.
var ErrTown = errors.New("town 文件有误")

// ReadTown reads one JSON document and checks it: unknown keys, a second
// document, a missing account, an empty or repeated id and a member who is not
// among the contacts are refused with an error wrapping ErrTown that says
// where and what to write instead.
func ReadTown(r io.Reader) (Town, error) {
	var town Town
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&town); err != nil {
		return Town{}, fmt.Errorf("%w：第 %d 字节附近：%v", ErrTown, dec.InputOffset(), err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Town{}, fmt.Errorf("%w：第 %d 字节之后还有内容，只应有一个 JSON 对象", ErrTown, dec.InputOffset())
	}
	if err := town.check(); err != nil {
		return Town{}, err
	}
	return town, nil
}

func (t Town) check() error {
	if t.Account.Uin <= 0 || t.Account.Nickname == "" {
		return fmt.Errorf("%w：account 要写 uin（正整数）和 nickname", ErrTown)
	}
	taken := map[string]bool{FileHelper: true, Self: true}
	person := make(map[string]bool, len(t.Contacts))
	for i, c := range t.Contacts {
		if c.ID == "" || taken[c.ID] {
			return fmt.Errorf("%w：contacts 第 %d 个的 id %q 为空或重复，换一个", ErrTown, i+1, c.ID)
		}
		taken[c.ID], person[c.ID] = true, true
	}
	for i, g := range t.Groups {
		if g.ID == "" || taken[g.ID] {
			return fmt.Errorf("%w：groups 第 %d 个的 id %q 为空或重复，换一个", ErrTown, i+1, g.ID)
		}
		taken[g.ID] = true
		for _, m := range g.Members {
			if !person[m] {
				return fmt.Errorf("%w：groups 第 %d 个（%s）的成员 %q 不在 contacts 里，先写进 contacts", ErrTown, i+1, g.ID, m)
			}
		}
	}
	return nil
}
