#!/bin/sh
# Leave Chromium and its headless shell for the browser tests, or fail with the command that installs them.
set -eu

browser() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
}
shell() {
    command -v chromium-headless-shell
}
# What Playwright drives browsers with is a Node.js of its own.
driver_runs() {
    PATH="$PATH:/sbin:/usr/sbin" ldconfig -p | grep -q 'libatomic\.so\.1 '
}
missing=""
browser >/dev/null || missing="chromium fonts-dejavu-core"
shell >/dev/null || missing="${missing:+$missing }chromium-headless-shell"
driver_runs || missing="${missing:+$missing }libatomic1"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "test: apt-get install -y $missing"
    export DEBIAN_FRONTEND=noninteractive
    # Where it fails, what is missing is said below.
    # shellcheck disable=SC2086
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing >/dev/null; } || :
fi
browser >/dev/null && shell >/dev/null && driver_runs && exit 0
echo "test: the browser tests need Chromium and its headless shell. On Debian 12 or newer, run:" >&2
echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing" >&2
exit 1
