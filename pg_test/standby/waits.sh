# shellcheck shell=bash
# The standby is connected and silent. Whatever vouches for a claim waits for it, whatever synchronous_commit says; and when the
# wait is ended otherwise, the client has no answer. To be sourced, after callers.sh.
#
# A case is a name: how its wait ends, what is asked for, and where which synchronous_commit is set, such as
# cancel.takeover.role.off. Each has a duty of its own.

kinds=(fresh takeover replay signed record)
declare -A slot_of=() token_of=() row_of=() row_before=()
last_slot=1000

# Sets kind, way, level, chain, slot, request_id and caller_role.
set_case() {
    IFS=. read -r _ kind way level <<< "$1"
    if [ -z "${slot_of[$1]:-}" ]; then
        last_slot=$((last_slot + 1))
        slot_of[$1]=$last_slot
    fi
    slot=${slot_of[$1]}
    request_id=00000000-0000-0000-0000-$(printf '%012d' "$slot")
    chain=async
    if [ "$kind" = record ]; then
        chain=durable
    fi
    caller_role=node
    if [ "$way" = role ]; then
        caller_role=node_$level
    fi
}

# What has to be on record before, while the standby still answers. By the case's own role, whose request_id it is.
prepare() {
    local case kind way level chain slot request_id caller_role more
    local -A scripts=()
    for case in "$@"; do
        set_case "$case"
        case $kind in
            fresh) continue ;;
            takeover) more='lease_ms => 1' ;;
            *) more="lease_ms => 86400000, request_id => '$request_id'" ;;
        esac
        scripts[$caller_role]+="SELECT lock_token FROM $(claim "$chain" "$slot" "$hash" node-1 "$more") \\gset
            \\echo $case :lock_token
        "
        if [ "$kind" = signed ]; then
            scripts[$caller_role]+="SELECT slashguard.record_signature(:'lock_token', '$signature') \\gset signed_
            "
        fi
    done
    for caller_role in "${!scripts[@]}"; do
        while read -r case token; do
            token_of[$case]=$token
        done < <(PGUSER=$caller_role psql -XAtq -v ON_ERROR_STOP=1 <<< "${scripts[$caller_role]}")
    done
}

# start PREFIX CASE ..: asks for each in the background.
start() {
    local prefix=$1 case kind way level chain slot request_id caller_role node asked statements
    shift
    for case in "$@"; do
        set_case "$case"
        node=node-2
        if [ "$kind" = replay ]; then
            node=node-1
        fi
        asked=$(claim "$chain" "$slot" "$hash" "$node" "request_id => '$request_id', lease_ms => 86400000")
        if [ "$kind" = record ]; then
            asked="slashguard.record_signature('${token_of[$case]:-none}', '$signature')"
        fi
        case $way in
            session) statements=("SET synchronous_commit = '$level'" "SELECT * FROM $asked AS answer") ;;
            statement) statements=("SELECT answer.*, set_config('synchronous_commit', '$level', false) FROM $asked AS answer") ;;
            *) statements=("SELECT * FROM $asked AS answer") ;;
        esac
        call "$prefix$case" "${statements[@]}"
    done
}

# The sessions of these cases begin while the database has their setting.
start_in_database() {
    on "$primary" "ALTER DATABASE postgres SET synchronous_commit = '$1'"
    start '' "${@:2}"
    await_settled "${@:2}"
    on "$primary" 'ALTER DATABASE postgres RESET synchronous_commit'
}

# Sets row_of: for each duty its holder, answers, whether it is signed, and its secret.
read_rows() {
    local duty row
    row_of=()
    while read -r duty row; do
        row_of[$duty]=$row
    done < <(on "$primary" "SELECT c.name || '.' || l.slot || ' ' || concat_ws(' ', n.name, l.answers, l.signature IS NOT NULL, l.secret)
        FROM slashguard.claim AS l JOIN slashguard.chain AS c ON c.id = l.chain_id JOIN slashguard.node AS n ON n.id = l.node_id")
}

# What the case has left behind here, as read_rows has it but for the secret.
expected_row() {
    case $kind in
        fresh) echo 'node-2 1 f' ;;
        takeover) echo 'node-2 2 f' ;;
        replay) echo 'node-1 2 f' ;;
        *) echo 'node-1 1 t' ;;
    esac
}

