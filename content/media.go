package content

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Limits on what may be attached, in bytes and pixels. They are those of a chat
// client on an ordinary phone line, not of WeChat's servers.
const (
	MaxPictureBytes  = 10 << 20
	MaxPicturePixels = 40_000_000
	MaxVideoBytes    = 20 << 20
	MaxFileBytes     = 25 << 20
)

// format is a kind of file that may be attached, known by its first bytes.
type format struct {
	exts  []string
	kind  Media
	mime  string
	magic func([]byte) bool
	limit int
}

var formats = []format{
	{[]string{".png"}, Picture, "image/png", starts("\x89PNG\r\n\x1a\n"), MaxPictureBytes},
	{[]string{".jpg", ".jpeg"}, Picture, "image/jpeg", starts("\xff\xd8\xff"), MaxPictureBytes},
	{[]string{".mp4"}, Video, "video/mp4", isMP4, MaxVideoBytes},
	{[]string{".pdf"}, File, "application/pdf", starts("%PDF-"), MaxFileBytes},
	{[]string{".docx"}, File, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", starts("PK\x03\x04"), MaxFileBytes},
	{[]string{".xlsx"}, File, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", starts("PK\x03\x04"), MaxFileBytes},
	{[]string{".pptx"}, File, "application/vnd.openxmlformats-officedocument.presentationml.presentation", starts("PK\x03\x04"), MaxFileBytes},
}

func starts(magic string) func([]byte) bool {
	return func(b []byte) bool { return bytes.HasPrefix(b, []byte(magic)) }
}

func isMP4(b []byte) bool { return len(b) >= 12 && string(b[4:8]) == "ftyp" }

// readMedia reads at most one byte more than any limit allows.
func readMedia(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("找不到附件 %s，请把它放在素材文件旁边", path.Base(name))
	}
	if err != nil {
		return nil, fmt.Errorf("附件 %s 打不开：%w", path.Base(name), err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("附件 %s 读不出来：%w", path.Base(name), err)
	}
	return data, nil
}

// load checks one attachment by name, first bytes and size, and re-encodes
// pictures. Its errors are Chinese and continue "附件 NAME …".
func load(name string, data []byte) (Attachment, Blob, error) {
	ext := strings.ToLower(path.Ext(name))
	n := slices.IndexFunc(formats, func(f format) bool { return slices.Contains(f.exts, ext) })
	if n < 0 {
		return Attachment{}, Blob{}, errors.New("的类型不能发，请用 png、jpg、mp4、pdf、docx、xlsx 或 pptx")
	}
	f := formats[n]
	if !f.magic(data) {
		return Attachment{}, Blob{}, fmt.Errorf("的内容不是 %s，请用原来的软件重新保存，不要只改文件名", strings.TrimPrefix(ext, "."))
	}
	if len(data) > f.limit {
		return Attachment{}, Blob{}, fmt.Errorf("太大（%.1f MB），%s最多 %d MB，请压缩后再用", float64(len(data))/(1<<20), f.kind.Word(), f.limit>>20)
	}
	if f.kind == Picture {
		clean, err := reencode(data)
		if err != nil {
			return Attachment{}, Blob{}, err
		}
		data = clean
	}
	blob := newBlob(name, data)
	return Attachment{Kind: f.kind, Name: name, SHA256: blob.SHA256, Size: int64(len(data)), MIME: f.mime}, blob, nil
}

// Attach makes an attachment of bytes that came without a file: checked like one
// beside an item file, pictures re-encoded without their metadata. An empty name
// is that of a picture. The error is in Chinese and whole.
func Attach(name string, data []byte) (Attachment, Blob, error) {
	called := "附件 " + name
	if name == "" {
		called, name = "图片", "picture.jpg"
		if starts("\x89PNG")(data) {
			name = "picture.png"
		}
	}
	att, blob, err := load(name, data)
	if err != nil {
		return Attachment{}, Blob{}, fmt.Errorf("%s%w", called, err)
	}
	return att, blob, nil
}

// reencode decodes a PNG or JPEG and writes it anew: what is no picture (camera,
// place, owner, hidden trailers) is left behind. A JPEG is turned upright first,
// because its orientation lives in the metadata that is dropped.
func reencode(data []byte) ([]byte, error) {
	cfg, kind, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, errors.New("不是能打开的图片，请重新导出一次")
	}
	if cfg.Width*cfg.Height > MaxPicturePixels {
		return nil, fmt.Errorf("有 %d×%d 像素，太大了，请缩小到 4000 像素以内", cfg.Width, cfg.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, errors.New("已经损坏，请重新导出一次")
	}
	var out bytes.Buffer
	if kind == "png" {
		err = png.Encode(&out, img)
	} else {
		err = jpeg.Encode(&out, upright(img, orientation(data)), &jpeg.Options{Quality: 88})
	}
	if err != nil {
		return nil, fmt.Errorf("重新保存失败：%w", err)
	}
	if out.Len() > MaxPictureBytes {
		return nil, fmt.Errorf("重新保存后有 %d MB，最多 %d MB，请缩小后再用", out.Len()>>20, MaxPictureBytes>>20)
	}
	return out.Bytes(), nil
}
