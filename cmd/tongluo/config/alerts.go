package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"tongluo/schedule/calendar"
)

// AlertOptions is what the roads to the operator are built from. Whoever prints
// it prints keys.
type AlertOptions struct {
	WeCom          string // key of the webhook, "" for no such road
	Feishu         Robot
	DingTalk       Robot
	Webhook        string
	Mail           MailOptions
	Heartbeat      string
	HeartbeatEvery time.Duration
	AliveAt        int  // minutes since midnight, -1 for none
	Apart          bool // the keys stand in a file of their own
}

// Robot is a group robot: its address and the secret it is signed with.
type Robot struct {
	Address *url.URL // nil for no such road
	Secret  string
}

// MailOptions is the mail account of the alerts; without a server there is none.
type MailOptions struct {
	Server, User, Password, From string
	To                           []string
}

// secretKeys are what may stand in the file of secrets.
type secretKeys struct {
	WeCom          string `toml:"wecom"`
	Feishu         string `toml:"feishu"`
	FeishuSecret   string `toml:"feishu_secret"`
	DingTalk       string `toml:"dingtalk"`
	DingTalkSecret string `toml:"dingtalk_secret"`
	MailPassword   string `toml:"mail_password"`
	Webhook        string `toml:"webhook"`
	Heartbeat      string `toml:"heartbeat"`
}

// leastBeat keeps a heartbeat from becoming a load on whoever listens; most let
// one a minute pass.
const leastBeat = time.Minute

// alerts says of a wrong value which key it is and never the value: an address
// of a robot is a key to its group.
func (p *parser) alerts() AlertOptions {
	a := &p.file.Alerts
	p.secrets(a)
	o := AlertOptions{AliveAt: -1, Apart: a.Secrets != "", Webhook: a.Webhook, Heartbeat: a.Heartbeat}
	o.WeCom = p.wecom(a.WeCom)
	o.Feishu = Robot{p.address("alerts.feishu", a.Feishu, "open.feishu.cn", "open.larksuite.com"), a.FeishuSecret}
	o.DingTalk = Robot{p.address("alerts.dingtalk", a.DingTalk), a.DingTalkSecret}
	p.address("alerts.webhook", a.Webhook)
	p.address("alerts.heartbeat", a.Heartbeat)
	floor := leastBeat
	if p.file.WeChat.Endpoint != "" && loopback(p.file.WeChat.Endpoint) {
		floor = 0 // a trial run
	}
	o.HeartbeatEvery = p.duration("alerts.heartbeat_every", a.HeartbeatEvery, floor)
	if o.HeartbeatEvery <= 0 {
		o.HeartbeatEvery = leastBeat
	}
	if a.AliveAt != "" {
		at, err := calendar.ParseClock(a.AliveAt)
		if err != nil {
			p.wrong("alerts.alive_at", "alive_at = “%s”不对，请写成 08:30 这样，留空就不报", a.AliveAt)
		}
		o.AliveAt = at
	}
	o.Mail = p.mail(a)
	return o
}

