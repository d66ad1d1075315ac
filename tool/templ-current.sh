#!/usr/bin/env bash
# Fails when a committed *_templ.go is not what its *.templ says. Works on a copy: the checkout is not touched.
set -euo pipefail
cd "$(dirname "$0")/.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
find . \( -name '*.templ' -o -path ./go.mod -o -path ./go.sum \) -not -path './data/*' -not -path './.cache/*' -print0 | tar -cf - --null -T - | tar -xf - -C "$copy"
(cd "$copy" && go tool templ generate) >/dev/null 2>"$copy/log" || { cat "$copy/log" >&2; exit 1; }

# text without the path that error messages name a template by: it depends on the folder that templ ran in
text() { sed -E 's/FileName: `[^`]*`//' "$1"; }

stale=0
while IFS= read -r -d '' made; do
	name=${made#"$copy"/}
	if [ ! -f "$name" ] || ! cmp -s <(text "$made") <(text "$name"); then
		echo "not current: $name" >&2
		stale=1
	fi
done < <(find "$copy" -name '*_templ.go' -print0)
[ "$stale" = 0 ] || { echo "run: make generate" >&2; exit 1; }
