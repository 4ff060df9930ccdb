package main

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// drawing is a picture of marks; another seed is another picture.
func drawing(seed uint64, quality int) []byte {
	r := rand.New(rand.NewPCG(seed, 3))
	img := image.NewGray(image.Rect(0, 0, 480, 640))
	for i := range img.Pix {
		img.Pix[i] = 250
	}
	for y := 20; y < 620; y += 40 {
		for x := 20; x < 460; x += 8 + r.IntN(20) {
			for dy := range 24 {
				for dx := range 3 + r.IntN(4) {
					img.Pix[(y+dy)*480+min(x+dx, 479)] = byte(r.IntN(80))
				}
			}
		}
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, img, &jpeg.Options{Quality: quality})
	return b.Bytes()
}

// handed is a rig in which group 2 is its keeper's to forward to, and has an
// item of text and picture 1 to get; the keeper is a friend, a member, and
// known by remark.
func handed(t *testing.T) (*rig, schedule.Handoff) {
	r := newRig(t, 3)
	require.NoError(t, r.server.Befriend(loopback.Contact{ID: "p1", Nickname: "老张", Remark: "永宁村干部"}))
	people, err := r.db.Roster(t.Context())
	require.NoError(t, err)
	groups := people.Groups
	groups[1].Carrier = roster.ByKeeper
	require.NoError(t, r.office.ImportRoster(t.Context(), roster.Operator("王办"), roster.New(people.Units, groups, people.Persons), r.now))
	r.login()
	data := drawing(1, 90)
	it := content.Edit(content.Item{ID: "seen", Title: "先核实再转账", Author: "7", CreatedAt: r.now}, func(i *content.Item) {
		i.Body = "叫你先垫钱再返利的，一律是骗子，不要点陌生链接，先问村里。"
		i.Attachments = []content.Attachment{{Kind: content.Picture, Name: "p.jpg", SHA256: shaOf(data), Size: int64(len(data)), MIME: "image/jpeg"}}
	})
	require.NoError(t, r.db.SaveItem(t.Context(), roster.Operator("王办"), it, []content.Blob{{Name: "p.jpg", SHA256: shaOf(data), Data: data}}, r.now))
	require.NoError(t, r.office.ApproveItem(t.Context(), roster.Operator("李主任"), "seen", r.now))
	v, err := r.office.QueuePush(t.Context(), roster.Operator("王办"), schedule.Request{Item: "seen", To: "group:2"}, r.now)
	require.NoError(t, err)
	r.run(v.Opens.Add(20 * time.Minute))
	hs, err := r.db.Handoffs(t.Context(), schedule.HandoffFilter{Person: 1, States: []schedule.HandoffState{schedule.HandoffOpen}})
	require.NoError(t, err)
	require.Len(t, hs, 1)
	require.False(t, hs[0].ReadableAt.IsZero(), "the keeper has it")
	return r, hs[0]
}

func (r *rig) says(w loopback.Words) {
	r.t.Helper()
	_, err := r.server.Say(w)
	require.NoError(r.t, err)
	r.hear()
}

// fetched is how many pictures the service was asked for.
func (r *rig) fetched() int64 { return r.server.Stats().Requests["webwxgetmsgimg"] }

func (r *rig) stateOf(h schedule.Handoff) schedule.State {
	r.t.Helper()
	ds, err := r.db.Deliveries(context.Background(), schedule.DeliveryFilter{Handoff: h.ID})
	require.NoError(r.t, err)
	require.Len(r.t, ds, 1)
	return ds[0].State
}

// TestObserved is the whole way: openwechat over HTTP, the desk, the verbs, the
// store.
func TestObserved(t *testing.T) {
	t.Run("a poster forwarded by hand", func(t *testing.T) {
		r, h := handed(t)
		sent := len(r.server.Receipts())
		r.says(loopback.Words{From: "p1", To: "g2", Image: drawing(2, 60)})
		require.Equal(t, schedule.Handed, r.stateOf(h), "another picture")
		media := r.media()
		r.says(loopback.Words{From: "p1", To: "g2", Image: drawing(1, 40)})
		require.Equal(t, schedule.Observed, r.stateOf(h))
		require.EqualValues(t, 2, r.fetched())
		require.Equal(t, media, r.media(), "no picture is kept")
		require.Len(t, r.server.Receipts(), sent, "nothing is said about it")
		soundFile(t, r.db, r.now)
	})
	t.Run("words forwarded by hand", func(t *testing.T) {
		r, h := handed(t)
		r.says(loopback.Words{From: "p1", To: "g2", Text: "各位邻居：先核实再转账！叫你先垫钱再返利的,一律是骗子;不要点陌生链接,先问村里。永宁村宣"})
		require.Equal(t, schedule.Observed, r.stateOf(h))
		require.Zero(t, r.fetched())
	})
	t.Run("what the account itself says is no proof", func(t *testing.T) {
		r, h := handed(t)
		r.says(loopback.Words{From: loopback.Self, To: "g2", Image: drawing(1, 90)})
		r.says(loopback.Words{From: loopback.Self, To: "g2", Text: "先核实再转账 叫你先垫钱再返利的，一律是骗子，不要点陌生链接，先问村里。"})
		require.Equal(t, schedule.Handed, r.stateOf(h))
		require.Zero(t, r.fetched())
	})
	t.Run("a group without an open handoff is not looked at", func(t *testing.T) {
		r, h := handed(t)
		r.says(loopback.Words{From: "p1", To: "g3", Image: drawing(1, 60)})
		r.says(loopback.Words{From: "p1", To: "g1", Image: drawing(1, 60)})
		require.Zero(t, r.fetched())
		require.Equal(t, schedule.Handed, r.stateOf(h))
	})
	t.Run("the sixth picture of a day is not fetched", func(t *testing.T) {
		r, h := handed(t)
		for n := range 5 {
			r.says(loopback.Words{From: "p1", To: "g2", Image: drawing(uint64(10+n), 60)})
		}
		require.EqualValues(t, 5, r.fetched())
		r.says(loopback.Words{From: "p1", To: "g2", Image: drawing(1, 60)})
		require.EqualValues(t, 5, r.fetched())
		require.Equal(t, schedule.Handed, r.stateOf(h))
	})
}

// media lists the files of the media folder.
func (r *rig) media() (names []string) {
	r.t.Helper()
	require.NoError(r.t, filepath.Walk(filepath.Join(r.dir, "media"), func(name string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			names = append(names, filepath.Base(name))
		}
		return err
	}))
	return names
}

// TestCadrePhoto is a photo in private, over the real transport.
func TestCadrePhoto(t *testing.T) {
	r, h := handed(t)
	before := r.media()
	exif := drawing(5, 80)
	exif = append(append(append([]byte{}, exif[:2]...), append([]byte{0xff, 0xe1, 0, 0x16}, []byte("Exif\x00\x00GPS 24N 118E  ")...)...), exif[2:]...)
	r.says(loopback.Words{From: "p1", Image: exif})
	require.Equal(t, schedule.Reported, r.stateOf(h), "the keeper's word and nothing more")
	photos, err := r.db.Photos(t.Context(), h.ID)
	require.NoError(t, err)
	require.Len(t, photos, 1)
	kept, err := r.db.Blob(t.Context(), photos[0])
	require.NoError(t, err)
	require.NotContains(t, string(kept), "GPS")
	require.Len(t, r.media(), len(before)+1)
	last := r.server.Receipts()[len(r.server.Receipts())-1]
	require.Contains(t, last.Text, "有图")
}
