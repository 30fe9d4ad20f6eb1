#!/bin/sh
# Rewrite requirements/*.txt from requirements/*.in, every artifact pinned by its hash, and the lock of
# the npm packages of the interop tests and the examples from their package.json.
# uv lives in a throwaway environment; the result names no package index, so any mirror will do.
# Extras stay: an older pip does not see that `coverage` pins the `coverage[toml]` somebody asks for.
set -eu
cd "$(dirname "$0")/.."
workshop=$(mktemp -d)
trap 'rm -rf "$workshop"' EXIT
"${PYTHON:-python3}" -m venv "$workshop"
"$workshop/bin/python" -m pip install -qq uv
for name in dev run; do
    "$workshop/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-header --no-emit-index-url --no-emit-find-links --no-annotate --no-strip-extras "$@" \
        "requirements/$name.in" --output-file "requirements/$name.txt"
done
command -v npm >/dev/null || { echo "lock: npm is missing; its locks stay as they are" >&2; exit 1; }
for wanted in tests/interop/node/package.json examples/*/package.json; do
    (cd "$(dirname "$wanted")" &&
        npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund --loglevel=error)
done
