package loopback

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadTown(t *testing.T) {
	t.Run("reads_the_example", func(t *testing.T) {
		town := readTown(t)
		require.Equal(t, int64(155217200), town.Account.Uin)
		require.Len(t, town.Contacts, 4)
		require.Len(t, town.Groups, 4)
		require.False(t, town.Groups[3].Saved)
	})
	const account = `"account":{"uin":1,"nickname":"a"}`
	for name, bad := range map[string]struct{ text, says string }{
		"unknown_key":     {`{"acount":{}}`, "acount"},
		"no_account":      {`{}`, "account"},
		"two_documents":   {`{` + account + `}{}`, "一个 JSON 对象"},
		"empty_id":        {`{` + account + `,"contacts":[{"nickname":"x"}]}`, "contacts 第 1 个"},
		"repeated_id":     {`{` + account + `,"contacts":[{"id":"x"}],"groups":[{"id":"x"}]}`, "groups 第 1 个"},
		"reserved_id":     {`{` + account + `,"contacts":[{"id":"filehelper"}]}`, "filehelper"},
		"stranger_member": {`{` + account + `,"groups":[{"id":"g","members":["nobody"]}]}`, "nobody"},
		"not_json":        {`town`, "字节"},
	} {
		t.Run("refuses_"+name, func(t *testing.T) {
			_, err := ReadTown(strings.NewReader(bad.text))
			require.ErrorIs(t, err, ErrTown)
			require.ErrorContains(t, err, bad.says)
		})
	}
}

func TestListen(t *testing.T) {
	t.Run("refuses_addresses_others_can_reach", func(t *testing.T) {
		s := New(readTown(t), Options{})
		for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0"} {
			_, err := s.Listen(addr)
			require.ErrorIs(t, err, ErrNotLocal, addr)
		}
		require.NoError(t, s.Close())
	})
	t.Run("serves_once_and_not_after_close", func(t *testing.T) {
		s := New(readTown(t), Options{})
		_, err := s.Listen("127.0.0.1:0")
		require.NoError(t, err)
		_, err = s.Listen("127.0.0.1:0")
		require.ErrorIs(t, err, ErrListening)
		require.NoError(t, s.Close())
		require.NoError(t, s.Close())
		_, err = s.Listen("127.0.0.1:0")
		require.ErrorIs(t, err, ErrClosed)
	})
}
