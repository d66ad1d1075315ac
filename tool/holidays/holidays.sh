#!/bin/sh
# Refreshes calendar/holidays.txt from npm chinese-days. Needs npm; the build does not.
set -eu
version=${1:-1.5.7}
cd "$(dirname "$0")/../.."
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
( cd "$temp" && npm pack --silent "chinese-days@$version" >/dev/null && tar xzf ./*.tgz package/LICENSE )
go run ./tool/holidays "$temp/chinese-days-$version.tgz" "$version" >"$temp/holidays.txt"
cp "$temp/holidays.txt" calendar/holidays.txt
cp "$temp/package/LICENSE" calendar/LICENSE-chinese-days
