package file

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"huiyin/core"
)

const (
	typeXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	typeDOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
)

// types lists what is taken in, and the extensions that agree with it; the first one is given to a name without any.
func types() map[string][]string {
	return map[string][]string{
		"image/jpeg": {".jpg", ".jpeg", ".jfif"}, "image/png": {".png"}, "image/webp": {".webp"}, "image/heic": {".heic", ".heif"},
		"application/pdf": {".pdf"}, typeXLSX: {".xlsx"}, typeDOCX: {".docx"}, "application/zip": {".zip"},
		"text/plain": {".txt"}, "text/csv": {".csv"}, "audio/mpeg": {".mp3"}, "audio/wav": {".wav"},
	}
}

func allowed(kind string) bool { _, ok := types()[kind]; return ok }

func refusedType(name string) error {
	return core.Invalid("", "“%s”不是可以上传的文件。可上传:照片(JPG、PNG、WebP、HEIC)、PDF、xlsx、docx、zip、txt、csv、mp3、wav",
		"“%s” is not a kind of file that can be uploaded: photos (JPG, PNG, WebP, HEIC), PDF, xlsx, docx, zip, txt, csv, mp3 and wav are", cleanName(name))
}

// recognise tells the type by the content and holds the name against it. The browser's word counts for nothing.
func recognise(r io.ReaderAt, size int64, name string) (string, error) {
	head := make([]byte, min(size, 64<<10))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return "", err
	}
	ext := strings.ToLower(filepath.Ext(cleanName(name)))
	kind := sniff(head, r, size, ext)
	agree, ok := types()[kind]
	if !ok {
		return "", refusedType(name)
	}
	if ext != "" && !slices.Contains(agree, ext) {
		return "", core.Invalid("", "文件“%s”的内容与扩展名 %s 不符", "The content of “%s” does not agree with its extension %s", cleanName(name), ext)
	}
	if err := checkPixels(kind, head, r, size, name); err != nil {
		return "", err
	}
	return kind, nil
}

// sniff names the type, or "" for what is not taken in.
func sniff(head []byte, r io.ReaderAt, size int64, ext string) string {
	if kind := byMagic(head); kind != "" {
		return kind
	}
	switch kind := http.DetectContentType(head); {
	case allowed(kind) && kind == "application/zip":
		return insideZip(r, size)
	case allowed(kind):
		return kind
	case kind == "audio/wave":
		return "audio/wav"
	}
	return plainText(head, size, ext)
}

// byMagic knows what net/http does not.
func byMagic(b []byte) string {
	if len(b) < 12 {
		return ""
	}
	if string(b[4:8]) == "ftyp" && slices.Contains([]string{"heic", "heix", "hevc", "heim", "heis", "mif1", "msf1"}, string(b[8:12])) {
		return "image/heic"
	}
	// an MPEG audio frame: 11 bits of sync, layer III, a bit rate and a sampling rate that exist
	if b[0] == 0xff && b[1]&0xe6 == 0xe2 && b[1]&0x18 != 0x08 && b[2]&0xf0 != 0xf0 && b[2]&0xf0 != 0 && b[2]&0x0c != 0x0c {
		return "audio/mpeg"
	}
	return ""
}

// insideZip tells a workbook and a document from any other archive, and refuses those with macros.
func insideZip(r io.ReaderAt, size int64) string {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return ""
	}
	kind := "application/zip"
	for _, f := range z.File {
		switch name := strings.ToLower(f.Name); {
		case strings.HasSuffix(name, "vbaproject.bin"):
			return ""
		case name == "xl/workbook.xml":
			kind = typeXLSX
		case name == "word/document.xml":
			kind = typeDOCX
		}
	}
	return kind
}

// plainText accepts UTF-8 and GB 18030 without control characters, and nothing that a browser or a shell would run.
func plainText(head []byte, size int64, ext string) string {
	if size == 0 || bytes.HasPrefix(head, []byte("#!")) {
		return ""
	}
	for _, c := range head {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' {
			return ""
		}
	}
	lower := bytes.ToLower(head)
	for _, mark := range []string{"<!doctype", "<html", "<svg", "<script", "<?xml", "<?php", "<iframe", "<body", "<head"} {
		if bytes.Contains(lower, []byte(mark)) {
			return ""
		}
	}
	if !utf8.Valid(wholeRunes(head)) && !looksGB(head) {
		return ""
	}
	if ext == ".csv" {
		return "text/csv"
	}
	return "text/plain"
}

