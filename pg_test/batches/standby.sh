# shellcheck shell=bash
# A chain that requires a synchronous standby. To be sourced, after servers.sh.

# A batch of three duties at a slot; request_id makes a second call the same.
standby_batch() { # SLOT [HASH]
    echo "CALL slashguard.acquire_duties('chain', ARRAY['0x$(repeat a1 20)', '0x$(repeat a2 20)', '0x$(repeat a3 20)'], $1, 'ATTESTATION',
        array_fill('${2:-$hash}'::text, ARRAY[3]), 'node-1', lease_ms => 86400000, request_id => '00000000-0000-0000-0000-000000000001')"
}
# answered BATCH: how often each outcome and cause was answered, or the error.
answered() {
    told postgres "$1" | grep -oE '(acquired|already_signed|in_progress|conflict|stale|halted),|\\"cause\\": \\"[a-z_]+|no_standby|^[A-Z0-9]{5}|^FATAL.*' |
        sed 's/.*cause[^a-z]*//; s/,$//' | sort | uniq -c | awk '{ printf "%s%s %s", (NR > 1 ? ", " : ""), $1, $2 }'
}
on_record() { on "$primary" "SELECT count(*) FROM slashguard.duties WHERE slot = $1"; }
waits_for_standby() { answers 1 "$primary" "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = '$1'"; }

# ends_wait NAME STATEMENT END: the statement's commit waits for the silent standby, and the wait is ended. What the client heard is in $heard.
ends_wait() {
    local process
    PGAPPNAME=$1 psql -XAtq -c "$2" > "$work/standby.out" 2>&1 &
    process=$!
    wait_until 60 "$1 waits for the standby" waits_for_standby "$1"
    heard_early=$(cat "$work/standby.out")
    on "$primary" "SELECT $3(pid) FROM pg_stat_activity WHERE application_name = '$1'" > /dev/null
    wait "$process" || true
    heard=$(cat "$work/standby.out")
}

standby() {
    local heard heard_early tokens
    servers_start
    cluster_use "$primary"
    ask postgres 'CREATE EXTENSION slashguard'
    names 'FIRST 1 (a)' a=sync
    register postgres chain '{"require_standby": true, "record_commit": "durable"}'
    same "with its standby, a batch is granted" '3 acquired' "$(answered "$(standby_batch 1000)")"

    names 'FIRST 1 (c)' a=async
    same "the standby is missing: nothing is granted" '3 halted, 3 no_standby' "$(answered "$(standby_batch 1001)")"
    same "the standby is missing: nor what was granted before" '3 halted, 3 no_standby' "$(answered "$(standby_batch 1000)")"
    same "the standby is missing: a conflict is named" '3 conflict' "$(answered "$(standby_batch 1000 "$other_hash")")"
    same "the standby is missing: nothing is written" 0 "$(on_record 1001)"

    names 'FIRST 1 (a)' a=sync
    mapfile -t tokens < <(told postgres "$(standby_batch 1000)" | grep -oE 'acquired,[^,]+' | cut -d , -f 2)
    same "it is back, and so are the tokens" 3 "${#tokens[@]}"
    for end in pg_cancel_backend pg_terminate_backend; do
        stall a
        case $end in
            pg_cancel_backend) slot=1002 ;;
            *) slot=999 ;;
        esac
        ends_wait "batch-$end" "$(standby_batch $slot)" "$end"
        same "the standby is silent: nothing is answered while it is waited for" '' "$heard_early"
        check "the standby is silent, $end: nothing is answered afterwards" bash -c '[[ "$1" != *acquired,* ]]' check "$heard"
        same "the standby is silent, $end: it is committed here" 3 "$(on_record $slot)"
        go_on a
        same "$end: asked again, the same are granted" '3 acquired' "$(answered "$(standby_batch $slot)")"
    done
    stall a
    recording="CALL slashguard.record_signatures(ARRAY[$(printf "'%s'," "${tokens[@]}" | sed 's/,$//')], array_fill('0x$(repeat 51 65)'::text, ARRAY[3]))"
    ends_wait recording "$recording" pg_cancel_backend
    same "signatures: nothing is answered while the silent standby is waited for" '' "$heard_early"
    check "signatures: nothing is answered afterwards" bash -c '[[ "$1" != *{* ]]' check "$heard"
    go_on a
    check "signatures: recorded once more" bash -c '[[ "$1" == {*20[0-9][0-9]-* ]]' check "$(told postgres "$recording")"
}
