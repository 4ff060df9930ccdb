package content_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/content"
)

var now = time.Date(2026, 6, 1, 1, 30, 0, 0, time.UTC)

func draft() content.Item {
	return content.Item{ID: "shua-dan", Title: "刷单", Body: "都是诈骗", Author: "wang", State: content.Draft}
}

func approved(t *testing.T, i content.Item) content.Item {
	t.Helper()
	i, err := content.Approve(i, "li", now)
	require.NoError(t, err)
	return i
}

func TestStates(t *testing.T) {
	may := map[[2]content.State]bool{
		{content.Draft, content.Approved}:   true,
		{content.Draft, content.Retired}:    true,
		{content.Draft, content.Once}:       true,
		{content.Once, content.Retired}:     true,
		{content.Approved, content.Draft}:   true,
		{content.Approved, content.Retired}: true,
		{content.Retired, content.Draft}:    true,
	}
	for _, from := range content.States() {
		for _, to := range content.States() {
			t.Run(string(from)+"_to_"+string(to), func(t *testing.T) {
				require.Equal(t, may[[2]content.State{from, to}], content.CanMove(from, to))
				i := draft()
				i.State = from
				var err error
				switch to {
				case content.Approved:
					_, err = content.Approve(i, "li", now)
				case content.Once:
					_, err = content.ForOnePush(i)
				case content.Retired:
					_, err = content.Retire(i)
				default:
					require.Equal(t, content.Draft, content.Edit(i, func(*content.Item) {}).State)
					return
				}
				require.Equal(t, may[[2]content.State{from, to}], !errors.Is(err, content.ErrTransition))
			})
		}
	}
	require.Equal(t, []string{"草稿", "已通过", "停用"}, []string{content.Draft.Word(), content.Approved.Word(), content.Retired.Word()})
}

func TestApprove(t *testing.T) {
	t.Run("binds_the_revision", func(t *testing.T) {
		i := approved(t, draft())
		require.Equal(t, i.Revision(), i.ApprovedRevision)
		require.Equal(t, now, i.ApprovedAt)
		require.True(t, i.Sendable("2026-06-01"))
	})
	t.Run("refuses_the_author", func(t *testing.T) {
		for _, who := range []string{"wang", " wang ", "WANG"} {
			_, err := content.Approve(draft(), who, now)
			require.ErrorIs(t, err, content.ErrSelfApproval)
		}
	})
	t.Run("refuses_nobody", func(t *testing.T) {
		_, err := content.Approve(draft(), " ", now)
		require.ErrorIs(t, err, content.ErrNoPerson)
		i := draft()
		i.Author = ""
		_, err = content.Approve(i, "li", now)
		require.ErrorIs(t, err, content.ErrNoPerson)
	})
	t.Run("refuses_nothing_to_send_and_a_missing_poster", func(t *testing.T) {
		i := draft()
		i.Body = ""
		_, err := content.Approve(i, "li", now)
		require.ErrorIs(t, err, content.ErrEmpty)
		i = draft()
		i.Poster = true
		_, err = content.Approve(i, "li", now)
		require.ErrorIs(t, err, content.ErrNotDrawn)
	})
}

func TestSendable(t *testing.T) {
	t.Run("not_after_a_change_behind_the_back", func(t *testing.T) {
		i := approved(t, draft())
		i.Body += "！"
		require.False(t, i.Sendable("2026-06-01"))
	})
	t.Run("not_after_an_edit", func(t *testing.T) {
		i := content.Edit(approved(t, draft()), func(i *content.Item) { i.Audiences = []string{"家长"} })
		require.Equal(t, content.Draft, i.State)
		require.Empty(t, i.Approver)
		require.False(t, i.Sendable("2026-06-01"))
	})
	t.Run("up_to_and_including_the_last_day", func(t *testing.T) {
		i := draft()
		i.ExpiresOn = "2026-06-30"
		i = approved(t, i)
		require.True(t, i.Sendable("2026-06-30"))
		require.False(t, i.Sendable("2026-07-01"))
	})
}

func TestIllustrate(t *testing.T) {
	draw := func(title, body string) ([]byte, error) { return []byte(title + body), nil }
	i := draft()
	i.Poster = true
	i, blob, err := content.Illustrate(i, draw)
	require.NoError(t, err)

	t.Run("puts_the_picture_after_the_text", func(t *testing.T) {
		parts := i.Parts()
		require.Len(t, parts, 2)
		require.Equal(t, "【刷单】\n都是诈骗", parts[0].Text)
		require.Equal(t, blob.SHA256, parts[1].SHA256)
		require.Equal(t, []content.Media{content.Text, content.Picture}, i.Media)
	})
	t.Run("twice_is_once", func(t *testing.T) {
		again, _, err := content.Illustrate(i, draw)
		require.NoError(t, err)
		require.Equal(t, i, again)
	})
	t.Run("an_edited_text_loses_its_picture", func(t *testing.T) {
		i := content.Edit(i, func(i *content.Item) { i.Body = "别信" })
		require.Empty(t, i.Attachments)
		_, err := content.Approve(i, "li", now)
		require.ErrorIs(t, err, content.ErrNotDrawn)
	})
	t.Run("tells_why_it_failed", func(t *testing.T) {
		broken := errors.New("no ink")
		_, _, err := content.Illustrate(i, func(string, string) ([]byte, error) { return nil, broken })
		require.ErrorIs(t, err, broken)
	})
}

func TestRevision(t *testing.T) {
	a, b := content.Attachment{Kind: content.Picture, Name: "a.png", SHA256: "aa"}, content.Attachment{Kind: content.Picture, Name: "b.png", SHA256: "bb"}
	base := draft()
	base.Attachments = []content.Attachment{a, b}
	for name, change := range map[string]func(*content.Item){
		"title": func(i *content.Item) { i.Title += "！" },
		"body":  func(i *content.Item) { i.Body += "！" },
		"link":  func(i *content.Item) { i.Link = "https://a.gov.cn/" },
		"order": func(i *content.Item) { i.Attachments = []content.Attachment{b, a} },
		"bytes": func(i *content.Item) {
			i.Attachments = []content.Attachment{{Kind: content.Picture, Name: "a.png", SHA256: "cc"}, b}
		},
	} {
		t.Run(name+"_changes_it", func(t *testing.T) {
			i := base
			change(&i)
			require.NotEqual(t, base.Revision(), i.Revision())
		})
	}
	i := base
	i.Themes, i.State = []string{"刷单返利"}, content.Retired
	require.Equal(t, base.Revision(), i.Revision(), "only what goes out is bound")
}

func TestForOnePush(t *testing.T) {
	i, err := content.ForOnePush(draft())
	require.NoError(t, err)
	require.True(t, i.Cleared())
	require.Equal(t, []content.Media{content.Text}, i.Media)
	require.False(t, i.Sendable("2026-06-01"), "rotation never takes it")
	_, err = content.Approve(i, "li", now)
	require.ErrorIs(t, err, content.ErrTransition)
	empty, nobody := draft(), draft()
	empty.Body, nobody.Author = "", " "
	_, err = content.ForOnePush(empty)
	require.ErrorIs(t, err, content.ErrEmpty)
	_, err = content.ForOnePush(nobody)
	require.ErrorIs(t, err, content.ErrNoPerson)
	require.False(t, draft().Cleared())
}
