# shellcheck shell=bash
# A shard that comes back from a dump: it may own what it has given up since, so it is frozen until somebody has compared. Sourced by run.

shard_one() { psql -XAtq -v ON_ERROR_STOP=1 -d "service=shard_one dbname=$1" -c "$2"; }
# told_by DATABASE STATEMENT: what it answers, or its SQLSTATE.
told_by() { psql -XAtq -v VERBOSITY=sqlstate -d "service=shard_one dbname=$1" -c "$2" 2>&1 | sed 's/^ERROR:  //'; }
low=0x$(repeat 11 20)
high=0x$(repeat 99 20)
outcome_of() { # DATABASE VALIDATOR SLOT
    shard_one "$1" "SELECT concat_ws(' ', outcome, details ->> 'cause') FROM slashguard.try_acquire_duty('dumped', '$2', $3, 'ATTESTATION', '0x$(repeat 01 32)', 'node-a')"
}
range="'0x80$(repeat 00 19)', '0x$(repeat ff 20)'"

shard_one postgres 'CREATE DATABASE before'
shard_one postgres 'CREATE DATABASE restored'
shard_one before 'CREATE EXTENSION slashguard'
shard_one before "SELECT slashguard.register_chain('dumped', 'aztec', '1:0x$(repeat 0d 20)', now() - interval '1000.5 hours', '1 hour',
    '{\"first_use\": \"trust\", \"signature_scheme\": \"none\", \"horizon_slots\": 5, \"margin_slots\": 2}')" > /dev/null
shard_one before "SELECT slashguard.own_validators('dumped', '0x$(repeat 00 20)', '0x$(repeat ff 20)')" > /dev/null
same "before the dump both halves are owned" 'acquired acquired' "$(outcome_of before "$low" 1000) $(outcome_of before "$high" 1000)"
pg_dump -d "service=shard_one dbname=before" -Fc -f "$work/dump"
shard_one before "SELECT slashguard.freeze_validators('dumped', $range)" > /dev/null
receipt=$(shard_one before "SELECT slashguard.disown_validators('dumped', $range, gen_random_uuid())")
same "then one is given up" 'acquired halted not_owned' "$(outcome_of before "$low" 1001) $(outcome_of before "$high" 1001)"

pg_restore -d "service=shard_one dbname=restored" --exit-on-error "$work/dump"
same "the dump brings the ranges" 1 "$(shard_one restored "SELECT count(*) FROM slashguard.owned_ranges")"
for table in validator_range handover validator; do
    same "its table $table is registered for dumps" t "$(shard_one restored "SELECT 'slashguard.$table'::regclass = ANY (extconfig) FROM pg_extension WHERE extname = 'slashguard'")"
done
same "restored, it grants nothing, of neither half" 'halted frozen halted frozen' "$(outcome_of restored "$low" 1005) $(outcome_of restored "$high" 1005)"
same "nor when the quarantine would have ended" 'halted frozen' \
    "$(PGOPTIONS='-c slashguard.clock_offset=72000' outcome_of restored "$high" 1020)"
same "it says why" t "$(shard_one restored "SELECT frozen_reason LIKE '%may have given up ranges of validators since%' FROM slashguard.chains")"
same "it can give up what it gave up before" t "$(shard_one restored "SELECT slashguard.freeze_validators('dumped', $range) = 1")"
same "but hands no receipt out while it is frozen" 55000 "$(told_by restored "SELECT slashguard.disown_validators('dumped', $range, gen_random_uuid())")"
same "it disowns it" t "$(shard_one restored "SELECT slashguard.disown_validators('dumped', $range) IS NULL")"
same "then it is unfrozen, and quarantined as any other" 't stale quarantine' "$(shard_one restored "SELECT slashguard.unfreeze('dumped')") $(outcome_of restored "$low" 1005)"
same "what it gave up stays refused" 'halted not_owned' "$(outcome_of restored "$high" 1006)"
same "the original has stayed what it was" 'acquired halted not_owned' "$(outcome_of before "$low" 1002) $(outcome_of before "$high" 1002)"
same "a dump after that brings the handover" "1 $(shard_one before "SELECT id FROM slashguard.handover")" "$(
    pg_dump -d "service=shard_one dbname=before" -Fc -f "$work/dump"
    shard_one postgres 'DROP DATABASE restored' && shard_one postgres 'CREATE DATABASE restored'
    pg_restore -d "service=shard_one dbname=restored" --exit-on-error "$work/dump"
    shard_one restored "SELECT count(*) || ' ' || min(id::text) FROM slashguard.handover"
)"
same "its receipt was one" t "$([[ $receipt == sgh1_* ]] && echo t)"

