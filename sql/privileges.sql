-- PUBLIC gets nothing. The four roles get what their names say, and no role gets a table.
REVOKE ALL ON SCHEMA slashguard FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA slashguard FROM PUBLIC;
REVOKE ALL ON ALL PROCEDURES IN SCHEMA slashguard FROM PUBLIC;
REVOKE ALL ON TYPE slashguard.acquisition FROM PUBLIC;
REVOKE ALL ON TYPE slashguard.recording FROM PUBLIC;
REVOKE ALL ON TYPE slashguard.imported_history FROM PUBLIC;
REVOKE ALL ON TYPE slashguard.acceptance FROM PUBLIC;
REVOKE ALL ON TYPE slashguard.verified_message FROM PUBLIC;

GRANT USAGE ON SCHEMA slashguard TO slashguard_client, slashguard_maintainer, slashguard_reader, slashguard_relayer;

GRANT USAGE ON TYPE slashguard.acquisition TO slashguard_client;
GRANT USAGE ON TYPE slashguard.recording TO slashguard_client;
GRANT EXECUTE ON FUNCTION
    slashguard.claim_duties,
    slashguard.claim_attestations,
    slashguard.claimed,
    slashguard.record_each,
    slashguard.recorded
TO slashguard_client;
GRANT EXECUTE ON PROCEDURE
    slashguard.acquire_duties,
    slashguard.acquire_attestations,
    slashguard.record_signatures
TO slashguard_client;
GRANT USAGE ON TYPE slashguard.acceptance TO slashguard_client;
GRANT USAGE ON TYPE slashguard.verified_message TO slashguard_client, slashguard_maintainer, slashguard_reader;
GRANT EXECUTE ON FUNCTION
    slashguard.try_acquire_duty,
    slashguard.acquire_duty,
    slashguard.try_acquire_block,
    slashguard.acquire_block,
    slashguard.try_acquire_attestation,
    slashguard.acquire_attestation,
    slashguard.try_acquire_withdrawal,
    slashguard.acquire_withdrawal,
    slashguard.try_acquire_state,
    slashguard.acquire_state,
    slashguard.record_signature,
    slashguard.release_duty,
    slashguard.extend_lease,
    slashguard.accept_signed_message
TO slashguard_client;

GRANT USAGE ON TYPE slashguard.imported_history TO slashguard_maintainer;
GRANT EXECUTE ON FUNCTION
    slashguard.register_chain,
    slashguard.set_chain_option,
    slashguard.declare_new,
    slashguard.retire_chain,
    slashguard.import_eip3076,
    slashguard.export_eip3076,
    slashguard.export_eip3076_lines,
    slashguard.confirm_recovery,
    slashguard.confirm_clock,
    slashguard.freeze,
    slashguard.unfreeze,
    slashguard.raise_low_watermark,
    slashguard.set_high_watermark,
    slashguard.own_validators,
    slashguard.disown_validators,
    slashguard.freeze_validators,
    slashguard.unfreeze_validators,
    slashguard.cleanup_stuck_duties,
    slashguard.cleanup_old_duties,
    slashguard.begin_maintenance,
    slashguard.schedule_maintenance,
    slashguard.unschedule_maintenance,
    slashguard.set_sequencer,
    slashguard.forget_sequencer_messages,
    slashguard.protect_table(regclass, text),
    slashguard.protect_table(regclass, text, text, timestamptz, interval, jsonb),
    slashguard.unprotect_table,
    slashguard.migrate_table
TO slashguard_maintainer;
GRANT EXECUTE ON PROCEDURE slashguard.run_maintenance() TO slashguard_maintainer;

GRANT EXECUTE ON FUNCTION
    slashguard.keccak256(bytea),
    slashguard.keccak256(text),
    slashguard.public_key_to_address(bytea),
    slashguard.public_key_to_address(text),
    slashguard.checksum_address(text),
    slashguard.ecdsa_recover(bytea, bytea),
    slashguard.ecdsa_recover(text, text),
    slashguard.verify_signature(bytea, bytea, bytea),
    slashguard.verify_signature(text, text, text),
    slashguard.eip191_digest(bytea),
    slashguard.eip191_digest(text),
    slashguard.eip712_digest(jsonb),
    slashguard.eip712_digest(jsonb, jsonb, jsonb),
    slashguard.verify_signed_message(jsonb, text)
TO slashguard_client, slashguard_maintainer, slashguard_reader;

GRANT EXECUTE ON FUNCTION slashguard.ledger_time, slashguard.ledger_id TO slashguard_reader, slashguard_maintainer;
GRANT SELECT ON
    slashguard.chains,
    slashguard.duties,
    slashguard.freed_duties,
    slashguard.watermarks,
    slashguard.owned_ranges,
    slashguard.validators,
    slashguard.refusals,
    slashguard.stats,
    slashguard.audit,
    slashguard.sequencers,
    slashguard.sequencer_messages,
    slashguard.missing_sequences,
    slashguard.sequencer_equivocations,
    slashguard.protected_tables
TO slashguard_reader, slashguard_maintainer;

GRANT SELECT ON
    slashguard.withdrawal_signatures,
    slashguard.state_signatures,
    slashguard.pending_withdrawals,
    slashguard.ready_withdrawals
TO slashguard_relayer, slashguard_reader, slashguard_maintainer;
