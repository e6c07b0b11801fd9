#!/usr/bin/env bash
# Installs what building and testing slashguard need and this machine lacks. What is there stays as it is: no package is
# upgraded that a running Postgres belongs to, and no cluster is made, started, stopped or changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source pg_test/lib/report.sh
source pg_test/lib/pgbouncer.sh

oldest_major=15
newest_major=18
oldest_rust=1.89
oldest_node=20.10
stamp=target/setup.done

pg_config=${PG_CONFIG:-pg_config}

identity() {
    sha256sum pg_test/lib/setup.sh pg_test/lib/pgbouncer.sh
    command -v "$pg_config" cargo node npm python3
    "$pg_config"
    cargo --version
} 2> /dev/null

if [ -e "$stamp" ] && [ "$(identity)" = "$(cat "$stamp")" ]; then
    exit 0
fi

# at_least OLDEST VERSION
at_least() {
    [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

debian=no
if [ -r /etc/os-release ] && command -v apt-get > /dev/null; then
    case " $(. /etc/os-release && echo "${ID:-} ${ID_LIKE:-}") " in
        *" debian "* | *" ubuntu "*) debian=yes ;;
    esac
fi

# Which Postgres: the one of PG_CONFIG; without it the newest server that is here and fits; without that Debian's own.
major=
if command -v "$pg_config" > /dev/null; then
    major=$("$pg_config" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
    chosen_by="$pg_config"
elif [ -n "${PG_CONFIG:-}" ] && [ "$PG_CONFIG" != pg_config ]; then
    fail "There is no $PG_CONFIG." "Correct PG_CONFIG, or leave it out to take the pg_config that is found."
else
    for ((candidate = newest_major; candidate >= oldest_major; candidate--)); do
        if [ -x "/usr/lib/postgresql/$candidate/bin/postgres" ]; then
            major=$candidate
            chosen_by="the server in /usr/lib/postgresql/$candidate"
            break
        fi
    done
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
fi
# env, because sudo passes no environment on.
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 "$@"
}

apt_is_fresh=no
apt_refresh() {
    if [ "$apt_is_fresh" = no ]; then
        echo "reading the package lists .."
        apt update > target/setup-apt.log 2>&1 ||
            fail "apt-get update failed:" "$(tail -n 5 target/setup-apt.log)" "Mend that, then run make setup again."
        apt_is_fresh=yes
    fi
}

may_become_root() {
    [ "$(id -u)" -eq 0 ] || command -v sudo > /dev/null ||
        fail "Packages are missing, and installing them needs root or sudo." "Run as root: make setup"
}

mkdir -p target

if [ -z "$major" ] && [ "$debian" = yes ]; then
    may_become_root
    apt_refresh
    major=$(apt-cache depends postgresql | sed -n 's/^ *Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1)
    chosen_by="this distribution"
fi
if [ -n "$major" ] && { [ "$major" -lt "$oldest_major" ] || [ "$major" -gt "$newest_major" ]; }; then
    fail "slashguard is for Postgres $oldest_major to $newest_major, and $chosen_by has Postgres $major." \
        "On Debian and Ubuntu the Postgres project's own packages have all of them:" \
        "  apt-get install postgresql-common && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh" \
        "then: make setup PG_CONFIG=/usr/lib/postgresql/$oldest_major/bin/pg_config" \
        "(after: apt-get install postgresql-$oldest_major postgresql-server-dev-$oldest_major)"
fi

# What is missing, each with Debian's packages for it and the way elsewhere.
packages=()
elsewhere=()
missing() {
    elsewhere+=("$1: $3")
    # shellcheck disable=SC2206 # several names in one argument
    packages+=($2)
}
has_command() {
    command -v "$1" > /dev/null 2>&1
}
has_libclang() {
    local found
    found=$(find "${LIBCLANG_PATH:-/nonexistent}" /usr/lib/llvm-*/lib /usr/lib /usr/lib64 /usr/local/lib -maxdepth 2 \
        -name 'libclang*.so*' -print -quit 2> /dev/null || true)
    [ -n "$found" ]
}
has_libc_headers() {
    echo '#include <stdio.h>' | gcc -E -x c - > /dev/null 2>&1
}

{ has_command gcc && has_libc_headers; } || missing "a C compiler" "gcc libc6-dev" "install gcc and the C library's headers"
has_command pkg-config || missing "pkg-config" "pkg-config" "install pkg-config (or pkgconf)"
has_command clang || missing "clang" "clang" "install clang (bindgen reads the server's headers with it)"
has_libclang || missing "libclang" "libclang-dev" "install libclang's library and development files, or set LIBCLANG_PATH"
has_command runuser || [ "$(id -u)" -ne 0 ] || missing "runuser" "util-linux" "install util-linux"
has_command flock || missing "flock" "util-linux" "install util-linux"
if ! has_command perl || ! perl -MIPC::Run -e 1 2> /dev/null; then
    missing "Perl's IPC::Run" "perl libipc-run-perl" "install Perl and its module IPC::Run"
fi
has_command cargo || has_command curl || missing "curl" "curl ca-certificates" "install curl (rustup comes with it)"
has_command node || missing "Node" "nodejs" "install Node $oldest_node or newer (https://nodejs.org)"
has_command npm || missing "npm" "npm" "install npm"
if ! has_command python3 || ! python3 -c 'import venv, ensurepip' 2> /dev/null; then
    missing "Python's venv" "python3 python3-venv" "install Python 3 with venv and ensurepip"
fi
# Debian's package would start a service, so it is unpacked below and not installed.
[ "$debian" = yes ] || pgbouncer_find || missing "PgBouncer" "" "install PgBouncer (its service need not run)"

# Only ever preloaded by the suite that sets clocks, so it is not installed: where it is not here already, Debian's package is
# unpacked under target/.
faketime=target/faketime
has_faketime() {
    local found
    found=$(find "$faketime" /usr/lib /usr/lib64 /usr/local/lib -name 'libfaketime.so.1' -print -quit 2> /dev/null || true)
    [ -n "$found" ]
}
has_faketime || [ "$debian" = yes ] || missing "libfaketime" "" "install libfaketime (https://github.com/wolfcw/libfaketime)"

from_debian=$debian
if has_command "$pg_config"; then
    programs=$("$pg_config" --bindir)
    if [ "$programs" != "/usr/lib/postgresql/$major/bin" ]; then
        from_debian=no
    fi
    test_programs=$(dirname "$("$pg_config" --pgxs)")/../test
    { [ -x "$programs/postgres" ] && [ -x "$programs/psql" ]; } ||
        missing "the server" "postgresql-$major" "install the Postgres $major server and client"
    [ -x "$programs/pgbench" ] || missing "pgbench" "postgresql-$major" "install pgbench (it comes with Postgres $major)"
    { [ -e "$("$pg_config" --includedir-server)/postgres.h" ] && [ -x "$test_programs/regress/pg_regress" ] &&
        [ -x "$test_programs/isolation/pg_isolation_regress" ]; } ||
        missing "the server's development files" "postgresql-server-dev-$major" \
            "install the headers, pg_regress and pg_isolation_regress of Postgres $major (from source: make install in src/test/regress and src/test/isolation too)"
    [ -e "$("$pg_config" --sharedir)/extension/pg_cron.control" ] || missing "pg_cron" "postgresql-$major-cron" \
        "build https://github.com/citusdata/pg_cron with: make PG_CONFIG=$pg_config install"
    [ -e "$("$pg_config" --sharedir)/extension/plproxy.control" ] || missing "PL/Proxy" "postgresql-$major-plproxy" \
        "build https://github.com/plproxy/plproxy with: make PG_CONFIG=$pg_config install"
else
    missing "Postgres" "postgresql-$major postgresql-server-dev-$major postgresql-$major-cron postgresql-$major-plproxy" \
        "install Postgres $oldest_major to $newest_major with its development files, pg_cron and PL/Proxy, and put pg_config into PATH or name it: PG_CONFIG=..."
fi

# Set while packages are installed: files of ours that must not outlive it.
ours=()
remove_ours() {
    local file
    for file in "${ours[@]}"; do
        if [ -d "$file" ]; then
            "${as_root[@]}" rmdir "$file" 2> /dev/null || true
        else
            "${as_root[@]}" rm -f "$file"
        fi
    done
    ours=()
}
trap remove_ours EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# put FILE MODE: standard input to a new file, whose folders are made as needed.
put() {
    local file=$1 mode=$2 folder
    folder=$(dirname "$file")
    local made=()
    while [ ! -d "$folder" ]; do
        made=("$folder" "${made[@]}")
        folder=$(dirname "$folder")
    done
    for folder in "${made[@]}"; do
        "${as_root[@]}" mkdir "$folder"
        ours=("$folder" "${ours[@]}")
    done
    ours=("$file" "${ours[@]}")
    "${as_root[@]}" tee "$file" > /dev/null
    "${as_root[@]}" chmod "$mode" "$file"
}

# The server's packages among the arguments, in the version of the server that is installed, where the distribution still has it:
# an update that has come out since is the machine's owner to take.
as_installed() {
    local package installed
    installed=$(dpkg-query --show --showformat='${Version}' "postgresql-$major" 2> /dev/null || true)
    for package in "$@"; do
        if [[ $package =~ ^postgresql-(server-dev-)?$major$ ]] && [ -n "$installed" ] &&
            apt-cache madison "$package" | grep -qF "| $installed |"; then
            package+="=$installed"
        fi
        echo "$package"
    done
}

# The clusters of this machine whose server runs now, as `15/main`.
running_clusters() {
    command -v pg_lsclusters > /dev/null || return 0
    pg_lsclusters --no-header | awk '$4 ~ /^online/ { print $1 "/" $2 }'
}

debian_install() {
    may_become_root
    apt_refresh
    local chosen plan
    mapfile -t chosen < <(as_installed "$@")
    plan=$(apt install --simulate --no-install-recommends "${chosen[@]}" 2>&1) ||
        fail "These packages cannot be installed: ${chosen[*]}" "$(grep -E '^E:|^ ' <<< "$plan" | head -n 8)" "Mend that, then run make setup again."
    # A line `Inst NAME [old version]` is an upgrade, which restarts the servers of that package; `Remv` is a removal.
    local touched running
    touched=$(sed -nE 's/^(Inst|Remv) (postgresql-[0-9]+|postgresql-common) \[.*/\2/p' <<< "$plan" | sort -u | tr '\n' ' ')
    running=$(running_clusters | tr '\n' ' ')
    if [ -n "$touched" ] && [ -n "$running" ]; then
        fail "Installing ${chosen[*]} would also upgrade or remove: $touched" \
            "This machine runs Postgres clusters ($running), and that would restart or stop them." \
            "When that suits you, run: apt-get install --no-install-recommends ${chosen[*]}" "then: make setup"
    fi

    # The packages would make a cluster `main` on a machine that has none, and start it; the tests bring their own servers.
    if [ ! -e /etc/postgresql-common/createcluster.d/slashguard-setup.conf ]; then
        put /etc/postgresql-common/createcluster.d/slashguard-setup.conf 644 <<< "create_main_cluster = false"
    fi
    # They would also start clusters that someone has stopped.
    if compgen -G '/etc/postgresql/*/*/postgresql.conf' > /dev/null && [ ! -e /usr/sbin/policy-rc.d ]; then
        put /usr/sbin/policy-rc.d 755 <<< $'#!/bin/sh\ncase "$1" in postgresql*) exit 101 ;; esac'
    fi
    echo "installing: ${chosen[*]}"
    local started=$SECONDS
    apt install --yes --no-install-recommends "${chosen[@]}" < /dev/null > target/setup-apt.log 2>&1 &
    wait_until 3600 "apt-get install" eval "! kill -0 $! 2> /dev/null"
    wait $! || fail "apt-get install failed:" "$(tail -n 15 target/setup-apt.log)" "All of it: target/setup-apt.log"
    remove_ours
    echo "installed in $((SECONDS - started)) s"
}

if [ "${#elsewhere[@]}" -gt 0 ]; then
    if [ "$debian" = no ]; then
        fail "make setup installs packages on Debian and Ubuntu only. Missing here:" "${elsewhere[@]}" "Then run make setup again."
    fi
    wanted=()
    for package in "${packages[@]}"; do
        if [[ $package == postgresql-* && $from_debian == no ]]; then
            fail "$pg_config is not of Debian's packages, so this has to come from where it came from:" "${elsewhere[@]}" \
                "Then run make setup again."
        fi
        if [[ " ${wanted[*]} " != *" $package "* ]]; then
            wanted+=("$package")
        fi
    done
    debian_install "${wanted[@]}"
    hash -r
    has_command "$pg_config" ||
        fail "There is still no $pg_config after installing postgresql-server-dev-$major." \
            "Name it: make setup PG_CONFIG=/usr/lib/postgresql/$major/bin/pg_config"
fi

if ! pgbouncer_find; then
    if [ -z "$(apt-cache --names-only search '^pgbouncer$')" ]; then
        may_become_root
        apt_refresh
    fi
    pgbouncer_get
fi

if ! has_faketime; then
    may_become_root
    apt_refresh
    echo "unpacking libfaketime into $faketime .."
    rm -rf "$faketime"
    mkdir -p "$faketime"
    (cd "$faketime" && apt-get -q download libfaketime > ../setup-faketime.log 2>&1 && dpkg -x ./libfaketime_*.deb . && rm libfaketime_*.deb) ||
        fail "libfaketime could not be unpacked:" "$(tail -n 5 target/setup-faketime.log)" "Mend that, then run make setup again."
    has_faketime || fail "The package libfaketime has no libfaketime.so.1."
fi

rust_hint=(
    "Get it with rustup: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
    "Then run the same command again."
)
if ! has_command cargo && [ "${INSTALL_RUST:-yes}" = yes ]; then
    echo "installing Rust with rustup into your home (INSTALL_RUST=no leaves that to you) .."
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
        sh -s -- -y --profile minimal --component rustfmt --component clippy --no-modify-path ||
        echo "rustup did not come."
    hash -r
fi
rust_components="rustup component add rustfmt clippy"
has_command cargo || fail "Rust is missing (cargo is not in PATH). slashguard needs $oldest_rust or newer." "${rust_hint[@]}"
rust=$(rustc --version | cut -d ' ' -f 2)
if ! at_least "$oldest_rust" "$rust"; then
    if has_command rustup; then
        fail "This Rust is $rust, and slashguard needs $oldest_rust or newer." "Run: rustup update stable"
    fi
    fail "This Rust is $rust, and slashguard needs $oldest_rust or newer. Distributions are often behind." "${rust_hint[@]}"
fi
cargo fmt --version > /dev/null 2>&1 || fail "cargo fmt is missing (make test checks the format)." "Run: $rust_components"
cargo clippy --version > /dev/null 2>&1 || fail "cargo clippy is missing (make test runs it)." "Run: $rust_components"

node=$(node --version | tr -d v)
if ! at_least "$oldest_node" "$node"; then
    echo "${yellow}Node is $node. All but the Aztec client test (make test-aztec) works with it; that one needs $oldest_node: https://nodejs.org${plain}"
fi

identity > "$stamp"
