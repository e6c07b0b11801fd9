# shellcheck shell=bash
# Private servers for tests and the demo, under target/clusters/NAME. To be sourced, after report.sh.
#
#   cluster_start NAME [LINE ..]   a fresh server; further lines go to its postgresql.conf. Exports PGHOST (a socket
#                                  folder), PGPORT, PGUSER and PGDATABASE. One that is left under the name is removed.
#                                  cluster_initdb_options is an array of further options for initdb.
#   cluster_standby NAME PRIMARY [LINE ..]   a standby of PRIMARY, streaming; exports nothing. With no further lines it has
#                                  PRIMARY's settings but for socket and port
#   cluster_promote NAME           makes a primary of it
#   cluster_stop NAME MODE         stops it in a mode of pg_ctl; its files stay
#   cluster_crash NAME             kills it and all its processes at once, with SIGKILL; its files stay
#   cluster_resume NAME            starts one that was stopped or crashed
#   cluster_use NAME               exports the same as cluster_start for one that runs; fails when none does
#   cluster_remove NAME            stops it and removes its files
#   cluster_remove_started         the same for all that this script started: for its EXIT trap
#   cluster_names                  what is under target/clusters
#
# A server listens on its socket alone, in a folder of mode 0700. Its settings are Postgres' own but for pg_cron: fsync
# stays on, because what slashguard promises needs it.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
clusters=$repository/target/clusters
clusters_started=()
cluster_initdb_options=()

# Not in the environment of anything started from here: they would send a client elsewhere.
for variable in $(compgen -e | grep -E '^PG[A-Z]+$' || true); do
    unset "$variable"
done

PG_CONFIG=$(command -v "${PG_CONFIG:-pg_config}") ||
    fail "There is no ${PG_CONFIG:-pg_config}." "Run: make setup" "or name one: PG_CONFIG=/usr/lib/postgresql/15/bin/pg_config"
export PG_CONFIG
server_programs=$("$PG_CONFIG" --bindir)
# Debian's psql in /usr/bin is a wrapper that chooses a cluster by rules of its own.
export PATH=$server_programs:$PATH

# Postgres refuses to run as root.
if [ "$(id -u)" -eq 0 ]; then
    server_user=postgres
    id "$server_user" > /dev/null 2>&1 ||
        fail "Postgres refuses to run as root, and there is no user '$server_user' to run it as." "Make one: useradd --system $server_user" \
            "or run this as an ordinary user."
else
    server_user=$(id -un)
fi

# With an environment of its own: RUST_BACKTRACE, for one, would change what errors look like.
as_server_user() {
    local clean=(env -i "PATH=$PATH" LC_ALL=C "$@")
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u "$server_user" -- "${clean[@]}")
    else
        (cd / && "${clean[@]}")
    fi
}

# private_folder PATTERN: a new folder of mode 0700 that belongs to the server's user.
private_folder() {
    local folder
    folder=$(mktemp -d "$1")
    if [ "$(id -u)" -eq 0 ]; then
        chown "$server_user" "$folder"
    fi
    echo "$folder"
}

