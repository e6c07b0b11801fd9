# shellcheck shell=bash
# A backend that knows its chain and its names from before goes by the chain's options as they are. To be sourced, after
# callers.sh.

said=0
# One session for all that it is asked, so that it keeps what it has looked up.
session_says() { # NAME EXPECTED SLOT
    local lines
    said=$((said + 1))
    echo "$(outcome "$(claim changing "$3" "$hash" node-1)");" >&9
    wait_until "$patience" "the session answers" session_has_said "$said" || true
    mapfile -t lines < "$work/session.out"
    same "$1" "$2" "${lines[$((said - 1))]:-nothing}"
}
session_has_said() {
    ended session || [ "$(wc -l < "$work/session.out")" -ge "$1" ]
}
set_option() {
    on "$primary" "SELECT slashguard.set_chain_option('changing', 'require_standby', '$1')" > /dev/null
}

options() {
    on "$primary" "$(register changing 6 '')" > /dev/null
    set_option false
    names '' a=async
    mkfifo "$work/session"
    exec 9<> "$work/session"
    caller_input=$work/session background session psql -XAtq
    session_says "not required, no names" acquired 6001
    session_says "the session knows everything by now" acquired 6002
    session_says "and again" acquired 6003
    set_option true
    session_says "required meanwhile, no names" 'halted no_standby' 6004
    same "nothing is on record for it" 0 "$(on "$primary" 'SELECT count(*) FROM slashguard.duties WHERE slot = 6004')"
    session_says "and again" 'halted no_standby' 6005
    set_option false
    session_says "not required any more" acquired 6006
    set_option true
    names 'FIRST 1 (a)' a=sync
    session_says "required, and there is one" acquired 6007
    set_option false
    names '' a=async
    session_says "not required, and there is none" acquired 6008
    set_option true
    names 'FIRST 1 (a)' a=sync
    stall a
    echo "$(outcome "$(claim changing 6009 "$hash" node-1)");" >&9
    await_settled session
    check "required again, and it is silent: waits" grep -qxF session <<< "$(waiting session)"
    go_on a
    said=$((said + 1))
    wait_until "$patience" "the session answers" session_has_said "$said" || true
    same "the standby confirms: answered" acquired "$(tail -n 1 "$work/session.out")"
    echo '\q' >&9
    exec 9>&-
    await_ended session
}
