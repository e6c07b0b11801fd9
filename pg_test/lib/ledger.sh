# shellcheck shell=bash
# What suites ask a ledger from a shell, and how they hold its answers against what was promised. To be sourced, after
# report.sh and cluster.sh.
#
#   ask DATABASE STATEMENT          its rows, without headings; an error ends the script
#   told DATABASE STATEMENT         the same, or the SQLSTATE it was refused with
#   fresh DATABASE                  a database with an empty ledger; one of that name is dropped
#   register DATABASE CHAIN [OPTIONS [SLOT_DURATION]]
#                                   a chain of trust, in the middle of its slot 1000
#   alarms DATABASE [CHAIN]         how often that chain was put into doubt
#   claim DATABASE SLOT HASH NODE [SEEN_POSITION [CHAIN]]
#                                   sets $answer (outcome and cause) and $position (null but for what is granted)
#   outcome .. (as claim)           outcome and cause, to standard output

ask() { psql -XAtq -v ON_ERROR_STOP=1 -d "$1" -c "$2"; }

told() { psql -XAtq -v VERBOSITY=sqlstate -d "$1" -c "$2" 2>&1 | sed 's/^ERROR:  //'; }

fresh() {
    dropdb --if-exists --force "$1" 2> /dev/null
    createdb "$1"
    ask "$1" 'CREATE EXTENSION slashguard'
}

alarms() { ask "$1" "SELECT count(*) FROM slashguard.audit WHERE action IN ('quarantine', 'doubt') AND chain = '${2:-chain}'"; }

validator=0x$(repeat ab 20)
hash=0x$(repeat 01 32)
other_hash=0x$(repeat 02 32)

# Slots of an hour unless told otherwise, so that the current one does not change in mid-test. Every chain has an identity
# of its own.
chains_registered=0
register() {
    local database=$1 chain=$2 options=${3:-} duration=${4:-1 hour}
    chains_registered=$((chains_registered + 1))
    ask "$database" "SELECT slashguard.register_chain('$chain', 'aztec', '1:0x$(printf '%040x' "$chains_registered")',
        now() - interval '$duration' * 1000.5, '$duration',
        '{\"first_use\": \"trust\", \"signature_scheme\": \"none\", \"margin_slots\": 4}'::jsonb || '${options:-"{}"}'::jsonb)" > /dev/null
}

answer='' position=''
claim() {
    local chain=${6:-chain}
    IFS='|' read -r answer position < <(ask "$1" "SELECT concat_ws(' ', outcome, details ->> 'cause'), position
        FROM slashguard.try_acquire_duty('$chain', '$validator', $2, 'ATTESTATION', '$3', '$4', lease_ms => 86400000,
            seen_position => nullif('${5:-}', ''))")
}

outcome() {
    local answer='' position=''
    claim "$@"
    echo "$answer"
}
