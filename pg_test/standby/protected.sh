# shellcheck shell=bash
# A node's own table, protected for chains that require a synchronous standby: the INSERT of validator-ha-signer is answered when the
# standby has its row, and its signature is when the chain records durably. To be sourced, after callers.sh and protocol.sh.

guarded_row_key="rollup_address, validator_address, slot, duty_type, block_index_within_checkpoint"
node_columns="$guarded_row_key, block_number, status, message_hash, node_id, lock_token"
rollup_of() { # CHAIN
    case $1 in
        guarded) echo "0x$(printf '%040d' 21)" ;;
        guarded_durable) echo "0x$(printf '%040d' 22)" ;;
    esac
}
lock_token_of() { # NODE SLOT
    echo "$1-$2-0000000000000000"
}

# As the package sends them. Each node has one token for a slot, as the package has for one request.
insert() { # CHAIN SLOT HASH NODE
    echo "WITH inserted AS (INSERT INTO validator_duties ($node_columns)
        VALUES ('$(rollup_of "$1")', '$validator', $2, 'ATTESTATION', -1, 1, 'signing', '$3', '$4', '$(lock_token_of "$4" "$2")')
        ON CONFLICT ($guarded_row_key) DO NOTHING RETURNING status, node_id, left(message_hash, 4) AS hash)
        SELECT 'is new', status, node_id, hash FROM inserted
        UNION ALL
        SELECT 'is there', status, node_id, left(message_hash, 4) FROM validator_duties
         WHERE rollup_address = '$(rollup_of "$1")' AND validator_address = '$validator' AND slot = $2
           AND NOT EXISTS (SELECT FROM inserted)"
}
sign() { # CHAIN SLOT NODE [MORE]
    echo "UPDATE validator_duties SET status = 'signed', signature = '$signature', completed_at = CURRENT_TIMESTAMP
        WHERE rollup_address = '$(rollup_of "$1")' AND slot = $2 AND status = 'signing'
          AND lock_token = '$(lock_token_of "$3" "$2")' ${4:-}"
}
# The node's side of one statement: what it answers, or the error's code.
asked() {
    PGUSER=node timeout "$patience" psql -XAtq -v VERBOSITY=sqlstate -c "$1" 2>&1 || true
}
node_rows() { # SERVER CHAIN SLOT
    on "$1" "SELECT node_id, status, left(message_hash, 4) FROM validator_duties WHERE rollup_address = '$(rollup_of "$2")' AND slot = $3"
}
claims() { # SERVER CHAIN SLOT
    on "$1" "SELECT holder, left(message_hash, 4), answers FROM slashguard.duties WHERE chain = '$2' AND slot = $3"
}

guarded_set_up() {
    if [ -n "$(on "$primary" "SELECT to_regclass('validator_duties')")" ]; then
        return
    fi
    on "$primary" "$(cat pg_test/bench/tables/aztec.sql)
        GRANT SELECT, INSERT, UPDATE, DELETE ON validator_duties TO node;
        $(register guarded 21 '') $(register guarded_durable 22 ', "record_commit": "durable"')
        SELECT slashguard.protect_table('validator_duties', 'guarded'), slashguard.protect_table('validator_duties', 'guarded_durable')" > /dev/null
    # Validator and nodes are known, as for every scene.
    local node chain
    for node in node-1 node-2; do
        for chain in guarded guarded_durable; do
            same "$chain: $node inserts" "is new|signing|$node|0x01" "$(asked "$(insert "$chain" "${node#node-}" "$hash" "$node")")"
        done
    done
}

