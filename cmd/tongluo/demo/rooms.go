package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// rooms is what a new login found, and what it came to once the office had
// spoken.
type rooms struct {
	came, agreed, coded, known time.Time // when it logged in, and what the office did when
	found, after               schedule.RoomList
	accepted                   int // questions that the office answered
}

// twinRoom is the chat of strangers that bears a name of ours.
const twinRoom = "twin"

// otherName is what people call the group of otherVillage from then on.
const otherName = "前埔一家亲"

func (w *world) service(village int) roster.Group {
	return w.place.groupNamed(villages[village] + "便民服务群")
}

// onThePhone is what happens to groups while the account is away: one of ours is
// renamed, and strangers take the account into a new one with a name of ours.
func (w *world) onThePhone(context.Context) error {
	if err := w.server.Rename(w.place.room[w.service(otherVillage).ID], otherName); err != nil {
		return err
	}
	twin := loopback.Group{ID: twinRoom, Name: w.service(twinVillage).Name, Saved: true}
	for n := range residents {
		twin.Members = append(twin.Members, foreigner(n))
	}
	return w.server.Add(twin)
}

// comeBack logs in anew and leaves what is not certain to the office.
func (w *world) comeBack(ctx context.Context) (err error) {
	if _, err := w.begin(ctx); err != nil {
		return err
	}
	w.rooms.came = w.now
	if w.rooms.found, err = w.office.RoomList(ctx, operator); err != nil {
		return err
	}
	w.at(w.day(knownOn, 8, 40), w.acceptRenamed)
	w.at(w.day(knownOn, 8, 45), w.codeForTwin)
	w.at(w.day(knownOn, 8, 55), func(ctx context.Context) (err error) {
		w.rooms.known = w.now
		w.rooms.after, err = w.office.RoomList(ctx, operator)
		return err
	})
	return nil
}

// operator is whoever works at the office PC.
var operator = roster.Operator("王办")

// acceptRenamed is `roster bind GROUP --accept`; the daemon then looks, as it
// does every few seconds.
func (w *world) acceptRenamed(ctx context.Context) (err error) {
	w.rooms.agreed = w.now
	if w.rooms.accepted, err = w.office.AcceptRooms(ctx, operator, w.service(otherVillage).Name, w.now); err != nil {
		return err
	}
	return w.talk.Look(ctx, w.now)
}

// codeForTwin is `roster code --group GROUP`: the keeper is told the code on the
// telephone and says it in the group that is theirs.
func (w *world) codeForTwin(ctx context.Context) error {
	w.rooms.coded = w.now
	g := w.service(twinVillage)
	code, err := w.office.IssueGroupCode(ctx, operator, g.Name, w.now)
	if err != nil {
		return err
	}
	w.at(w.now.Add(5*time.Minute), func(ctx context.Context) error { return w.sayIn(ctx, g.Keeper, g, code.Code) })
	return nil
}

// tellRooms shows what a new login is certain of, what it asks, and that nothing
// went astray.
func (w *world) tellRooms(ctx context.Context, _ *result) error {
	found, after := w.rooms.found, w.rooms.after
	if w.rooms.known.IsZero() {
		return nil // nobody has looked yet
	}
	other, twin := w.service(otherVillage), w.service(twinVillage)
	w.title("重新登录，先认群再发（6月%d日）", offlineTo)
	w.print("掉线时，手机上有两件事：“%s”改名叫“%s”；外人新建一个群，也叫“%s”，还把机器人拉了进去。", other.Name, otherName, twin.Name)
	w.print("%s 重新登录，微信给每个群换了新号。铜锣看群名和成员，自己认出 %d 个群，%d 个等人认一下，%d 个没认。没认准的先不发。",
		w.local(w.rooms.came).Format("15:04"), found.Bound, found.Asked, found.Refused)
	w.print("办公室在电脑上看 roster bindings：")
	for _, row := range found.Rows {
		if row.Group.ID == other.ID || row.Group.ID == twin.ID {
			w.print("  %s", row.Line())
		}
	}
	if names := notBound(found, other.ID, twin.ID); len(names) > 0 {
		w.print("  另外没认的：%s。", strings.Join(names, "、"))
	}
	w.copied(fmt.Sprintf("%s，办公室问清楚了，认可改名的 %d 个群", w.local(w.rooms.agreed).Format("1月2日 15:04"), w.rooms.accepted),
		fmt.Sprintf("roster bind %d --accept", other.ID))
	w.copied(w.local(w.rooms.coded).Format("15:04")+"，再为被冒名的群取一个群绑定码", fmt.Sprintf("roster code --group %d", twin.ID))
	w.print("打电话告诉负责人%s，请%s在自己的群里发一次。", w.called(twin.Keeper), w.called(twin.Keeper))
	w.tellLines(w.heard(w.rooms.coded, 10*time.Minute, twin.Keeper))
	w.print("认完：认出 %d 个群，%d 个等人认一下，%d 个没认。", after.Bound, after.Asked, after.Refused)
	return w.tellAstray(ctx, other, twin)
}

// notBound names the other groups that have no room.
func notBound(l schedule.RoomList, but ...int64) []string {
	var names []string
	for _, row := range l.Rows {
		if row.Verdict != roster.Bind && !slices.Contains(but, row.Group.ID) {
			names = append(names, row.Group.Name)
		}
	}
	return names
}

// tellAstray counts what the two groups and the strangers' group received.
func (w *world) tellAstray(ctx context.Context, ours ...roster.Group) error {
	w.print("模拟微信数过（到%s）：", w.lastDay())
	w.print("  外人的同名群：收到 %d 条。", w.received(twinRoom))
	for _, g := range ours {
		n, err := w.delivered(ctx, g, w.rooms.came, w.end)
		if err != nil {
			return err
		}
		w.print("  %s：重新登录以后该收 %d 条，各收到 1 次的 %d 条，重复 %d。", g.Name, n.owed, n.once, n.twice)
	}
	return nil
}

// received counts everything a chat has received.
func (w *world) received(chat string) int {
	n := 0
	for _, r := range w.server.Receipts() {
		if r.To == chat {
			n++
		}
	}
	return n
}
