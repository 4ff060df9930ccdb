package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
)

// TestAnswerPicture: a question that is answered with a picture has its text, then
// the picture, come to the asker alone; a refused text is followed by nothing.
func TestAnswerPicture(t *testing.T) {
	const keeper = "p1"
	asked := func(t *testing.T, refuse bool) []loopback.Receipt {
		town := besieged(2)
		town.Contacts[0].Remark = "永宁村干部"
		server := loopback.New(town, loopback.Options{Seed: 1, AutoLogin: true})
		address, err := server.Listen("127.0.0.1:0")
		require.NoError(t, err)
		r := newRigAt(t, 2, address, nil)
		r.server = server
		r.login()
		if refuse {
			require.NoError(t, server.AddFault(loopback.Fault{Endpoint: "send", Action: "ret:1204"}))
		}
		_, err = server.Say(loopback.Words{From: keeper, Text: "图"})
		require.NoError(t, err)
		r.hear()
		return server.Receipts()
	}
	got := asked(t, false)
	require.Len(t, got, 2)
	require.Contains(t, got[0].Text, "图见下一条")
	require.Equal(t, "image", got[1].Kind)
	require.NotEmpty(t, got[1].MediaSHA256)
	for _, one := range got {
		require.Equal(t, keeper, one.To)
	}
	require.Empty(t, asked(t, true))
}
