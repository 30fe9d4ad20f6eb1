#!/bin/sh
# Install the peers that the bench measures beside the product into .bench, then measure.
# Arguments go to the bench. npm and pip are used as this machine configures them.
set -eu
cd "$(dirname "$0")/.."
peers=bench/peers
node=.bench/better_auth
django=.bench/allauth

is_current() {  # folder, files it was made from
    stamp=$1/.setup
    shift
    [ "$(cat "$stamp" 2>/dev/null)" = "$(cat "$@" | cksum)" ]
}

install_node() {
    command -v node >/dev/null && command -v npm >/dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "bench: apt-get install -y nodejs npm"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null
        return
    fi
    echo "bench: better-auth needs Node.js and npm. On Debian or Ubuntu, run:" >&2
    echo "    sudo apt-get update && sudo apt-get install -y nodejs npm" >&2
    exit 1
}

scripts/postgresql.sh
install_node
mkdir -p "$node" "$django"
cp $peers/better_auth/package.json $peers/better_auth/package-lock.json $peers/better_auth/server.mjs "$node"
if ! is_current "$node" "$node/package-lock.json"; then
    echo "bench: installing better-auth into $node"
    (cd "$node" && npm ci --no-audit --no-fund --loglevel=error)
    cksum < "$node/package-lock.json" > "$node/.setup"
fi
if ! is_current "$django" $peers/allauth/requirements.txt; then
    echo "bench: installing django-allauth into $django"
    .venv/bin/python -m venv --clear "$django"
    "$django/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes -r $peers/allauth/requirements.txt
    cksum < $peers/allauth/requirements.txt > "$django/.setup"
fi

exec .venv/bin/python -m bench "$@"
