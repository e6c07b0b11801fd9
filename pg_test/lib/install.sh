#!/usr/bin/env bash
# `make install` for the tests: with sudo where the server's folders need it, and not at all when nothing is new.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source pg_test/lib/report.sh

PG_CONFIG=$(command -v "${PG_CONFIG:-pg_config}")
libraries=$("$PG_CONFIG" --pkglibdir)
scripts=$("$PG_CONFIG" --sharedir)/extension
version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" slashguard.control)

is_new() {
    local file
    cmp -s "target/slashguard-$version.so" "$libraries/slashguard-$version.so" || return 0
    for file in "target/slashguard--$version.sql" sql/slashguard--*--*.sql slashguard.control; do
        [ -e "$file" ] || continue
        cmp -s "$file" "$scripts/${file##*/}" || return 0
    done
    return 1
}

is_new || exit 0
if [ -w "$libraries" ] && [ -w "$scripts" ]; then
    make --no-print-directory install "PG_CONFIG=$PG_CONFIG"
elif command -v sudo > /dev/null; then
    echo "Installing into $libraries and $scripts needs sudo."
    sudo make --no-print-directory install "PG_CONFIG=$PG_CONFIG"
else
    fail "You may not write to $libraries and $scripts, and there is no sudo." "Run as root: make install PG_CONFIG=$PG_CONFIG"
fi