# What a node may ask for, and what it is answered. A takeover is from a node that calls the functions.
guarded_kinds=(fresh takeover again signed record)
guarded_chain() {
    if [ "$1" = record ]; then
        echo guarded_durable
    else
        echo guarded
    fi
}
guarded_prepare() { # KIND SLOT
    case $1 in
        fresh) ;;
        takeover) ask "$(outcome "$(claim guarded "$2" "$hash" node-1 'lease_ms => 1')")" ;;
        again) asked "$(insert guarded "$2" "$hash" node-2)" ;;
        signed)
            asked "$(insert guarded "$2" "$hash" node-1)"
            asked "$(sign guarded "$2" node-1)"
            ;;
        record) asked "$(insert guarded_durable "$2" "$hash" node-2)" ;;
    esac > /dev/null
}
guarded_statement() { # KIND SLOT
    case $1 in
        record) sign guarded_durable "$2" node-2 "RETURNING 'is signed'" ;;
        *) insert guarded "$2" "$hash" node-2 ;;
    esac
}
guarded_answer() { # KIND
    case $1 in
        signed) echo 'is there|signed|node-1|0x01' ;;
        record) echo 'is signed' ;;
        *) echo 'is new|signing|node-2|0x01' ;;
    esac
}
guarded_row() { # KIND
    case $1 in
        signed) echo 'node-1|signed|0x01' ;;
        record) echo 'node-2|signed|0x01' ;;
        *) echo 'node-2|signing|0x01' ;;
    esac
}
guarded_claim() { # KIND, after the first time
    case $1 in
        fresh) echo 'node-2|0x01|1' ;;
        takeover | again) echo 'node-2|0x01|2' ;;
        signed) echo 'node-1|0x01|1' ;;
        record) echo 'node-2|0x01|1' ;;
    esac
}

guarded_round() { # END COMMAND FIRST_SLOT
    local end=$1 command=$2 kind slot names=() again=() stuck
    echo "protected, $end: every kind waits .."
    slot=$3
    for kind in "${guarded_kinds[@]}"; do
        guarded_prepare "$kind" "$slot"
        slot=$((slot + 1))
    done
    stall a
    slot=$3
    for kind in "${guarded_kinds[@]}"; do
        call "$end.guarded.$kind" "SET synchronous_commit = 'off'" "$(guarded_statement "$kind" "$slot")"
        names+=("$end.guarded.$kind")
        # A signature that is on record is not sent again: the row is not 'signing' any more.
        if [ "$kind" != record ]; then
            again+=("again.$end.guarded.$kind")
        fi
        slot=$((slot + 1))
    done
    await_settled "${names[@]}"
    stuck=$(waiting "$end.guarded.")
    for kind in "${guarded_kinds[@]}"; do
        check "protected, $kind waits for the standby" grep -qxF "$end.guarded.$kind" <<< "$stuck"
    done
    slot=$3
    # Whoever has other data meanwhile is told so where that is known, and does not wait for ever where it is not.
    for kind in "${guarded_kinds[@]}"; do
        case $kind in
            fresh) same "protected, other data while $kind waits" 'ERROR:  SG004' "$(asked "$(insert guarded "$slot" "$other_hash" node-1)")" ;;
            takeover) same "protected, other data while $kind waits" 'ERROR:  SG001' "$(asked "$(insert guarded "$slot" "$other_hash" node-1)")" ;;
            *) check "protected, other data while $kind waits" grep -q '^is there|.*|0x01$' \
                <<< "$(asked "$(insert "$(guarded_chain "$kind")" "$slot" "$other_hash" node-1)")" ;;
        esac
        slot=$((slot + 1))
    done

    "$command"
    await_ended "${names[@]}"
    slot=$3
    for kind in "${guarded_kinds[@]}"; do
        check "protected, $end: $kind is not answered" is_not_answered "$end.guarded.$kind"
        same "protected, $end: $kind is on record here" "$(guarded_claim "$kind")" "$(claims "$primary" "$(guarded_chain "$kind")" "$slot")"
        check "protected, $end: other data after $kind" grep -q '^is there|.*|0x01$' \
            <<< "$(asked "$(insert "$(guarded_chain "$kind")" "$slot" "$other_hash" node-1)")"
        slot=$((slot + 1))
    done

    if [ "$command" = empty_names ]; then
        names 'FIRST 1 (a)' a=sync
    fi
    slot=$3
    for kind in "${guarded_kinds[@]}"; do
        if [ "$kind" != record ]; then
            call "again.$end.guarded.$kind" "$(guarded_statement "$kind" "$slot")"
        fi
        slot=$((slot + 1))
    done
    await_settled "${again[@]}"
    stuck=$(waiting "again.$end.guarded.")
    for kind in "${again[@]}"; do
        check "protected, $kind waits too" grep -qxF "$kind" <<< "$stuck"
    done
    go_on a
    await_ended "${again[@]}"
    for kind in "${again[@]}"; do
        same "protected, $kind is answered when the standby has it" "0: $(guarded_answer "${kind##*.}")" "$(got "$kind")"
    done
    slot=$3
    for kind in "${guarded_kinds[@]}"; do
        same "protected, $end: one row for $kind" "$(guarded_row "$kind")" "$(node_rows "$primary" "$(guarded_chain "$kind")" "$slot")"
        slot=$((slot + 1))
    done
}

