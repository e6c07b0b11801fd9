# shellcheck shell=bash
# A primary and its standbys `a` and `b`, which connect, stall and go as the test wants. To be sourced, after cluster.sh.
#
#   servers_start                  the primary and `a`
#   on SERVER STATEMENT            one statement as the superuser, which never waits for a standby itself
#   names VALUE [STATES]           sets synchronous_standby_names, and comes back when every process goes by it: STATES is
#                                  how the primary then sees its standbys, such as a=sync,b=potential. Wakes whoever waits
#   stall STANDBY                  it stays connected and confirms nothing any more
#   go_on STANDBY                  it confirms again
#   servers_remove                 for the EXIT trap

primary=test-standby-primary
declare -A receivers=()

# Nothing on either side may end a connection because it is silent. Whoever waits for a lock is told in the log soon.
servers_start() {
    cluster_start "$primary" "wal_sender_timeout = 0" "wal_receiver_timeout = 0" "log_lock_waits = on" "deadlock_timeout = '500ms'"
    standby_start a
}

# A standby's cluster_name is the name that it connects by.
standby_start() {
    cluster_standby "test-standby-$1" "$primary" "cluster_name = '$1'"
}

on() {
    (cluster_use "$1" && PGAPPNAME=observer PGOPTIONS='-c synchronous_commit=local' psql -XAtq -v ON_ERROR_STOP=1 -c "$2")
}
answers() { # expected SERVER STATEMENT
    [ "$(on "$2" "$3")" = "$1" ]
}

standbys_are() {
    answers "$1" "$primary" "SELECT string_agg(application_name || '=' || sync_state, ',' ORDER BY application_name) FROM pg_stat_replication"
}
names_are() {
    answers "$1" "$primary" 'SHOW synchronous_standby_names'
}
set_names() {
    on "$primary" "ALTER SYSTEM SET synchronous_standby_names = '$1'"
    on "$primary" 'SELECT pg_reload_conf()' > /dev/null
    wait_until 60 "synchronous_standby_names is '$1'" names_are "$1"
    # The checkpointer switches the waiting on and off for all. It reads its settings before it begins a checkpoint.
    on "$primary" 'CHECKPOINT'
}
no_standby_counts() {
    answers t "$primary" "SELECT coalesce(bool_and(sync_priority = 0), true) FROM pg_stat_replication"
}
# By way of no names at all: a process that still goes by the old ones could not be told from one that goes by the new.
names() {
    set_names ''
    wait_until 60 "no standby is synchronous" no_standby_counts
    if [ -n "$1" ]; then
        set_names "$1"
    fi
    wait_until 60 "the standbys are '${2:-}'" standbys_are "${2:-}"
}

stall() {
    receivers[$1]=$(on "test-standby-$1" 'SELECT pid FROM pg_stat_wal_receiver')
    kill -STOP "${receivers[$1]}"
    wait_until 60 "the receiver of $1 has stopped" process_is_stopped "${receivers[$1]}"
}
process_is_stopped() {
    [[ "$(ps -o stat= -p "$1")" == T* ]]
}
go_on() {
    kill -CONT "${receivers[$1]}"
    unset "receivers[$1]"
}

standby_stop() {
    cluster_stop "test-standby-$1" fast
    wait_until 60 "the primary has noticed that $1 is gone" answers 0 "$primary" \
        "SELECT count(*) FROM pg_stat_replication WHERE application_name = '$1'"
}

servers_remove() {
    local standby
    for standby in "${!receivers[@]}"; do
        kill -CONT "${receivers[$standby]}" 2> /dev/null || true
    done
    cluster_remove_started
}
