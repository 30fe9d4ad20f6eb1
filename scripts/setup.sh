#!/bin/sh
# Leave a working .venv with the locked packages and this checkout in it; say nothing if it was so.
# Needs Python 3.11 or newer with venv. pip is used as this machine configures it.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv/.setup
wanted=$({ pwd; cat requirements/dev.txt pyproject.toml scripts/setup.sh scripts/compile_catalogues.py; } | cksum)

catalogues_current() {
    for source in src/latchstring/locale/*/LC_MESSAGES/*.po; do
        [ -e "$source" ] || continue
        [ -e "${source%.po}.mo" ] && [ ! "$source" -nt "${source%.po}.mo" ] || return 1
    done
}

if [ -x .venv/bin/python ] && [ -x .venv/bin/latchstring ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    catalogues_current || .venv/bin/python scripts/compile_catalogues.py
    exit 0
fi

# `python3` may be a version manager's shim with nothing behind it: a candidate counts if it runs.
find_python() {
    for candidate in "${PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        "$candidate" -c 'import sys; assert sys.version_info >= (3, 11); print(sys.executable)' 2>/dev/null && return
    done
    return 1
}

apt_install() {
    command="apt-get install -y $*"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "setup: $command"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        # shellcheck disable=SC2086
        $command -qq >/dev/null
    else
        echo "setup: Python 3.11 or newer with venv is needed. On Debian or Ubuntu, run:" >&2
        echo "    sudo apt-get update && sudo $command" >&2
        exit 1
    fi
}

python=$(find_python) || { apt_install python3 python3-venv; python=$(find_python); } || {
    echo "setup: no Python 3.11 or newer found; name one with: make setup PYTHON=/path/to/python3" >&2
    exit 1
}
"$python" -c 'import ensurepip, venv; ensurepip.version()' 2>/dev/null || apt_install python3-venv
"$python" -c 'import ensurepip, venv; ensurepip.version()' 2>/dev/null || {
    echo "setup: $python has no venv; name another with: make setup PYTHON=/usr/bin/python3" >&2
    exit 1
}

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    echo "setup: making .venv with $python"
    "$python" -m venv --clear .venv
fi
rm -f "$stamp"
echo "setup: installing the locked packages into .venv"
.venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.txt
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
.venv/bin/python scripts/compile_catalogues.py
echo "$wanted" > "$stamp"
