# shellcheck shell=bash
# Callers that ask for claims, in the foreground or side by side in the background, and what each of them got. To be
# sourced, after servers.sh.
#
#   claim CHAIN SLOT HASH NODE [MORE]   a call of try_acquire_duty, as SQL
#   outcome CALL                        a statement that answers its outcome and cause
#   ask STATEMENT                       answers it, as the role `node`
#   call NAME STATEMENT ..              the same in the background, in one session of that name; caller_role is its role
#   await_settled NAME ..               until each of these callers has ended or waits for the standby
#   await_ended NAME ..                 until each has ended
#   got NAME                            exit status and standard output of a caller that has ended
#   end_waits PREFIX FUNCTION           pg_cancel_backend or pg_terminate_backend for those that wait for the standby

validator=0x$(printf 'ab%.0s' {1..20})
hash=0x$(printf '01%.0s' {1..32})
other_hash=0x$(printf '02%.0s' {1..32})
signature=0x$(printf '11%.0s' {1..65})
# A caller that is not answered for so long is not answered at all.
patience=60

work=$clusters/test-standby-callers
caller_role=node
caller_input=/dev/null
callers=()

claim() {
    echo "slashguard.try_acquire_duty('$1', '$validator', $2, 'ATTESTATION', '$3', '$4'${5:+, $5})"
}
outcome() {
    echo "SELECT concat_ws(' ', outcome, details ->> 'cause') FROM $1"
}

ask() {
    PGUSER=$caller_role timeout "$patience" psql -XAtq -v ON_ERROR_STOP=1 -c "$1"
}

call() {
    local name=$1 statement options=()
    shift
    for statement in "$@"; do
        options+=(--command="$statement")
    done
    background "$name" psql -XAtq -v ON_ERROR_STOP=1 -v VERBOSITY=verbose "${options[@]}"
}

# background NAME COMMAND ..: its output is kept beside its exit status. Its input is caller_input, by name: a shell gives what
# it starts in the background an empty one.
background() {
    local name=$1
    shift
    rm -f "$work/$name".*
    (
        status=0
        PGUSER=$caller_role PGAPPNAME=$name "$@" > "$work/$name.out" 2> "$work/$name.err" || status=$?
        echo "$status" > "$work/$name.status"
        mv "$work/$name.status" "$work/$name.end"
    ) < "$caller_input" &
    callers+=($!)
}

ended() {
    [ -e "$work/$1.end" ]
}
waits_for_standby() {
    answers 1 "$primary" "SELECT count(*) FROM pg_stat_activity WHERE application_name = '$1' AND wait_event = 'SyncRep'"
}
waits_for_lock() {
    answers 1 "$primary" "SELECT count(*) FROM pg_stat_activity WHERE application_name = '$1' AND wait_event_type = 'Lock'"
}
# Sessions whose names begin so and that wait for the standby.
waiting() {
    on "$primary" "SELECT application_name FROM pg_stat_activity WHERE starts_with(application_name, '$1') AND wait_event = 'SyncRep'"
}
settled() {
    local name waiting
    waiting=$(waiting '')
    for name in "$@"; do
        ended "$name" || grep -qxF "$name" <<< "$waiting" || return 1
    done
}
all_ended() {
    local name
    for name in "$@"; do
        ended "$name" || return 1
    done
}
await_settled() {
    wait_until "$patience" "$# callers are answered or wait for the standby" settled "$@" || true
}
await_ended() {
    wait_until "$patience" "$# callers are answered" all_ended "$@" || true
}

got() {
    echo "$(cat "$work/$1.end" 2> /dev/null || echo "not ended"): $(cat "$work/$1.out")"
}

# The caller's waits for other callers' locks: the server says so of each that lasts.
logged_lock_waits() {
    cluster_log "$primary" | grep -E " $1 LOG:  process [0-9]+ still waiting for .* on (transaction|object|tuple)"
}
no_lock_waits() {
    ! logged_lock_waits "$1"
}

end_waits() {
    on "$primary" "SELECT $2(pid) FROM pg_stat_activity WHERE starts_with(application_name, '$1') AND wait_event = 'SyncRep'" > /dev/null
}

callers_remove() {
    local caller
    for caller in "${callers[@]}"; do
        kill "$caller" 2> /dev/null || true
    done
}

