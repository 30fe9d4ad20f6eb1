#!/bin/sh
# Leave Chromium and its headless shell for the browser tests, or fail with the command that installs them.
set -eu

browser() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
}
missing=""
browser >/dev/null || missing="chromium fonts-dejavu-core"
command -v chromium-headless-shell >/dev/null || missing="$missing chromium-headless-shell"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "test: apt-get install -y $missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
    exit 0
fi
echo "test: the browser tests need Chromium and its headless shell. On Debian, run:" >&2
echo "    sudo apt-get update && sudo apt-get install -y $missing" >&2
exit 1
