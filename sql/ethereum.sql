-- Chains with the rules ethereum. Each declaration is held against its Rust function by a test (src/api/declarations.rs).

CREATE FUNCTION slashguard.try_acquire_block(
    chain text,
    validator text,
    slot bigint,
    signing_root text,
    node_id text,
    lease_ms integer DEFAULT 3000,
    request_id uuid DEFAULT NULL,
    wait_ms integer DEFAULT 0,
    seen_position text DEFAULT NULL
) RETURNS slashguard.acquisition
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER SUPPORT slashguard.load_before_run
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off SET lock_timeout = '2s'
AS 'MODULE_PATHNAME', 'slashguard_try_acquire_block';
COMMENT ON FUNCTION slashguard.try_acquire_block IS
    'May this node sign this block? The same as try_acquire_duty with duty type BLOCK; refusals are values.';

CREATE FUNCTION slashguard.acquire_block(
    chain text,
    validator text,
    slot bigint,
    signing_root text,
    node_id text,
    lease_ms integer DEFAULT 3000,
    request_id uuid DEFAULT NULL,
    wait_ms integer DEFAULT 0,
    seen_position text DEFAULT NULL
) RETURNS slashguard.acquisition
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER SUPPORT slashguard.load_before_run
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off SET lock_timeout = '2s'
AS 'MODULE_PATHNAME', 'slashguard_acquire_block';
COMMENT ON FUNCTION slashguard.acquire_block IS
    'The strict twin of try_acquire_block: a refusal raises SG001 (conflict), SG002 (in progress), SG003 (stale) or SG004 (halted).';

CREATE FUNCTION slashguard.try_acquire_attestation(
    chain text,
    validator text,
    source_epoch bigint,
    target_epoch bigint,
    signing_root text,
    node_id text,
    lease_ms integer DEFAULT 3000,
    request_id uuid DEFAULT NULL,
    wait_ms integer DEFAULT 0,
    seen_position text DEFAULT NULL
) RETURNS slashguard.acquisition
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER SUPPORT slashguard.load_before_run
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off SET lock_timeout = '2s'
AS 'MODULE_PATHNAME', 'slashguard_try_acquire_attestation';
COMMENT ON FUNCTION slashguard.try_acquire_attestation IS
    'May this node sign this attestation? Double, surrounding and surrounded votes are refused (EIP-3076); refusals are values.';

CREATE FUNCTION slashguard.acquire_attestation(
    chain text,
    validator text,
    source_epoch bigint,
    target_epoch bigint,
    signing_root text,
    node_id text,
    lease_ms integer DEFAULT 3000,
    request_id uuid DEFAULT NULL,
    wait_ms integer DEFAULT 0,
    seen_position text DEFAULT NULL
) RETURNS slashguard.acquisition
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER SUPPORT slashguard.load_before_run
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off SET lock_timeout = '2s'
AS 'MODULE_PATHNAME', 'slashguard_acquire_attestation';
COMMENT ON FUNCTION slashguard.acquire_attestation IS
    'The strict twin of try_acquire_attestation: a refusal raises SG001 (conflict), SG002 (in progress), SG003 (stale) or SG004 (halted).';
