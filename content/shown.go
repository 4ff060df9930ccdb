package content

import (
	"fmt"
	"strings"
)

// Shown are the messages in words, line by line, as whoever approves them reads
// them: texts whole, links with their address, files by name, pictures counted.
func Shown(parts []Part) []string {
	var lines []string
	pictures := 0
	for _, p := range parts {
		switch p.Kind {
		case Text:
			lines = append(lines, strings.Split(p.Text, "\n")...)
		case Picture:
			pictures++
		case Link:
			lines = append(lines, "链接："+strings.ReplaceAll(p.Text, "\n", " "))
		default:
			lines = append(lines, p.Kind.Word()+"："+p.Name)
		}
	}
	if pictures > 0 {
		lines = append(lines, fmt.Sprintf("图片 %d 张", pictures))
	}
	return lines
}
