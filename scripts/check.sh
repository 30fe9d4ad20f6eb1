#!/bin/sh
# Run every check, each to its end, and fail if one did: a person fixes all of them in one go.
set -u
cd "$(dirname "$0")/.."
bin=.venv/bin
failed=""

check() {
    name=$1
    shift
    echo "check: $name"
    "$@" || failed="$failed $name"
}

check format "$bin/ruff" format --check --quiet
check lint "$bin/ruff" check --quiet
check types "$bin/mypy" --no-error-summary
check floors "$bin/lint-imports" --no-cache
check templates "$bin/djlint" --lint --quiet src/latchstring/templates src/latchstring_demo/templates
check spelling "$bin/codespell"
check catalogue "$bin/python" scripts/catalogue.py check

[ -z "$failed" ] || { echo "check: failed:$failed" >&2; exit 1; }
echo "check: all good"
