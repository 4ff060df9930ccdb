package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A code is shown once and changes with every call; who is not in the roster
// gets none. One person's adoption is confirmed by another.
func TestCodeAndConfirm(t *testing.T) {
	p := newOffice(t, "")
	first := document[issued](p, "roster", "code", "新丰村干部")
	require.Len(t, first.Code, 8)
	require.NotEqual(t, first.Code, document[issued](p, "roster", "code", "新丰村干部").Code)
	shown := p.ok("roster", "code", "新丰村干部")
	require.Contains(t, shown, "只显示这一次")
	require.NotContains(t, strings.ReplaceAll(shown, " ", ""), first.Code)
	require.Equal(t, exitInput, p.run("roster", "code", "没有这个人").code)

	type adopted struct {
		adoptionView
		Warnings []string `json:"warnings"`
	}
	ad := document[adopted](p, "plan", "adopt", "11", "--unit", "永宁镇", "--year", fmt.Sprint(time.Now().Year()-1), "--set", "weekly-push.media=any", "--by", "王办")
	require.NotNil(t, ad.SendsFrom)
	id := fmt.Sprint(ad.ID)
	require.Equal(t, exitFailed, p.run("plan", "adopt", "--confirm", id, "--by", "王办").code, "the same person")
	require.NotEqual(t, 0, p.run("plan", "adopt", "--confirm", id).code, "nobody by name")
	require.Contains(t, p.ok("plan", "adopt", "--confirm", id, "--by", "新丰村干部"), "已确认")
	require.Nil(t, document[[]adoptionView](p, "plan", "adopted")[0].SendsFrom)
	require.Equal(t, exitInput, p.run("plan", "adopt", "11").code)
}
