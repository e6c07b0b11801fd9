# shellcheck shell=bash
# A session that wants more than a flush gets more; and whether an answer may leave goes by the flush. To be sourced, after
# callers.sh.

replay_is_paused() {
    answers paused test-standby-a 'SELECT pg_get_wal_replay_pause_state()'
}

apply() {
    local name
    same "remote_apply: granted" acquired \
        "$(PGOPTIONS='-c synchronous_commit=remote_apply' ask "$(outcome "$(claim async 5001 "$hash" node-1)")")"
    same "remote_apply: the standby shows it" 1 "$(on test-standby-a 'SELECT count(*) FROM slashguard.duties WHERE slot = 5001')"

    on test-standby-a 'SELECT pg_wal_replay_pause()' > /dev/null
    wait_until 60 "the standby applies nothing" replay_is_paused
    same "nothing is applied: granted, for it is flushed" acquired "$(ask "$(outcome "$(claim async 5002 "$hash" node-1)")")"
    same "the standby does not show it yet" 0 "$(on test-standby-a 'SELECT count(*) FROM slashguard.duties WHERE slot = 5002')"
    call apply.goes_on "SET synchronous_commit = 'remote_apply'" "$(outcome "$(claim async 5003 "$hash" node-1)")"
    call apply.cancelled "SET synchronous_commit = 'remote_apply'" "$(outcome "$(claim async 5004 "$hash" node-1)")"
    await_settled apply.goes_on apply.cancelled
    for name in apply.goes_on apply.cancelled; do
        check "$name waits until it is applied" grep -qxF "$name" <<< "$(waiting apply.)"
    done
    wait_until 60 "the standby has flushed all of it" answers t "$primary" \
        'SELECT flush_lsn >= pg_current_wal_flush_lsn() FROM pg_stat_replication'
    end_waits apply.cancelled pg_cancel_backend
    await_ended apply.cancelled
    same "cancelled when it is flushed and not applied: answered" '0: acquired' "$(got apply.cancelled)"
    on test-standby-a 'SELECT pg_wal_replay_resume()' > /dev/null
    await_ended apply.goes_on
    same "remote_apply, applied: answered" '0: acquired' "$(got apply.goes_on)"
}
