package ops

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/lark"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/wecom"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// robot is a group robot that shoutrrr knows how to speak to. It takes no
// context, but waits 30 seconds at most.
type robot struct {
	name    string
	service types.Service
	secrets []string
}

// NewWeCom is the road to a group robot of 企业微信, by the key of its webhook.
func NewWeCom(key string) (Road, error) {
	return newRobot("企业微信", &wecom.Service{}, &url.URL{Scheme: wecom.Scheme, Host: key}, key)
}

// NewFeishu is the road to a robot of 飞书: host and last part of its webhook,
// and its secret, "" when it signs nothing.
func NewFeishu(host, token, secret string) (Road, error) {
	u := &url.URL{Scheme: lark.Scheme, Host: host, Path: "/" + token}
	if secret != "" {
		u.RawQuery = url.Values{"secret": {secret}}.Encode()
	}
	return newRobot("飞书", &lark.Service{}, u, token, secret)
}

func newRobot(name string, s types.Service, u *url.URL, secrets ...string) (Road, error) {
	if err := s.Initialize(u, nil); err != nil {
		return nil, fmt.Errorf("set up %s: %w", name, quiet(err, secrets...))
	}
	return robot{name, s, secrets}, nil
}

// Name implements Road.
func (r robot) Name() string { return r.name }

// Send implements Road.
func (r robot) Send(ctx context.Context, title, text string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	err := r.service.Send(title+"\n"+text, nil)
	http.DefaultClient.CloseIdleConnections() // the library's connections, which nobody uses for hours
	if err != nil {
		return "", quiet(err, r.secrets...)
	}
	return r.name + "收下了", nil
}
