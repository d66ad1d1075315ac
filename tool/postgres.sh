#!/usr/bin/env bash
# Runs a command with a private PostgreSQL, named in HUIYIN_TEST_PG, that exists only as long as the command runs.
#
#   tool/postgres.sh [--durable] COMMAND [ARGUMENT…]
#
# The server listens on a socket in a temporary folder, on no port. Without --durable it does not wait for the disk:
# right for tests, wrong for measurements. When HUIYIN_TEST_PG is set already, that server is used.
set -euo pipefail

fast=(-F -c synchronous_commit=off -c full_page_writes=off)
if [ "${1:-}" = --durable ]; then
	fast=()
	shift
fi
[ $# -gt 0 ] || { echo "usage: tool/postgres.sh [--durable] COMMAND…" >&2; exit 2; }
[ -z "${HUIYIN_TEST_PG:-}" ] || exec "$@"

# Debian keeps the server's programs outside PATH, one folder a version: take the newest.
initdb=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1 || true)
initdb=${initdb:-$(command -v initdb || true)}
[ -n "$initdb" ] || { echo "PostgreSQL's server programs (initdb, postgres) are not installed: run tool/install.sh" >&2; exit 1; }
bin=$(dirname "$initdb")

dir=$(mktemp -d -t huiyin-pg-XXXXXX)
as=(env LC_ALL=C TZ=UTC)
if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
	chown postgres "$dir"
	as=(setpriv --reuid=postgres --regid=postgres --init-groups env LC_ALL=C TZ=UTC)
fi
(cd "$dir" && "${as[@]}" "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >initdb.log 2>&1) || {
	cat "$dir/initdb.log" >&2
	rm -rf "$dir"
	exit 1
}

# The server lives as long as this script holds the pipe, so it ends even when the script is killed.
# shellcheck disable=SC2016
supervise='cd "$2"
"$1/postgres" -D "$2/data" -k "$2" -h "" -c max_connections=400 -c shared_buffers=256MB -c max_wal_size=4GB "${@:3}" >log 2>&1 &
pid=$!
cat >/dev/null
kill -INT $pid
wait $pid
cd / && rm -rf "$2"'
exec {hold}> >(exec "${as[@]}" setsid bash -c "$supervise" postgres.sh "$bin" "$dir" "${fast[@]}")
server=$!

stop() {
	exec {hold}>&-
	wait "$server" 2>/dev/null || true
	rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for _ in $(seq 300); do
	"$bin/pg_isready" -q -h "$dir" && break
	sleep 0.1
done
"$bin/pg_isready" -q -h "$dir" || {
	echo "PostgreSQL did not start:" >&2
	cat "$dir/log" >&2
	exit 1
}

HUIYIN_TEST_PG="postgres://postgres@/postgres?host=$dir" "$@" {hold}>&-
