package content_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/stretchr/testify/require"
	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"

	"tongluo/content"
)

// code draws a code of the given size.
func code(t *testing.T, format gozxing.BarcodeFormat, words string, w, h int) image.Image {
	t.Helper()
	var writer gozxing.Writer = qrcode.NewQRCodeWriter()
	switch format {
	case gozxing.BarcodeFormat_EAN_13:
		writer = oned.NewEAN13Writer()
	case gozxing.BarcodeFormat_CODE_128:
		writer = oned.NewCode128Writer()
	}
	m, err := writer.Encode(words, format, w, h, nil)
	require.NoError(t, err)
	return m
}

// onPoster lays a picture on a real poster, turned by some degrees.
func onPoster(t *testing.T, code image.Image, degrees float64, at image.Point) *image.RGBA {
	t.Helper()
	data, err := os.ReadFile("testdata/poster.png") // as package poster draws them, with letters like 回 and 田
	require.NoError(t, err)
	page, err := png.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	out := image.NewRGBA(page.Bounds())
	draw.Draw(out, out.Bounds(), page, image.Point{}, draw.Src)
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	m := f64.Aff3{cos, -sin, float64(at.X), sin, cos, float64(at.Y)}
	draw.BiLinear.Transform(out, m, code, code.Bounds(), draw.Over, nil)
	return out
}

func inverted(img image.Image) image.Image {
	out := image.NewRGBA(img.Bounds())
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			out.Set(x, y, color.RGBA{255 - uint8(r>>8), 255 - uint8(g>>8), 255 - uint8(b>>8), 255})
		}
	}
	return out
}

func pngOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, png.Encode(&buf, img))
	return buf.Bytes()
}

func jpegOf(t *testing.T, img image.Image, quality int) []byte {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, jpeg.Encode(&buf, img, &jpeg.Options{Quality: quality}))
	return buf.Bytes()
}

func TestGateFindsCodes(t *testing.T) {
	qr := code(t, gozxing.BarcodeFormat_QR_CODE, "http://evil.example.com/a", 300, 300)
	small := code(t, gozxing.BarcodeFormat_QR_CODE, "https://u.wechat.com/abcdefghijk", 110, 110)
	ean := code(t, gozxing.BarcodeFormat_EAN_13, "6901234567892", 400, 160)
	c128 := code(t, gozxing.BarcodeFormat_CODE_128, "YT1234567", 500, 140)
	low := image.Pt(420, 300)
	for name, data := range map[string][]byte{
		"alone":             pngOf(t, qr),
		"inverted":          pngOf(t, inverted(qr)),
		"on_a_poster":       pngOf(t, onPoster(t, qr, 0, low)),
		"small_on_a_poster": pngOf(t, onPoster(t, small, 0, low)),
		"turned_17_degrees": pngOf(t, onPoster(t, qr, 17, low)),
		"turned_90_degrees": pngOf(t, onPoster(t, qr, 90, image.Pt(740, 300))),
		"poor_jpeg":         jpegOf(t, onPoster(t, qr, 5, low), 35),
		"goods":             pngOf(t, onPoster(t, ean, 0, low)),
		"goods_standing":    pngOf(t, onPoster(t, ean, 90, low)),
		"parcel":            pngOf(t, onPoster(t, c128, 0, low)),
	} {
		t.Run(name, func(t *testing.T) {
			found := content.Check("", [][]byte{data}, content.DefaultAllow())
			require.Len(t, found, 1)
			require.Equal(t, content.FoundCode, found[0].Kind)
			require.Equal(t, "第 1 张图", found[0].Where)
		})
	}
	t.Run("nothing_on_a_plain_poster", func(t *testing.T) {
		blank := image.NewRGBA(image.Rect(0, 0, 1, 1))
		require.Empty(t, content.Check("", [][]byte{pngOf(t, onPoster(t, blank, 0, low))}, content.DefaultAllow()))
	})
	t.Run("a_broken_picture_is_refused", func(t *testing.T) {
		for _, data := range [][]byte{nil, []byte("GIF89a"), pngOf(t, qr)[:80]} {
			found := content.Check("", [][]byte{data}, content.DefaultAllow())
			require.Len(t, found, 1)
			require.Equal(t, content.FoundPicture, found[0].Kind)
		}
	})
}

func BenchmarkCheckPoster(b *testing.B) {
	data, err := os.ReadFile("testdata/poster.png")
	require.NoError(b, err)
	for b.Loop() {
		content.Check("", [][]byte{data}, content.DefaultAllow())
	}
}
