package main

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
	"tongluo/content"
	"tongluo/schedule"
	"tongluo/store"
)

// books hold both sides of the sending: what our ledger says and what the chats
// received. wrong reads them by the invariants of design §7.
type books struct {
	chat    map[int64]string          // our group → permanent id of its chat
	parts   map[string][]content.Part // item → its messages
	entries []schedule.Delivery
	got     []loopback.Receipt
	closed  bool // the windows are over
}

// claimed is where a message id of ours belongs.
type claimed struct {
	d    *schedule.Delivery
	part int
}

// wrong lists every breach, each beginning with its invariant's name.
func (b books) wrong() []string {
	var out []string
	ids := map[string]claimed{}
	for i := range b.entries {
		for n, p := range b.entries[i].Parts {
			if p.ClientID == "" {
				continue
			}
			if _, taken := ids[p.ClientID]; taken {
				out = append(out, fmt.Sprintf("I1 message id %s belongs to two messages", p.ClientID))
			}
			ids[p.ClientID] = claimed{&b.entries[i], n}
		}
	}
	mine := slices.Clone(b.got)
	groups := map[string]bool{}
	for _, chat := range b.chat {
		groups[chat] = true
	}
	mine = slices.DeleteFunc(mine, func(r loopback.Receipt) bool { return !groups[r.To] })
	out = append(out, b.twice(mine)...)
	out = append(out, b.strayed(mine, ids)...)
	byID := map[string][]loopback.Receipt{}
	for _, r := range mine {
		byID[r.ClientMsgID] = append(byID[r.ClientMsgID], r)
	}
	for _, d := range b.entries {
		out = append(out, b.wrongEntry(d, byID)...)
	}
	return out
}

// twice is I1: by our own id, and by what a group reads.
func (b books) twice(got []loopback.Receipt) (out []string) {
	byID, byWords := map[string]int{}, map[string]int{}
	for _, r := range got {
		if byID[r.ClientMsgID]++; byID[r.ClientMsgID] == 2 {
			out = append(out, fmt.Sprintf("I1 message id %s was received twice", r.ClientMsgID))
		}
		words := r.To + " " + r.Text + r.MediaSHA256
		if byWords[words]++; byWords[words] == 2 {
			out = append(out, fmt.Sprintf("I1 %s received the same %s twice", r.To, r.Kind))
		}
	}
	return out
}

// strayed is I5, and the half of I3 that asks whether we know of everything
// that was received.
func (b books) strayed(got []loopback.Receipt, ids map[string]claimed) (out []string) {
	for _, r := range got {
		c, known := ids[r.ClientMsgID]
		if !known {
			out = append(out, fmt.Sprintf("I3 %s received %s, of which the ledger knows nothing", r.To, r.ClientMsgID))
			continue
		}
		if b.chat[c.d.Group] != r.To || !same(b.parts[c.d.Item][c.part], r) {
			out = append(out, fmt.Sprintf("I5 part %d of delivery %d went to %s", c.part, c.d.ID, r.To))
		}
		switch c.d.Parts[c.part].State {
		case schedule.Accepted, schedule.Uncertain, schedule.Observed:
		default:
			if b.closed || c.d.Parts[c.part].State != schedule.Sending {
				out = append(out, fmt.Sprintf("I3 part %d of delivery %d was received and is %s", c.part, c.d.ID, c.d.Parts[c.part].State))
			}
		}
	}
	return out
}

// same reports whether a receipt is this very message.
func same(p content.Part, r loopback.Receipt) bool {
	if p.SHA256 != "" {
		return r.MediaSHA256 == p.SHA256
	}
	return r.Kind == loopback.KindText && r.Text == p.Text
}

// wrongEntry reads one delivery against what its chat received: I2, I3 and I4.
func (b books) wrongEntry(d schedule.Delivery, got map[string][]loopback.Receipt) (out []string) {
	counted := d.State.Evidence() != ""
	for n, p := range d.Parts {
		there := p.ClientID != "" && slices.ContainsFunc(got[p.ClientID], func(r loopback.Receipt) bool {
			return r.To == b.chat[d.Group] && same(b.parts[d.Item][n], r) &&
				(p.State != schedule.Accepted || p.MessageID == "" || r.MsgID == p.MessageID)
		})
		if !there && p.State == schedule.Accepted && !struckOut(d.State) {
			out = append(out, fmt.Sprintf("I2 part %d of delivery %d (%s) is accepted, its group has not got it", n, d.ID, d.State))
		}
		if !there && counted {
			out = append(out, fmt.Sprintf("I3 delivery %d is %s without part %d", d.ID, d.State, n))
		}
		if p.State == schedule.Uncertain && counted && d.State == schedule.Accepted {
			out = append(out, fmt.Sprintf("I3 delivery %d counts although part %d is uncertain", d.ID, n))
		}
	}
	if b.closed && slices.Contains([]schedule.State{schedule.Queued, schedule.Sending, schedule.Held}, d.State) {
		out = append(out, fmt.Sprintf("I4 delivery %d is %s after its window", d.ID, d.State))
	}
	return out
}

