# shellcheck shell=bash
# The primary dies in the middle of its work and the standby is promoted: what was answered is there. To be sourced, after
# callers.sh and protected.sh. The last of all, for it leaves no primary.

failover_first=7001
failover_last=9000

some_are_answered() {
    [ "$(cat "$work/failover.out" 2> /dev/null | grep -c '^signed|')" -ge 20 ]
}
# on_record CONDITION SLOTS: how many of these slots are on the promoted server.
on_record() {
    on test-standby-a "SELECT count(*) FROM slashguard.duties WHERE chain = 'durable' AND slot = ANY (string_to_array('$2', ' ')::bigint[]) $1"
}

failover() {
    local slot last acquired signed
    guarded_before_failover
    for ((slot = failover_first; slot <= failover_last; slot++)); do
        echo "SELECT outcome, lock_token FROM $(claim durable "$slot" "$hash" node-1 'lease_ms => 86400000') \\gset"
        echo "SELECT :'outcome', $slot;"
        echo "SELECT slashguard.record_signature(:'lock_token', '$signature') \\gset signed_"
        echo "SELECT 'signed', $slot;"
    done > "$work/duties.sql"
    background failover psql -XAtq -v ON_ERROR_STOP=1 --file="$work/duties.sql"
    check "it works" wait_until "$patience" "some duties are answered" some_are_answered
    stall a
    guarded_unheard_before_failover
    cluster_crash "$primary"
    go_on a
    await_ended failover
    same "its client has lost its connection" "2: " "$(cat "$work/failover.end"): $(grep -v 'server closed\|terminat\|while processing\|connection' "$work/failover.err")"
    cluster_promote test-standby-a
    acquired=$(sed -n 's/^acquired|//p' "$work/failover.out" | paste -sd ' ')
    signed=$(sed -n 's/^signed|//p' "$work/failover.out" | paste -sd ' ')
    same "what was acquired is on the promoted server" "$(wc -w <<< "$acquired")" "$(on_record '' "$acquired")"
    same "what was signed is signed there" "$(wc -w <<< "$signed")" "$(on_record "AND signature = '$signature'" "$signed")"
    last=${acquired##* }
    same "another message for the last of them" conflict \
        "$(cluster_use test-standby-a && ask "$(outcome "$(claim durable "$last" "$other_hash" node-2)")")"
    same "and nothing new before its quarantine is over" 'stale quarantine' \
        "$(cluster_use test-standby-a && ask "$(outcome "$(claim durable $((failover_last + 1)) "$hash" node-2)")")"
    guarded_after_failover
}
