# make without a target prints the targets. The README's two commands are `make run` and `make test`.

GO      ?= go
ADDR    ?= localhost:8080
DATA    ?= ./data
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# What is tested is built as it is shipped: without cgo. The version is stamped by us, not read from the checkout.
export CGO_ENABLED ?= 0
export GOFLAGS     ?= -buildvcs=false

STATICCHECK_VERSION := v0.8.2
STATICCHECK := .cache/staticcheck-$(STATICCHECK_VERSION)/staticcheck

.DEFAULT_GOAL := help
.PHONY: help run build dev test lint generate e2e soak bench new-module vendor-assets clean need-go

help: ## print these targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: build ## build, fill ./data with a demo building, serve http://localhost:8080
	bin/huiyin serve --demo --data $(DATA) --addr $(ADDR)

build: need-go ## one static binary: bin/huiyin
	$(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/huiyin .

dev: need-go ## serve, and rebuild when a template changes
	$(GO) tool templ generate --watch --cmd "$(GO) run . serve --demo --data $(DATA) --addr $(ADDR)"

test: need-go $(STATICCHECK) ## install what is missing, vet, staticcheck, all tests on SQLite and PostgreSQL
	@tool/install.sh
	$(GO) vet ./...
	$(STATICCHECK) ./...
	tool/postgres.sh $(GO) test -timeout 30m ./...

lint: need-go $(STATICCHECK) ## vet, staticcheck, the house in order, gofmt, templates current
	$(GO) vet ./...
	$(STATICCHECK) ./...
	$(GO) run ./tool/imports

$(STATICCHECK):
	GOBIN=$(abspath $(@D)) $(GO) install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION)

generate: need-go ## templates, docs/schema.sql, docs/routes.md, docs/clauses.md
	$(GO) tool templ generate
	HUIYIN_UPDATE=1 tool/postgres.sh $(GO) test -count=1 -run Document ./app

e2e: need-go ## the browser stories in Chromium; writes docs/screens
	@tool/install.sh
	HUIYIN_SCREENS=1 tool/postgres.sh $(GO) test -count=1 -timeout 20m ./e2e

soak: need-go ## kill -9 a hundred times, 2,000 sequences of verbs on both engines, a simulated quarter (make test: shortened)
	@tool/install.sh
	HUIYIN_SOAK=100 tool/postgres.sh $(GO) test -count=1 -timeout 90m -v -run "Kill|Nodes|Commands" ./e2e
	HUIYIN_SOAK=1 tool/postgres.sh $(GO) test -count=1 -timeout 90m -v ./proof

bench: need-go ## measure both engines beside the machine's own limits; writes docs/performance.md
	@tool/install.sh
	tool/postgres.sh --durable $(GO) run ./tool/bench

new-module: need-go ## NAME=…: a module that compiles and passes
	@test -n "$(NAME)" || { echo "usage: make new-module NAME=complaint" >&2; exit 2; }
	$(GO) run ./tool/newmodule $(NAME)

vendor-assets: need-go ## refetch scripts, icons and font at their exact versions (needs npm and fonttools)
	tool/vendor/vendor.sh

clean: ## remove what was built; ./data stays
	rm -rf bin .cache

need-go:
	@command -v $(GO) >/dev/null || { echo "Go is not installed: Huiyin needs Go 1.26 or newer, see https://go.dev/dl/" >&2; exit 1; }
