#!/bin/sh
# Rewrite the lock files of the bench's peers from bench/peers/*/{package.json,requirements.in}.
# Like scripts/lock.sh: every artifact by its hash, no registry named, so any mirror will do.
set -eu
cd "$(dirname "$0")/../bench/peers"
workshop=$(mktemp -d)
trap 'rm -rf "$workshop"' EXIT

(cd better_auth && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund)

"${PYTHON:-python3}" -m venv "$workshop"
"$workshop/bin/python" -m pip install -qq uv
"$workshop/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-header --no-emit-index-url --no-emit-find-links --no-annotate --no-strip-extras "$@" \
    allauth/requirements.in --output-file allauth/requirements.txt
