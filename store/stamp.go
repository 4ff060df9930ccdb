package store

import (
	"encoding/json"
	"fmt"
	"time"

	"tongluo/schedule/calendar"
)

// stampOf is an instant as the database keeps it: unix milliseconds UTC, 0 for
// the zero time. With stamp, which reads it back, this is the only way an
// instant enters or leaves the database.
func stampOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// stampTime is the instant of a stamp, UTC.
func stampTime(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// stamp scans an instant into a time.
type stamp struct{ t *time.Time }

// Scan implements sql.Scanner.
func (s stamp) Scan(src any) error {
	ms, ok := src.(int64)
	if !ok {
		return fmt.Errorf("stamp: %T is no instant", src)
	}
	*s.t = stampTime(ms)
	return nil
}

// day scans a local day.
type day struct{ d *calendar.Date }

// Scan implements sql.Scanner.
func (d day) Scan(src any) error {
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("day: %T is no local day", src)
	}
	return d.d.UnmarshalText([]byte(text))
}

// array scans a list kept as JSON; an empty one is nil.
type array[T any] struct{ list *[]T }

// Scan implements sql.Scanner.
func (a array[T]) Scan(src any) error {
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("array: %T is no list", src)
	}
	*a.list = nil
	if text == "[]" {
		return nil
	}
	return json.Unmarshal([]byte(text), a.list)
}
