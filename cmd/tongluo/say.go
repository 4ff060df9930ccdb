package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"tongluo/bot"
	"tongluo/bot/command"
	"tongluo/schedule/roster"
)

type sayCmd struct {
	Text     string `arg:"positional,required" help:"说的话；写 - 从标准输入读"`
	As       string `help:"谁说的：姓名、标记或“单位/姓名”" placeholder:"PERSON"`
	Stranger string `help:"花名册外的人说的，写昵称" placeholder:"NICK"`
	In       string `help:"在哪个群里 @ 着说（默认私下）" placeholder:"GROUP"`
	DryRun   bool   `arg:"--dry-run" help:"在数据的一份副本上办，看过就扔，什么也不改"`
	output
}

// saying is what `say --json` prints.
type saying struct {
	Reply       string               `json:"reply"`
	To          command.Place        `json:"to"` // empty for silence
	Understood  []command.Understood `json:"understood"`
	Attachments []string             `json:"attachments"` // where the pictures are; their names with --dry-run
}

// longestSaid is more than any message of the service can hold, in bytes.
const longestSaid = 1 << 16

func (c *sayCmd) Run(a *app) error {
	if (c.As == "") == (c.Stranger == "") {
		return inputf("请用 --as 写明谁说的，或用 --stranger 写一个花名册外的昵称，两样选一样")
	}
	text, err := c.text()
	if err != nil {
		return err
	}
	on := a.with
	if c.DryRun {
		on = a.rehearse
	}
	return on(func(o *office) error { return c.say(a, o, text) })
}

func (c *sayCmd) text() (string, error) {
	if c.Text != "-" {
		return c.Text, nil
	}
	data, err := io.ReadAll(io.LimitReader(os.Stdin, longestSaid+1))
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	if len(data) > longestSaid {
		return "", inputf("标准输入太长，一句话不超过 %d 字节", longestSaid)
	}
	return string(data), nil
}

func (c *sayCmd) say(a *app, o *office, text string) error {
	in := bot.Incoming{Private: c.In == "", Kind: bot.Text, Text: text, At: time.Now(), Session: "say", Proven: true}
	r, err := o.Roster(a.ctx, reader())
	if err != nil {
		return err
	}
	if c.As != "" {
		who, err := o.Operator(a.ctx, c.As)
		if err != nil {
			return input(err)
		}
		if in.Person = who.Person; in.Person == 0 {
			return inputf("花名册里还没有人，请先 tongluo roster import")
		}
	}
	if c.In != "" {
		g, err := r.FindGroup(c.In)
		if err != nil {
			return input(err)
		}
		in.Group, in.Bound, in.Mentioned = g.ID, true, true
	}
	settings := command.Settings{TalkIn: o.set.TalkIn, Via: roster.ViaCommand, Ranking: o.set.Ranking}
	reply, err := command.New(o.Office, settings).Answer(a.ctx, in, in.At)
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	pictures, err := c.keep(a, reply.Attachments, in.At.In(o.set.Calendar.Zone()))
	if err != nil {
		return err
	}
	if c.JSON {
		return a.document(saying{Reply: reply.Text, To: reply.To, Understood: list(reply.Understood), Attachments: pictures})
	}
	if reply.Text == "" {
		a.note("（不作声）")
		return nil
	}
	if c.In != "" && reply.To == command.Private {
		a.note("（私下答）")
	}
	a.say("%s", reply.Text)
	for _, path := range pictures {
		a.say("图片：%s", path)
	}
	return nil
}

// keep puts the pictures of an answer into reports/ and returns where they are;
// a dry run only names them.
func (c *sayCmd) keep(a *app, pictures []command.Attachment, at time.Time) ([]string, error) {
	out := []string{}
	for i, p := range pictures {
		if c.DryRun {
			out = append(out, p.Name)
			continue
		}
		path := filepath.Join(a.data(), "reports", fmt.Sprintf("%s-%d-%s", at.Format("20060102-150405"), i+1, p.Name))
		if err := os.WriteFile(path, p.Data, 0o600); err != nil {
			return nil, inputf("图片写不进“%s”，请看磁盘是不是满了：%w", path, err)
		}
		out = append(out, path)
	}
	return out, nil
}
