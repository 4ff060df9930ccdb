package ops

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// Road is one way to a person that does not lead through WeChat. Its errors
// name no address, key or password.
type Road interface {
	// Name is the road as the screen says it.
	Name() string
	// Send returns what the far end answered, in Chinese.
	Send(ctx context.Context, title, text string) (answer string, err error)
}

const (
	callTime  = 15 * time.Second // of one call of ours
	mostReply = 64 << 10
)

// caller speaks HTTP for our own roads and the heartbeat: no connection outlives
// its call, a redirect is no answer, and nobody is waited for beyond callTime.
type caller struct{ client *http.Client }

func newCaller() caller {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true
	return caller{&http.Client{Transport: t, Timeout: callTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// call makes one request and returns a good reply's beginning.
func (c caller) call(ctx context.Context, method, address string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("网址写得不对")
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, quiet(err, address)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	reply, err := io.ReadAll(io.LimitReader(resp.Body, mostReply))
	if err != nil {
		return nil, quiet(err, address)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, fmt.Errorf("对方没有收下：HTTP %d", resp.StatusCode)
	}
	return reply, nil
}

// quiet puts a failed call into Chinese without what must not be seen: the
// address of a webhook is a key.
func quiet(err error, secrets ...string) error {
	var inUse *url.Error
	if errors.As(err, &inUse) {
		err = inUse.Err
	}
	var wait net.Error
	var name *net.DNSError
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &wait) && wait.Timeout():
		return errors.New("等了很久没有回答")
	case errors.As(err, &name):
		return errors.New("找不到对方的网址，请检查这台电脑的网络")
	}
	said := err.Error()
	for _, s := range secrets {
		if s != "" {
			said = strings.ReplaceAll(said, s, "***")
		}
	}
	return fmt.Errorf("没有送到：%s", said)
}

// Webhook posts {"title", "text"} as JSON to an address.
type Webhook struct {
	Address string
	caller  caller
}

// NewWebhook is the road to any address that takes JSON.
func NewWebhook(address string) Webhook { return Webhook{address, newCaller()} }

// Name implements Road.
func (Webhook) Name() string { return "网址推送" }

// Send implements Road.
func (w Webhook) Send(ctx context.Context, title, text string) (string, error) {
	body, err := json.Marshal(map[string]string{"title": title, "text": text})
	if err != nil {
		return "", err
	}
	if _, err := w.caller.call(ctx, http.MethodPost, w.Address, body); err != nil {
		return "", err
	}
	return "对方收下了", nil
}

// DingTalk posts to a robot of a 钉钉 group, signed when it has a secret.
type DingTalk struct {
	Address, Secret string
	Now             func() time.Time
	caller          caller
}

// NewDingTalk is the road to a 钉钉 robot.
func NewDingTalk(address, secret string) DingTalk {
	return DingTalk{address, secret, time.Now, newCaller()}
}

// Name implements Road.
func (DingTalk) Name() string { return "钉钉" }

// Send implements Road.
func (d DingTalk) Send(ctx context.Context, title, text string) (string, error) {
	body, err := json.Marshal(map[string]any{"msgtype": "text", "text": map[string]string{"content": title + "\n" + text}})
	if err != nil {
		return "", err
	}
	reply, err := d.caller.call(ctx, http.MethodPost, d.signed(), body)
	if err != nil {
		return "", err
	}
	var said struct {
		Code *int `json:"errcode"`
	}
	if err := json.Unmarshal(reply, &said); err != nil || said.Code == nil {
		return "", errors.New("对方的回答看不懂，不像是钉钉")
	}
	if *said.Code != 0 {
		return "", fmt.Errorf("钉钉没有收下：错误码 %d", *said.Code)
	}
	return "钉钉收下了", nil
}

// signed is the address with the time in milliseconds and its signature by the
// robot's secret, which the service believes for an hour.
func (d DingTalk) signed() string {
	if d.Secret == "" {
		return d.Address
	}
	stamp := strconv.FormatInt(d.Now().UnixMilli(), 10)
	m := hmac.New(sha256.New, []byte(d.Secret))
	m.Write([]byte(stamp + "\n" + d.Secret))
	sign := url.QueryEscape(base64.StdEncoding.EncodeToString(m.Sum(nil)))
	joint := "?"
	if strings.Contains(d.Address, "?") {
		joint = "&"
	}
	return d.Address + joint + "timestamp=" + stamp + "&sign=" + sign
}
