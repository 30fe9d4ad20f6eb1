#!/bin/sh
# Leave a Chromium for the browser tests, or fail with the command that installs one.
set -eu

for browser in chromium chromium-browser google-chrome; do
    command -v "$browser" >/dev/null && exit 0
done

packages="chromium fonts-dejavu-core"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "test: apt-get install -y $packages"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $packages >/dev/null
    exit 0
fi
echo "test: the browser tests need Chromium. On Debian or Ubuntu, run:" >&2
echo "    sudo apt-get update && sudo apt-get install -y $packages" >&2
exit 1
