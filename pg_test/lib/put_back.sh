# shellcheck shell=bash
# A private server that is started anew, or whose data directory is kept and put back later. To be sourced, after cluster.sh.
#
#   cluster_restart NAME [MODE]     MODE of pg_ctl: fast (the default) or immediate, which is a crash
#   cluster_save NAME COPY          keeps its data directory as it is, with the server stopped for it
#   cluster_put_back NAME COPY      its data directory becomes the one that was kept, and the server runs on it

cluster_restart() {
    cluster_stop "$1" "${2:-fast}"
    cluster_resume "$1"
}

cluster_save() {
    local name=$1 copy=$2 base socket port
    cluster_location "$name"
    cluster_stop "$name" fast
    as_server_user rm -rf "$base/$copy"
    as_server_user cp -a "$base/data" "$base/$copy"
    cluster_resume "$name"
}

cluster_put_back() {
    local name=$1 copy=$2 base socket port
    cluster_location "$name"
    cluster_stop "$name" fast
    as_server_user rm -rf "$base/data"
    as_server_user cp -a "$base/$copy" "$base/data"
    cluster_resume "$name"
}