# The messages of the protocol, one by one, of a wait that is ended.
guarded_protocol() {
    local way slot=8200 names=() returning="RETURNING 'is signed'"
    local -A sent=()
    echo "protected: every way to send it .."
    for way in simple extended prepared flush pipelined ahead; do
        slot=$((slot + 1))
        sent[insert.$way]=$(insert guarded "$slot" "$hash" node-1)
        # The same without a word of what it inserts: its success is an answer, too.
        slot=$((slot + 1))
        sent[bare.$way]="INSERT INTO validator_duties ($node_columns) VALUES ('$(rollup_of guarded)', '$validator', $slot,
            'ATTESTATION', -1, 1, 'signing', '$hash', 'node-1', '$(lock_token_of node-1 "$slot")') ON CONFLICT DO NOTHING"
        slot=$((slot + 1))
        asked "$(insert guarded_durable "$slot" "$hash" node-1)" > /dev/null
        sent[update.$way]=$(sign guarded_durable "$slot" node-1)
        slot=$((slot + 1))
        asked "$(insert guarded_durable "$slot" "$hash" node-1)" > /dev/null
        sent[returning.$way]=$(sign guarded_durable "$slot" node-1 "$returning")
    done
    bare heard.guarded simple "$(insert guarded 8299 "$hash" node-1)"
    await_ended heard.guarded
    check "protected, undisturbed: the answer comes" holds heard.guarded 'row is new' ready
    stall a
    for way in "${!sent[@]}"; do
        bare "cut.guarded.$way" "${way#*.}" "${sent[$way]}"
        names+=("cut.guarded.$way")
    done
    await_settled "${names[@]}"
    for way in "${!sent[@]}"; do
        check "protected, $way: nothing is said while it waits" says_nothing "cut.guarded.$way"
    done
    cancel_waits
    await_ended "${names[@]}"
    for way in "${!sent[@]}"; do
        check "protected, cancelled, $way: the error and nothing else" only_an_error "cut.guarded.$way" "$cancelled"
    done
    go_on a
}
# Columns may be announced.
says_nothing() {
    if grep -vE '^(columns|parsed|bound|no columns) $' "$work/$1.out"; then
        return 1
    fi
}

