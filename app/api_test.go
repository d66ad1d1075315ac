package app_test

import (
	"net/http"
	"strings"
	"testing"

	"huiyin/db"
	"huiyin/testkit"
)

// TestTheAPIDocumentNamesEveryRoute: what the API answers, its document describes, and the other way round.
func TestTheAPIDocumentNamesEveryRoute(t *testing.T) {
	k := testkit.New(t, db.SQLite)
	p := k.Browser(0).API("GET", "/api/v1/openapi.json", nil)
	if p.Status != http.StatusOK || p.JSON()["openapi"] != "3.1.0" {
		t.Fatalf("openapi.json: %d %.200s", p.Status, p.Body)
	}
	paths, _ := p.JSON()["paths"].(map[string]any)
	for _, rt := range k.App.Server.Routes() {
		if !rt.API() || strings.HasSuffix(rt.Path(), "/openapi.json") {
			continue
		}
		item, _ := paths[rt.Path()].(map[string]any)
		if item[strings.ToLower(rt.Method())] == nil {
			t.Errorf("%s is not in the document", rt.Pattern)
		}
	}
}
