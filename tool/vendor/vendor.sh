#!/bin/sh
# Fetches what we take over from others into web/static/vendor, web/static/icons.svg and print/font, each at an exact
# version, with its licence and a manifest of checksums. The results are committed; a build needs none of this.
# Needs npm, and the Debian package fonttools for the font.
set -eu

cd "$(dirname "$0")/../.."
root=$PWD
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT

# fetch NAME@VERSION FOLDER unpacks the package into $temp/FOLDER.
fetch() {
	mkdir "$temp/$2"
	( cd "$temp/$2" && npm pack --silent "$1" >/dev/null && tar xzf ./*.tgz --strip-components=1 )
}

fetch htmx.org@2.0.11 htmx
fetch htmx-ext-sse@2.2.4 sse
fetch echarts@6.1.0 echarts
fetch zrender@6.1.0 zrender # bundled in echarts; here for its licence
fetch @tabler/icons@3.51.0 icons
fetch @expo-google-fonts/noto-sans-sc@0.4.3 font

out=web/static/vendor
rm -rf "$out"
mkdir -p "$out" print/font
cp "$temp/htmx/dist/htmx.min.js" "$out/htmx.min.js"
cp "$temp/htmx/LICENSE" "$out/htmx.LICENSE.txt"
cp "$temp/sse/dist/sse.min.js" "$out/htmx-sse.min.js"
cp "$temp/sse/LICENSE" "$out/htmx-sse.LICENSE.txt"
cp "$temp/echarts/dist/echarts.common.min.js" "$out/echarts.common.min.js"
cp "$temp/echarts/LICENSE" "$out/echarts.LICENSE.txt"
cp "$temp/echarts/NOTICE" "$out/echarts.NOTICE.txt"
cp "$temp/echarts/licenses/LICENSE-d3" "$out/echarts-d3.LICENSE.txt"
cp "$temp/zrender/LICENSE" "$out/echarts-zrender.LICENSE.txt"
cp "$temp/icons/LICENSE" "$out/tabler-icons.LICENSE.txt"
cp "$temp/font/LICENSE_FONT" print/font/OFL.txt

# the interpreter that Debian's pyftsubset itself uses is the one that has fontTools
python=$(sed -n '1s/^#!//p' "$(command -v pyftsubset)")
"$python" tool/vendor/subset.py "$temp/font/400Regular/NotoSansSC_400Regular.ttf" print/font/NotoSansSC-GBK.ttf

go run ./tool/vendor sprite "$temp/icons/icons/outline" <tool/vendor/icons.txt >"$temp/icons.svg"
cp "$temp/icons.svg" web/static/icons.svg
go run ./tool/vendor manifest "$root" >"$temp/manifest.json"
cp "$temp/manifest.json" "$out/manifest.json"
