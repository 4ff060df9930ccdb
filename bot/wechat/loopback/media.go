package loopback

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strconv"
	"strings"
)

const (
	chunkSize  = 512 << 10
	maxChunks  = 256
	signedSize = 25 << 20
)

// mediaItem is one uploaded file under its MediaId.
type mediaItem struct {
	sha  string
	md5  string
	name string
}

// mediaShelf keeps each file's bytes once, by hash.
type mediaShelf struct {
	blobs   map[string][]byte
	items   map[string]mediaItem
	byMD5   map[string]string
	byMsg   map[string]string
	partial map[string]map[int][]byte
}

func newMediaShelf() mediaShelf {
	return mediaShelf{
		blobs:   map[string][]byte{},
		items:   map[string]mediaItem{},
		byMD5:   map[string]string{},
		byMsg:   map[string]string{},
		partial: map[string]map[int][]byte{},
	}
}

func (m *mediaShelf) dropPartial() { m.partial = map[string]map[int][]byte{} }

// store names a file and returns its MediaId. The lock is held.
func (s *Server) store(name string, data []byte) string {
	sum, sum5 := sha256.Sum256(data), md5.Sum(data)
	item := mediaItem{sha: hex.EncodeToString(sum[:]), md5: hex.EncodeToString(sum5[:]), name: name}
	id := "@crypt_" + s.digest("media", len(s.media.items))
	s.media.blobs[item.sha] = data
	s.media.items[id] = item
	s.media.byMD5[item.md5] = id
	return id
}

// Media is what a receipt's MediaSHA256 stands for: the bytes that arrived.
func (s *Server) Media(sha string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.media.blobs[sha]
	return bytes.Clone(data), ok
}

// upload is one POST of webwxuploadmedia: its form fields and its piece.
type upload struct {
	request struct {
		BaseRequest   baseRequest
		ClientMediaId looseString
		TotalLen      int
		ToUserName    string
		FileMd5       string
		Signature     string
	}
	field map[string]string
	name  string
	piece []byte
}

func parseUpload(c *call) (upload, error) {
	u := upload{field: map[string]string{}}
	_, params, err := mime.ParseMediaType(c.kind)
	if err != nil {
		return u, fmt.Errorf("read content type: %w", err)
	}
	form := multipart.NewReader(bytes.NewReader(c.body), params["boundary"])
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return u, fmt.Errorf("read form: %w", err)
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return u, fmt.Errorf("read form field: %w", err)
		}
		if part.FormName() == "filename" {
			u.name, u.piece = cleanName(part.FileName()), value
			continue
		}
		u.field[part.FormName()] = string(value)
	}
	if err := json.Unmarshal([]byte(u.field["uploadmediarequest"]), &u.request); err != nil {
		return u, fmt.Errorf("read uploadmediarequest: %w", err)
	}
	return u, nil
}

// cleanName drops a path: one client sends the whole local one.
func cleanName(name string) string {
	return path.Base(strings.ReplaceAll(name, `\`, "/"))
}

// chunk is the number of this piece and how many there are; false when they
// make no sense or the piece is larger than the service takes at once.
func (u upload) chunk() (n, of int, ok bool) {
	n, of = 0, 1
	var err1, err2 error
	if u.field["chunks"] != "" {
		of, err1 = strconv.Atoi(u.field["chunks"])
		n, err2 = strconv.Atoi(u.field["chunk"])
	}
	ok = err1 == nil && err2 == nil && of >= 1 && of <= maxChunks && n >= 0 && n < of
	return n, of, ok && len(u.piece) > 0 && len(u.piece) <= chunkSize
}

func (s *Server) upload(c *call) reply {
	u, err := parseUpload(c)
	if err != nil {
		return retReply(retParam)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ses, ret := s.admit(c, &u.request.BaseRequest)
	if ret != retOK {
		return retReply(ret)
	}
	n, of, ok := u.chunk()
	unsigned := u.request.TotalLen > signedSize && u.request.Signature == ""
	if !ok || unsigned || u.field["webwx_data_ticket"] != ses.dataTicket {
		return retReply(retParam)
	}
	s.stats.Chunks++
	s.stats.BytesUp += int64(len(u.piece))
	data, whole := s.assemble(u, n, of)
	if !whole {
		return uploadReply("", (n+1)*chunkSize)
	}
	if !u.matches(data) {
		return retReply(retParam)
	}
	s.stats.Uploads++
	if c.twist == actMediaEmpty {
		return uploadReply("", len(data))
	}
	return uploadReply(s.store(u.name, data), len(data))
}

// assemble joins pieces by (media id, hash): the id alone is the same for two
// uploads of one second. The lock is held.
func (s *Server) assemble(u upload, n, of int) ([]byte, bool) {
	if of == 1 {
		return u.piece, true
	}
	key := string(u.request.ClientMediaId) + " " + u.request.FileMd5 + " " + u.name
	if s.media.partial[key] == nil {
		s.media.partial[key] = map[int][]byte{}
	}
	pieces := s.media.partial[key]
	pieces[n] = u.piece
	if len(pieces) < of {
		return nil, false
	}
	delete(s.media.partial, key)
	var whole []byte
	for i := range of {
		whole = append(whole, pieces[i]...)
	}
	return whole, true
}

// matches holds the file against what was announced. One client sends no hash.
func (u upload) matches(data []byte) bool {
	sum := md5.Sum(data)
	return len(data) == u.request.TotalLen && (u.request.FileMd5 == "" || u.request.FileMd5 == hex.EncodeToString(sum[:]))
}

func uploadReply(mediaID string, pos int) reply {
	return jsonReply(map[string]any{
		"BaseResponse": baseResponse{}, "MediaId": mediaID, "StartPos": pos,
		"CDNThumbImgHeight": 0, "CDNThumbImgWidth": 0, "EncryFileName": "",
	})
}

// checkUpload gives the signature that large files need, or the MediaId when
// the same bytes are already here.
func (s *Server) checkUpload(c *call) reply {
	var in struct {
		BaseRequest baseRequest
		FileMd5     string
	}
	if json.Unmarshal(c.body, &in) != nil {
		return retReply(retParam)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ret := s.admit(c, &in.BaseRequest); ret != retOK {
		return retReply(ret)
	}
	return jsonReply(map[string]any{
		"BaseResponse": baseResponse{}, "MediaId": s.media.byMD5[in.FileMd5],
		"AESKey": s.digest("aes", in.FileMd5)[:32], "Signature": s.digest("sign", in.FileMd5), "EncryFileName": "",
	})
}

// mediaOfMessage serves a picture or video by message id; clients spell the
// parameter in two ways.
func (s *Server) mediaOfMessage(c *call) reply {
	id := c.query.Get("MsgID")
	if id == "" {
		id = c.query.Get("msgid")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.download(c, s.media.byMsg[id])
}

func (s *Server) mediaByID(c *call) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.download(c, c.query.Get("mediaid"))
}

// download answers an empty 200 to a wrong session, as the real service does,
// and 404 for a file it does not have.
func (s *Server) download(c *call, mediaID string) reply {
	if _, ret := s.admit(c, nil); ret != retOK {
		return reply{}
	}
	item, ok := s.media.items[mediaID]
	if !ok {
		return reply{status: http.StatusNotFound}
	}
	data := s.media.blobs[item.sha]
	return reply{kind: http.DetectContentType(data), body: data}
}
