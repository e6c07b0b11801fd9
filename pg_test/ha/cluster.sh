# shellcheck shell=bash
# A highly available cluster, as operators build it: etcd, three Patroni nodes each with a Postgres of its own, HAProxy that
# leads to the primary, PgBouncer in transaction mode before it. To be sourced, after report.sh, lib/cluster.sh and processes.sh.
#
#   ha_start              all of it, under target/ha; what an earlier run left there is removed first
#   ha_remove             stops and removes it
#   start_node NODE       its Patroni, which starts its Postgres
#   ask NODE SQL          as superuser in the database of the test, through the node's own socket, past every proxy
#
# Everything listens on 127.0.0.1 or on a socket in the private folder. Over TCP only the validators' login comes in without
# a password, and it can do nothing but claim duties of the test's chains and read its views.

ha_folder=$repository/target/ha
nodes=(node1 node2 node3)
declare -A postgres_port rest_port
ha_database=ha
ha_client=validator_node

# What decides how long a failover takes. Patroni wants loop_wait + 2 * retry_timeout <= ttl, and from 4.0 on a ttl of 20.
# A slow machine must not look like a dead one: a shorter retry_timeout had failovers that nobody asked for.
ttl=${HA_TTL:-15}
loop_wait=2
retry_timeout=5

