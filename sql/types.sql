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
