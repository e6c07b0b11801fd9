# shellcheck shell=bash
# What reaches the client of a wait that was ended, message by message, however it asked. To be sourced, after callers.sh.

ways=(simple extended prepared flush pipelined ahead cancelled)

bare() { # NAME WAY SQL
    background "$1" python3 -B pg_test/standby/bare_client.py "$2" "$3"
}

# Columns may be announced; of the answer itself there is nothing, and nothing after the error.
only_an_error() { # NAME LAST_MESSAGE
    local messages
    messages=$(grep -vE '^(columns|parsed|bound|no columns) $' "$work/$1.out" || true)
    if [ "$(sed 's/ the claim is committed here.*//; s/\(57P01\|01000\) .*/\1/' <<< "$messages")" != "$2" ]; then
        sed 's/^/    /' "$work/$1.out" "$work/$1.err"
        return 1
    fi
}
cancelled=$'notice WARNING 01000\nerror FATAL 08007\nclosed'
terminated=$'notice WARNING 57P01\nclosed'
emptied=$'error FATAL 08007\nclosed'

holds() { # NAME LINE ..: these lines are in what the client heard
    local name=$1 line
    shift
    for line in "$@"; do
        grep -qE "^$line" "$work/$name.out" || { sed 's/^/    /' "$work/$name.out" "$work/$name.err"; return 1; }
    done
}

bench_is_not_answered() {
    if grep -q 'number of transactions actually processed: 0/1' "$work/$1.out" && grep -q 'FATAL:  the claim is committed here' "$work/$1.err"; then
        return 0
    fi
    sed 's/^/    /' "$work/$1.out" "$work/$1.err"
    return 1
}

protocol() {
    local way slot=2000 names=() token tokens=() mode
    for slot in 2101 2102 2103; do
        tokens+=("$(ask "SELECT lock_token FROM $(claim durable "$slot" "$hash" node-1 'lease_ms => 86400000')")")
    done
    slot=2000

    echo "every way to send a claim, undisturbed .."
    for way in "${ways[@]}"; do
        if [ "$way" = cancelled ]; then
            continue
        fi
        slot=$((slot + 1))
        bare "heard.$way" "$way" "SELECT * FROM $(claim async "$slot" "$hash" node-1)"
        names+=("heard.$way")
    done
    await_ended "${names[@]}"
    for way in simple extended prepared; do
        check "undisturbed, $way: the answer comes" holds "heard.$way" 'row acquired' ready
    done
    check "undisturbed, flush: the answer comes before any Sync" holds heard.flush 'row acquired' flushed
    for way in pipelined ahead; do
        check "undisturbed, $way: the answer comes" holds "heard.$way" 'row acquired'
    done
    wait_until "$patience" "what was sent behind is done" answers 2 "$primary" 'SELECT count(*) FROM behind' || true
    same "undisturbed: what was sent behind the claim is done" 2 "$(on "$primary" 'SELECT count(*) FROM behind')"

    on "$primary" "$(grep -v '^\\' pg_test/regress/signed_messages.psql)"
    on "$primary" "SELECT slashguard.set_sequencer('async', address) FROM sequencer WHERE name = 'first'" > /dev/null
    accepting() { # SEQUENCE PAYLOAD
        echo "SELECT outcome FROM slashguard.accept_signed_message('async', '$(on "$primary" "SELECT message('first', $1, '$2')")')"
    }
    local accepted again evidence
    accepted=$(accepting 10 'a 10') again=$(accepting 11 'a 11') evidence=$(accepting 11 'b 11')
    same "a message is accepted" accepted "$(ask "$again")"

    echo "the same with waits that are cancelled .."
    stall a
    mkfifo "$work/say_cancel"
    # For reading too, or this waits for a reader and the client for a writer.
    exec 8<> "$work/say_cancel"
    names=()
    for way in "${ways[@]}"; do
        slot=$((slot + 1))
        if [ "$way" = cancelled ]; then
            caller_input=$work/say_cancel bare "cut.$way" "$way" "SELECT * FROM $(claim async "$slot" "$hash" node-1)"
        else
            bare "cut.$way" "$way" "SELECT * FROM $(claim async "$slot" "$hash" node-1)"
        fi
        names+=("cut.$way")
    done
    bare cut.record simple "SELECT slashguard.record_signature('${tokens[0]}', '$signature')"
    bare cut.accept simple "$accepted"
    for mode in extended prepared; do
        slot=$((slot + 1))
        echo "SELECT outcome FROM $(claim async "$slot" "$hash" node-1);" > "$work/$mode.pgbench"
        background "cut.pgbench.$mode" pgbench --no-vacuum --protocol="$mode" --transactions=1 --file="$work/$mode.pgbench"
        names+=("cut.pgbench.$mode")
    done
    await_settled "${names[@]}" cut.record cut.accept
    echo cancel >&8
    exec 8>&-
    wait_until "$patience" "the client's own cancel" ended cut.cancelled || true
    cancel_waits
    await_ended "${names[@]}" cut.record cut.accept
    for way in "${ways[@]}"; do
        check "cancelled, $way: the error and nothing else" only_an_error "cut.$way" "$cancelled"
    done
    check "cancelled, a signature: the error and nothing else" only_an_error cut.record "$cancelled"
    check "cancelled, a message: the error and nothing else" only_an_error cut.accept "$cancelled"
    for mode in extended prepared; do
        check "cancelled, pgbench -M $mode: its transaction fails" bench_is_not_answered "cut.pgbench.$mode"
    done
    same "cancelled: what was sent behind the claim is not done" 2 "$(on "$primary" 'SELECT count(*) FROM behind')"

    echo "and ended otherwise .."
    names=()
    for way in simple extended pipelined; do
        slot=$((slot + 1))
        bare "killed.$way" "$way" "SELECT * FROM $(claim async "$slot" "$hash" node-1)"
        names+=("killed.$way")
    done
    bare killed.record simple "SELECT slashguard.record_signature('${tokens[1]}', '$signature')"
    bare killed.again simple "$again"
    await_settled "${names[@]}" killed.record killed.again
    terminate_waits
    await_ended "${names[@]}" killed.record killed.again
    for way in simple extended pipelined record again; do
        check "terminated, $way: no answer" only_an_error "killed.$way" "$terminated"
    done
    names=()
    for way in simple extended pipelined; do
        slot=$((slot + 1))
        bare "unnamed.$way" "$way" "SELECT * FROM $(claim async "$slot" "$hash" node-1)"
        names+=("unnamed.$way")
    done
    bare unnamed.record simple "SELECT slashguard.record_signature('${tokens[2]}', '$signature')"
    bare unnamed.evidence simple "$evidence"
    await_settled "${names[@]}" unnamed.record unnamed.evidence
    empty_names
    await_ended "${names[@]}" unnamed.record unnamed.evidence
    for way in simple extended pipelined record evidence; do
        check "names emptied, $way: the error and nothing else" only_an_error "unnamed.$way" "$emptied"
    done
    same "what was sent behind is not done" 2 "$(on "$primary" 'SELECT count(*) FROM behind')"
    go_on a
    names 'FIRST 1 (a)' a=sync
}