// address is nil for an empty value. Only this machine may be spoken to in the clear.
func (p *parser) address(key, s string, hosts ...string) *url.URL {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	_, name, _ := strings.Cut(key, ".")
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !local(u.Hostname())) {
		p.wrong(key, "%s 要写完整的网址，以 https:// 开头，从对方的页面上原样复制", name)
		return nil
	}
	for _, h := range hosts {
		if u.Host == h {
			return u
		}
	}
	if len(hosts) > 0 {
		p.wrong(key, "%s 的网址不是 %s 的，请从机器人的设置页上原样复制", name, strings.Join(hosts, " 或 "))
		return nil
	}
	return u
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// wecom takes the whole address of a robot, or its key alone.
func (p *parser) wecom(s string) string {
	key := s
	if strings.Contains(s, "/") {
		u, err := url.Parse(s)
		if err != nil || u.Host != "qyapi.weixin.qq.com" {
			key = "/"
		} else {
			key = u.Query().Get("key")
		}
	}
	if s != "" && (key == "" || strings.Trim(key, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") != "") {
		p.wrong("alerts.wecom", "wecom 要写群机器人的网址，以 https://qyapi.weixin.qq.com/ 开头，从企业微信里原样复制")
		return ""
	}
	return key
}

func (p *parser) mail(a *Alerts) MailOptions {
	m := MailOptions{Server: a.MailServer, User: a.MailUser, Password: a.MailPassword, From: a.MailFrom, To: a.MailTo}
	if m.Server == "" {
		if m.User != "" || m.Password != "" || m.From != "" || len(m.To) > 0 {
			p.wrong("alerts.mail_to", "写了邮件的收发件人，还要写 mail_server，例如 mail_server = \"smtp.qq.com:465\"")
		}
		return MailOptions{}
	}
	host, port, err := net.SplitHostPort(m.Server)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || host == "" || n == 0 {
		p.wrong("alerts.mail_server", "mail_server 要写服务器加端口，例如 smtp.qq.com:465")
	}
	if m.From == "" {
		m.From = m.User
	}
	for _, who := range append([]string{m.From}, m.To...) {
		if at, err := mail.ParseAddress(who); err != nil || at.Address != who {
			p.wrong("alerts.mail_to", "邮件的 mail_from 和 mail_to 都要写成 name@example.com 这样，至少各一个")
			break
		}
	}
	if len(m.To) == 0 {
		p.wrong("alerts.mail_server", "还要写邮件发给谁：mail_to = [\"name@example.com\"]")
	}
	if (m.User == "") != (m.Password == "") {
		p.wrong("alerts.mail_user", "mail_user 和 mail_password 要么都写，要么都不写（QQ 邮箱等要写授权码）")
	}
	return m
}

const mostSecrets = 64 << 10

// secrets takes in the file of secrets. What stands there must not stand here
// too, and only its owner may read it.
func (p *parser) secrets(a *Alerts) {
	if a.Secrets == "" {
		return
	}
	path := a.Secrets
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.file.dir, path)
	}
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.wrong("alerts.secrets", "没有 secrets 写的这个文件，请核对路径，或把它留空")
		return
	case err != nil || !st.Mode().IsRegular() || st.Size() > mostSecrets:
		p.wrong("alerts.secrets", "secrets 写的文件打不开，请换一个普通的文件")
		return
	case runtime.GOOS != "windows" && st.Mode().Perm()&0o077 != 0:
		p.wrong("alerts.secrets", "secrets 写的文件别人也能读，请先运行 chmod 600 改权限")
		return
	}
	src, err := os.ReadFile(path)
	if err != nil {
		p.wrong("alerts.secrets", "secrets 写的文件打不开，请换一个普通的文件")
		return
	}
	var keys secretKeys
	if err := toml.NewDecoder(bytes.NewReader(src)).DisallowUnknownFields().Decode(&keys); err != nil {
		p.wrong("alerts.secrets", "secrets 写的文件%s只能写这些：%s，每行 名称 = \"内容\"", lineOf(err), strings.Join(names(reflect.TypeFor[secretKeys]()), "、"))
		return
	}
	p.take(reflect.ValueOf(keys), reflect.ValueOf(a).Elem())
}

// lineOf says where in the file it is, and nothing of what stands there.
func lineOf(err error) string {
	var unknown *toml.StrictMissingError
	var bad *toml.DecodeError
	line := 0
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		line, _ = unknown.Errors[0].Position()
	} else if errors.As(err, &bad) {
		line, _ = bad.Position()
	}
	if line == 0 {
		return ""
	}
	return fmt.Sprintf("第 %d 行写得不对：", line)
}

func (p *parser) take(from, to reflect.Value) {
	for i := range from.NumField() {
		field := from.Type().Field(i)
		value, into := from.Field(i).String(), to.FieldByName(field.Name)
		switch {
		case value == "":
		case into.String() != "":
			p.wrong("alerts."+field.Tag.Get("toml"), "%s 在 secrets 写的文件里也有，只能写在一处", field.Tag.Get("toml"))
		default:
			into.SetString(value)
		}
	}
}