guarded_missing() {
    local before
    echo "protected: no standby .."
    asked "$(insert guarded 8301 "$hash" node-1)" > /dev/null
    asked "$(sign guarded 8301 node-1)" > /dev/null
    ask "$(outcome "$(claim guarded 8302 "$hash" node-1 'lease_ms => 1')")" > /dev/null
    asked "$(insert guarded 8303 "$hash" node-1)" > /dev/null
    asked "$(insert guarded_durable 8304 "$hash" node-1)" > /dev/null
    names '' a=async
    before=$(on "$primary" 'SELECT (SELECT count(*) FROM slashguard.duties), (SELECT count(*) FROM validator_duties)')
    same "protected, no standby: a new duty" 'ERROR:  SG004' "$(asked "$(insert guarded 8300 "$hash" node-1)")"
    same "protected, no standby: a duty that is open" 'ERROR:  SG004' "$(asked "$(insert guarded 8302 "$hash" node-2)")"
    same "protected, no standby: the same INSERT again" 'ERROR:  SG004' "$(asked "$(insert guarded 8303 "$hash" node-1)")"
    same "protected, no standby: a signed duty" 'ERROR:  SG004' "$(asked "$(insert guarded 8301 "$hash" node-2)")"
    same "protected, no standby: other data" 'is there|signing|node-1|0x01' "$(asked "$(insert guarded 8303 "$other_hash" node-2)")"
    same "protected, no standby: nothing was written" "$before" \
        "$(on "$primary" 'SELECT (SELECT count(*) FROM slashguard.duties), (SELECT count(*) FROM validator_duties)')"
    call cancel.guarded.unheard "$(sign guarded_durable 8304 node-1 "RETURNING 'is signed'")"
    await_ended cancel.guarded.unheard
    check "protected, no standby: a signature is not answered" is_not_answered cancel.guarded.unheard
    names 'FIRST 1 (a)' a=sync
    same "protected, it is back: a new duty" 'is new|signing|node-1|0x01' "$(asked "$(insert guarded 8300 "$hash" node-1)")"
    same "protected, it is back: the same INSERT again" 'is new|signing|node-1|0x01' "$(asked "$(insert guarded 8303 "$hash" node-1)")"
}

protected() {
    guarded_set_up
    guarded_round cancel cancel_waits 8001
    guarded_round terminate terminate_waits 8011
    guarded_round emptied empty_names 8021
    guarded_protocol
    guarded_missing
}

# Before the primary dies: what a node was answered, and what it was not, because the standby had nothing of it.
guarded_before_failover() {
    guarded_set_up
    same "protected: a row before the failover" 'is new|signing|node-1|0x01' "$(asked "$(insert guarded 8401 "$hash" node-1)")"
    same "protected: a second one" 'is new|signing|node-1|0x01' "$(asked "$(insert guarded 8402 "$hash" node-1)")"
    same "protected: and a signature" 'is new|signing|node-1|0x01' "$(asked "$(insert guarded_durable 8403 "$hash" node-1)")"
    same "protected: which is recorded" 'is signed' "$(asked "$(sign guarded_durable 8403 node-1 "RETURNING 'is signed'")")"
}
guarded_unheard_before_failover() {
    call cancel.guarded.lost "$(insert guarded 8404 "$hash" node-1)"
    await_settled cancel.guarded.lost
    end_waits cancel.guarded.lost pg_cancel_backend
    await_ended cancel.guarded.lost
    check "protected: an INSERT that only the primary has is not answered" is_not_answered cancel.guarded.lost
}
guarded_after_failover() {
    local answer
    same "protected: the row is on the promoted server" 'node-1|signing|0x01' "$(node_rows test-standby-a guarded 8401)"
    same "protected: so is the signature" 'node-1|signed|0x01' "$(node_rows test-standby-a guarded_durable 8403)"
    same "protected: other data meets it" 'is there|signing|node-1|0x01' "$(cluster_use test-standby-a && asked "$(insert guarded 8401 "$other_hash" node-2)")"
    on test-standby-a 'TRUNCATE validator_duties'
    same "protected: other data when the row is gone" 'ERROR:  SG001' "$(cluster_use test-standby-a && asked "$(insert guarded 8402 "$other_hash" node-2)")"
    same "protected: and the signed one" 'ERROR:  SG001' "$(cluster_use test-standby-a && asked "$(insert guarded_durable 8403 "$other_hash" node-2)")"
    answer=$(cluster_use test-standby-a && asked "$(insert guarded 8404 "$other_hash" node-2)")
    check "protected: other data than what was lost: $answer" grep -qE '^ERROR:  SG00[13]$' <<< "$answer"
    same "protected: nothing new before the quarantine is over" 'ERROR:  SG003' "$(cluster_use test-standby-a && asked "$(insert guarded 9001 "$hash" node-1)")"
}
