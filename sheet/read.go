package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"huiyin/core"
)

// Limits bound what Open and Read accept. A zero field takes its default.
type Limits struct {
	Bytes    int64 // size of the file; default 30 MiB
	Unpacked int64 // all entries unpacked; default 400 MiB
	Ratio    int64 // unpacked over packed, for files that unpack to more than 16 MiB; default 200
	Entries  int   // entries in the zip directory; default 4000
	Cells    int   // cells of one sheet; default 4 million
	Columns  int   // cells right of this column are not read, but reported; default 512
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Bytes: or(l.Bytes, 30<<20), Unpacked: or(l.Unpacked, 400<<20), Ratio: or(l.Ratio, 200),
		Entries: or(l.Entries, 4000), Cells: or(l.Cells, 4_000_000), Columns: or(l.Columns, 512),
	}
}

func or[N int | int64](n, otherwise N) N {
	if n > 0 {
		return n
	}
	return otherwise
}

// smallUnpacked is what may unpack at any ratio: short workbooks of repeated text pack very well.
const smallUnpacked = 16 << 20

// SheetInfo is a sheet's entry in the workbook.
type SheetInfo struct {
	Name   string
	Hidden bool
	part   string
}

// Workbook is an opened file. It reads from the io.ReaderAt given to Open, which must stay open.
type Workbook struct {
	Sheets   []SheetInfo
	Date1904 bool

	limits  Limits
	parts   map[string]*zip.File
	budget  int64 // bytes that may still be unpacked
	strings []string
	formats []DateFormat // by style index
}

// Open reads the directory, the shared strings and the styles of a workbook. Errors are *core.Err, KindTooLarge or
// KindInvalid, in words for the person who chose the file.
func Open(r io.ReaderAt, size int64, limits Limits) (wb *Workbook, err error) {
	defer recovered(&err)
	limits = limits.withDefaults()
	switch {
	case size == 0:
		return nil, core.Invalid("file", "文件是空的", "The file is empty")
	case size > limits.Bytes:
		return nil, tooLarge("文件有 %s,超过上限 %s", "The file has %s; the limit is %s", megabytes(size), megabytes(limits.Bytes))
	}
	if err := checkMagic(r, size); err != nil {
		return nil, err
	}
	wb = &Workbook{limits: limits, budget: limits.Unpacked, parts: map[string]*zip.File{}}
	if err := wb.openZip(r, size); err != nil {
		return nil, err
	}
	return wb, wb.readHead()
}

// recovered turns a panic over a malformed file into an error: one bad upload must not end the process.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = damaged(fmt.Errorf("panic: %v", p))
	}
}

func tooLarge(zh, en string, args ...any) error {
	return &core.Err{Kind: core.KindTooLarge, Text: core.T(zh, en, args...)}
}

func damaged(cause error) error {
	var e *core.Err
	if errors.As(cause, &e) {
		return e
	}
	return &core.Err{Kind: core.KindInvalid, Cause: cause,
		Text: core.T("文件已损坏或不完整,读不出来;请用 Excel 或 WPS 打开后另存为 .xlsx 再试", "The file is damaged or incomplete; open it in Excel or WPS, save it as .xlsx and try again")}
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/(1<<20)) }

var (
	magicZip = []byte("PK\x03\x04")
	magicOLE = []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
)

// checkMagic tells the files that people offer instead of an .xlsx by their first bytes.
func checkMagic(r io.ReaderAt, size int64) error {
	head := make([]byte, min(size, 4096))
	if n, err := r.ReadAt(head, 0); n < len(head) && err != nil {
		return damaged(err)
	}
	text := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF"))))
	switch {
	case bytes.HasPrefix(head, magicZip):
		return nil
	case bytes.HasPrefix(head, magicOLE):
		return oleError(r, size)
	case bytes.HasPrefix(head, []byte("%PDF")):
		return core.Invalid("file", "这是 PDF 文件,不是 .xlsx 工作簿", "This is a PDF, not an .xlsx workbook")
	case bytes.HasPrefix(text, []byte("<")):
		return core.Invalid("file", "这是网页或 XML 文件(有的系统把它命名为 .xls),请用 Excel 或 WPS 打开后另存为 .xlsx", "This is a web page or XML (some systems name it .xls); open it in Excel or WPS and save it as .xlsx")
	case !bytes.ContainsRune(head, 0):
		return core.Invalid("file", "这是文本或 CSV 文件,请用 Excel 或 WPS 打开后另存为 .xlsx", "This is text or CSV; open it in Excel or WPS and save it as .xlsx")
	}
	return core.Invalid("file", "这不是 .xlsx 工作簿", "This is not an .xlsx workbook")
}

