# shellcheck shell=bash
# Others that meet a claim whose commit waits for the silent standby: they are told so, as an answer and in time. To be sourced,
# after callers.sh.

meets() { # NAME CALL: in the background, as all of them wait for the same two seconds
    call "meets.$1" "$(outcome "$2")"
    met+=("meets.$1")
}
is_held_up() { # NAME WHAT
    same "$2" '0: halted lock_timeout' "$(got "meets.$1")"
}
still_waits() {
    check "$1 still waits for the standby" grep -qxF "$1" <<< "$(waiting "$1")"
}

stuck() {
    local met=() first=() name position old_token
    local other_validator
    other_validator=0x$(printf 'cd%.0s' {1..20})
    on "$primary" "$(register frozen 4 '') $(register optioned 5 '')" > /dev/null
    for name in frozen optioned; do
        same "chain $name is in use" acquired "$(ask "$(outcome "$(claim "$name" 1 "$hash" node-1)")")"
    done
    position=$(ask "SELECT position FROM $(claim async 3001 "$hash" node-1)")
    same "node-1 has reported a position before" acquired \
        "$(ask "$(outcome "$(claim async 3002 "$hash" node-1 "seen_position => '$position'")")")"
    same "a duty that is open" acquired "$(ask "$(outcome "$(claim async 3003 "$hash" node-1 'lease_ms => 1')")")"
    same "a duty that is held" acquired \
        "$(ask "$(outcome "$(claim async 3004 "$hash" node-1 "lease_ms => 86400000, request_id => '00000000-0000-0000-0000-000000003004'")")")"
    old_token=$(ask "SELECT lock_token FROM $(claim async 3005 "$hash" node-1)")
    check "a duty that is signed" test -n "$(ask "SELECT slashguard.record_signature('$old_token', '$signature')")"
    stall a

    echo "claims are stuck .."
    call stuck.first "$(outcome "$(claim async 3010 "$hash" node-1 'lease_ms => 86400000')")"
    call stuck.takeover "$(outcome "$(claim async 3003 "$hash" node-2 'lease_ms => 86400000')")"
    call stuck.replay "$(outcome "$(claim async 3004 "$hash" node-1 "lease_ms => 86400000, request_id => '00000000-0000-0000-0000-000000003004'")")"
    call stuck.signed "$(outcome "$(claim async 3005 "$hash" node-2)")"
    call stuck.validator "$(outcome "$(claim async 3011 "$hash" node-1 | sed "s/$validator/$other_validator/")")"
    call stuck.node "$(outcome "$(claim async 3012 "$hash" node-new)")"
    call stuck.frozen "$(outcome "$(claim frozen 3010 "$hash" node-1)")"
    call stuck.optioned "$(outcome "$(claim optioned 3010 "$hash" node-1)")"
    call stuck.reporting "$(outcome "$(claim async 3013 "$hash" node-1 "seen_position => '$position'")")"
    first=(stuck.first stuck.takeover stuck.replay stuck.signed stuck.validator stuck.node stuck.frozen stuck.optioned stuck.reporting)
    await_settled "${first[@]}"
    for name in "${first[@]}"; do
        still_waits "$name"
    done

    echo "others meet them .."
    caller_role=keeper
    call keeper.freeze "SELECT slashguard.freeze('frozen') IS NOT NULL"
    call keeper.option "SELECT slashguard.set_chain_option('optioned', 'margin_slots', '3')"
    caller_role=node
    for name in keeper.freeze keeper.option; do
        check "$name waits for the claim under way" wait_until "$patience" "$name waits" waits_for_lock "$name"
    done
    meets same_hash "$(claim async 3010 "$hash" node-2)"
    meets other_hash "$(claim async 3010 "$other_hash" node-2)"
    meets patient "$(claim async 3010 "$hash" node-2 'wait_ms => 100')"
    meets taken_over "$(claim async 3003 "$hash" node-3)"
    meets new_validator "$(claim async 3021 "$hash" node-1 | sed "s/$validator/$other_validator/")"
    meets new_node "$(claim async 3022 "$hash" node-new)"
    meets behind_freeze "$(claim frozen 3023 "$hash" node-1)"
    meets behind_option "$(claim optioned 3023 "$hash" node-1)"
    call free.duty "$(outcome "$(claim async 3030 "$hash" node-3)")"
    call free.node "$(outcome "$(claim async 3031 "$hash" node-1)")"
    call free.signed "$(outcome "$(claim async 3005 "$hash" node-3)")"
    call free.reporting "$(outcome "$(claim async 3032 "$hash" node-1 "seen_position => '$position'")")"
    call free.conflict_takeover "$(outcome "$(claim async 3003 "$other_hash" node-3)")"
    call free.conflict_replay "$(outcome "$(claim async 3004 "$other_hash" node-3)")"
    call free.conflict_signed "$(outcome "$(claim async 3005 "$other_hash" node-3)")"
    call free.conflict_reporting "$(outcome "$(claim async 3002 "$other_hash" node-1 "seen_position => '$position'")")"
    await_settled free.duty free.node free.signed free.reporting
    await_ended "${met[@]}" free.conflict_takeover free.conflict_replay free.conflict_signed free.conflict_reporting

    is_held_up same_hash "the same message, first claim stuck"
    check "of its wait the server says so" logged_lock_waits meets.same_hash
    is_held_up other_hash "another message, first claim stuck"
    is_held_up patient "the same message with wait_ms"
    is_held_up taken_over "the same message, takeover stuck"
    is_held_up new_validator "a validator that a stuck claim registers"
    is_held_up new_node "a node that a stuck claim registers"
    is_held_up behind_freeze "behind a freeze that waits for a stuck claim"
    is_held_up behind_option "behind a change of options that waits for a stuck claim"
    for name in takeover replay signed reporting; do
        same "another message, $name stuck: a conflict" '0: conflict' "$(got "free.conflict_$name")"
        check "another message, $name stuck: at once" no_lock_waits "free.conflict_$name"
    done
    for name in free.duty free.node free.signed free.reporting; do
        still_waits "$name"
        check "$name has waited for nobody else" no_lock_waits "$name"
    done
    for name in "${first[@]}"; do
        still_waits "$name"
    done
    for name in keeper.freeze keeper.option; do
        check "$name still waits" waits_for_lock "$name"
    done

    echo "one of them is cancelled .."
    end_waits stuck.first pg_cancel_backend
    await_ended stuck.first
    same "the cancelled claim, another message" conflict "$(ask "$(outcome "$(claim async 3010 "$other_hash" node-2)")")"
    same "the cancelled claim, the same message" in_progress "$(ask "$(outcome "$(claim async 3010 "$hash" node-2)")")"

    echo "the standby confirms .."
    go_on a
    await_ended "${first[@]}" free.duty free.node free.signed free.reporting keeper.freeze keeper.option
    for name in takeover replay validator node frozen optioned reporting; do
        same "stuck.$name is answered" '0: acquired' "$(got "stuck.$name")"
    done
    same "stuck.signed is answered" '0: already_signed' "$(got stuck.signed)"
    for name in duty node reporting; do
        same "free.$name is answered" '0: acquired' "$(got "free.$name")"
    done
    same "free.signed is answered" '0: already_signed' "$(got free.signed)"
    same "the chain is frozen" '0: t' "$(got keeper.freeze)"
    same "the option is changed" '0: ' "$(got keeper.option)"
    same "the frozen chain grants nothing" 'halted frozen' "$(ask "$(outcome "$(claim frozen 3024 "$hash" node-1)")")"
    same "the other one does" acquired "$(ask "$(outcome "$(claim optioned 3024 "$hash" node-1)")")"
}
