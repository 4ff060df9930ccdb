package roster

import "fmt"

// What a change is about.
const (
	WhatUnit   = "单位"
	WhatGroup  = "群"
	WhatPerson = "人员"
)

// Change is one line of a dry run. It holds names and phones: for the screen
// of whoever imports, never for a log.
type Change struct {
	What  string // WhatUnit, WhatGroup or WhatPerson
	Name  string // a unit's path, "path name" of a group, "name（path）" of a person
	Field string // the column; empty: the whole thing is new, and New tells it
	Old   string
	New   string
}

// String says the change in Chinese on one line.
func (c Change) String() string {
	switch {
	case c.Field == "" && c.New == "":
		return fmt.Sprintf("新增%s %s", c.What, c.Name)
	case c.Field == "":
		return fmt.Sprintf("新增%s %s：%s", c.What, c.Name, c.New)
	case c.Field == colUntil && c.Old == "":
		return fmt.Sprintf("停用%s %s：从 %s 起", c.What, c.Name, c.New)
	}
	return fmt.Sprintf("%s %s：%s 由“%s”改为“%s”", c.What, c.Name, c.Field, blank(c.Old), blank(c.New))
}

func blank(s string) string {
	if s == "" {
		return "空"
	}
	return s
}

// Word returns the Chinese word of the sheet.
func (r Role) Word() string {
	switch r {
	case Cadre:
		return "干部"
	case Staff:
		return "办公室"
	case Leader:
		return "领导"
	case Admin:
		return "管理员"
	}
	return string(r)
}

// Word returns the Chinese word of the sheet.
func (c Carrier) Word() string {
	switch c {
	case ByBot:
		return "机器人"
	case ByKeeper:
		return "人工"
	}
	return string(c)
}