// wholeRunes drops a rune that the end of the sample cuts in two.
func wholeRunes(b []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			return b
		}
	}
	return b
}

// looksGB reports whether every byte above 0x80 belongs to a pair or quadruple of GB 18030; older workbooks' CSV are.
func looksGB(b []byte) bool {
	for i := 0; i < len(b); i++ {
		if b[i] < 0x80 {
			continue
		}
		if b[i] == 0x80 || b[i] == 0xff {
			return false
		}
		if i++; i == len(b) {
			return true // cut by the end of the sample
		}
		switch c := b[i]; {
		case c >= 0x40 && c != 0x7f && c != 0xff:
		case c >= '0' && c <= '9':
			i += 2
		default:
			return false
		}
	}
	return true
}

// maxPixels bounds pictures: a few kilobytes can unpack to gigabytes.
const maxPixels = 60_000_000

func checkPixels(kind string, head []byte, r io.ReaderAt, size int64, name string) error {
	if !strings.HasPrefix(kind, "image/") {
		return nil
	}
	w, h, ok := pixels(kind, head, r, size)
	if !ok || w <= 0 || h <= 0 {
		return core.Invalid("", "图片“%s”已损坏,无法读取", "The picture “%s” is damaged and cannot be read", cleanName(name))
	}
	if int64(w)*int64(h) > maxPixels {
		return &core.Err{Kind: core.KindTooLarge, Text: core.T("图片“%s”为 %d×%d,超过 6000 万像素",
			"The picture “%s” is %d×%d, more than 60 megapixels", cleanName(name), w, h)}
	}
	return nil
}

// pixels reads the size from the header alone, without unpacking.
func pixels(kind string, head []byte, r io.ReaderAt, size int64) (w, h int, ok bool) {
	var c image.Config
	var err error
	switch kind {
	case "image/jpeg": // the header may stand behind a long EXIF block
		c, err = jpeg.DecodeConfig(io.NewSectionReader(r, 0, size))
	case "image/png":
		c, err = png.DecodeConfig(bytes.NewReader(head))
	case "image/webp":
		return webpPixels(head)
	case "image/heic":
		return heicPixels(head)
	}
	return c.Width, c.Height, err == nil
}

// webpPixels reads the first chunk of the three kinds of WebP.
func webpPixels(b []byte) (w, h int, ok bool) {
	if len(b) < 30 {
		return 0, 0, false
	}
	switch string(b[12:16]) {
	case "VP8X":
		return 1 + int(uint32(b[24])|uint32(b[25])<<8|uint32(b[26])<<16), 1 + int(uint32(b[27])|uint32(b[28])<<8|uint32(b[29])<<16), true
	case "VP8L":
		bits := binary.LittleEndian.Uint32(b[21:])
		return 1 + int(bits&0x3fff), 1 + int(bits>>14&0x3fff), b[20] == 0x2f
	case "VP8 ":
		return int(binary.LittleEndian.Uint16(b[26:]) & 0x3fff), int(binary.LittleEndian.Uint16(b[28:]) & 0x3fff), true
	}
	return 0, 0, false
}

// heicPixels takes the largest of the "ispe" boxes (image spatial extents): the whole picture, not one of its tiles.
func heicPixels(b []byte) (w, h int, ok bool) {
	for i := bytes.Index(b, []byte("ispe")); i >= 0 && len(b) >= i+16; {
		bw, bh := binary.BigEndian.Uint32(b[i+8:]), binary.BigEndian.Uint32(b[i+12:])
		if int64(bw)*int64(bh) > int64(w)*int64(h) {
			w, h = int(bw), int(bh)
		}
		b = b[i+16:]
		i = bytes.Index(b, []byte("ispe"))
	}
	return w, h, w > 0
}
