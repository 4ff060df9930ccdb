package roster

import (
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// WriteSheet writes the roster as xlsx or csv, by the name's extension.
// Reading it back and merging it changes nothing. Every cell is text, phones
// too, and none can be taken for a formula. A tag must be one person's, and two
// persons of one name in one unit need tags, as in any sheet.
func WriteSheet(w io.Writer, name string, r *Roster) error {
	rows := sheetRows(r)
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv":
		return writeCSV(w, rows)
	case ".xlsx":
		return writeXLSX(w, rows)
	}
	return fmt.Errorf("“%s”的扩展名不对，请写成 .xlsx 或 .csv", filepath.Base(name))
}

func writeCSV(w io.Writer, rows [][]string) error {
	if _, err := w.Write(bom); err != nil {
		return fmt.Errorf("write roster: %w", err)
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.WriteAll(rows); err != nil {
		return fmt.Errorf("write roster: %w", err)
	}
	return nil
}

func writeXLSX(w io.Writer, rows [][]string) error {
	f := excelize.NewFile()
	defer f.Close() //nolint:errcheck // in memory
	if err := fillWorkbook(f, rows); err != nil {
		return fmt.Errorf("write roster: %w", err)
	}
	if err := f.Write(w); err != nil {
		return fmt.Errorf("write roster: %w", err)
	}
	return nil
}

func fillWorkbook(f *excelize.File, rows [][]string) error {
	const tab = "花名册"
	if err := f.SetSheetName("Sheet1", tab); err != nil {
		return err
	}
	text, err := f.NewStyle(&excelize.Style{NumFmt: 49}) // "@", text
	if err != nil {
		return err
	}
	out, err := f.NewStreamWriter(tab)
	if err != nil {
		return err
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	if err := out.SetColWidth(1, len(SheetColumns()), 16); err != nil {
		return err
	}
	for i, row := range rows {
		cells := make([]any, len(row))
		for j, c := range row {
			cells[j] = excelize.Cell{StyleID: text, Value: c}
		}
		if err := out.SetRow(fmt.Sprintf("A%d", i+1), cells); err != nil {
			return err
		}
	}
	return out.Flush()
}

// sheetWriter lays a roster out as rows: per unit its persons, the contact
// first, then its groups, or the bare unit.
type sheetWriter struct {
	r       *Roster
	rows    [][]string
	groups  map[int64][]Group
	persons map[int64][]Person
	names   map[string]int // unit name → how many bear it
	keeps   map[int64]bool
}

func sheetRows(r *Roster) [][]string {
	w := &sheetWriter{r: r, rows: [][]string{SheetColumns()}, groups: map[int64][]Group{},
		persons: map[int64][]Person{}, names: map[string]int{}, keeps: map[int64]bool{}}
	for _, u := range r.Units {
		w.names[u.Name]++
	}
	for _, g := range r.Groups {
		w.groups[g.Unit] = append(w.groups[g.Unit], g)
		w.keeps[g.Keeper] = true
	}
	for _, p := range r.Persons {
		w.persons[p.Unit] = append(w.persons[p.Unit], p)
	}
	units := slices.Clone(r.Units)
	slices.SortStableFunc(units, func(a, b Unit) int { return strings.Compare(a.Path, b.Path) })
	for _, u := range units {
		w.unit(u)
	}
	return w.rows
}

func (w *sheetWriter) unit(u Unit) {
	before := len(w.rows)
	if p, ok := w.r.Person(u.Contact); ok {
		w.row(u, Group{}, p, Cadre.Word())
	}
	for _, p := range w.persons[u.ID] {
		switch {
		case p.ID == u.Contact || p.Role == Cadre && w.keeps[p.ID] && p.Until == "":
		case p.Role == Cadre:
			w.row(u, Group{}, p, plainCadre)
		default:
			w.row(u, Group{}, p, p.Role.Word())
		}
	}
	for _, g := range w.groups[u.ID] {
		p, _ := w.r.Person(g.Keeper)
		w.row(u, g, p, p.Role.Word())
	}
	if len(w.rows) == before {
		w.row(u, Group{}, Person{}, "")
	}
}

func (w *sheetWriter) row(u Unit, g Group, p Person, role string) {
	parent, ok := w.r.Unit(u.Parent)
	if !ok && w.names[u.Name] > 1 {
		parent.Path = noParent
	}
	name := p.Name
	if p.ID != 0 && p.Unit != u.ID {
		name = p.UnitPath + "/" + p.Name
	}
	if g.ID == 0 {
		g.Until = p.Until
	}
	row := []string{u.Name, parent.Path, g.Name, g.Kind, strings.Join(g.Audiences, "、"), name,
		p.Phone, role, p.Tag, g.Carrier.Word(), g.Since, g.Until}
	for i, c := range row {
		row[i] = EscapeCell(c)
	}
	w.rows = append(w.rows, row)
}
