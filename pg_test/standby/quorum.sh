# shellcheck shell=bash
# Two standbys, of which synchronous_standby_names wants one or both. To be sourced, after callers.sh.

quorum_slot=4000
# Sets statement: a claim for a duty that nobody has asked for.
next_claim() {
    quorum_slot=$((quorum_slot + 1))
    statement=$(outcome "$(claim async "$quorum_slot" "$hash" node-1)")
}
grants() {
    local statement
    next_claim
    same "$1: granted" acquired "$(ask "$statement")"
}
halts() {
    local statement
    next_claim
    same "$1: halted" 'halted no_standby' "$(ask "$statement")"
}
waiter=0
# What is asked now waits; a second caller too, whose wait is cancelled. Sets waiter_name.
holds_back() {
    local statement
    waiter=$((waiter + 1))
    waiter_name=quorum.$waiter
    next_claim
    call "$waiter_name" "$statement"
    next_claim
    call "quorum.cut.$waiter" "$statement"
    await_settled "$waiter_name" "quorum.cut.$waiter"
    check "$1: waits" grep -qxF "$waiter_name" <<< "$(waiting quorum.)"
    end_waits "quorum.cut.$waiter" pg_cancel_backend
    await_ended "quorum.cut.$waiter"
    same "$1: a cancelled wait is no answer" '2: ' "$(got "quorum.cut.$waiter")"
    check "$1: and says why" grep -q 'FATAL:  08007' "$work/quorum.cut.$waiter.err"
}
releases() {
    await_ended "$waiter_name"
    same "$1: answered" '0: acquired' "$(got "$waiter_name")"
}
standby_resume() {
    cluster_resume "test-standby-$1"
    wait_until 60 "the standbys are '$2'" standbys_are "$2"
}

quorum() {
    standby_start b

    names 'ANY 1 (a, b)' a=quorum,b=quorum
    grants "any of two"
    stall a
    grants "any of two, one silent"
    stall b
    holds_back "any of two, both silent"
    go_on b
    releases "any of two, one silent again"
    go_on a

    names 'ANY 2 (a, b)' a=quorum,b=quorum
    grants "both of two"
    stall b
    holds_back "both of two, one silent"
    go_on b
    releases "both of two, none silent"

    names 'FIRST 1 (a, b)' a=sync,b=potential
    grants "the first of two"
    stall a
    holds_back "the first of two, it is silent"
    go_on a
    releases "the first of two, it is not silent any more"
    stall b
    grants "the first of two, the second is silent"
    go_on b

    standby_stop a
    wait_until 60 "b is the first" standbys_are b=sync
    grants "the first of two, it is stopped"
    names 'ANY 1 (a, b)' b=quorum
    grants "any of two, one stopped"
    names 'ANY 2 (a, b)' b=quorum
    halts "both of two, one stopped"
    names 'FIRST 2 (a, b)' b=sync
    halts "the first two of two, one stopped"
    names 'FIRST 2 (*)' b=sync
    halts "two of all, one stopped"
    names '*' b=sync
    grants "any one of all"
    stall b
    holds_back "any one of all, it is silent"
    go_on b
    releases "any one of all, it is not silent any more"
    standby_stop b
    halts "any one of all, none is there"

    standby_resume a a=sync
    grants "any one of all, one is back"
    names 'FIRST 1 (a)' a=sync
}
