package content_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"tongluo/content"
)

const good = `+++
id = "shua-dan"
title = "刷单就是诈骗"
audience = ["居民", "家长"]
themes = ["刷单返利"]
media = ["图.png"]
author = "wang"
expires = "2026-12-31"
+++
先垫钱的兼职，都是诈骗。
第二段。
`

func picture(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	img.Set(0, 0, color.RGBA{255, 0, 0, 255})
	return img
}

func folder(t *testing.T, item string) fstest.MapFS {
	t.Helper()
	return fstest.MapFS{
		"in/item.md":   {Data: []byte(item)},
		"in/图.png":     {Data: pngOf(t, picture(20, 10))},
		"in/片.mp4":     {Data: []byte("\x00\x00\x00\x18ftypmp42----")},
		"in/假.png":     {Data: []byte("MZ\x90 program")},
		"in/病.exe":     {Data: []byte("MZ")},
		"in/大.mp4":     {Data: append([]byte("\x00\x00\x00\x18ftypmp42"), make([]byte, content.MaxVideoBytes)...)},
		"in/宽.png":     {Data: wide(t)},
		"in/断.png":     {Data: pngOf(t, picture(20, 10))[:60]},
		"in/表.pdf":     {Data: []byte("%PDF-1.7 ...")},
		"outside.png":  {Data: pngOf(t, picture(2, 2))},
		"in/other.png": {Data: pngOf(t, picture(3, 3))},
	}
}

// wide is a picture whose header promises more pixels than may be opened.
func wide(t *testing.T) []byte {
	data := pngOf(t, picture(20, 10))
	copy(data[16:], []byte{0, 0, 0x40, 0, 0, 0, 0x40, 0})
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

func TestParse(t *testing.T) {
	i, blobs, err := content.Parse(folder(t, good), "in/item.md")
	require.NoError(t, err)
	require.Equal(t, "shua-dan", i.ID)
	require.Equal(t, "先垫钱的兼职，都是诈骗。\n第二段。", i.Body)
	require.Equal(t, []string{"居民", "家长"}, i.Audiences)
	require.Equal(t, []content.Media{content.Text, content.Picture}, i.Media)
	require.Equal(t, content.Draft, i.State)
	require.Equal(t, "2026-12-31", i.ExpiresOn)
	require.Len(t, blobs, 1)
	require.Equal(t, i.Attachments[0].SHA256, blobs[0].SHA256)
	require.EqualValues(t, len(blobs[0].Data), i.Attachments[0].Size)

	t.Run("and_format_go_round", func(t *testing.T) {
		src, err := content.Format(i)
		require.NoError(t, err)
		again, _, err := content.Parse(folder(t, string(src)), "in/item.md")
		require.NoError(t, err)
		require.Equal(t, i, again)
	})
	t.Run("reads_windows_line_ends_and_a_byte_order_mark", func(t *testing.T) {
		again, _, err := content.Parse(folder(t, "\ufeff"+strings.ReplaceAll(good, "\n", "\r\n")), "in/item.md")
		require.NoError(t, err)
		require.Equal(t, i, again)
	})
}

func TestParseSaysWhatToWrite(t *testing.T) {
	replace := func(old, with string) string { return strings.Replace(good, old, with, 1) }
	for name, c := range map[string]struct {
		item string
		line int
		says string
	}{
		"unknown_key":       {replace("author =", "auther ="), 7, "auther"},
		"not_a_list":        {replace(`["居民", "家长"]`, `"居民"`), 4, `audience = ["居民", "家长"]`},
		"not_quoted":        {replace(`"刷单就是诈骗"`, `刷单`), 3, "title ="},
		"bad_id":            {replace("shua-dan", "Shua Dan!"), 2, "短横线"},
		"no_title":          {replace("刷单就是诈骗", " "), 3, "标题"},
		"bad_date":          {replace("2026-12-31", "2026-13-31"), 8, `expires = "2026-12-31"`},
		"bad_link":          {replace("author =", "link = \"butie\"\nauthor ="), 7, "https://"},
		"no_fence":          {"id = 1", 1, "+++"},
		"one_fence":         {"+++\nid = \"a\"\n", 0, "第二个 +++"},
		"no_words":          {"+++\nid = \"a\"\ntitle = \"b\"\n+++\n", 0, "没有正文"},
		"too_long":          {good + strings.Repeat("长", 1001), 0, "最多 1000"},
		"missing_file":      {replace("图.png", "没有.png"), 6, "找不到"},
		"program":           {replace("图.png", "病.exe"), 6, "类型不能发"},
		"renamed_program":   {replace("图.png", "假.png"), 6, "不是 png"},
		"broken_picture":    {replace("图.png", "断.png"), 6, "损坏"},
		"giant_picture":     {replace("图.png", "宽.png"), 6, "像素"},
		"big_video":         {replace("图.png", "大.mp4"), 6, "最多 20 MB"},
		"outside_folder":    {replace("图.png", "../outside.png"), 6, "同一个文件夹"},
		"too_many_parts":    {replace(`"图.png"`, `"图.png", "片.mp4", "表.pdf"`), 6, "最多发 3 条"},
		"poster_of_nothing": {"+++\nid = \"a\"\ntitle = \"b\"\nmedia = [\"图.png\"]\nposter = true\n+++\n", 5, "没有正文"},
		"not_utf8":          {"+++\n\xb0\xa1", 0, "UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := content.Parse(folder(t, c.item), "in/item.md")
			var fault *content.FileError
			require.ErrorAs(t, err, &fault)
			require.Equal(t, "in/item.md", fault.File)
			require.Equal(t, c.line, fault.Line, err)
			require.Contains(t, err.Error(), c.says)
		})
	}
	_, _, err := content.Parse(fstest.MapFS{}, "in/none.md")
	require.ErrorContains(t, err, "in/none.md")
}

func TestPicturesLoseTheirMetadata(t *testing.T) {
	var plain bytes.Buffer
	require.NoError(t, jpeg.Encode(&plain, picture(20, 10), nil))
	exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00SECRET-PLACE"
	tagged := append([]byte("\xff\xd8\xff\xe1\x00"+string(rune(len(exif)+2))+exif), plain.Bytes()[2:]...)
	fsys := folder(t, strings.Replace(good, "图.png", "照片.JPG", 1))
	fsys["in/照片.JPG"] = &fstest.MapFile{Data: tagged}

	_, blobs, err := content.Parse(fsys, "in/item.md")
	require.NoError(t, err)
	require.NotContains(t, string(blobs[0].Data), "SECRET-PLACE")
	cfg, _, err := image.DecodeConfig(bytes.NewReader(blobs[0].Data))
	require.NoError(t, err)
	require.Equal(t, []int{10, 20}, []int{cfg.Width, cfg.Height}, "turned upright")
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{good, "+++\n+++\n", "+++", "+++\nid=\"a\"\ntitle=\"b\"\n+++\nc", "+++\nid = [[\n+++\n", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		i, _, err := content.Parse(fstest.MapFS{"a.md": {Data: []byte(s)}}, "a.md")
		if err != nil {
			return
		}
		src, err := content.Format(i)
		require.NoError(t, err)
		again, _, err := content.Parse(fstest.MapFS{"a.md": {Data: src}}, "a.md")
		require.NoError(t, err, "%s", src)
		require.Equal(t, i, again)
	})
}
