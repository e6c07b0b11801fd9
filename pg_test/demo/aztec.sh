#!/usr/bin/env bash
# An Aztec node's own table, as it is and protected by one call: the statements of validator-ha-signer, sent by psql to a private
# server that is removed again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source pg_test/lib/report.sh
source pg_test/lib/cluster.sh

trap cluster_remove_started EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cluster_start demo-aztec

rollup=0xd01ca1018c59da8fbab2f5e20cc6ee228c5cbad9
ask() {
    psql --no-psqlrc --quiet --tuples-only --no-align --dbname=postgres --command="$1" 2>&1 || true
}
# insert NODE MESSAGE: what the node makes of it.
insert() {
    local answer
    answer=$(ask "INSERT INTO validator_duties VALUES ('$rollup', '0x1699b8f19ddc3e8d0bf9ef780da6217ae832c0c7', 1, 1, -1,
        'ATTESTATION', 'signing', '0x$(printf "$2%.0s" {1..32})', NULL, '$1', md5(random()::text))
        ON CONFLICT (rollup_address, validator_address, slot, duty_type, block_index_within_checkpoint) DO NOTHING
        RETURNING 'holds the duty and signs'")
    # Of an error its first line.
    answer=${answer%%$'\n'*}
    echo "    $1 asks to sign message $2..: ${answer:-there is a row already, so it does not sign}"
}
story() {
    insert node-1 aa
    insert node-2 bb
    echo "    a cleanup deletes the row of node-1, which is just signing"
    ask "DELETE FROM validator_duties WHERE node_id = 'node-1' AND status = 'signing'"
    insert node-2 bb
}

psql --no-psqlrc --quiet --dbname=postgres --file=pg_test/bench/tables/aztec.sql
echo "The table of validator-ha-signer as it is:"
story
echo "    Two messages are signed for one duty: slashable."
ask "TRUNCATE validator_duties"
echo
# This rollup begins now, so nobody can have signed on it elsewhere.
protect="SELECT slashguard.protect_table('public.validator_duties', chain => 'my-rollup',
    identity => '31337:$rollup',
    genesis_time => now(), slot_duration => '72 s', options => '{\"first_use\": \"trust\"}');"
echo "The same, protected:"
echo "CREATE EXTENSION slashguard;"
echo "$protect"
ask "CREATE EXTENSION slashguard"
ask "$protect" > /dev/null
story
echo "    after its lease of 3 s:"
sleep 3
ask "DELETE FROM validator_duties WHERE node_id = 'node-1' AND status = 'signing'"
insert node-2 bb
insert node-2 aa
echo "    One message is signed, by whichever node: nothing to slash."
