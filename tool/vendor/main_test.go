package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// What was taken over is what was fetched: nobody edited it since, nothing lies beside it, nothing is gone.
func TestTheManifestIsTrue(t *testing.T) {
	kept, err := os.ReadFile(filepath.Join(root, "web/static/vendor/manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var now bytes.Buffer
	if err := manifest(&now, root); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, now.Bytes()) {
		t.Errorf("web/static/vendor/manifest.json does not describe the files; they now give:\n%s", &now)
	}
	var listed []Item
	if err := json.Unmarshal(kept, &listed); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"web/static/vendor/manifest.json": true}
	for _, it := range listed {
		known[it.File] = true
	}
	for _, folder := range []string{"web/static/vendor", "print/font"} {
		files, err := os.ReadDir(filepath.Join(root, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if name := folder + "/" + f.Name(); !known[name] {
				t.Errorf("%s is not in the manifest", name)
			}
		}
	}
}

// The script and the manifest speak of the same versions.
func TestTheScriptFetchesWhatTheManifestNames(t *testing.T) {
	script, err := os.ReadFile("vendor.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range items() {
		if !strings.Contains(string(script), "fetch "+it.From+" ") {
			t.Errorf("vendor.sh does not fetch %s", it.From)
		}
	}
}

func TestTheSpriteHoldsEveryIcon(t *testing.T) {
	svg, err := os.ReadFile(filepath.Join(root, "web/static/icons.svg"))
	if err != nil {
		t.Fatal(err)
	}
	var sprite struct {
		Symbols []struct {
			ID      string `xml:"id,attr"`
			ViewBox string `xml:"viewBox,attr"`
			Body    string `xml:",innerxml"`
		} `xml:"symbol"`
	}
	if err := xml.Unmarshal(svg, &sprite); err != nil {
		t.Fatal(err)
	}
	drawn := map[string]bool{}
	for _, s := range sprite.Symbols {
		drawn[s.ID] = s.ViewBox == "0 0 24 24" && strings.Contains(s.Body, "<path ")
	}
	names, err := os.ReadFile("icons.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(names[bytes.IndexByte(names, '\n'):])) {
		if !drawn["i-"+name] {
			t.Errorf("icon %s is not drawn", name)
		}
	}
}

func TestDrawingRefusesOtherSizes(t *testing.T) {
	if s, err := drawing(`<svg viewBox="0 0 32 32"><path d="M1 1"/></svg>`); err == nil {
		t.Errorf("got %q", s)
	}
}
