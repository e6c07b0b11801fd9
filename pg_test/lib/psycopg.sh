# shellcheck shell=bash
# Python's driver for suites that talk to the server from it. To be sourced, after report.sh.
#
#   psycopg FOLDER                 installs psycopg from PyPI into FOLDER/venv, unless it is there

psycopg_version=3.3.9

psycopg() {
    mkdir -p "$1"
    if [ "$(cat "$1/psycopg.version" 2> /dev/null || true)" != "$psycopg_version" ]; then
        echo "installing psycopg $psycopg_version into a venv .."
        rm -rf "$1/venv"
        python3 -m venv "$1/venv"
        "$1/venv/bin/python" -m pip install --quiet --disable-pip-version-check "psycopg[binary]==$psycopg_version"
        echo "$psycopg_version" > "$1/psycopg.version"
    fi
}
