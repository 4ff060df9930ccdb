package content

import (
	"bytes"
	"fmt"
	"image"

	"github.com/makiuchi-d/gozxing"
	qrdetector "github.com/makiuchi-d/gozxing/multi/qrcode/detector"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"
	qrdecoder "github.com/makiuchi-d/gozxing/qrcode/decoder"
	"golang.org/x/image/draw"
)

// sides are the lengths, in pixels, the longer side of a picture is brought to
// before it is searched: codes are found best when a module is 2 to 6 pixels.
var sides = []int{1600, 1000, 500, 250}

// picture reports codes in one picture and pictures that cannot be looked into.
func (s *scan) picture(where string, data []byte) {
	cfg, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || cfg.Width*cfg.Height > MaxPicturePixels {
		s.add(FoundPicture, "", where, "图片打不开或太大，没法检查里面有没有二维码")
		return
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		s.add(FoundPicture, "", where, "图片已损坏，没法检查里面有没有二维码")
		return
	}
	if words, found := findCode(img); found {
		s.add(FoundCode, words, where, "图里有二维码或条形码，扫了不知道去哪里，请换一张没有码的图")
	}
}

// findCode searches the picture at several sizes, as it is and inverted, lying
// and standing. The words are what the code says.
func findCode(img image.Image) (words string, found bool) {
	for _, g := range grays(img) {
		for _, inverted := range []bool{false, true} {
			if words, found = findIn(g, inverted); found {
				return words, true
			}
		}
	}
	return "", false
}

// grays returns the picture in gray at each of the sizes that differ from the
// one before; small pictures are also enlarged.
func grays(img image.Image) []*image.Gray {
	b := img.Bounds()
	long := max(b.Dx(), b.Dy(), 1)
	var out []*image.Gray
	for _, side := range append([]int{min(long, 2000)}, sides...) {
		if side > 3*long || len(out) > 0 && side >= max(out[len(out)-1].Bounds().Dx(), out[len(out)-1].Bounds().Dy()) {
			continue
		}
		w, h := max(1, b.Dx()*side/long), max(1, b.Dy()*side/long)
		g := image.NewGray(image.Rect(0, 0, w, h))
		draw.Draw(g, g.Bounds(), image.White, image.Point{}, draw.Src)
		draw.ApproxBiLinear.Scale(g, g.Bounds(), img, b, draw.Over, nil)
		out = append(out, g)
	}
	return out
}

// findIn tries both ways of telling black from white; stripes are told apart row
// by row in one way only, and nobody reads them white on black. The library indexes
// arrays by what it measures in the picture; should it panic there, the picture
// counts as holding a code, because it cannot be searched.
func findIn(g *image.Gray, inverted bool) (words string, found bool) {
	defer func() {
		if r := recover(); r != nil {
			words, found = fmt.Sprintf("（检查出错：%v）", r), true
		}
	}()
	source := gozxing.NewLuminanceSourceFromImage(g)
	if inverted {
		source = source.Invert()
	}
	if bitmap, err := gozxing.NewBinaryBitmap(gozxing.NewGlobalHistgramBinarizer(source)); err == nil && !inverted {
		if words, found := striped(bitmap); found {
			return words, true
		}
	}
	for _, binarizer := range []gozxing.Binarizer{gozxing.NewHybridBinarizer(source), gozxing.NewGlobalHistgramBinarizer(source)} {
		bitmap, err := gozxing.NewBinaryBitmap(binarizer)
		if err != nil {
			continue
		}
		if words, found := square(bitmap); found {
			return words, true
		}
	}
	return "", false
}

var hard = map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}

// square looks for QR codes, several in a picture: what a WeChat user can scan.
func square(bitmap *gozxing.BinaryBitmap) (string, bool) {
	if matrix, err := bitmap.GetBlackMatrix(); err == nil {
		results, _ := qrdetector.NewMultiDetector(matrix).DetectMulti(hard)
		for _, r := range results {
			decoded, err := qrdecoder.NewDecoder().Decode(r.GetBits(), hard)
			if err == nil {
				return decoded.GetText(), true
			}
		}
	}
	if r, err := qrcode.NewQRCodeReader().Decode(bitmap, hard); err == nil {
		return r.GetText(), true
	}
	return "", false
}

// striped looks for the barcodes of goods and parcels, lying or standing.
func striped(bitmap *gozxing.BinaryBitmap) (string, bool) {
	for _, reader := range []gozxing.Reader{oned.NewEAN13Reader(), oned.NewCode128Reader(), oned.NewCode39Reader()} {
		if r, err := reader.Decode(bitmap, hard); err == nil {
			return r.GetText(), true
		}
	}
	return "", false
}
