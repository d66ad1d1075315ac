package print

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"

	"huiyin/core"

	"github.com/signintech/gopdf"
)

// maxPixels bounds what a picture may take when it is unpacked (4 bytes each).
const maxPixels = 40_000_000

// Picture is a photo with the line below it.
type Picture struct {
	Data    []byte // PNG or JPEG, upright
	Caption string
}

// Image sets a picture, PNG or JPEG, as large as fits into so many millimetres (0: the width of the column) and on
// one page. A picture that cannot be read leaves a frame that says so.
func (d *Doc) Image(data []byte, width, height float64) {
	w, h := min(d.w, width*mm), min(d.bottom-d.top, height*mm)
	if width <= 0 {
		w = d.w
	}
	if height <= 0 {
		h = (d.bottom - d.top) / 2
	}
	_, used := fit(data, w, h)
	d.need(used)
	d.picture(data, d.x, d.y, w, h)
	d.y += used + 6
}

// Photos sets pictures side by side, so many in a row, each with its caption.
func (d *Doc) Photos(perRow int, photos ...Picture) {
	perRow = max(1, perRow)
	w := d.w / float64(perRow)
	limit := min(w*0.75, (d.bottom-d.top)*0.8)
	for from := 0; from < len(photos); from += perRow {
		row := photos[from:min(from+perRow, len(photos))]
		h := 0.0
		for _, p := range row {
			_, used := fit(p.Data, w-6, limit)
			h = max(h, used)
		}
		d.need(h + styleSmall.lead + 6)
		for i, p := range row {
			x := d.x + float64(i)*w
			d.picture(p.Data, x, d.y, w-6, h)
			d.caption(p.Caption, x, d.y+h, w-6)
		}
		d.y += h + styleSmall.lead + 6
	}
}

func (d *Doc) caption(text string, x, y, w float64) {
	d.line(d.oneLine(text, styleSmall, w), styleSmall, x, y, w, Left)
}

// fit is the size a picture takes within w by h, keeping its shape; a low frame if it cannot be read.
func fit(data []byte, w, h float64) (float64, float64) {
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || c.Width <= 0 || c.Height <= 0 {
		return w, min(h, 20*mm)
	}
	scale := min(w/float64(c.Width), h/float64(c.Height))
	return float64(c.Width) * scale, float64(c.Height) * scale
}

// picture draws within the given frame, at its upper left.
func (d *Doc) picture(data []byte, x, y, w, h float64) {
	pw, ph := fit(data, w, h)
	holder, err := holderOf(data)
	if err != nil {
		d.box(x, y, pw, ph)
		text := core.T("[图片无法显示]", "[unreadable picture]").In(d.lang)
		d.line(d.lines(text, styleSmall, pw)[0], styleSmall, x, y+(ph-styleSmall.lead)/2, pw, Center)
		return
	}
	d.add(func(pdf *gopdf.GoPdf) error {
		return pdf.ImageByHolder(holder, x, y, &gopdf.Rect{W: pw, H: ph})
	})
}

// holderOf takes JPEG as it is, and draws everything else on white first: gopdf does not read every kind of PNG.
func holderOf(data []byte) (gopdf.ImageHolder, error) {
	c, kind, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if c.Width*c.Height > maxPixels {
		return nil, errors.New("the picture is too large")
	}
	img, _, err := image.Decode(bytes.NewReader(data)) // a torn file is found here, not by the reader of the PDF
	if err != nil {
		return nil, err
	}
	if kind == "jpeg" && (c.ColorModel == color.YCbCrModel || c.ColorModel == color.GrayModel) {
		return gopdf.ImageHolderByBytes(data)
	}
	flat := image.NewRGBA(image.Rect(0, 0, c.Width, c.Height))
	draw.Draw(flat, flat.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(flat, flat.Bounds(), img, img.Bounds().Min, draw.Over)
	var b bytes.Buffer
	if kind == "jpeg" {
		err = jpeg.Encode(&b, flat, &jpeg.Options{Quality: 88})
	} else {
		err = png.Encode(&b, flat)
	}
	if err != nil {
		return nil, err
	}
	return gopdf.ImageHolderByBytes(b.Bytes())
}