# The client of this case has lost its connection and knows nothing.
is_not_answered() {
    local case=$1 complaint='FATAL:  08007'
    if [[ $case == terminate.* ]]; then
        # Postgres itself says so, and forbids every further word.
        complaint='WARNING:  57P01'
    fi
    if [ "$(got "$case")" != '2: ' ] || ! grep -q "$complaint" "$work/$case.err" || grep -qE 'sgt1_|0x1111|acquired|signed' "$work/$case.err"; then
        echo "    $(got "$case")"
        sed 's/^/    /' "$work/$case.err"
        return 1
    fi
}

is_answered() {
    local answer secret
    answer=$(got "again.$1")
    secret=${row_of[$chain.$slot]##* }
    case $kind in
        signed) [[ $answer == "0: already_signed||$signature|node-1|"* ]] ;;
        record) [[ $answer == '0: 2'* ]] ;;
        *) [[ $answer =~ ^'0: acquired|sgt1_'[0-9a-f]+"${secret//-/}|" ]] ;;
    esac || { echo "    $answer"; return 1; }
}

# round WHAT COMMAND CASE ..: the cases wait, the command ends their waits, and what then is asked again waits again.
round() {
    local what=$1 end=$2 case kind way level chain slot request_id caller_role stuck
    shift 2
    echo "$what: $# callers .."
    prepare "$@"
    stall a
    for case in "$@"; do
        if [[ $case == *.database.* ]]; then
            continue
        fi
        start '' "$case"
    done
    for level in off local remote_write; do
        mapfile -t stuck < <(printf '%s\n' "$@" | grep "\.database\.$level\$" || true)
        if [ "${#stuck[@]}" -gt 0 ]; then
            start_in_database "$level" "${stuck[@]}"
        fi
    done
    await_settled "$@"
    stuck=$(waiting '')
    for case in "$@"; do
        check "$case waits for the standby" grep -qxF "$case" <<< "$stuck"
    done
    "$end"
    await_ended "$@"
    read_rows
    for case in "$@"; do
        set_case "$case"
        check "$case is not answered" is_not_answered "$case"
        same "$case is on record here" "$(expected_row)" "${row_of[$chain.$slot]% *}"
        row_before[$case]=${row_of[$chain.$slot]}
    done

    if [ "$end" = empty_names ]; then
        names 'FIRST 1 (a)' a=sync
    fi
    start again. "$@"
    await_settled "${@/#/again.}"
    stuck=$(waiting again.)
    for case in "$@"; do
        check "$case, asked again, waits too" grep -qxF "again.$case" <<< "$stuck"
    done
    go_on a
    await_ended "${@/#/again.}"
    read_rows
    for case in "$@"; do
        set_case "$case"
        check "$case is answered when the standby has it" is_answered "$case"
        same "$case is the same claim" "${row_before[$case]##* }" "${row_of[$chain.$slot]##* }"
    done
}

cancel_waits() {
    end_waits '' pg_cancel_backend
}
terminate_waits() {
    end_waits '' pg_terminate_backend
}
empty_names() {
    set_names ''
}

waits() {
    local kind level started cases=()
    started=$(on "$primary" 'SELECT pg_postmaster_start_time()')
    for kind in "${kinds[@]}"; do
        cases+=("$kind")
        for level in off local remote_write; do
            cases+=("$kind.session.$level" "$kind.role.$level" "$kind.database.$level" "$kind.statement.$level")
        done
    done
    round "cancelled waits" cancel_waits "${cases[@]/#/cancel.}"

    cases=()
    for kind in "${kinds[@]}"; do
        cases+=("$kind" "$kind.session.off" "$kind.statement.local")
    done
    round "waits whose sessions are terminated" terminate_waits "${cases[@]/#/terminate.}"
    round "waits that end with synchronous_standby_names" empty_names "${cases[@]/#/emptied.}"
    same "the server has never stopped" "$started" "$(on "$primary" 'SELECT pg_postmaster_start_time()')"
}
