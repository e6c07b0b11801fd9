# shellcheck shell=bash
# Python with psycopg, for suites that talk to a server from it. To be sourced.
#
#   psycopg_venv FOLDER            installs psycopg from PyPI into FOLDER/venv, unless it is there

psycopg=3.3.9

psycopg_venv() {
    if [ "$(cat "$1/psycopg.version" 2> /dev/null || true)" != "$psycopg" ]; then
        echo "installing psycopg $psycopg into a venv .."
        rm -rf "$1/venv"
        python3 -m venv "$1/venv"
        "$1/venv/bin/python" -m pip install --quiet --disable-pip-version-check "psycopg[binary]==$psycopg"
        echo "$psycopg" > "$1/psycopg.version"
    fi
}
