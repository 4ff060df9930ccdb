package config_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/cmd/tongluo/config"
)

// slotFile is a settings file with one slot.
func slotFile(cron, until, zone string) []byte {
	return fmt.Appendf(nil, "[office]\nzone = %s\n[[slot]]\nname = \"早\"\ncron = %s\nuntil = %s\nto = \"all\"\n", quoted(zone), quoted(cron), quoted(until))
}

// quoted is a TOML string of any text.
func quoted(s string) string {
	s = strings.ToValidUTF8(s, "?")
	var b strings.Builder
	for _, r := range s {
		if r < 0x20 || r == 0x7f || r == '"' || r == '\\' {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return `"` + b.String() + `"`
}

// fits holds a slot that was taken to what was promised: it fires within 400
// days of any day, and each of its windows lies in one day and in no quiet hour.
func fits(t *testing.T, s config.Settings) {
	t.Helper()
	require.Len(t, s.Office.Slots, 1)
	slot, zone := s.Office.Slots[0], s.Calendar.Zone()
	require.GreaterOrEqual(t, slot.Length, 10*time.Minute)
	at := time.Date(2026, 2, 27, 15, 0, 0, 0, time.UTC)
	for range 20 {
		next := slot.Cron.Next(at)
		require.True(t, next.After(at))
		require.Less(t, next.Sub(at), 400*24*time.Hour, slot.Cron)
		last := next.Add(slot.Length - time.Minute)
		if first := slot.Cron.Days(s.Calendar.Today(next), s.Calendar.Today(next).AddDays(1)); first[0].At.Equal(next) {
			require.Equal(t, s.Calendar.Today(next), s.Calendar.Today(last), "%s %s", slot.Cron, zone)
			require.False(t, s.Calendar.Quiet(next) || s.Calendar.Quiet(last), "%s %s at %s", slot.Cron, zone, next.In(zone))
		}
		at = next
	}
}

// F25: what makes cron's parser panic, never fires or fires always is refused
// where it is written, and what is taken fits.
func TestHostileSlots(t *testing.T) {
	for _, cron := range []string{
		"", " ", "TZ=X", "TZ=Asia/Shanghai", "TZ=", "CRON_TZ=", "CRON_TZ=UTC 0 9 * * *", "TZ=UTC 0 9 * * *", "tz=utc 0 9 * * *",
		"@every 1ns", "@every 0s", "@every -1h", "@every", "@daily", "@reboot", "0 9 30 2 *", "0 9 31 4,6,9,11 *", "0 9 29 2 *",
		"0 9 * * 7", "60 9 * * *", "0 24 * * *", "-1 9 * * *", "0 9 0 * *", "0 9 * 13 *", "*/0 9 * * *", "0-70 9 * * *", "9-0 9 * * *", ", 9 * * *",
		"0 9 * *", "0 0 9 * * *", "０ 9 * * *", "九点", "0 9 * * MON-", "0 9 * * 99999999999999999999",
		"\x00 9 * * *", "0 9 * * *\x00", "; rm -rf / 9 * * *",
	} {
		f, err := config.Read("config.toml", slotFile(cron, "10:00", "Asia/Shanghai"))
		require.NoError(t, err, cron)
		_, err = f.Parse()
		require.ErrorContains(t, err, "config.toml 第 5 行", "%.40q", cron)
	}
	for _, until := range []string{"", "9:00", "09:00", "09:09", "24:00", "25:00", "21:01", "10", "10:0", "-1:00", "10：00x", "10:00:00", "今天"} {
		f, err := config.Read("config.toml", slotFile("0 9 * * *", until, "Asia/Shanghai"))
		require.NoError(t, err, until)
		_, err = f.Parse()
		require.ErrorContains(t, err, "config.toml 第 6 行", "%q", until)
	}
	for _, zone := range []string{"Local", "../../etc/passwd", "/etc/localtime", "Asia/Shanghai\x00", "TZ=Asia/Shanghai", "Beijing"} {
		f, err := config.Read("config.toml", slotFile("0 9 * * *", "10:00", zone))
		require.NoError(t, err, zone)
		_, err = f.Parse()
		require.ErrorContains(t, err, "config.toml 第 2 行", "%q", zone)
	}
	t.Run("an empty zone is the usual one, never UTC or the machine's", func(t *testing.T) {
		f, err := config.Read("config.toml", slotFile("0 9 * * *", "10:00", ""))
		require.NoError(t, err)
		s, err := f.Parse()
		require.NoError(t, err)
		require.Equal(t, "Asia/Shanghai", s.Calendar.Zone().String())
	})
	for _, cron := range []string{"0 9 * * *", "0 9 * * TUE", "*/15 9-11 * * 2,5", "30 8 1 * *", "0 9 31 * *", "0 9 29,28 2 *", "0 9 ? * mon"} {
		f, err := config.Read("config.toml", slotFile(cron, "11:30", "Asia/Shanghai"))
		require.NoError(t, err)
		s, err := f.Parse()
		require.NoError(t, err, cron)
		fits(t, s)
	}
}

// FuzzSlot: nothing written as a slot panics, and what is taken fits.
func FuzzSlot(f *testing.F) {
	for i, s := range []string{"0 9 * * *", "TZ=X", "@every 1ns", "0 9 30 2 *", "*/7 8-20 */3 * 1-5", "0 9 29 2 1", "59 20 * * *", "30 8 31 12 *"} {
		f.Add(s, "10:00", byte(i))
		f.Add(s, "20:59", byte(i))
	}
	zones := []string{"Asia/Shanghai", "Asia/Urumqi", "UTC", "Asia/Kathmandu", "", "Local"}
	f.Fuzz(func(t *testing.T, cron, until string, zone byte) {
		file, err := config.Read("config.toml", slotFile(cron, until, zones[int(zone)%len(zones)]))
		if err != nil {
			require.Contains(t, err.Error(), "config.toml", strconv.Quote(cron))
			return
		}
		s, err := file.Parse()
		if err != nil {
			require.Contains(t, err.Error(), "config.toml")
			return
		}
		fits(t, s)
	})
}
