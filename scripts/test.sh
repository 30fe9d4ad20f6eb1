#!/bin/sh
# Run the tests: those that drive a browser after the others and in processes of their own, because
# the synchronous Playwright and asyncio cannot share one. Arguments go to pytest both times.
set -u
cd "$(dirname "$0")/.."

# Their files are small, many and soon gone: in memory, where there is plenty.
PLENTY_KB=8000000
memory() {
    awk '/^MemAvailable:/ { print $2 }' /proc/meminfo 2>/dev/null
    df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }'
}
is_plenty() {
    [ -w /dev/shm ] && memory | awk -v least="$PLENTY_KB" '$1 >= least { enough++ } END { exit enough < 2 }'
}
if [ -z "${TMPDIR:-}" ] && is_plenty && TMPDIR=$(mktemp -d /dev/shm/latchstring-tests-XXXXXX); then
    export TMPDIR
    chmod 711 "$TMPDIR" # PostgreSQL does not run as root, but below here
    trap 'rm -rf "$TMPDIR"' EXIT
    trap : INT TERM HUP # they reach the tests too, which sweep up first
    scripts/test.sh "$@"
    exit
fi

# One PostgreSQL for all of them; this starts it and comes back here.
[ -n "${LATCHSTRING_TEST_POSTGRESQL:-}" ] \
    || exec .venv/bin/python -m tests.support.suite_postgresql scripts/test.sh "$@"

# Programs start hundreds of times here, and each process of the tests reads all of them: what one has
# compiled is for all.
unset PYTHONDONTWRITEBYTECODE

NOTHING_SELECTED=5
# More than two cores need not be there: tests wait more than they compute. Who has nothing left to do
# takes over from others, since some tests wait for half a minute.
PROCESSES=4
BROWSERS=3

run() {
    .venv/bin/python -m pytest --dist worksteal "$@"
    result=$?
    [ "$result" -eq "$NOTHING_SELECTED" ] && empty=$((empty + 1)) && return 0
    return "$result"
}

empty=0
status=0
run -n "$PROCESSES" -m "not browser" "$@" || status=1
run -n "$BROWSERS" -m browser "$@" || status=1
[ "$empty" -lt 2 ] || { echo "test: no test was selected" >&2; exit 1; }
exit "$status"
