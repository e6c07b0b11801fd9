# shellcheck shell=bash
# PgBouncer for tests: getting the program, and running it. To be sourced, after report.sh; the functions that run it, after
# cluster.sh too.
#
#   pgbouncer_get                  makes sure that there is one: that of PATH, or Debian's package unpacked under target/pgbouncer
#   pgbouncer_start NAME FOLDER SOCKET_FOLDER SERVER [LINE ..]
#                                  runs one. FOLDER, of the server's user, gets a folder NAME for its files. It listens on a
#                                  socket in SOCKET_FOLDER. SERVER is a connection string, such as "host=/run/x port=5432".
#                                  Further lines go to its [pgbouncer] section. Sets pgbouncer_port.
#   pgbouncer_stop NAME FOLDER     stops it
#   pgbouncer_stop_started         the same for all that this script started: for its EXIT trap, before the servers go
#
# The package is unpacked and not installed, because installing it would make a service and start that.

pgbouncer_unpacked=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/target/pgbouncer
pgbouncer_roles=(postgres)
pgbouncer_started=()

# Sets pgbouncer_program and pgbouncer_libraries (files); fails where there is none.
pgbouncer_find() {
    pgbouncer_libraries=()
    if [ -x "$pgbouncer_unpacked/usr/sbin/pgbouncer" ]; then
        pgbouncer_program=$pgbouncer_unpacked/usr/sbin/pgbouncer
        local library
        for library in "$pgbouncer_unpacked"/usr/lib/*/lib*.so.*; do
            if [ -e "$library" ]; then
                pgbouncer_libraries+=("$library")
            fi
        done
        return
    fi
    # Debian keeps it in a folder that is not in everyone's PATH.
    pgbouncer_program=$(PATH=$PATH:/usr/sbin command -v pgbouncer)
}

# Needs Debian's package lists, and no root.
pgbouncer_get() {
    if pgbouncer_find; then
        return
    fi
    echo "unpacking PgBouncer under target/pgbouncer .."
    local packages=(pgbouncer) package folder=$pgbouncer_unpacked.new
    for package in $(apt-cache depends --important pgbouncer | sed -n 's/^ *Depends: \(lib[^ ]*\)$/\1/p'); do
        if [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2> /dev/null)" != installed ]; then
            packages+=("$package")
        fi
    done
    rm -rf "$folder"
    mkdir -p "$folder/packages"
    # As root, apt would hand the download to a user who may not write here, and say so.
    (cd "$folder/packages" && apt-get -q -o APT::Sandbox::User="$(id -un)" download "${packages[@]}") > "$folder/apt.log" 2>&1 ||
        fail "PgBouncer cannot be downloaded:" "$(tail -n 5 "$folder/apt.log")" "Mend that, or install PgBouncer in your own way."
    for package in "$folder"/packages/*.deb; do
        dpkg-deb --extract "$package" "$folder"
    done
    rm -rf "$folder/packages" "$pgbouncer_unpacked"
    mv "$folder" "$pgbouncer_unpacked"
    pgbouncer_find || fail "Debian's package pgbouncer has no program /usr/sbin/pgbouncer."
}

pgbouncer_start() {
    local name=$1 parent=$2 folder=$2/$1 socket_folder=$3 server=$4 role
    shift 4
    pgbouncer_find || fail "There is no PgBouncer." "Run: make setup"
    as_server_user mkdir "$folder"
    # A copy, because the server's user may not be able to reach the folder of the repository.
    cp "$pgbouncer_program" "${pgbouncer_libraries[@]}" "$folder/"
    pgbouncer_port=$(free_port)
    for role in "${pgbouncer_roles[@]}"; do
        echo "\"$role\" \"\""
    done | as_server_user tee "$folder/users" > /dev/null
    {
        echo "[databases]"
        echo "* = $server"
        echo "[pgbouncer]"
        echo "listen_addr ="
        echo "unix_socket_dir = $socket_folder"
        echo "listen_port = $pgbouncer_port"
        echo "auth_type = trust"
        echo "auth_file = $folder/users"
        echo "admin_users = postgres"
        echo "logfile = $folder/log"
        echo "pidfile = $folder/pid"
        printf '%s\n' "$@"
    } | as_server_user tee "$folder/pgbouncer.ini" > /dev/null
    pgbouncer_started+=("$name $parent")
    as_server_user env "LD_LIBRARY_PATH=$folder" "$folder/pgbouncer" --quiet --daemon "$folder/pgbouncer.ini" &&
        wait_until 60 "waiting for PgBouncer $name" test -S "$socket_folder/.s.PGSQL.$pgbouncer_port" ||
        fail "PgBouncer $name did not start:" "$(cat "$folder/log" 2> /dev/null)"
}

pgbouncer_stop() {
    local folder=$2/$1 process
    process=$(cat "$folder/pid" 2> /dev/null) || return 0
    # Immediately: it does not wait for clients. Its last act is to remove the file; it may be listed for a while yet.
    kill -TERM "$process" 2> /dev/null || return 0
    wait_until 60 "waiting for PgBouncer $1 to end" test ! -e "$folder/pid"
}

pgbouncer_stop_started() {
    local started
    for started in "${pgbouncer_started[@]}"; do
        pgbouncer_stop "${started%% *}" "${started#* }"
    done
    pgbouncer_started=()
}
