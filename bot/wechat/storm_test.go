package wechat

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// TestStorm is F08 by the hundred thousand: the fuzz targets' own checks on
// answers bent at random, without the fuzz engine, which is a hundred times
// slower. The long run (make soak) is a million answers for each call.
func TestStorm(t *testing.T) {
	answers := 1_000
	if os.Getenv("TONGLUO_LONG") != "" {
		answers = 10_000
	}
	if os.Getenv("TONGLUO_SOAK") != "" {
		answers = 1_000_000
	}
	seed := rand.Uint64()
	for name, check := range map[string]func(*testing.T, []byte){
		"send": checkSendReply, "upload": checkUploadReply, "init": checkInit, "head": checkHead, "sync": checkSync, "pushlogin": checkPush,
		"newloginpage": checkLogin, "login poll": checkPoll, "synccheck": checkSyncCheck, "contacts": checkContacts, "news": checkNews,
	} {
		t.Run(name, func(t *testing.T) {
			b := bender{r: rand.New(rand.NewPCG(seed, uint64(len(name))))}
			for left := answers; left > 0; left -= 500 {
				if !t.Run("", func(t *testing.T) { // what a check leaves open is closed every 500 answers
					for range min(left, 500) {
						check(t, b.next())
					}
				}) {
					return
				}
			}
		})
	}
	t.Logf("%d answers for each call, seed %d", answers, seed)
}

// bender makes wrong answers of right ones.
type bender struct{ r *rand.Rand }

// bits are what answers are made of, and what they should not hold.
var bits = []string{
	`{`, `}`, `[`, `]`, `,`, `:`, `"`, `\`, `null`, `0`, `-1`, `1e999`, `99999999999999999999`, `true`, `{}`, `[]`, `""`, `"0"`, "\x00", "\xff", "\u2028",
	`"Ret":0`, `"Ret":"0"`, `"ret":"0"`, `"BaseResponse":{"Ret":0}`, `"BaseResponse":null`, `"MsgID":"5"`, `"LocalID":"1"`, `"MediaId":"@crypt_x"`, `"UserName":"@@a"`, `"UserName":"@me"`,
	`"NickName":"群"`, `"Count":-5`, `"SyncKey":{"Count":1,"List":[{"Key":1,"Val":1}]}`, `"List":[{},{}]`, `"MemberList":[{}]`, `"AddMsgList":[{"MsgId":"1"}]`, `"Seq":-1`, `"uuid":"x"`,
	`window.code=200;`, `window.redirect_uri="`, `retcode:"0"`, `selector:"2"`, `<error>`, `</error>`, `<wxuin>1</wxuin>`, `<ret>0</ret>`, `<!ENTITY a "b">`, `@铜锣`, `:<br/>`, `<span class="emoji emoji1f602"></span>`,
}

func (b bender) next() []byte {
	data := []byte(seeds[b.r.IntN(len(seeds))])
	for range b.r.IntN(6) {
		at := b.r.IntN(len(data) + 1)
		to := min(at+b.r.IntN(12), len(data))
		bit := []byte(bits[b.r.IntN(len(bits))])
		switch b.r.IntN(6) {
		case 0:
			data = slices.Insert(data, at, bit...)
		case 1:
			data = slices.Replace(data, at, to, bit...)
		case 2:
			data = slices.Delete(data, at, to)
		case 3:
			data = slices.Insert(data, at, data[at:to]...)
		case 4:
			if len(data) > 0 {
				data[b.r.IntN(len(data))] ^= 1 << b.r.IntN(8)
			}
		case 5:
			other := seeds[b.r.IntN(len(seeds))]
			data = append(data[:at:at], other[b.r.IntN(len(other)+1):]...)
		}
	}
	return data
}
