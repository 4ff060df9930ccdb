package roster

import (
	"archive/zip"
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

// FuzzReadWorkbook writes strangers' XML into an otherwise sound workbook: the
// parser beneath must not take the process down.
func FuzzReadWorkbook(f *testing.F) {
	const sheet = `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`
	f.Add(sheet+`<row r="1"><c r="A1" t="inlineStr"><is><t>单位</t></is></c></row><row r="2"><c r="A2" t="s"><v>0</v></c></row></sheetData></worksheet>`, `<sst><si><t>永宁村</t></si></sst>`)
	f.Add(sheet+`<row r="9999999"><c r="ZZZZ1" t="s"><v>99</v></c></row>`, `<sst/>`)
	f.Add(sheet+`<row r="-1"><c r="A0" t="d"><v>-1</v></c><c t="b"><v>x</v></c><c t="e"/></row>`, ``)
	f.Add(sheet+`<row><c s="99999"><f t="shared" si="-4">A1</f><v>1e999</v></c></row>`, `<sst><si><r><t>a</t></r></si></sst>`)
	file := excelize.NewFile()
	if err := file.SetCellStr("Sheet1", "A1", "单位"); err != nil {
		f.Fatal(err)
	}
	var sound bytes.Buffer
	if err := file.Write(&sound); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, sheet, words string) {
		data := replaced(t, sound.Bytes(), map[string]string{"xl/worksheets/sheet1.xml": sheet, "xl/sharedStrings.xml": words})
		s, err := ReadSheet("a.xlsx", bytes.NewReader(data))
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		for _, tab := range s.Tabs {
			require.True(t, slices.Contains(tab.Has, "单位") || unitName(tab.Name))
		}
	})
}

func replaced(t *testing.T, data []byte, parts map[string]string) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, e := range in.File {
		var r io.Reader
		if text, ok := parts[e.Name]; ok {
			r = strings.NewReader(text)
		} else if r, err = e.Open(); err != nil {
			require.NoError(t, err)
		}
		w, err := z.Create(e.Name)
		require.NoError(t, err)
		_, err = io.Copy(w, r)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return out.Bytes()
}
