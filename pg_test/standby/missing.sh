# shellcheck shell=bash
# No synchronous standby is connected: nothing is granted, nothing is written, and nobody waits. To be sourced, after
# callers.sh.

ledger_size() {
    on "$primary" "SELECT (SELECT count(*) FROM slashguard.duties), (SELECT count(*) FROM slashguard.freed_duties)"
}

# refused_without_standby WHY TOKEN: the duties 11, signed, and 12, open, are on record.
refused_without_standby() {
    local why=$1 before
    before=$(ledger_size)
    same "$why: a new duty" 'halted no_standby' "$(ask "$(outcome "$(claim async 10 "$hash" node-1)")")"
    same "$why: a signed duty" 'halted no_standby' "$(ask "$(outcome "$(claim async 11 "$hash" node-1)")")"
    same "$why: a duty that is open" 'halted no_standby' "$(ask "$(outcome "$(claim async 12 "$hash" node-2)")")"
    same "$why: the same request again" 'halted no_standby' \
        "$(ask "$(outcome "$(claim async 12 "$hash" node-1 "request_id => '00000000-0000-0000-0000-000000000012'")")")"
    same "$why: what is on record is still named" conflict "$(ask "$(outcome "$(claim async 12 "$other_hash" node-2)")")"
    same "$why: nothing was written" "$before" "$(ledger_size)"
}

missing() {
    local token
    names 'FIRST 1 (a)' a=sync
    token=$(ask "SELECT lock_token FROM $(claim async 11 "$hash" node-1)")
    check "a signature is recorded" test -n "$(ask "SELECT slashguard.record_signature('$token', '$signature')")"
    same "a duty that will be open" acquired \
        "$(ask "$(outcome "$(claim async 12 "$hash" node-1 "lease_ms => 1, request_id => '00000000-0000-0000-0000-000000000012'")")")"

    names '' a=async
    refused_without_standby "a standby that is not named"
    names 'FIRST 1 (c)' a=async
    refused_without_standby "another standby is named"
    names 'FIRST 1 (a)' a=sync
    standby_stop a
    refused_without_standby "the named standby is stopped"
    cluster_resume test-standby-a
    wait_until 60 "a is back" standbys_are a=sync
    same "it is back" acquired "$(ask "$(outcome "$(claim async 10 "$hash" node-1)")")"
    same "the signed duty too" already_signed "$(ask "$(outcome "$(claim async 11 "$hash" node-1)")")"
}
