CREATE TYPE slashguard.acquisition AS (
    outcome text,
    lock_token text,
    signature text,
    holder text,
    expires_at timestamptz,
    position text,
    reason text,
    details jsonb
);
COMMENT ON TYPE slashguard.acquisition IS 'The answer to a claim.';
COMMENT ON COLUMN slashguard.acquisition.outcome IS
    'acquired, already_signed, in_progress, conflict, stale, halted or not_protected.';
COMMENT ON COLUMN slashguard.acquisition.lock_token IS
    'Proof of holding the claim, for record_signature, release_duty and extend_lease. Given to the holder alone.';
COMMENT ON COLUMN slashguard.acquisition.signature IS 'The signature on record, as hex text, where the message was signed before.';
COMMENT ON COLUMN slashguard.acquisition.holder IS 'The node that holds the claim, or held it last.';
COMMENT ON COLUMN slashguard.acquisition.expires_at IS 'The end of the holder''s lease.';
COMMENT ON COLUMN slashguard.acquisition.position IS 'Proof of what was granted last, with acquired: to be handed back as seen_position with the next request.';
COMMENT ON COLUMN slashguard.acquisition.reason IS 'A sentence for people: what decided.';
COMMENT ON COLUMN slashguard.acquisition.details IS 'The same for programs.';

CREATE TYPE slashguard.recording AS (
    recorded_at timestamptz,
    sqlstate text,
    reason text
);
COMMENT ON TYPE slashguard.recording IS 'What became of one of many signatures.';
COMMENT ON COLUMN slashguard.recording.recorded_at IS 'When it was recorded; null where it was refused.';
COMMENT ON COLUMN slashguard.recording.sqlstate IS 'SG005 or SG006 where it was refused.';
COMMENT ON COLUMN slashguard.recording.reason IS 'A sentence for people: why it was refused.';

CREATE TYPE slashguard.imported_history AS (
    validator text,
    blocks bigint,
    attestations bigint,
    new_blocks bigint,
    new_attestations bigint,
    slashable bigint,
    low_slot bigint,
    low_source_epoch bigint,
    low_target_epoch bigint,
    first_use_slot bigint
);
COMMENT ON TYPE slashguard.imported_history IS 'What an import has brought for one validator.';
COMMENT ON COLUMN slashguard.imported_history.blocks IS 'Different blocks that the file has.';
COMMENT ON COLUMN slashguard.imported_history.attestations IS 'Different attestations that the file has.';
COMMENT ON COLUMN slashguard.imported_history.new_blocks IS 'Those of them that were not on record.';
COMMENT ON COLUMN slashguard.imported_history.new_attestations IS 'Those of them that were not on record.';
COMMENT ON COLUMN slashguard.imported_history.slashable IS 'Records of the file that are slashable beside another one.';
COMMENT ON COLUMN slashguard.imported_history.low_slot IS 'Where the imported history of its blocks begins now: at or below it no other block is granted.';
COMMENT ON COLUMN slashguard.imported_history.low_source_epoch IS 'No attestation with a source below it is granted.';
COMMENT ON COLUMN slashguard.imported_history.low_target_epoch IS 'Where the imported history of its attestations begins now: at or below it no other one is granted.';
COMMENT ON COLUMN slashguard.imported_history.first_use_slot IS 'Where it was seen here before the import: up to this slot it goes on waiting.';