// struckOut reports whether the server's word has been taken back by a notice:
// then it is with people, if anywhere.
func struckOut(s schedule.State) bool {
	return slices.Contains([]schedule.State{schedule.Refused, schedule.Handed, schedule.Reported, schedule.Declined, schedule.Lapsed}, s)
}

// in counts the deliveries of a state.
func (b books) in(s schedule.State) (n int) {
	for _, d := range b.entries {
		if d.State == s {
			n++
		}
	}
	return n
}

// unproved counts the accepted messages without the service's own id for them.
func (b books) unproved() (n int) {
	for _, d := range b.entries {
		for _, p := range d.Parts {
			if p.State == schedule.Accepted && p.MessageID == "" {
				n++
			}
		}
	}
	return n
}

// partsIn counts the messages of a state.
func (b books) partsIn(s schedule.State) (n int) {
	for _, d := range b.entries {
		for _, p := range d.Parts {
			if p.State == s {
				n++
			}
		}
	}
	return n
}

// readBooks reads everything that was ever to be sent, and what was received.
func readBooks(t testing.TB, db *store.DB, got []loopback.Receipt, chat map[int64]string) books {
	t.Helper()
	b := books{chat: chat, parts: map[string][]content.Part{}, got: got}
	var err error
	b.entries, err = db.Deliveries(context.Background(), schedule.DeliveryFilter{})
	require.NoError(t, err)
	items, err := db.Items(context.Background())
	require.NoError(t, err)
	for _, it := range items {
		b.parts[it.ID] = it.Parts()
	}
	return b
}

// soundFile is I6 and I7, and that the tallies are what a recount says.
func soundFile(t testing.TB, db *store.DB, now time.Time) {
	t.Helper()
	_, breaches, err := db.VerifyAudit(context.Background(), nil)
	require.NoError(t, err)
	require.Empty(t, breaches, "I6")
	require.NoError(t, db.IntegrityCheck(context.Background()), "I7")
	wrong, err := db.Retally(context.Background(), now)
	require.NoError(t, err)
	require.Zero(t, wrong, "tallies that a recount corrects")
}

// oneOfEach is a ledger and its receipts with every breach but one absent.
func oneOfEach() books {
	entry := func(id, group int64, s, part schedule.State) schedule.Delivery {
		return schedule.Delivery{ID: id, Group: group, Item: "a", State: s,
			Parts: []schedule.Part{{Kind: content.Text, State: part, ClientID: fmt.Sprintf("%017d", id), MessageID: fmt.Sprint("m", id)}}}
	}
	got := func(id, group int64) loopback.Receipt {
		return loopback.Receipt{To: fmt.Sprint("g", group), Kind: loopback.KindText, Text: "防骗", ClientMsgID: fmt.Sprintf("%017d", id), MsgID: fmt.Sprint("m", id)}
	}
	return books{chat: map[int64]string{1: "g1", 2: "g2"}, parts: map[string][]content.Part{"a": {{Kind: content.Text, Text: "防骗"}}}, closed: true,
		entries: []schedule.Delivery{entry(11, 1, schedule.Accepted, schedule.Accepted), entry(12, 2, schedule.Uncertain, schedule.Uncertain)},
		got:     []loopback.Receipt{got(11, 1), {To: "p1", Text: "private"}}}
}

// TestBooks is the test of the reading itself: each breach alone is found.
func TestBooks(t *testing.T) {
	require.Empty(t, oneOfEach().wrong())
	for name, breach := range map[string]func(*books){
		"I1": func(b *books) { b.got = append(b.got, b.got[0]); b.got[2].ClientMsgID = "00000000000000012" },
		"I2": func(b *books) { b.got = nil },
		"I3": func(b *books) { b.got[0].ClientMsgID = "00000000000000099" },
		"I4": func(b *books) { b.entries[1].State, b.entries[1].Parts[0].State = schedule.Held, schedule.Queued },
		"I5": func(b *books) { b.got[0].To = "g2" },
	} {
		t.Run(name, func(t *testing.T) {
			b := oneOfEach()
			breach(&b)
			found := b.wrong()
			require.True(t, slices.ContainsFunc(found, func(s string) bool { return s[:2] == name }), "%v", found)
		})
	}
}
