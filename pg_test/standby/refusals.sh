# shellcheck shell=bash
# Answers that only refuse come at once from a primary whose standby is silent, and are counted. To be sourced, after callers.sh.

strict() {
    PGUSER=node timeout "$patience" psql -XAtq -v VERBOSITY=sqlstate -c "SELECT outcome FROM ${1/try_acquire_duty/acquire_duty}" 2>&1
}
counted() {
    on "$primary" "SELECT sum(count) FROM slashguard.refusals WHERE chain = 'refusing' AND outcome = '$1'"
}
refused_at_once() { # NAME EXPECTED CALL
    same "at once: $1" "$2" "$(ask "$(outcome "$3")")"
}

refusals() {
    on "$primary" "$(register refusing 3 ', "margin_slots": 4')
        SELECT slashguard.set_chain_option('refusing', 'horizon_slots', '10');
        SELECT slashguard.raise_low_watermark('refusing', 900)" > /dev/null
    same "a duty in progress" acquired "$(ask "$(outcome "$(claim refusing 1000 "$hash" node-1 'lease_ms => 86400000')")")"
    same "a duty that was released" t "$(ask "SELECT slashguard.release_duty('$(ask "SELECT lock_token FROM $(claim refusing 1001 "$hash" node-1)")')")"

    stall a
    refused_at_once conflict conflict "$(claim refusing 1000 "$other_hash" node-2)"
    refused_at_once "conflict with an open duty" conflict "$(claim refusing 1001 "$other_hash" node-2)"
    refused_at_once "in progress" in_progress "$(claim refusing 1000 "$hash" node-2)"
    refused_at_once "below the watermark" 'stale low_watermark' "$(claim refusing 900 "$hash" node-1)"
    refused_at_once "beyond the horizon" 'halted horizon' "$(claim refusing 2000 "$hash" node-1)"
    refused_at_once "a conflict again" conflict "$(claim refusing 1000 "$other_hash" node-2)"
    same "at once: the strict twin's refusal" 'ERROR:  SG001' "$(strict "$(claim refusing 1000 "$other_hash" node-2)")"
    same "at once: a duty type that is harmless" not_protected \
        "$(ask "$(outcome "$(claim refusing 1000 "$hash" node-1 | sed "s/ATTESTATION/AUTH_REQUEST/")")")"
    same "conflicts are counted" 3 "$(counted conflict)"
    same "what is stale is counted" 1 "$(counted stale)"
    same "what is halted is counted" 1 "$(counted halted)"
    go_on a
}