// oleError tells an encrypted workbook from an old .xls: both are OLE containers, and only the first has this stream.
func oleError(r io.ReaderAt, size int64) error {
	name := utf16le("EncryptedPackage")
	found, err := contains(io.NewSectionReader(r, 0, size), name)
	if err != nil {
		return damaged(err)
	}
	if found {
		return core.Invalid("file", "工作簿设了打开密码,请取消密码后再导入", "The workbook is protected by a password; remove the password and import it again")
	}
	return core.Invalid("file", "这是旧式 .xls 文件,请用 Excel 或 WPS 另存为 .xlsx", "This is an old .xls file; save it as .xlsx in Excel or WPS")
}

func utf16le(s string) []byte {
	var b []byte
	for i := range len(s) {
		b = append(b, s[i], 0)
	}
	return b
}

func contains(r io.Reader, needle []byte) (bool, error) {
	buf, kept := make([]byte, 64<<10), 0
	for {
		n, err := r.Read(buf[kept:])
		if bytes.Contains(buf[:kept+n], needle) {
			return true, nil
		}
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		tail := min(kept+n, len(needle)-1)
		copy(buf, buf[kept+n-tail:kept+n])
		kept = tail
	}
}

func (wb *Workbook) openZip(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return damaged(err)
	}
	if len(z.File) > wb.limits.Entries {
		return tooLarge("文件里有 %d 个条目,超过上限 %d", "The file has %d entries; the limit is %d", len(z.File), wb.limits.Entries)
	}
	var total uint64
	for _, f := range z.File {
		if f.Flags&1 != 0 {
			return core.Invalid("file", "压缩包设了密码,请取消密码后再导入", "The archive is protected by a password; remove it and import again")
		}
		if total += f.UncompressedSize64; f.UncompressedSize64 > uint64(wb.limits.Unpacked) || total > uint64(wb.limits.Unpacked) {
			return wb.bomb()
		}
		name := partName(f.Name)
		if _, twice := wb.parts[name]; !twice {
			wb.parts[name] = f
		}
	}
	if total > smallUnpacked && total/uint64(size) > uint64(wb.limits.Ratio) {
		return wb.bomb()
	}
	return nil
}

func (wb *Workbook) bomb() error {
	return tooLarge("文件解压后过大(上限 %s),拒绝读取", "The file unpacks to more than is allowed (%s)", megabytes(wb.limits.Unpacked))
}

