-- Many claims, or many signatures, in one call and one commit. Each declaration is held against its Rust function by a test
-- (src/api/declarations.rs).
-- A procedure decides, commits, and then answers: rows that leave the server before a commit would be answers before it. What commits
-- may neither be SECURITY DEFINER nor set anything, so it runs as its caller, names everything in full, and what it calls does the
-- work.

CREATE FUNCTION slashguard.claim_duties(
    chain text,
    validators text[],
    slot bigint,
    duty_type text,
    message_hashes text[],
    node_id text,
    block_index integer,
    block_number bigint,
    checkpoint_number bigint,
    lease_ms integer,
    request_id uuid,
    seen_position text
) RETURNS void
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off SET lock_timeout = '2s'
AS 'MODULE_PATHNAME', 'slashguard_claim_duties';
COMMENT ON FUNCTION slashguard.claim_duties IS
    'Part of acquire_duties: decides and records. The answers are kept until the commit.';

CREATE FUNCTION slashguard.claim_attestations(
    chain text,
    validators text[],
    source_epochs bigint[],
    target_epochs bigint[],
    signing_roots text[],
    node_id text,
    lease_ms integer,
    request_id uuid,
    seen_position text
) RETURNS void
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off SET lock_timeout = '2s'
AS 'MODULE_PATHNAME', 'slashguard_claim_attestations';
COMMENT ON FUNCTION slashguard.claim_attestations IS
    'Part of acquire_attestations: decides and records. The answers are kept until the commit.';

CREATE FUNCTION slashguard.claimed(
) RETURNS slashguard.acquisition[]
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_claimed';
COMMENT ON FUNCTION slashguard.claimed IS
    'Part of acquire_duties and acquire_attestations: the answers that the same statement has committed.';

CREATE FUNCTION slashguard.record_each(
    lock_tokens text[],
    signatures text[]
) RETURNS void
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off SET lock_timeout = '2s'
AS 'MODULE_PATHNAME', 'slashguard_record_each';
COMMENT ON FUNCTION slashguard.record_each IS
    'Part of record_signatures: records. The answers are kept until the commit.';

CREATE FUNCTION slashguard.recorded(
) RETURNS slashguard.recording[]
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_recorded';
COMMENT ON FUNCTION slashguard.recorded IS
    'Part of record_signatures: the answers that the same statement has committed.';

CREATE PROCEDURE slashguard.acquire_duties(
    chain text,
    validators text[],
    slot bigint,
    duty_type text,
    message_hashes text[],
    node_id text,
    block_index integer DEFAULT -1,
    block_number bigint DEFAULT NULL,
    checkpoint_number bigint DEFAULT NULL,
    lease_ms integer DEFAULT 3000,
    request_id uuid DEFAULT NULL,
    seen_position text DEFAULT NULL,
    INOUT answers slashguard.acquisition[] DEFAULT NULL
)
LANGUAGE plpgsql
AS $procedure$
BEGIN
    PERFORM slashguard.claim_duties(
        chain, validators, slot, duty_type, message_hashes, node_id, block_index, block_number, checkpoint_number, lease_ms,
        request_id, seen_position);
    COMMIT;
    answers := slashguard.claimed();
END
$procedure$;
COMMENT ON PROCEDURE slashguard.acquire_duties IS
    'try_acquire_duty for many validators in one commit: an answer for each, in order; one that is refused is no refusal of the others.';

CREATE PROCEDURE slashguard.acquire_attestations(
    chain text,
    validators text[],
    source_epochs bigint[],
    target_epochs bigint[],
    signing_roots text[],
    node_id text,
    lease_ms integer DEFAULT 3000,
    request_id uuid DEFAULT NULL,
    seen_position text DEFAULT NULL,
    INOUT answers slashguard.acquisition[] DEFAULT NULL
)
LANGUAGE plpgsql
AS $procedure$
BEGIN
    PERFORM slashguard.claim_attestations(
        chain, validators, source_epochs, target_epochs, signing_roots, node_id, lease_ms, request_id, seen_position);
    COMMIT;
    answers := slashguard.claimed();
END
$procedure$;
COMMENT ON PROCEDURE slashguard.acquire_attestations IS
    'try_acquire_attestation for many validators in one commit: an answer for each, in order; one that is refused is no refusal of the others.';

CREATE PROCEDURE slashguard.record_signatures(
    lock_tokens text[],
    signatures text[],
    INOUT answers slashguard.recording[] DEFAULT NULL
)
LANGUAGE plpgsql
AS $procedure$
BEGIN
    PERFORM slashguard.record_each(lock_tokens, signatures);
    COMMIT;
    answers := slashguard.recorded();
END
$procedure$;
COMMENT ON PROCEDURE slashguard.record_signatures IS
    'record_signature for many tokens in one commit: an answer for each, in order; one that is refused is no refusal of the others.';