random_word() {
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

# A port of its own for each name: two draws may give the same number while nothing listens there yet.
ports_taken=' '
take_port() {
    local -n into=$1
    into=$(free_port)
    while [[ $ports_taken == *" $into "* ]]; do
        into=$(free_port)
    done
    ports_taken+="$into "
}

# in_folder FOLDER COMMAND ..: replaces this shell by the command as the server's user, working in FOLDER, with nothing of this
# shell's environment. A session of its own, so that an interrupt of the test is not the end of the servers: its trap is.
in_folder() {
    local folder=$1 as_user=()
    shift
    if [ "$(id -u)" -eq 0 ]; then
        as_user=(setpriv "--reuid=$server_user" "--regid=$(id -g "$server_user")" --init-groups)
    fi
    cd "$folder"
    exec setsid "${as_user[@]}" env -i "PATH=$programs/usr/bin:$programs/usr/sbin:$PATH:/usr/sbin" LC_ALL=C.UTF-8 "HOME=$base" \
        "PYTHONPATH=$programs/usr/lib/python3/dist-packages" "LD_LIBRARY_PATH=$libraries" "$@"
}

# start NAME COMMAND ..: a server that runs until it is stopped, in the folder NAME; its output goes to log there.
start() {
    local name=$1
    shift
    as_server_user mkdir -p -m 700 "$base/$name"
    in_folder "$base/$name" "$@" >> "$base/$name/log" 2>&1 < /dev/null 9>&- &
    # Or bash tells of each one that a round kills.
    disown
}

# own FILE: standard input to a file that only the server's user reads.
own() {
    as_server_user mkdir -p -m 700 "$(dirname "$1")"
    as_server_user sh -c 'umask 077; cat > "$1"' sh "$1"
}

listens() {
    (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null
}

# The logs outlive the cluster: target/ha/logs.
keep_logs() {
    local log name
    rm -rf "$ha_folder/logs"
    mkdir -p "$ha_folder/logs"
    for log in "$1"/*/log; do
        if [ -e "$log" ]; then
            name=$(basename "$(dirname "$log")")
            cp "$log" "$ha_folder/logs/$name"
        fi
    done
}

ha_remove() {
    local record=$ha_folder/location folder
    [ -e "$record" ] || return 0
    { read -r folder && read -r sockets; } < "$record"
    if [ -d "$folder" ]; then
        kill_processes "$folder"
        keep_logs "$folder"
    fi
    rm -rf "$folder" "$sockets" "$record"
}

ha_start() {
    local deb
    ha_remove
    mkdir -p "$ha_folder"
    base=$(private_folder "$ha_folder/XXXXXX")
    if ! as_server_user test -w "$base"; then
        rmdir "$base"
        base=$(private_folder /var/tmp/slashguard-XXXXXX)
        echo "The user '$server_user' cannot reach $ha_folder, so the cluster's files are in $base"
    fi
    sockets=$base
    # The path of a socket may have 107 bytes.
    if [ "$(printf '%s' "$sockets/.s.PGSQL.00000" | wc -c)" -gt 107 ]; then
        sockets=$(private_folder /tmp/slashguard-XXXXXX)
    fi
    # Before anything starts, so that whatever happens next it can be found and removed.
    printf '%s\n' "$base" "$sockets" > "$ha_folder/location"

    programs=$base/programs
    mkdir "$programs"
    for deb in "$ha_folder"/packages/*.deb; do
        if [ -e "$deb" ]; then
            dpkg-deb --extract "$deb" "$programs"
        fi
    done
    libraries=$(printf '%s:' "$programs"/usr/lib/*-linux-gnu*/ "$programs"/lib/*-linux-gnu*/)

    local node
    take_port etcd_port
    take_port etcd_peer_port
    take_port proxy_port
    take_port pool_port
    for node in "${nodes[@]}"; do
        take_port "postgres_port[$node]"
        take_port "rest_port[$node]"
    done
    password=$(random_word)

    start_etcd
    for node in "${nodes[@]}"; do
        node_config "$node" | own "$base/$node/patroni.yml"
        start_node "$node"
    done
    wait_until 300 "Patroni's first leader and its two replicas" cluster_is_whole
    start_proxies
}

# Patroni before 3.0.3 writes the leader's key through etcd's v3 API without looking whether it is still its own: a node that
# slept takes the lead away from the one that was promoted meanwhile, and what that one granted is rewound. Tried here, with
# Debian 12's 3.0.2 and HA_ETCD=etcd3: duties were granted twice. Through the v2 API it compares first.
choose_etcd() {
    local version
    version=$(PYTHONPATH=$programs/usr/lib/python3/dist-packages PATH=$programs/usr/bin:$PATH patroni --version | sed 's/.* //')
    etcd_api=${HA_ETCD:-}
    if [ -z "$etcd_api" ]; then
        etcd_api=etcd3
        if [ "$(printf '%s\n' 3.0.3 "$version" | sort -V | head -n 1)" != 3.0.3 ]; then
            etcd_api=etcd
        fi
    fi
    echo "Patroni $version, over $etcd_api"
}

# Whoever writes to etcd decides what command Postgres archives its WAL with, so it wants a password.
start_etcd() {
    local v2=()
    choose_etcd
    if [ "$etcd_api" = etcd ]; then
        v2=(--enable-v2)
    fi
    start etcd etcd --name etcd --data-dir "$base/etcd/data" "${v2[@]}" \
        --listen-client-urls "http://127.0.0.1:$etcd_port" --advertise-client-urls "http://127.0.0.1:$etcd_port" \
        --listen-peer-urls "http://127.0.0.1:$etcd_peer_port" --initial-advertise-peer-urls "http://127.0.0.1:$etcd_peer_port" \
        --initial-cluster "etcd=http://127.0.0.1:$etcd_peer_port"
    wait_until 120 "etcd" listens "$etcd_port"
    if [ "$etcd_api" = etcd ]; then
        etcd_call PUT /v2/auth/users/root '{"user": "root", "password": "'"$password"'"}'
        etcd_call PUT /v2/auth/enable ''
        etcd_call PUT /v2/auth/roles/guest '{"role": "guest", "revoke": {"kv": {"read": ["/*"], "write": ["/*"]}}}'
    else
        etcd_call POST /v3/auth/user/add '{"name": "root", "password": "'"$password"'"}'
        etcd_call POST /v3/auth/role/add '{"name": "root"}'
        etcd_call POST /v3/auth/user/grant '{"user": "root", "role": "root"}'
        etcd_call POST /v3/auth/enable '{}'
    fi
}

etcd_call() { # METHOD PATH BODY
    # The only member of a cluster elects itself first.
    wait_until 60 "etcd" etcd_agrees "$@" || fail "etcd refused $1 $2:" "$(cat "$ha_folder/etcd-answer")"
}
etcd_agrees() {
    local who=
    # The v3 API takes tokens instead, and a password for a wrong one.
    if [ "$etcd_api" = etcd ]; then
        who="Authorization: Basic $(printf 'root:%s' "$password" | base64 -w 0)"$'\r\n'
    fi
    exec 3<> "/dev/tcp/127.0.0.1/$etcd_port" || return 1
    printf '%s %s HTTP/1.0\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s' "$1" "$2" "$who" "${#3}" "$3" >&3
    cat <&3 > "$ha_folder/etcd-answer"
    exec 3>&-
    head -n 1 "$ha_folder/etcd-answer" | grep -q '^HTTP/1.. 20'
}

node_config() {
    cat <<YAML
scope: slashguard
name: $1
restapi:
  listen: 127.0.0.1:${rest_port[$1]}
  connect_address: 127.0.0.1:${rest_port[$1]}
  authentication: {username: patroni, password: '$password'}
$etcd_api:
  hosts: ['127.0.0.1:$etcd_port']
  username: root
  password: '$password'
bootstrap:
  dcs:
    ttl: $ttl
    loop_wait: $loop_wait
    retry_timeout: $retry_timeout
    # A standby that was not synchronous is never promoted, and the primary never goes on without a synchronous one.
    synchronous_mode: true
    synchronous_mode_strict: true
    # A primary that dies is not waited for.
    primary_start_timeout: 0
    postgresql:
      use_pg_rewind: true
      parameters:
        max_connections: 150
        shared_buffers: 32MB
        wal_keep_size: 256MB
        log_line_prefix: '%m [%p] %d %a '
  initdb: [{encoding: UTF8}, {locale: C}, {auth: trust}]
postgresql:
  listen: 127.0.0.1:${postgres_port[$1]}
  connect_address: 127.0.0.1:${postgres_port[$1]}
  data_dir: $base/$1/data
  bin_dir: $server_programs
  pgpass: $base/$1/pgpass
  use_unix_socket: true
  parameters: {unix_socket_directories: '$sockets'}
  authentication:
    superuser: {username: postgres, password: '$password'}
    replication: {username: replicator, password: '$password'}
  pg_hba:
    - local all all trust
    - host $ha_database $ha_client 127.0.0.1/32 trust
    - host all postgres 127.0.0.1/32 scram-sha-256
    - host replication replicator 127.0.0.1/32 scram-sha-256
watchdog: {mode: 'off'}
YAML
}

start_node() {
    start "$1" patroni "$base/$1/patroni.yml"
}

start_proxies() {
    local node
    {
        cat <<CONFIG
global
    maxconn 1000
defaults
    mode tcp
    timeout connect 3s
    timeout check 3s
    timeout client 30m
    timeout server 30m
listen primary
    bind 127.0.0.1:$proxy_port
    option httpchk GET /primary
    http-check expect status 200
    default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
CONFIG
        for node in "${nodes[@]}"; do
            echo "    server $node 127.0.0.1:${postgres_port[$node]} check port ${rest_port[$node]}"
        done
    } | own "$base/haproxy/haproxy.cfg"
    start haproxy haproxy -f "$base/haproxy/haproxy.cfg"

    own "$base/pgbouncer/users" <<< "\"$ha_client\" \"\""
    own "$base/pgbouncer/pgbouncer.ini" <<CONFIG
[databases]
$ha_database = host=127.0.0.1 port=$proxy_port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $pool_port
unix_socket_dir =
auth_type = trust
auth_file = $base/pgbouncer/users
pool_mode = transaction
max_client_conn = 500
default_pool_size = 30
server_login_retry = 1
server_connect_timeout = 5
log_connections = 0
log_disconnections = 0
CONFIG
    start pgbouncer pgbouncer "$base/pgbouncer/pgbouncer.ini"
    wait_until 60 "HAProxy" listens "$proxy_port"
    wait_until 60 "PgBouncer" listens "$pool_port"
}

# A server that is paused answers nobody, so whoever asks waits for a while only.
ask_database() {
    local node=$1 database=$2
    shift 2
    PGCONNECT_TIMEOUT=3 timeout 20 psql -XAtq -v ON_ERROR_STOP=1 -h "$sockets" -p "${postgres_port[$node]}" -U postgres -d "$database" -c "$@"
}
ask() {
    ask_database "$1" "$ha_database" "$2"
}

# The nodes that are no standby: one, but for the moments in which an old primary does not know yet that it is one no more.
primary_node() {
    local node
    for node in "${nodes[@]}"; do
        if [ "$(ask_database "$node" postgres 'SELECT pg_is_in_recovery()' 2> /dev/null)" = f ]; then
            echo "$node"
        fi
    done
}

# rest_agrees NODE PATH: Patroni's health check of that path says yes.
rest_agrees() {
    local answer
    exec 3<> "/dev/tcp/127.0.0.1/${rest_port[$1]}" || return 1
    printf 'GET /%s HTTP/1.0\r\n\r\n' "$2" >&3
    read -r -t 5 answer <&3 || true
    exec 3>&-
    [[ $answer == 'HTTP/1.'?' 200'* ]]
}

# cluster_is_whole [BUT]: one primary, which is not BUT, and two replicas that stream from it, and Patroni has told etcd which of
# them is synchronous. Before that it would promote none.
cluster_is_whole() {
    local primary node
    primary=$(primary_node)
    [[ " ${nodes[*]} " == *" $primary "* ]] && [ "$primary" != "${1:-}" ] || return 1
    [ "$(ask_database "$primary" postgres "SELECT count(*), count(*) FILTER (WHERE sync_state = 'sync') FROM pg_stat_replication
        WHERE state = 'streaming'" 2> /dev/null)" = '2|1' ] || return 1
    for node in "${nodes[@]}"; do
        if [ "$node" != "$primary" ] && rest_agrees "$node" synchronous 2> /dev/null; then
            return 0
        fi
    done
    return 1
}

timeline() {
    ask_database "$1" postgres "SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint"
}
