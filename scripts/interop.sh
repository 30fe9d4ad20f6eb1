#!/bin/sh
# Leave Node.js and the locked npm packages for the interop tests; say nothing if they are there.
# Node.js comes from the distribution where it is missing, npm is used as this machine configures it.
set -eu
cd "$(dirname "$0")/../tests/interop/node"
stamp=node_modules/.latchstring/stamp
wanted=$(cat package-lock.json ../../../scripts/interop.sh | cksum)

node_works() {
    command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' 2>/dev/null
}

if ! node_works; then
    packages="nodejs npm"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "test: apt-get install -y $packages"
        export DEBIAN_FRONTEND=noninteractive
        # Where it fails, what is missing is said below.
        # shellcheck disable=SC2086
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages >/dev/null; } || :
    fi
fi
if ! node_works; then
    found=$(node --version 2>/dev/null || echo none)
    command -v npm >/dev/null || found="$found, no npm"
    echo "test: the interop tests need Node.js 18 or newer and npm (here: $found). On Debian 12 or Ubuntu 24.04, run:" >&2
    echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends nodejs npm" >&2
    exit 1
fi

[ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || exit 0

echo "test: installing the locked npm packages into tests/interop/node"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
mkdir -p node_modules/.latchstring
# Lock is published for bundlers alone: this is the bundle that an application makes of it.
echo "export { Auth0LockPasswordless } from 'auth0-lock'" |
    node_modules/.bin/esbuild --bundle --format=iife --global-name=lock --main-fields=browser,module,main --log-level=error \
        --define:global=window --define:process.env.NODE_ENV='"production"' \
        --sourcefile=lock.js --outfile=node_modules/.latchstring/lock.js
echo "$wanted" > "$stamp"
