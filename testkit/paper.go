package testkit

import (
	"archive/zip"
	"bytes"
	"os/exec"
	"strings"
)

// Paper is what a PDF says, without its spaces and lines: for a test that looks for words.
func (k *Kit) Paper(pdf []byte) string {
	k.Helper()
	return strings.Join(strings.Fields(k.PaperLines(pdf)), "")
}

// PaperLines is what a PDF says, line by line as it is laid out. It needs pdftotext, of Debian's poppler-utils.
func (k *Kit) PaperLines(pdf []byte) string {
	k.Helper()
	cmd := exec.Command("pdftotext", "-layout", "-enc", "UTF-8", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	out, err := cmd.Output()
	k.Must(err)
	return string(out)
}

// Charts counts the native charts of a workbook.
func (k *Kit) Charts(xlsx []byte) (n int) {
	k.Helper()
	z, err := zip.NewReader(bytes.NewReader(xlsx), int64(len(xlsx)))
	k.Must(err)
	for _, f := range z.File {
		if strings.HasPrefix(f.Name, "xl/charts/chart") {
			n++
		}
	}
	return n
}
