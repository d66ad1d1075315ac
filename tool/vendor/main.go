// Command vendor is the part of vendor.sh that is easier in Go: it joins the icons into one sprite and writes the
// manifest of everything taken over from others.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Item is one file taken over, with where it came from. File is its path from the root of the repository.
type Item struct {
	File    string `json:"file"`
	From    string `json:"from"`
	Licence string `json:"licence"` // SPDX
	SHA256  string `json:"sha256"`
}

// items lists the files; vendor.sh fetches the same versions.
func items() []Item {
	const static, htmx, sse, echarts, tabler, font = "web/static/vendor/", "htmx.org@2.0.11", "htmx-ext-sse@2.2.4",
		"echarts@6.1.0", "@tabler/icons@3.51.0", "@expo-google-fonts/noto-sans-sc@0.4.3"
	return []Item{
		{File: static + "htmx.min.js", From: htmx, Licence: "0BSD"},
		{File: static + "htmx.LICENSE.txt", From: htmx},
		{File: static + "htmx-sse.min.js", From: sse, Licence: "0BSD"},
		{File: static + "htmx-sse.LICENSE.txt", From: sse},
		{File: static + "echarts.common.min.js", From: echarts, Licence: "Apache-2.0"},
		{File: static + "echarts.LICENSE.txt", From: echarts},
		{File: static + "echarts.NOTICE.txt", From: echarts},
		{File: static + "echarts-d3.LICENSE.txt", From: echarts},
		{File: static + "echarts-zrender.LICENSE.txt", From: "zrender@6.1.0"},
		{File: "web/static/icons.svg", From: tabler, Licence: "MIT"},
		{File: static + "tabler-icons.LICENSE.txt", From: tabler},
		{File: "print/font/NotoSansSC-GBK.ttf", From: font, Licence: "OFL-1.1"},
		{File: "print/font/OFL.txt", From: font},
	}
}

func main() {
	log.SetFlags(0)
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "sprite":
		err = sprite(os.Stdout, os.Stdin, os.Args[2])
	case len(os.Args) == 3 && os.Args[1] == "manifest":
		err = manifest(os.Stdout, os.Args[2])
	default:
		log.Fatal("usage: vendor sprite FOLDER < icons.txt > icons.svg | vendor manifest ROOT > manifest.json")
	}
	if err != nil {
		log.Fatal(err)
	}
}

// manifest writes the items with the checksums of the files under root.
func manifest(w io.Writer, root string) error {
	all := items()
	for i := range all {
		b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(all[i].File)))
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		all[i].SHA256 = hex.EncodeToString(sum[:])
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(all)
}

// sprite joins the icons that names lists, one a line, into one SVG of symbols: <use href="icons.svg#i-bell">.
// Each symbol carries its own stroke, so that it needs no stylesheet to be seen and takes the colour of its text.
func sprite(w io.Writer, names io.Reader, folder string) error {
	fmt.Fprintln(w, `<svg xmlns="http://www.w3.org/2000/svg">`)
	fmt.Fprintln(w, `<!-- Tabler Icons 3.51.0, MIT, (c) 2020-2026 Paweł Kuna: see vendor/tabler-icons.LICENSE.txt -->`)
	for lines := bufio.NewScanner(names); lines.Scan(); {
		name := strings.TrimSpace(lines.Text())
		if name == "" || strings.HasPrefix(name, "#") {
			continue
		}
		svg, err := os.ReadFile(filepath.Join(folder, name+".svg"))
		if err != nil {
			return err
		}
		body, err := drawing(string(svg))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(w, "<symbol id=\"i-%s\" viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.75\" stroke-linecap=\"round\" stroke-linejoin=\"round\">%s</symbol>\n", name, body)
	}
	_, err := fmt.Fprintln(w, "</svg>")
	return err
}

// drawing is what stands inside the outermost element, without the empty frame and the white space.
func drawing(svg string) (string, error) {
	body := regexp.MustCompile(`(?s)^.*<svg[^>]*viewBox="0 0 24 24"[^>]*>(.*)</svg>\s*$`).FindStringSubmatch(svg)
	if body == nil {
		return "", fmt.Errorf("not an icon of 24 by 24")
	}
	s := regexp.MustCompile(`<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>`).ReplaceAllString(body[1], "")
	return regexp.MustCompile(`>\s+<`).ReplaceAllString(strings.TrimSpace(s), "><"), nil
}
