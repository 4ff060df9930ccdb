package content

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"

	"golang.org/x/image/draw"
)

// photoEdge is the longer side of a photo that is kept, in dots: enough to read
// a phone's screen on it.
const photoEdge = 1600

// ErrNoPhoto is what is no PNG or JPEG, or too large to open.
var ErrNoPhoto = errors.New("no photo")

// Photo makes of what a person sent the picture that may be kept: upright, not
// larger than is needed, and nothing but the picture (no place, camera or
// owner). ErrNoPhoto for what cannot be opened.
func Photo(data []byte) (Blob, error) {
	cfg, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || cfg.Width*cfg.Height > MaxPicturePixels {
		return Blob{}, ErrNoPhoto
	}
	img, kind, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return Blob{}, ErrNoPhoto
	}
	if kind == "jpeg" {
		img = upright(img, orientation(data))
	}
	size := img.Bounds().Size()
	if edge := max(size.X, size.Y); edge > photoEdge {
		size = image.Pt(max(size.X*photoEdge/edge, 1), max(size.Y*photoEdge/edge, 1))
	}
	out := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	draw.ApproxBiLinear.Scale(out, out.Rect, img, img.Bounds(), draw.Over, nil)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, out, &jpeg.Options{Quality: 80}); err != nil {
		return Blob{}, err
	}
	return newBlob("photo.jpg", b.Bytes()), nil
}