// partName makes part names comparable: some writers use backslashes, a leading slash or other case.
func partName(s string) string {
	return strings.ToLower(strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(s, `\`, "/")), "/"))
}

// metered counts what is really unpacked, whatever the directory claimed.
type metered struct {
	io.ReadCloser
	wb *Workbook
}

func (m metered) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	if m.wb.budget -= int64(n); m.wb.budget < 0 {
		return n, m.wb.bomb()
	}
	return n, err
}

// open unpacks one part, or returns nil when the workbook has no such part.
func (wb *Workbook) open(part string) (io.ReadCloser, error) {
	f, ok := wb.parts[part]
	if !ok {
		return nil, nil
	}
	r, err := f.Open()
	if err != nil {
		return nil, damaged(err)
	}
	return metered{r, wb}, nil
}

// walk calls f with each token of a part; a missing part has none.
func (wb *Workbook) walk(part string, f func(d *xml.Decoder, t xml.Token) error) error {
	r, err := wb.open(part)
	if r == nil || err != nil {
		return err
	}
	defer r.Close()
	d := xml.NewDecoder(r)
	d.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		if c := strings.ToLower(charset); c == "utf8" || c == "us-ascii" || c == "ascii" {
			return in, nil
		}
		return nil, fmt.Errorf("charset %q", charset)
	}
	for {
		t, err := d.RawToken()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = f(d, t)
		}
		if err == errStop {
			return nil
		}
		if err != nil {
			return damaged(err)
		}
	}
}

// errStop ends a walk early.
var errStop = errors.New("stop")

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func truth(s string) bool { return s == "1" || s == "true" || s == "on" }

func (wb *Workbook) readHead() error {
	main, err := wb.mainPart()
	if err != nil {
		return err
	}
	rels, err := wb.relations(main)
	if err != nil {
		return err
	}
	if err := wb.readSheetList(main, rels); err != nil {
		return err
	}
	if len(wb.Sheets) == 0 {
		return core.Invalid("file", "工作簿里没有工作表", "The workbook has no sheets")
	}
	if err := wb.readStrings(rels.ofType("sharedStrings")); err != nil {
		return err
	}
	return wb.readStyles(rels.ofType("styles"))
}

// mainPart is the workbook's own part, found as the package's relations name it.
func (wb *Workbook) mainPart() (string, error) {
	rels, err := wb.relations("")
	if err != nil {
		return "", err
	}
	for _, part := range []string{rels.ofType("officeDocument"), "xl/workbook.xml"} {
		if _, ok := wb.parts[part]; !ok {
			continue
		}
		switch {
		case strings.HasSuffix(part, ".bin"):
			return "", core.Invalid("file", "这是 .xlsb 文件,请另存为 .xlsx", "This is an .xlsb file; save it as .xlsx")
		case strings.HasPrefix(part, "word/"), strings.HasPrefix(part, "ppt/"):
			return "", core.Invalid("file", "这是文档或演示文稿,不是 .xlsx 工作簿", "This is a document or a presentation, not an .xlsx workbook")
		}
		return part, nil
	}
	return "", core.Invalid("file", "这不是 .xlsx 工作簿(压缩包里没有工作簿);ods、et 等格式请另存为 .xlsx", "This is no .xlsx workbook (the archive holds none); save .ods, .et and the like as .xlsx")
}

type relation struct{ id, kind, target string }

type relations []relation

func (rs relations) ofType(kind string) string {
	for _, r := range rs {
		if r.kind == kind {
			return r.target
		}
	}
	return ""
}

func (wb *Workbook) relations(of string) (relations, error) {
	dir, base := path.Split(of)
	var out relations
	err := wb.walk(partName(dir+"_rels/"+base+".rels"), func(_ *xml.Decoder, t xml.Token) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "Relationship" {
			target := strings.ReplaceAll(attr(e, "Target"), `\`, "/")
			if !strings.HasPrefix(target, "/") {
				target = dir + target
			}
			out = append(out, relation{attr(e, "Id"), path.Base(attr(e, "Type")), partName(target)})
		}
		return nil
	})
	return out, err
}

func (wb *Workbook) readSheetList(main string, rels relations) error {
	return wb.walk(main, func(_ *xml.Decoder, t xml.Token) error {
		e, ok := t.(xml.StartElement)
		switch {
		case !ok:
		case e.Name.Local == "workbookPr":
			wb.Date1904 = truth(attr(e, "date1904"))
		case e.Name.Local == "sheet":
			for _, r := range rels {
				if r.id == relationID(e) && r.kind == "worksheet" {
					wb.Sheets = append(wb.Sheets, SheetInfo{attr(e, "name"), hiddenState(attr(e, "state")), r.target})
				}
			}
		}
		return nil
	})
}

// relationID is r:id, not the id that some writers add without a prefix.
func relationID(e xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Local == "id" && a.Name.Space != "" {
			return a.Value
		}
	}
	return ""
}

func hiddenState(s string) bool { return s == "hidden" || s == "veryHidden" }

// readStrings reads the shared strings; phonetic guides (rPh) are no part of the text.
func (wb *Workbook) readStrings(part string) error {
	return wb.walk(part, func(d *xml.Decoder, t xml.Token) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "si" {
			s, err := richText(d, "si")
			wb.strings = append(wb.strings, s)
			return err
		}
		return nil
	})
}

// richText joins the text runs up to the end of the named element.
func richText(d *xml.Decoder, until string) (string, error) {
	var out strings.Builder
	inText, phonetic := false, 0
	for {
		t, err := d.RawToken()
		if err != nil {
			return "", unexpectedEnd(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			inText = t.Name.Local == "t"
			if t.Name.Local == "rPh" {
				phonetic++
			}
		case xml.EndElement:
			inText = false
			if t.Name.Local == "rPh" {
				phonetic--
			}
			if t.Name.Local == until {
				return unescape(out.String()), nil
			}
		case xml.CharData:
			if inText && phonetic == 0 {
				out.Write(t)
			}
		}
	}
}

func unexpectedEnd(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// unescape reads the control characters that workbooks write as _x000D_; other escapes are rare and stay.
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	return strings.NewReplacer("_x000D_", "\r", "_x000d_", "\r", "_x000A_", "\n", "_x000a_", "\n", "_x0009_", "\t", "_x005F_", "_", "_x005f_", "_").Replace(s)
}
