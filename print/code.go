package print

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// A code's dot in pixels, and the white around it in dots, without which scanners do not find it.
const (
	dot   = 4
	quiet = 4
)

// Code is an address as a QR code (二维码): a PNG with its quiet zone. An address too long for any code is an error.
func Code(address string) ([]byte, error) {
	code, err := qr.Encode(address, qr.M, qr.Auto)
	if err != nil {
		return nil, err
	}
	n := code.Bounds().Dx()
	scaled, err := barcode.Scale(code, n*dot, n*dot)
	if err != nil {
		return nil, err
	}
	framed := image.NewGray(image.Rect(0, 0, (n+2*quiet)*dot, (n+2*quiet)*dot))
	draw.Draw(framed, framed.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(framed, scaled.Bounds().Add(image.Pt(quiet*dot, quiet*dot)), scaled, scaled.Bounds().Min, draw.Src)
	var b bytes.Buffer
	err = png.Encode(&b, framed)
	return b.Bytes(), err
}

// Middle sets a square picture, such as a code, in the middle of the column, so many millimetres a side.
func (d *Doc) Middle(data []byte, side float64) {
	w, h := fit(data, min(d.w, side*mm), min(d.bottom-d.top, side*mm))
	d.need(h)
	d.picture(data, d.x+(d.w-w)/2, d.y, w, h)
	d.y += h + 6
}
