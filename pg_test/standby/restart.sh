# shellcheck shell=bash
# The primary is killed with a claim that waits for the silent standby, and comes back. To be sourced, after callers.sh.

restart() {
    local again name
    again=$(outcome "$(claim durable 6501 "$hash" node-1 "lease_ms => 86400000, request_id => '00000000-0000-0000-0000-000000006501'")")
    stall a
    call restart.cut "$again"
    await_settled restart.cut
    check "the claim waits for the standby" grep -qxF restart.cut <<< "$(waiting restart.)"
    cluster_crash "$primary"
    await_ended restart.cut
    same "its client has lost its connection and has no answer" '2: ' "$(got restart.cut)"
    go_on a
    cluster_resume "$primary"
    wait_until 60 "a has come back" standbys_are a=sync
    # As set_names says.
    on "$primary" 'CHECKPOINT'

    stall a
    call restart.again "$again"
    await_settled restart.again
    check "asked again, it waits again" grep -qxF restart.again <<< "$(waiting restart.)"
    # The first claim after a start settles for the whole ledger that it was merely a start.
    call restart.same "$(outcome "$(claim durable 6501 "$hash" node-2)")"
    call restart.other "$(outcome "$(claim durable 6501 "$other_hash" node-2)")"
    call restart.elsewhere "$(outcome "$(claim durable 6502 "$hash" node-2)")"
    await_ended restart.same restart.other restart.elsewhere
    for name in same other elsewhere; do
        same "the first claim after the start is stuck: $name is told so" '0: halted lock_timeout' "$(got "restart.$name")"
    done
    go_on a
    await_ended restart.again
    same "the standby confirms: answered" '0: acquired' "$(got restart.again)"
    same "another message" conflict "$(ask "$(outcome "$(claim durable 6501 "$other_hash" node-2)")")"
    same "another duty" acquired "$(ask "$(outcome "$(claim durable 6502 "$hash" node-2)")")"
}
