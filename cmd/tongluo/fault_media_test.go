package main

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// blobFile is where the store keeps the bytes of a hash.
func (r *rig) blobFile(sha string) string { return filepath.Join(r.dir, "media", sha[:2], sha) }

// pushMedia queues words with one file to all groups, and another person approves.
func (r *rig) pushMedia(kind content.Media, name string, data []byte) (content.Item, schedule.Preview) {
	r.t.Helper()
	blob := content.Blob{Name: name, SHA256: shaOf(data), Data: data}
	it := content.Edit(content.Item{ID: "media", Title: "看图防骗", Author: "7", CreatedAt: r.now}, func(i *content.Item) {
		i.Body = "陌生来电不要信"
		i.Attachments = []content.Attachment{{Kind: kind, Name: name, SHA256: blob.SHA256, Size: int64(len(data))}}
	})
	it, err := content.Approve(it, "8", r.now)
	require.NoError(r.t, err)
	require.NoError(r.t, r.db.SaveItem(r.t.Context(), roster.Operator("王办"), it, []content.Blob{blob}, r.now))
	v, err := r.office.QueuePush(r.t.Context(), roster.Operator("王办"), schedule.Request{Item: it.ID, To: "all"}, r.now)
	require.NoError(r.t, err)
	if v.State == schedule.PushWaiting {
		require.NoError(r.t, r.office.ApprovePush(r.t.Context(), roster.Operator("李主任"), v.ID, r.now))
		r.now = v.Opens
	}
	return it, v
}

// TestMedia is F21: whatever is wrong with the picture or file of a push is found
// before its words leave. No group gets half of it.
func TestMedia(t *testing.T) {
	sound := smallPicture(t, "p")
	pdf := append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("x"), 100)...)
	large := make([]byte, 30<<20)
	_, _ = rand.Read(large)
	copy(large, "\x89PNG\r\n\x1a\n")
	exe := append([]byte("MZ\x90\x00"), bytes.Repeat([]byte{0}, 500)...)
	nothing := func(*rig, content.Item) {}
	file := func(do func(name string) error) func(*rig, content.Item) {
		return func(r *rig, it content.Item) { require.NoError(r.t, do(r.blobFile(it.Attachments[0].SHA256))) }
	}
	write := func(data []byte) func(*rig, content.Item) {
		return file(func(name string) error { return os.WriteFile(name, data, 0o600) })
	}
	for _, c := range []struct {
		name string
		kind content.Media
		file string
		data []byte
		harm func(*rig, content.Item)
	}{
		{"missing", content.Picture, "p.png", sound, file(os.Remove)},
		{"a folder in its place", content.Picture, "p.png", sound, file(func(name string) error { return os.Rename(filepath.Dir(name), filepath.Dir(name)+"x") })},
		{"wrong hash, same size", content.Picture, "p.png", sound, write(append([]byte("x"), sound[1:]...))},
		{"0 byte on disk", content.Picture, "p.png", sound, write(nil)},
		{"0 byte from the start", content.File, "p.pdf", nil, nothing},
		{"cut", content.File, "p.pdf", pdf, write(pdf[:50])},
		{"30 MB", content.Picture, "p.png", large, nothing},
		{"an .exe called .png", content.Picture, "p.png", exe, nothing},
		{"an .exe called .pdf", content.File, "p.pdf", exe, nothing},
		{"an .exe called .mp4", content.Video, "p.mp4", exe, nothing},
		{"a picture called .pdf", content.File, "p.pdf", sound, nothing},
		{"an .exe", content.File, "p.exe", exe, nothing},
		{"words changed after approval", content.Picture, "p.png", sound, func(r *rig, it content.Item) {
			require.NoError(r.t, r.db.SaveItem(r.t.Context(), roster.Operator("王办"), content.Edit(it, func(i *content.Item) { i.Body = "点这里" }), nil, r.now))
		}},
		{"picture changed after approval", content.Picture, "p.png", sound, func(r *rig, it content.Item) {
			other := smallPicture(r.t, "q")
			blob := content.Blob{Name: "p.png", SHA256: shaOf(other), Data: other}
			next := content.Edit(it, func(i *content.Item) {
				i.Attachments = []content.Attachment{{Kind: content.Picture, Name: "p.png", SHA256: blob.SHA256, Size: int64(len(other))}}
			})
			require.NoError(r.t, r.db.SaveItem(r.t.Context(), roster.Operator("王办"), next, []content.Blob{blob}, r.now))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, 3).login()
			it, v := r.pushMedia(c.kind, c.file, c.data)
			c.harm(r, it)
			r.untilClose(v)
			want := schedule.Failed
			if strings.Contains(c.name, "changed") {
				want = schedule.Held // until somebody approves it anew
			}
			require.Equal(t, tally{want: 3}, counts(r.books()))
			b := r.audit()
			require.Empty(t, b.got, "0 partial pushes")
			require.Zero(t, r.server.Stats().Attempts)
		})
	}
	t.Run("sound, it goes", func(t *testing.T) {
		r := newRig(t, 3).login()
		_, v := r.pushMedia(content.File, "p.pdf", pdf)
		r.untilClose(v)
		require.Equal(t, tally{schedule.Accepted: 3}, counts(r.audit()))
	})
}
