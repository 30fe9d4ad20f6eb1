#!/bin/sh
# Leave the npm packages that the examples are locked to; say nothing if they are there.
# Node.js comes from scripts/interop.sh, npm is used as this machine configures it.
set -eu
cd "$(dirname "$0")/../examples"

for lock in */package-lock.json; do
    stamp=${lock%package-lock.json}node_modules/.latchstring/stamp
    wanted=$(cat "$lock" ../scripts/examples.sh | cksum)
    [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || continue
    echo "test: installing the locked npm packages into examples/${lock%/*}"
    (cd "${lock%/*}" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
    mkdir -p "${stamp%/stamp}"
    echo "$wanted" > "$stamp"
done
