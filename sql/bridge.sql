-- Chains with the rules bridge. Each declaration is held against its Rust function by a test (src/api/declarations.rs).

CREATE FUNCTION slashguard.try_acquire_withdrawal(
    chain text,
    validator text,
    withdrawal_request_id text,
    recipient text,
    amount numeric,
    sequence bigint,
    message_hash text,
    node_id text,
    lease_ms integer DEFAULT 3000,
    request_id uuid DEFAULT NULL,
    wait_ms integer DEFAULT 0,
    seen_position text DEFAULT NULL
) RETURNS slashguard.acquisition
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER SUPPORT slashguard.load_before_run
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off SET lock_timeout = '2s'
AS 'MODULE_PATHNAME', 'slashguard_try_acquire_withdrawal';
COMMENT ON FUNCTION slashguard.try_acquire_withdrawal IS
    'May this signer approve this withdrawal? One message for one request, within the recipient''s daily limit; refusals are values.';

CREATE FUNCTION slashguard.acquire_withdrawal(
    chain text,
    validator text,
    withdrawal_request_id text,
    recipient text,
    amount numeric,
    sequence bigint,
    message_hash text,
    node_id text,
    lease_ms integer DEFAULT 3000,
    request_id uuid DEFAULT NULL,
    wait_ms integer DEFAULT 0,
    seen_position text DEFAULT NULL
) RETURNS slashguard.acquisition
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER SUPPORT slashguard.load_before_run
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off SET lock_timeout = '2s'
AS 'MODULE_PATHNAME', 'slashguard_acquire_withdrawal';
COMMENT ON FUNCTION slashguard.acquire_withdrawal IS
    'The strict twin of try_acquire_withdrawal: a refusal raises SG001 (conflict), SG002 (in progress), SG003 (stale) or SG004 (halted).';

CREATE FUNCTION slashguard.try_acquire_state(
    chain text,
    validator text,
    sequence bigint,
    state_hash text,
    node_id text,
    lease_ms integer DEFAULT 3000,
    request_id uuid DEFAULT NULL,
    wait_ms integer DEFAULT 0,
    seen_position text DEFAULT NULL
) RETURNS slashguard.acquisition
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER SUPPORT slashguard.load_before_run
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off SET lock_timeout = '2s'
AS 'MODULE_PATHNAME', 'slashguard_try_acquire_state';
COMMENT ON FUNCTION slashguard.try_acquire_state IS
    'May this signer attest this state? One state for one sequence; refusals are values.';

CREATE FUNCTION slashguard.acquire_state(
    chain text,
    validator text,
    sequence bigint,
    state_hash text,
    node_id text,
    lease_ms integer DEFAULT 3000,
    request_id uuid DEFAULT NULL,
    wait_ms integer DEFAULT 0,
    seen_position text DEFAULT NULL
) RETURNS slashguard.acquisition
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER SUPPORT slashguard.load_before_run
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off SET lock_timeout = '2s'
AS 'MODULE_PATHNAME', 'slashguard_acquire_state';
COMMENT ON FUNCTION slashguard.acquire_state IS
    'The strict twin of try_acquire_state: a refusal raises SG001 (conflict), SG002 (in progress), SG003 (stale) or SG004 (halted).';

-- What relayers read. A claim is one signer's, so rows are signers. security_barrier: a function of the reader's own sees only what the
-- view shows.

CREATE VIEW slashguard.withdrawal_signatures WITH (security_barrier) AS
SELECT h.name AS chain, r.shown AS request_id, '0x' || encode(w.recipient, 'hex') AS recipient,
       w.amount, w.sequence, '0x' || encode(w.message_hash, 'hex') AS message_hash,
       '0x' || encode(c.signature, 'hex') AS signature, '0x' || encode(v.key, 'hex') AS signer, c.signed_at, c.attestation
  FROM slashguard.withdrawal_request AS r
  JOIN slashguard.chain AS h ON h.id = r.chain_id
  JOIN slashguard.withdrawal AS w ON w.withdrawal_request_id = r.id
  JOIN slashguard.duty_type AS y ON y.rules = h.rules AND y.by_request_id AND NOT y.is_alias
  JOIN slashguard.claim AS c ON c.chain_id = r.chain_id AND c.slot = r.id AND c.validator_id = w.validator_id
                            AND c.duty_type_id = y.id AND c.message_hash = w.message_hash
  JOIN slashguard.validator AS v ON v.id = c.validator_id
 WHERE c.signature IS NOT NULL;
COMMENT ON VIEW slashguard.withdrawal_signatures IS
    'Signatures of withdrawals, a row a signer: what a relayer submits.';

CREATE VIEW slashguard.state_signatures WITH (security_barrier) AS
SELECT h.name AS chain, c.slot AS sequence, '0x' || encode(c.message_hash, 'hex') AS state_hash,
       '0x' || encode(c.signature, 'hex') AS signature, '0x' || encode(v.key, 'hex') AS signer, c.signed_at, c.attestation
  FROM slashguard.chain AS h
  JOIN slashguard.duty_type AS y ON y.rules = h.rules AND NOT y.by_request_id AND NOT y.is_alias
  JOIN slashguard.claim AS c ON c.chain_id = h.id AND c.duty_type_id = y.id
  JOIN slashguard.validator AS v ON v.id = c.validator_id
 WHERE h.rules = 'bridge' AND c.signature IS NOT NULL;
COMMENT ON VIEW slashguard.state_signatures IS
    'Signatures of states by their sequence, a row a signer.';

CREATE VIEW slashguard.pending_withdrawals WITH (security_barrier) AS
SELECT s.chain, s.request_id, s.recipient, s.amount, s.sequence, s.message_hash, count(DISTINCT s.signer) AS signatures, h.quorum,
       min(s.signed_at) AS first_signed_at
  FROM slashguard.withdrawal_signatures AS s JOIN slashguard.chain AS h ON h.name = s.chain
 GROUP BY s.chain, s.request_id, s.recipient, s.amount, s.sequence, s.message_hash, h.quorum
HAVING count(DISTINCT s.signer) < h.quorum;
COMMENT ON VIEW slashguard.pending_withdrawals IS
    'Withdrawals that have signatures, and fewer than the chain''s quorum. Signers that disagree are rows of their own.';

CREATE VIEW slashguard.ready_withdrawals WITH (security_barrier) AS
SELECT s.chain, s.request_id, s.recipient, s.amount, s.sequence, s.message_hash, count(DISTINCT s.signer) AS signatures, h.quorum,
       (array_agg(s.signed_at ORDER BY s.signed_at))[h.quorum] AS ready_at
  FROM slashguard.withdrawal_signatures AS s JOIN slashguard.chain AS h ON h.name = s.chain
 GROUP BY s.chain, s.request_id, s.recipient, s.amount, s.sequence, s.message_hash, h.quorum
HAVING count(DISTINCT s.signer) >= h.quorum;
COMMENT ON VIEW slashguard.ready_withdrawals IS
    'Withdrawals with the chain''s quorum of signatures of one message, and since when.';
