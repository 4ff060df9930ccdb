package roster

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"path"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// oddities are what the text of a tab's cells does not tell.
type oddities struct {
	merged  []area
	hollow  map[spot]bool   // a formula that was never computed
	failed  map[spot]bool   // an error value
	numbers map[spot]string // numbers kept with an exponent, written out
}

// area is a merged cell, both corners within.
type area struct{ from, to spot }

// exact is up to where every whole number is one a spreadsheet can hold.
const exact = 1e15

// partsOf tells in which part of the file each tab lies, as far as it says so
// where the format has it say so.
func partsOf(data []byte) map[string]string {
	out := map[string]string{}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return out
	}
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
			ID   string `xml:"id,attr"`
		} `xml:"sheets>sheet"`
	}
	var links struct {
		Links []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if unmarshalPart(z, "xl/workbook.xml", &book) != nil || unmarshalPart(z, "xl/_rels/workbook.xml.rels", &links) != nil {
		return out
	}
	at := map[string]string{}
	for _, l := range links.Links {
		at[l.ID] = strings.TrimPrefix(path.Join("/xl", l.Target), "/")
		if strings.HasPrefix(l.Target, "/") {
			at[l.ID] = strings.TrimPrefix(path.Clean(l.Target), "/")
		}
	}
	for _, s := range book.Sheets {
		out[s.Name] = at[s.ID]
	}
	return out
}

func unmarshalPart(z *zip.Reader, name string, v any) error {
	r, err := z.Open(name)
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // in memory
	return xml.NewDecoder(io.LimitReader(r, maxExpanded)).Decode(v)
}

// cellXML is a cell as the file has it.
type cellXML struct {
	Ref     string    `xml:"r,attr"`
	Type    string    `xml:"t,attr"`
	Formula *struct{} `xml:"f"`
	Value   *string   `xml:"v"`
}

// readOddities goes once through the XML of a tab.
func readOddities(data []byte) (oddities, error) {
	o := oddities{hollow: map[spot]bool{}, failed: map[spot]bool{}, numbers: map[spot]string{}}
	d := xml.NewDecoder(bytes.NewReader(data))
	at := spot{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return o, nil
		}
		if err != nil {
			return o, err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "row":
			at.row, at.column = at.row+1, -1
			if n, err := strconv.Atoi(attr(start, "r")); err == nil {
				at.row = n
			}
		case "c":
			var c cellXML
			if err := d.DecodeElement(&c, &start); err != nil {
				return o, err
			}
			at.column++
			if column, row, err := excelize.CellNameToCoordinates(c.Ref); err == nil {
				at = spot{row, column - 1}
			}
			o.cell(at, c)
		case "mergeCell":
			o.merge(attr(start, "ref"))
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (o *oddities) cell(at spot, c cellXML) {
	value := ""
	if c.Value != nil {
		value = *c.Value
	}
	switch {
	case c.Type == "e":
		o.failed[at] = true
	case c.Formula != nil && value == "" && (c.Value == nil || c.Type != "str"):
		o.hollow[at] = true
	case (c.Type == "" || c.Type == "n") && strings.ContainsAny(value, "eE"):
		if n, err := strconv.ParseFloat(value, 64); err == nil && math.Abs(n) < exact {
			o.numbers[at] = strconv.FormatFloat(n, 'f', -1, 64)
		}
	}
}

func (o *oddities) merge(ref string) {
	from, to, ok := strings.Cut(ref, ":")
	c1, r1, err1 := excelize.CellNameToCoordinates(from)
	c2, r2, err2 := excelize.CellNameToCoordinates(to)
	if ok && err1 == nil && err2 == nil {
		o.merged = append(o.merged, area{spot{r1, c1 - 1}, spot{r2, c2 - 1}})
	}
}