# Nothing is imported: what was granted here is not granted there all the same.
for database in here there; do
    shard_one postgres "CREATE DATABASE $database"
    shard_one "$database" 'CREATE EXTENSION slashguard'
    shard_one "$database" "SELECT slashguard.register_chain('dumped', 'aztec', '1:0x$(repeat 0e 20)', now() - interval '1000.5 hours', '1 hour',
        '{\"first_use\": \"trust\", \"signature_scheme\": \"none\", \"horizon_slots\": 5, \"margin_slots\": 2}')" > /dev/null
done
shard_one there "SELECT slashguard.disown_validators('dumped', '0x$(repeat 00 20)', '0x$(repeat ff 20)')" > /dev/null
unseen=0x$(repeat 88 20)
same "here both are granted" 'acquired acquired' "$(outcome_of here "$high" 1000) $(outcome_of here "$unseen" 1003)"
same "there nothing is" 'halted not_owned' "$(outcome_of there "$high" 1000)"
shard_one here "SELECT slashguard.freeze_validators('dumped', $range)" > /dev/null
shard_one there "SELECT slashguard.freeze('dumped', '$high')" > /dev/null
receipt=$(shard_one here "SELECT slashguard.disown_validators('dumped', $range, '$(shard_one there 'SELECT slashguard.ledger_id()')')")
same "there it is owned, and what an operator froze there stays frozen" 't halted frozen' \
    "$(shard_one there "SELECT slashguard.own_validators('dumped', $range, '$receipt')") $(outcome_of there "$high" 1004)"
shard_one there "SELECT slashguard.unfreeze('dumped', '$high')" > /dev/null
same "of what was granted here nothing is granted there, seen or unseen" 'stale low_watermark stale low_watermark' \
    "$(outcome_of there "$high" 1000) $(outcome_of there "$unseen" 1003)"
same "above it is" 'acquired acquired' "$(outcome_of there "$high" 1004) $(outcome_of there "$unseen" 1004)"
same "here it is not" 'halted not_owned halted not_owned' "$(outcome_of here "$high" 1004) $(outcome_of here "$unseen" 1004)"
same "a changed receipt" 22023 "$(told_by there "SELECT slashguard.own_validators('dumped', '0x$(repeat 00 20)', '0x7f$(repeat ff 19)', '${receipt:0:40}$([ "${receipt:40:1}" = 0 ] && echo 1 || echo 0)${receipt:41}')")"

# The disk goes back in time. No mark on the server tells, but a node's position does, and then the shard is frozen as well.
with_position() { # SLOT SEEN_POSITION: sets $answer and, where it was granted something, $position
    local new
    IFS='|' read -r answer new < <(shard_one there "SELECT concat_ws(' ', outcome, details ->> 'cause'), position
        FROM slashguard.try_acquire_duty('dumped', '$high', $1, 'GOVERNANCE_VOTE', '0x$(repeat 01 32)', 'node-a', seen_position => nullif('$2', ''))")
    position=${new:-$position}
}
answer='' position=''
with_position 1004 ''
with_position 1004 "$position"
cluster_save test-plproxy-shard_one kept
with_position 1005 "$position"
same "a node is granted something" acquired "$answer"
shard_one there "SELECT slashguard.freeze_validators('dumped', $range)" > /dev/null
shard_one there "SELECT slashguard.disown_validators('dumped', $range)" > /dev/null
same "then the range is given up" 'halted not_owned' "$(outcome_of there "$high" 1005)"
cluster_put_back test-plproxy-shard_one kept
same "put back, it owns the range again" 1 "$(shard_one there "SELECT count(*) FROM slashguard.owned_ranges")"
with_position 1005 "$position"
same "but the node tells, and the shard is frozen" 'halted frozen 1' \
    "$(PGOPTIONS='-c slashguard.clock_offset=72000' outcome_of there "$high" 1024) $(shard_one there "SELECT count(*) FROM slashguard.audit WHERE action = 'quarantine'")"
