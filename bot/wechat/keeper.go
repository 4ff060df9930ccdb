package wechat

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/eatmoreapple/openwechat"
)

// errNoSession: there is no kept session.
var errNoSession = errors.New("no kept session")

// errKept: the kept session is not usable.
var errKept = errors.New("kept session is damaged")

const (
	keptVersion = 1
	keptName    = "session.json"
	maxKept     = 1 << 20
)

// cookie is a cookie with the host and domain it came with.
type cookie struct {
	Host    string
	Name    string
	Value   string
	Domain  string
	Path    string
	Expires time.Time
	Secure  bool
}

// note remembers cookies; a later one of the same name, host and domain
// replaces the earlier.
func (g *guard) note(host string, list []*http.Cookie) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range list {
		if c.MaxAge > 0 {
			c.Expires = time.Now().Add(time.Duration(c.MaxAge) * time.Second)
		}
		g.put(cookie{Host: host, Name: c.Name, Value: c.Value, Domain: c.Domain, Path: c.Path, Expires: c.Expires, Secure: c.Secure})
	}
}

func (g *guard) put(c cookie) {
	for i, old := range g.cookies {
		if old.Name == c.Name && old.Domain == c.Domain && old.Path == c.Path && (c.Domain != "" || old.Host == c.Host) {
			g.cookies[i] = c
			return
		}
	}
	g.cookies = append(g.cookies, c)
}

func (g *guard) jarOf() []cookie {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]cookie(nil), g.cookies...)
}

// keptSession is what a later Serve needs to go on without a login code.
type keptSession struct {
	Version  int
	Endpoint string
	Domain   string
	Login    openwechat.LoginInfo
	Base     openwechat.BaseRequest
	Key      openwechat.SyncKey
	Cookies  []cookie
	// Since is when the phone agreed to the login.
	Since time.Time
	// Over: the service has ended the session. It is good only for asking the
	// phone to agree to another.
	Over bool
}

// check refuses a file that is cut, edited or of another service.
func (k keptSession) check(endpoint string) error {
	ok := k.Version == keptVersion && k.Endpoint == endpoint && accountDomain(k.Domain) &&
		k.Login.WxUin > 0 && k.Login.WxSid != "" && k.Login.SKey != "" &&
		k.Base.Uin == k.Login.WxUin && k.Base.Sid == k.Login.WxSid && k.Base.DeviceID != "" &&
		len(k.Key.List) > 0 && len(k.Key.List) <= maxSyncKeys
	names := map[string]bool{}
	for _, c := range k.Cookies {
		ok = ok && serviceHost(c.Host)
		names[c.Name] = true
	}
	if !ok || !names["wxsid"] || !names["wxuin"] || !names["webwx_data_ticket"] {
		return errKept
	}
	return nil
}

// jar puts the cookies back where they came from.
func (k keptSession) jar() *openwechat.Jar {
	jar := openwechat.NewJar()
	for _, c := range k.Cookies {
		jar.SetCookies(&url.URL{Scheme: "https", Host: c.Host}, []*http.Cookie{{
			Name: c.Name, Value: c.Value, Domain: c.Domain, Path: c.Path, Expires: c.Expires, Secure: c.Secure,
		}})
	}
	return jar
}

// keeper is the one file a session is kept in: 0600, replaced as a whole.
type keeper struct {
	dir      string
	endpoint string
}

func (k *keeper) path() string { return filepath.Join(k.dir, keptName) }

// load returns errNoSession or errKept when there is nothing to go on with.
func (k *keeper) load() (keptSession, error) {
	f, err := os.Open(k.path())
	if errors.Is(err, os.ErrNotExist) {
		return keptSession{}, errNoSession
	}
	if err != nil {
		return keptSession{}, fmt.Errorf("open kept session: %w", err)
	}
	defer func() { _ = f.Close() }()
	var s keptSession
	if err := json.NewDecoder(io.LimitReader(f, maxKept)).Decode(&s); err != nil {
		return keptSession{}, errKept
	}
	if err := s.check(k.endpoint); err != nil {
		return keptSession{}, err
	}
	s.Key.Count = len(s.Key.List)
	return s, nil
}

// save replaces the file; a crash leaves the old or the new one.
func (k *keeper) save(s keptSession) error {
	s.Version, s.Endpoint = keptVersion, k.endpoint
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode session: %w", err)
	}
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	tmp, err := os.CreateTemp(k.dir, "session-*") // 0600
	if err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), k.path())
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("keep session: %w", err)
	}
	return syncDir(k.dir)
}

// syncDir makes a rename durable; Windows has no such call.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	return nil
}

// over keeps of a session that has ended what asking the phone needs; if that
// fails it is forgotten.
func (k *keeper) over(s keptSession) {
	s.Over = true
	if k.save(s) != nil {
		k.drop()
	}
}

// drop forgets the kept session.
func (k *keeper) drop() { _ = os.Remove(k.path()) }
