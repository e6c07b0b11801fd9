#!/usr/bin/env bash
# Fetches Debian's packages of what the high-availability test runs (Patroni, etcd, HAProxy, PgBouncer) and of what they need
# and this machine lacks, into target/ha/packages. Nothing is installed: an installed package would start its service. The
# test unpacks them into its private folder. Where all four are installed already, those are used.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source pg_test/lib/report.sh

folder=target/ha/packages
wanted=(patroni etcd-server haproxy pgbouncer)
PATH=$PATH:/usr/sbin

identity() {
    sha256sum pg_test/ha/setup.sh
    cat /etc/os-release
}

installed=yes
for program in patroni patronictl etcd haproxy pgbouncer; do
    command -v "$program" > /dev/null || installed=no
done
mkdir -p "$folder"
if [ "$installed" = yes ]; then
    rm -rf "${folder:?}"/*
    exit 0
fi
if [ -e "$folder/done" ] && [ "$(identity 2> /dev/null)" = "$(cat "$folder/done")" ]; then
    exit 0
fi

{ command -v apt-get && command -v dpkg-deb; } > /dev/null ||
    fail "The test of high availability needs Patroni, etcd, HAProxy and PgBouncer." \
        "They come by themselves on Debian and Ubuntu only. Install patroni, etcd, haproxy and pgbouncer, without starting their services."

# What would be installed for them here, by name.
plan() {
    apt-get install --simulate --no-install-recommends "${wanted[@]}" 2> target/ha/setup.log | sed -nE 's/^Inst ([^ ]+) .*/\1/p'
}
rm -rf "${folder:?}"/*
mapfile -t packages < <(plan)
if [ "${#packages[@]}" -eq 0 ]; then
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo > /dev/null || fail "Reading the package lists needs root or sudo." "Run as root: apt-get update"
        as_root=(sudo)
    fi
    echo "reading the package lists .."
    "${as_root[@]}" apt-get -q update > target/ha/setup.log 2>&1 ||
        fail "apt-get update failed:" "$(tail -n 5 target/ha/setup.log)" "Mend that, then try again."
    mapfile -t packages < <(plan)
fi
[ "${#packages[@]}" -gt 0 ] || fail "These packages cannot be had: ${wanted[*]}" "$(tail -n 8 target/ha/setup.log)"

echo "fetching: ${packages[*]}"
(cd "$folder" && apt-get -q download "${packages[@]}" < /dev/null > ../setup.log 2>&1) ||
    fail "apt-get download failed:" "$(tail -n 8 target/ha/setup.log)" "All of it: target/ha/setup.log"
identity > "$folder/done" 2> /dev/null
