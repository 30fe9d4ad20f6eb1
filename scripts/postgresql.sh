#!/bin/sh
# Leave PostgreSQL's server programs for the tests, and what else is asked for by name (pgbouncer,
# haproxy, faketime), or fail with the command that installs them. No database server, pooler or
# balancer is started and no existing one is touched: the tests make their own in folders of theirs.
set -eu

present() {
    case "$1" in
        server) for found in /usr/lib/postgresql/*/bin/initdb "$(command -v initdb || true)"; do [ -x "$found" ] && return 0; done ;;
        faketime) for found in /usr/lib/*/faketime/libfaketime.so.1; do [ -e "$found" ] && return 0; done ;;
        *) PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null && return 0 ;;
    esac
    return 1
}

packages=""
for part in "${@:-server}"; do
    case "$part" in
        server) package=postgresql ;;
        faketime) package=libfaketime ;;
        pgbouncer | haproxy) package=$part ;;
        *) echo "test: no such part: $part" >&2; exit 2 ;;
    esac
    present "$part" || packages="$packages $package"
done
[ -n "$packages" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "test: apt-get install -y$packages"
    export DEBIAN_FRONTEND=noninteractive
    # Debian makes and starts a cluster with the first server it installs, unless told before.
    config=/etc/postgresql-common/createcluster.conf
    if ! grep -qs '^create_main_cluster' "$config"; then
        mkdir -p /etc/postgresql-common
        echo "create_main_cluster = false" >>"$config"
    fi
    export UCF_FORCE_CONFFOLD=1
    # It starts the services it installs, unless this file says no (invoke-rc.d(8)).
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold $packages >/dev/null
    exit 0
fi
echo "test: the tests need$packages. On Debian or Ubuntu, run:" >&2
echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends$packages" >&2
exit 1