# Nothing listens on the port, so that a number means one server even where several run. Ours has a socket of its own,
# so two that draw the same number at the same moment do not meet.
free_port() {
    local port tries
    for ((tries = 0; tries < 100; tries++)); do
        port=$((20000 + RANDOM % 12000))
        if ! (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then
            echo "$port"
            return
        fi
    done
    fail "No free port between 20000 and 32000."
}

cluster_names() {
    local record
    for record in "$clusters"/*/location; do
        if [ -e "$record" ]; then
            basename "$(dirname "$record")"
        fi
    done
}

# Sets base (the data's folder), socket and port of NAME.
cluster_location() {
    local record=$clusters/$1/location
    [ -e "$record" ] || return 1
    { read -r base && read -r socket && read -r port; } < "$record"
}

cluster_export() {
    export PGHOST=$1 PGPORT=$2 PGUSER=postgres PGDATABASE=postgres
}

cluster_runs() {
    local base socket port
    cluster_location "$1" && as_server_user pg_ctl -D "$base/data" status > /dev/null 2>&1
}

cluster_use() {
    local base socket port
    cluster_runs "$1" || return 1
    cluster_location "$1"
    cluster_export "$socket" "$port"
}

# A new place under NAME, instead of one that is left there. Sets base, socket and port.
cluster_place() {
    local name=$1
    cluster_remove "$name"
    mkdir -p "$clusters/$name"
    base=$(private_folder "$clusters/$name/XXXXXX")
    if ! as_server_user test -w "$base"; then
        rmdir "$base"
        base=$(private_folder /var/tmp/slashguard-XXXXXX)
        echo "The user '$server_user' cannot reach $clusters, so this server's files are in $base"
    fi
    socket=$base
    port=$(free_port)
    # The path of a socket may have 107 bytes.
    if [ "$(printf '%s' "$socket/.s.PGSQL.$port" | wc -c)" -gt 107 ]; then
        socket=$(private_folder /tmp/slashguard-XXXXXX)
    fi
    # Before the start, so that whatever happens next it can be found and removed.
    printf '%s\n' "$base" "$socket" "$port" > "$clusters/$name/location"
    clusters_started+=("$name")
}

cluster_start() {
    local name=$1 base socket port
    shift
    cluster_place "$name"
    as_server_user initdb --pgdata="$base/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync \
        "${cluster_initdb_options[@]}" > "$clusters/$name/initdb.log" 2>&1 ||
        fail "initdb failed for the private server '$name':" "$(tail -n 20 "$clusters/$name/initdb.log")"
    {
        echo "listen_addresses = ''"
        echo "unix_socket_directories = '$socket'"
        echo "port = $port"
        echo "shared_preload_libraries = 'pg_cron'"
        echo "cron.database_name = 'postgres'"
        echo "cron.host = '$socket'"
        echo "log_line_prefix = '%m [%p] %d %a '"
        printf '%s\n' "$@"
    } | as_server_user tee -a "$base/data/postgresql.conf" > /dev/null
    cluster_resume "$name"
    cluster_export "$socket" "$port"
}

cluster_resume() {
    local name=$1 base socket port
    cluster_location "$name"
    # One that crashed may have to recover much.
    as_server_user pg_ctl -D "$base/data" --log="$base/server.log" --wait --timeout=300 --silent start \
        > "$clusters/$name/start.log" 2>&1 ||
        fail "The private server '$name' did not start:" "$(cat "$clusters/$name/start.log")" \
            "$(tail -n 20 "$base/server.log" 2> /dev/null)"
}

cluster_standby() {
    local name=$1 primary=$2 base socket port primary_socket primary_port
    shift 2
    cluster_location "$primary" || fail "There is no private server '$primary'."
    primary_socket=$socket primary_port=$port
    cluster_place "$name"
    as_server_user pg_basebackup --host="$primary_socket" --port="$primary_port" --username=postgres -D "$base/data" \
        --checkpoint=fast --wal-method=stream --no-sync -R > "$clusters/$name/basebackup.log" 2>&1 ||
        fail "pg_basebackup from '$primary' failed:" "$(tail -n 20 "$clusters/$name/basebackup.log")"
    printf '%s\n' "port = $port" "unix_socket_directories = '$socket'" "cron.host = '$socket'" "$@" |
        as_server_user tee -a "$base/data/postgresql.conf" > /dev/null
    cluster_resume "$name"
}

cluster_promote() {
    local base socket port
    cluster_location "$1"
    as_server_user pg_ctl -D "$base/data" --wait --silent promote
}

cluster_stop() {
    local base socket port
    cluster_location "$1"
    as_server_user pg_ctl -D "$base/data" --mode="$2" --wait --silent stop
}

# The process of that number is there, and no zombie.
process_lives() {
    [[ "$(ps -o stat= -p "$1" 2> /dev/null)" == [^Z]* ]]
}

no_process_lives() {
    local process
    for process in "$@"; do
        if process_lives "$process"; then
            return 1
        fi
    done
}

cluster_crash() {
    local base socket port postmaster processes
    cluster_location "$1"
    read -r postmaster < "$base/data/postmaster.pid"
    # Stopped first: it would notice the death of its children, and start others, before its own.
    kill -STOP "$postmaster"
    mapfile -t processes < <(ps -o pid= --ppid "$postmaster" | tr -d ' ')
    kill -KILL "$postmaster" "${processes[@]}"
    # Their shared memory is theirs until the last of them is gone.
    wait_until 60 "the processes of '$1' are killed" no_process_lives "$postmaster" "${processes[@]}"
    # A dead postmaster that nobody has waited for yet looks alive to the next one, by these files.
    rm -f "$base/data/postmaster.pid" "$socket/.s.PGSQL.$port.lock"
}

cluster_log() {
    local base socket port
    cluster_location "$1" && cat "$base/server.log"
}

cluster_remove() {
    local name=$1 base socket port
    cluster_location "$name" || return 0
    if cluster_runs "$name"; then
        as_server_user pg_ctl -D "$base/data" --mode=immediate --wait --silent stop > /dev/null 2>&1 ||
            fail "The private server '$name' does not stop." "Its files are in $base"
    fi
    rm -rf "$base" "$socket" "${clusters:?}/$name"
}

cluster_remove_started() {
    local name
    for name in "${clusters_started[@]}"; do
        cluster_remove "$name"
    done
    clusters_started=()
}
