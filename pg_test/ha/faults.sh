# shellcheck shell=bash
# What befalls the primary, and what must be seen afterwards. To be sourced, after cluster.sh.

# A round needs a cluster that could lose its primary; afterwards it has another one, and the old one follows it.
longest_failover=300
# Claims that the new primary must have granted beyond its quarantine before a round counts as over.
grants_enough=${HA_GRANTS:-300}

promoted_node() {
    local node
    for node in $(primary_node); do
        if [ "$node" != "$1" ]; then
            echo "$node"
        fi
    done
}
is_promoted_after() {
    [ -n "$(promoted_node "$1")" ]
}

is_quarantined_again() {
    [ "$(ask "$1" "SELECT count(*) FROM slashguard.audit WHERE action = 'quarantine'" 2> /dev/null || echo 0)" -gt "$2" ]
}
# The last slot of the newest quarantine.
quarantine_end() {
    ask "$1" "SELECT max(low_watermark) FROM slashguard.watermarks WHERE kind LIKE 'quarantine%'"
}
grants_beyond() {
    ask "$1" "SELECT count(*) FROM slashguard.duties WHERE slot > $2"
}
has_granted_beyond() {
    [ "$(grants_beyond "$1" "$2" 2> /dev/null || echo 0)" -ge "$3" ]
}
# It streams from another one. Had it been promoted again meanwhile, its timeline would show that it had followed before.
is_replica_again() { # OLD TIMELINE
    local primary
    for primary in $(primary_node); do
        if [ "$primary" = "$1" ]; then
            [ "$(timeline "$1")" -gt "$2" ] && return 0
        elif [ "$(ask_database "$primary" postgres "SELECT count(*) FROM pg_stat_replication WHERE application_name = '$1'
            AND state = 'streaming'" 2> /dev/null || echo 0)" -gt 0 ]; then
            return 0
        fi
    done
    return 1
}

play_round() { # NUMBER KIND
    local name="round $1, $2" kind=$2 old new timeline_before timeline_after quarantines_before end started=$SECONDS
    wait_until "$longest_failover" "a primary and two replicas" cluster_is_whole ||
        { check "$name: the cluster was whole before" false; return; }
    old=$(primary_node)
    timeline_before=$(timeline "$old")
    quarantines_before=$(ask "$old" "SELECT count(*) FROM slashguard.audit WHERE action = 'quarantine'")
    echo "$name: the primary is $old, timeline $timeline_before"

    case $kind in
        'postgres killed') kill_processes "$base/$old/data" ;;
        'node killed') kill_processes "$base/$old" ;;
        'node paused') pause_processes "$base/$old" ;;
        'switchover') switch_over "$old" || { check "$name: Patroni agrees to it" false; return; } ;;
    esac
    wait_until "$longest_failover" "$name: a new primary" is_promoted_after "$old" ||
        { check "$name: another node was promoted" false; return; }
    new=$(promoted_node "$old")
    timeline_after=$(timeline "$new")
    check "$name: another node was promoted, and its timeline is a later one" test "$timeline_after" -gt "$timeline_before"

    check "$name: its chain quarantined itself, and the audit says so" \
        wait_until "$longest_failover" "$name: the quarantine" is_quarantined_again "$new" "$quarantines_before"
    end=$(quarantine_end "$new")
    check "$name: grants flow again beyond the quarantine" \
        wait_until "$longest_failover" "$name: grants" has_granted_beyond "$new" "$end" "$grants_enough"
    if [ "$kind" = 'node paused' ]; then
        wake "$name" "$old" "$new" "$end"
    elif [ "$kind" = 'node killed' ]; then
        start_node "$old"
    fi
    check "$name: the old primary came back as a replica" \
        wait_until "$longest_failover" "$name: the old primary's return" is_replica_again "$old" "$timeline_before"
    echo "$name: $old -> $new, timeline $timeline_after, quarantined up to slot $end, $(grants_beyond "$new" "$end") grants since, $((SECONDS - started)) s"
}

switch_over() {
    local node target=
    for node in "${nodes[@]}"; do
        if [ "$node" != "$1" ] && rest_agrees "$node" synchronous 2> /dev/null; then
            target=$node
        fi
    done
    # patronictl wants a file of its own folder's rights, and has its leader's option named --master or --leader by version.
    in_folder "$base/$1" patronictl -c "$base/$1/patroni.yml" switchover slashguard --candidate "$target" --force < /dev/null &
    wait $!
}

# The old primary wakes up and believes that it is the primary still: Postgres first, and as long as Patroni sleeps nobody tells
# it. Asked past every proxy for a duty that the new one has granted, with another message, it must not grant it.
wake() { # NAME OLD NEW END
    local name=$1 old=$2 new=$3 end=$4 answer=$base/answer asked chain validator slot
    IFS='|' read -r chain validator slot <<< "$(ask "$new" "SELECT chain, validator, slot FROM slashguard.duties
        WHERE slot > $end AND duty_type = 'ATTESTATION' ORDER BY slot LIMIT 1")"
    local other=0x$(printf 'ee%.0s' $(seq 32))
    continue_processes "$base/$old/data"
    PGAPPNAME=waking psql -XAtq -h 127.0.0.1 -p "${postgres_port[$old]}" -U "$ha_client" -d "$ha_database" \
        -c "SELECT '$validator', $slot, '$other', outcome FROM slashguard.try_acquire_duty('$chain', '$validator', $slot, 'ATTESTATION',
            '$other', 'waking')" > "$answer" 2>&1 < /dev/null &
    asked=$!
    check "$name: the old primary, awake, answers no claim or waits for a standby" \
        wait_until 120 "$name: the old primary's answer" is_held_back "$old" "$asked"
    echo "    still waiting, by pg_stat_activity: $(held_back "$old" 2> /dev/null || true)"
    continue_processes "$base/$old"
    wait_until 120 "$name: the end of that wait" eval "! kill -0 $asked 2> /dev/null" || kill "$asked"
    wait "$asked" || true
    sed 's/^/    it said: /' "$answer"
    check "$name: the old primary granted nothing the new one had granted" eval "! grep -q acquired '$answer'"
}
held_back() {
    ask_database "$1" postgres "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'waking' AND wait_event = 'SyncRep'"
}
is_held_back() {
    ! kill -0 "$2" 2> /dev/null || [ "$(held_back "$1" 2> /dev/null || echo 0)" -gt 0 ]
}
