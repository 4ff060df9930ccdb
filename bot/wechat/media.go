package wechat

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/eatmoreapple/openwechat"

	"tongluo/bot"
	"tongluo/content"
)

type nextAction = bot.NextAction

// Causes of a file that cannot be sent as it is.
var (
	errMissing = errors.New("media cannot be read")
	errChanged = errors.New("media is not what was approved")
	errTooLong = errors.New("media is larger than the service takes")
	errPicture = errors.New("media is no picture")
)

// uploadShare is how many times longer than a send an upload may take.
const uploadShare = 4

// sizeLimit of the service, on the safe side (protocol trap T16).
func sizeLimit(kind content.Media) int64 {
	switch kind {
	case content.Picture:
		return 10 << 20
	case content.Video:
		return 20 << 20
	}
	return 25 << 20
}

// shelf remembers uploads of one session. Its lock is held during an upload,
// so that two senders never upload the same file.
type shelf struct {
	mu    sync.Mutex
	items map[string]shelved
}

type shelved struct {
	id string
	at time.Time
}

func shelfKey(p content.Part) string { return string(p.Kind) + " " + p.SHA256 }

// media is the service's id for a part, uploaded now if need be.
func (l *line) media(ctx context.Context, e bot.Envelope) (string, *bot.SendError) {
	l.shelf.mu.Lock()
	defer l.shelf.mu.Unlock()
	key := shelfKey(e.Part)
	if it, ok := l.shelf.items[key]; ok && l.t.now().Sub(it.at) < l.t.opts.MediaTTL {
		return it.id, nil
	}
	data, refused := openMedia(e)
	if refused != nil {
		return "", refused
	}
	id, err := l.upload(ctx, e, data)
	if err != nil {
		return "", uploadVerdict(err)
	}
	l.shelf.items[key] = shelved{id: id, at: l.t.now()}
	return id, nil
}

// forget drops an upload after a send by its id was refused: the next try
// uploads again (protocol trap T15).
func (l *line) forget(p content.Part, err *bot.SendError) {
	if err.Ret == 0 || p.SHA256 == "" || err.Next == bot.StopAccount {
		return
	}
	l.shelf.mu.Lock()
	defer l.shelf.mu.Unlock()
	delete(l.shelf.items, shelfKey(p))
}

// openMedia reads the bytes and holds them against what was approved.
func openMedia(e bot.Envelope) ([]byte, *bot.SendError) {
	if e.Open == nil {
		return nil, refusal(bot.GiveUp, errMissing)
	}
	data, err := e.Open()
	if err != nil || len(data) == 0 {
		return nil, refusal(bot.GiveUp, errors.Join(errMissing, err))
	}
	sum := sha256.Sum256(data)
	if int64(len(data)) != e.Part.Size || hex.EncodeToString(sum[:]) != e.Part.SHA256 {
		return nil, refusal(bot.GiveUp, errChanged)
	}
	if int64(len(data)) > sizeLimit(e.Part.Kind) {
		return nil, refusal(bot.GiveUp, errTooLong)
	}
	if e.Part.Kind == content.Picture && !isPicture(path.Ext(uploadName(e.Part, data))) {
		return nil, refusal(bot.GiveUp, errPicture)
	}
	return data, nil
}

func isPicture(ext string) bool {
	switch ext {
	case ".png", ".jpg", ".jpeg", ".gif", ".bmp":
		return true
	}
	return false
}

// upload sends the file from memory, so that no path of this machine reaches
// the service (reliability.md H12).
func (l *line) upload(ctx context.Context, e bot.Envelope, data []byte) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, uploadShare*l.t.opts.SendTimeout)
	defer cancel()
	sum := md5.Sum(data)
	resp, err := l.client.WebWxUploadMediaByChunk(ctx, bytes.NewReader(data), &openwechat.ClientWebWxUploadMediaByChunkOptions{
		FromUserName:     l.self,
		ToUserName:       e.To,
		BaseRequest:      &l.base,
		LoginInfo:        &l.login,
		Filename:         uploadName(e.Part, data),
		FileMD5:          hex.EncodeToString(sum[:]),
		FileSize:         int64(len(data)),
		LastModifiedDate: l.t.now().UTC(),
	})
	if err != nil {
		return "", quiet(err)
	}
	reply, err := body(resp)
	if err != nil {
		return "", err
	}
	return readUploadReply(reply)
}

// uploadVerdict: nothing of a failed upload is visible to anybody, so it may
// be tried again, unless the account or the session is the reason.
func uploadVerdict(err error) *bot.SendError {
	err = fmt.Errorf("upload: %w", err)
	if errors.Is(err, openwechat.ErrWebWxDataTicketNotFound) {
		return refusal(bot.AwaitSession, errNoTicket)
	}
	if ret := retOf(err); ret != unknownReturn {
		return byRet(ret, bot.RetryLater, err)
	}
	return refusal(bot.RetryLater, err)
}

// uploadName is the name the service is told. Its ending decides what the
// service takes the file for; only a file's own name is ever seen by anybody.
func uploadName(p content.Part, data []byte) string {
	name := path.Base(strings.ReplaceAll(p.Name, `\`, "/"))
	switch p.Kind {
	case content.Video:
		return "video.mp4"
	case content.Picture:
		kind, sub, _ := strings.Cut(http.DetectContentType(data), "/")
		if kind == "image" && isPicture("."+sub) {
			return "picture." + sub
		}
		return "picture" + strings.ToLower(path.Ext(name))
	}
	if name == "." || name == "/" {
		return "file"
	}
	return name
}
