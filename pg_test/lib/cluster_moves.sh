# shellcheck shell=bash
# What befalls the data directory of a private server: stops, restarts, crashes, copies put back, standbys. To be sourced,
# after cluster.sh. None of these changes which server is in use; cluster_use does.
#
#   cluster_stop NAME [MODE]        MODE: fast (the default) or immediate, which is a crash
#   cluster_resume NAME [SETTING..] starts it again; the settings (VARIABLE=VALUE) are in its environment
#   cluster_restart NAME [MODE]     both
#   cluster_save NAME COPY          keeps its data directory as it is, stopping the server for it
#   cluster_put_back NAME COPY      the data directory becomes the one that was kept, and the server runs on it
#   cluster_standby NAME PRIMARY [LINE ..]   a new server that follows PRIMARY; further lines go to its postgresql.conf
#   cluster_promote NAME            it follows nobody any more, and takes writes

cluster_stop() {
    local base socket port
    cluster_location "$1"
    as_server_user pg_ctl -D "$base/data" --wait --silent -m "${2:-fast}" stop
}

cluster_resume() {
    local name=$1 base socket port
    shift
    cluster_location "$name"
    as_server_user "$@" pg_ctl -D "$base/data" --log="$base/server.log" --wait --silent start > "$clusters/$name/start.log" 2>&1 ||
        fail "The private server '$name' did not start again:" "$(cat "$clusters/$name/start.log")" "$(tail -n 20 "$base/server.log")"
}

cluster_restart() {
    cluster_stop "$@"
    cluster_resume "$1"
}

cluster_save() {
    local name=$1 copy=$2 base socket port
    cluster_location "$name"
    cluster_stop "$name"
    as_server_user rm -rf "$base/$copy"
    as_server_user cp -a "$base/data" "$base/$copy"
    cluster_resume "$name"
}

cluster_put_back() {
    local name=$1 copy=$2 base socket port
    cluster_location "$name"
    cluster_stop "$name"
    as_server_user rm -rf "$base/data"
    as_server_user cp -a "$base/$copy" "$base/data"
    cluster_resume "$name"
}

cluster_standby() {
    local name=$1 primary=$2 base socket port
    shift 2
    # Its place and port are those of a server of its own, whose data it does not need.
    cluster_start "$name"
    cluster_stop "$name" immediate
    cluster_location "$primary"
    local primary_socket=$socket primary_port=$port
    cluster_location "$name"
    as_server_user find "$base/data" -mindepth 1 -delete
    as_server_user pg_basebackup --host="$primary_socket" --port="$primary_port" --username=postgres -D "$base/data" \
        --checkpoint=fast --wal-method=stream --no-sync -R
    printf '%s\n' "port = $port" "unix_socket_directories = '$socket'" "cron.host = '$socket'" "$@" |
        as_server_user tee -a "$base/data/postgresql.conf" > /dev/null
    cluster_resume "$name"
}

cluster_promote() {
    local base socket port
    cluster_location "$1"
    as_server_user pg_ctl -D "$base/data" --wait --silent promote
}
