#!/usr/bin/env bash
# Makes sure that what the tests need beside Go is there. As root on Debian or Ubuntu it installs what is missing;
# otherwise it fails and names the packages. It never skips. With everything there it says nothing and takes no time.
#
#   postgresql       initdb and postgres; each test run starts a private server of its own
#   chromium         browser tests
#   poppler-utils    pdftotext: printed forms are tested by their text
#   fonts-noto-cjk   Chinese on screenshots
#   ca-certificates  downloads of Go modules
set -euo pipefail

there() {
	case $1 in
	postgresql) compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null ;;
	chromium) command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ;;
	poppler-utils) command -v pdftotext >/dev/null ;;
	fonts-noto-cjk) command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh-cn file)" ] ;;
	ca-certificates) [ -s /etc/ssl/certs/ca-certificates.crt ] || [ -s /etc/pki/tls/certs/ca-bundle.crt ] ;;
	esac
}

missing() {
	local package
	for package in postgresql chromium poppler-utils fonts-noto-cjk ca-certificates; do
		there "$package" || printf '%s ' "$package"
	done
}

# clusters lists the PostgreSQL clusters of Debian's packages that run: "15/main".
clusters() {
	if command -v pg_lsclusters >/dev/null; then
		pg_lsclusters -h | awk '$4 ~ /^online/ { print $1 "/" $2 }'
	fi
}

# stop_new stops the clusters that run now and did not before: Debian's package starts one when it is installed.
stop_new() {
	local before=$1 cluster
	for cluster in $(clusters); do
		case " $before " in
		*" $cluster "*) ;;
		*) pg_ctlcluster "${cluster%/*}" "${cluster#*/}" stop ;;
		esac
	done
}

install() {
	local before log
	before=$(clusters | tr '\n' ' ')
	log=$(mktemp)
	echo "installing: $*" >&2
	export DEBIAN_FRONTEND=noninteractive
	if ! { apt-get update && apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
		tail -n 30 "$log" >&2
		rm -f "$log"
		fail "apt-get could not install what is missing" "$@"
	fi
	rm -f "$log"
	stop_new "$before"
}

fail() {
	echo "tool/install.sh: $1." >&2
	shift
	echo "Needed: $*" >&2
	echo "On Debian or Ubuntu, as root: apt-get install $*" >&2
	echo "(Ubuntu delivers Chromium as a snap; Google Chrome serves as well.)" >&2
	exit 1
}

main() {
	local packages
	read -ra packages <<<"$(missing)"
	[ ${#packages[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] || fail "the tests need programs that are not installed, and only root may install them" "${packages[@]}"
	command -v apt-get >/dev/null || fail "the tests need programs that are not installed, and this system has no apt-get" "${packages[@]}"
	install "${packages[@]}"
	read -ra packages <<<"$(missing)"
	[ ${#packages[@]} -eq 0 ] || fail "still missing after the installation" "${packages[@]}"
}

main
