package content

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation reads the EXIF orientation (1–8) of a JPEG; 1, upright, if it has
// none or it cannot be read. EXIF 2.3, tag 0x0112.
func orientation(jpeg []byte) int {
	for b := jpeg[min(2, len(jpeg)):]; len(b) >= 4 && b[0] == 0xff; {
		size := int(binary.BigEndian.Uint16(b[2:]))
		if size < 2 || 2+size > len(b) || b[1] == 0xda {
			return 1
		}
		if b[1] == 0xe1 && bytes.HasPrefix(b[4:2+size], []byte("Exif\x00\x00")) {
			return tiffOrientation(b[10 : 2+size])
		}
		b = b[2+size:]
	}
	return 1
}

// tiffOrientation looks the tag up in the first directory of a TIFF header.
func tiffOrientation(b []byte) int {
	if len(b) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if b[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int(order.Uint32(b[4:]))
	if at < 8 || at+2 > len(b) {
		return 1
	}
	entries := b[at+2:]
	for range int(order.Uint16(b[at:])) {
		if len(entries) < 12 {
			return 1
		}
		if order.Uint16(entries) == 0x0112 {
			if v := int(order.Uint16(entries[8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
		entries = entries[12:]
	}
	return 1
}

// upright returns img turned and mirrored as an EXIF orientation asks.
func upright(img image.Image, orientation int) image.Image {
	if orientation == 1 {
		return img
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			dx, dy := place(orientation, x, y, w, h)
			out.Set(dx, dy, img.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return out
}

// place maps a stored pixel of a w×h picture to where it is shown.
func place(orientation, x, y, w, h int) (int, int) {
	switch orientation {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	case 8:
		return y, w - 1 - x
	}
	return x, y
}
