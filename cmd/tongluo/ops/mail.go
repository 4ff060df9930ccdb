package ops

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/mail"
	"net/smtp"
	"strings"
	"time"
)

// Mail sends by SMTP: over TLS from the start on port 465, otherwise by STARTTLS,
// without which no password leaves this PC.
type Mail struct {
	Server         string // host:port
	User, Password string
	From           string
	To             []string
	Roots          *tls.Config // nil: those of the system; for tests
}

const mailTime = 30 * time.Second // of one mail

// Name implements Road.
func (Mail) Name() string { return "邮件" }

// Send implements Road.
func (m Mail) Send(ctx context.Context, title, text string) (string, error) {
	ctx, stop := context.WithTimeout(ctx, mailTime)
	defer stop()
	if err := m.send(ctx, title, text); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return "", quiet(err, m.Password, m.User)
	}
	return fmt.Sprintf("邮件服务器收下了，共 %d 个收件人", len(m.To)), nil
}

func (m Mail) send(ctx context.Context, title, text string) (err error) {
	host, port, err := net.SplitHostPort(m.Server)
	if err != nil {
		return err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", m.Server)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // a server that says nothing keeps nobody
	secure := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if m.Roots != nil {
		secure.RootCAs = m.Roots.RootCAs
	}
	plain := conn
	if port == "465" {
		conn = tls.Client(conn, secure)
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return errors.Join(err, plain.Close())
	}
	defer func() { _ = c.Close() }()
	if ok, _ := c.Extension("STARTTLS"); ok && port != "465" {
		if err := c.StartTLS(secure); err != nil {
			return err
		}
	}
	return m.hand(c, host, title, text)
}

// hand gives the letter to the server.
func (m Mail) hand(c *smtp.Client, host, title, text string) error {
	if m.User != "" {
		if err := c.Auth(m.auth(c, host)); err != nil {
			return err
		}
	}
	if err := c.Mail(m.From); err != nil {
		return err
	}
	for _, to := range m.To {
		if err := c.Rcpt(to); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(m.letter(title, text, time.Now())); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // the letter has been taken
	return nil
}

func (m Mail) auth(c *smtp.Client, host string) smtp.Auth {
	if _, how := c.Extension("AUTH"); strings.Contains(how, "LOGIN") && !strings.Contains(how, "PLAIN") {
		return &login{user: m.User, password: m.Password, plain: smtp.PlainAuth("", m.User, m.Password, host)}
	}
	return smtp.PlainAuth("", m.User, m.Password, host)
}

// login is AUTH LOGIN, which some offices' servers offer alone.
type login struct {
	user, password string
	plain          smtp.Auth
}

// Start refuses, as PLAIN does, a connection that others can read.
func (l *login) Start(s *smtp.ServerInfo) (string, []byte, error) {
	if _, _, err := l.plain.Start(s); err != nil {
		return "", nil, err
	}
	return "LOGIN", nil, nil
}

// Next answers the server's two questions.
func (l *login) Next(ask []byte, more bool) ([]byte, error) {
	switch {
	case !more:
		return nil, nil
	case strings.HasPrefix(strings.ToLower(string(ask)), "user"):
		return []byte(l.user), nil
	}
	return []byte(l.password), nil
}

// letter is the mail: all of it ASCII on the wire, whatever it says.
func (m Mail) letter(title, text string, now time.Time) []byte {
	_, domain, _ := strings.Cut(m.From, "@")
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", (&mail.Address{Name: "铜锣", Address: m.From}).String()},
		{"To", strings.Join(m.To, ", ")},
		{"Subject", mime.BEncoding.Encode("utf-8", title)},
		{"Date", now.Format(time.RFC1123Z)},
		{"Message-ID", "<" + rand.Text() + "@" + cmp.Or(domain, "tongluo") + ">"},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "base64"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	body := base64.StdEncoding.EncodeToString([]byte(text))
	for len(body) > 76 {
		b.WriteString(body[:76] + "\r\n")
		body = body[76:]
	}
	b.WriteString(body + "\r\n")
	return b.Bytes()
}
