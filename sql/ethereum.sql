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
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SUPPORT slashguard.load_before_run
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
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SUPPORT slashguard.load_before_run
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
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SUPPORT slashguard.load_before_run
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
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SUPPORT slashguard.load_before_run
AS 'MODULE_PATHNAME', 'slashguard_acquire_attestation';
COMMENT ON FUNCTION slashguard.acquire_attestation IS
    'The strict twin of try_acquire_attestation: a refusal raises SG001 (conflict), SG002 (in progress), SG003 (stale) or SG004 (halted).';

CREATE FUNCTION slashguard.import_eip3076(
    chain text,
    interchange text
) RETURNS SETOF slashguard.imported_history
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'slashguard_import_eip3076';
COMMENT ON FUNCTION slashguard.import_eip3076 IS
    'Takes in what other signers have signed: an EIP-3076 file, all of it or nothing. Answers what came in for each validator.';

CREATE FUNCTION slashguard.begin_export(
    chain text,
    validators text[]
) RETURNS integer
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_begin_export';
COMMENT ON FUNCTION slashguard.begin_export IS
    'Part of export_eip3076: waits for claims under way, and lets none begin until the end of the transaction unless they are frozen. Answers the chain''s id.';

-- A watermark says that something may be signed up to it. A file says so by where its records begin, so what lies below a
-- watermark is left out, and a record without signing root stands at the watermark where no other does: for attestations with
-- the latest source that is left out, because a later vote with an earlier source could surround that one.
-- What joins is large or has one row, whatever the statistics of a table say that was just filled.
CREATE FUNCTION slashguard.export_eip3076_lines(
    chain text,
    validators text[] DEFAULT NULL
) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' SET jit = off SET enable_nestloop = off SET enable_mergejoin = off
AS $function$
DECLARE
    exported integer := slashguard.begin_export(chain, validators);
BEGIN
    RETURN QUERY
    SELECT '{"metadata":{"interchange_format_version":"5","genesis_validators_root":"' || c.identity || '"},"data":['
      FROM slashguard.chain AS c WHERE c.id = exported;
    RETURN QUERY
    WITH whole AS (
        SELECT c.slots_per_epoch::bigint AS slots_per_epoch,
               9223372036854775807 / c.slots_per_epoch - 1 AS last_epoch,
               GREATEST(c.low_watermark, c.quarantine_slot, a.slot) AS slot,
               GREATEST(c.low_source_epoch, coalesce(c.quarantine_source_epoch, c.quarantine_slot / c.slots_per_epoch),
                        a.slot / c.slots_per_epoch) AS source_epoch,
               (SELECT t.id FROM slashguard.duty_type AS t WHERE t.rules = c.rules AND t.name = 'ATTESTATION')
                   AS attestation
          FROM slashguard.chain AS c
          LEFT JOIN LATERAL (
               SELECT c.awaited_slot AS slot
                 FROM slashguard.witness AS w CROSS JOIN slashguard.ledger AS l
                WHERE w.chain_id = c.id AND w.reported_at >= c.awaited_since AND w.heard_since <> l.server_start
                LIMIT 1) AS a ON true
         WHERE c.id = exported),
    floors AS MATERIALIZED (
        SELECT v.id, row_number() OVER (ORDER BY v.key) AS place, v.key,
               nullif(GREATEST(f.slot, v.history_block_slot, -1), -1) AS block_slot,
               nullif(LEAST(GREATEST(f.slot / w.slots_per_epoch, v.history_target_epoch, -1), w.last_epoch), -1)
                   AS target_epoch,
               LEAST(GREATEST(w.source_epoch, v.low_source_epoch, v.history_source_epoch,
                              v.first_use_slot / w.slots_per_epoch, 0), w.last_epoch) AS source_epoch
          FROM slashguard.validator AS v
         CROSS JOIN whole AS w
         CROSS JOIN LATERAL (SELECT GREATEST(w.slot, v.low_watermark, v.first_use_slot) AS slot) AS f
         WHERE v.chain_id = exported
           AND (validators IS NULL
                OR v.key = ANY (SELECT decode(substr(named.key, 3), 'hex') FROM unnest(validators) AS named (key)))),
    records AS MATERIALIZED (
        SELECT f.id, c.duty_type_id = w.attestation AS is_attestation, c.slot, c.slot / w.slots_per_epoch AS target_epoch,
               c.source_epoch, c.message_hash, f.block_slot AS low_slot, f.target_epoch AS low_target
          FROM slashguard.claim AS c
          JOIN floors AS f ON f.id = c.validator_id
         CROSS JOIN whole AS w
         WHERE c.chain_id = exported),
    below AS (
        SELECT r.id, bool_or(NOT r.is_attestation AND r.slot = r.low_slot) AS has_low_slot,
               max(r.source_epoch) FILTER (WHERE r.target_epoch < r.low_target) AS latest_source
          FROM records AS r GROUP BY r.id),
    -- A vote with a source before the watermark of sources would surround the record that stands there: it is left out, too.
    lifted AS (
        SELECT f.id, GREATEST(f.source_epoch, b.latest_source) AS source_epoch, b.has_low_slot,
               GREATEST(f.target_epoch, v.latest_target) AS target_epoch
          FROM floors AS f
          LEFT JOIN below AS b ON b.id = f.id
          LEFT JOIN (
               SELECT r.id, max(r.target_epoch) AS latest_target
                 FROM records AS r
                 JOIN floors AS f ON f.id = r.id
                 JOIN below AS b ON b.id = r.id
                WHERE r.is_attestation AND r.low_target IS NOT NULL
                  AND r.source_epoch < GREATEST(f.source_epoch, b.latest_source)
                GROUP BY r.id) AS v ON v.id = f.id),
    sums AS (
        SELECT r.id, max(r.source_epoch) FILTER (WHERE r.target_epoch < l.target_epoch) AS latest_source,
               max(r.source_epoch) FILTER (WHERE r.target_epoch = l.target_epoch) AS source_at_target
          FROM records AS r JOIN lifted AS l ON l.id = r.id GROUP BY r.id),
    -- Where the vote at the low target does not stand for all that is below, one without signing root does, in its place.
    bounds AS (
        SELECT f.id, f.place, f.block_slot, f.block_slot IS NOT NULL AND l.has_low_slot IS NOT TRUE AS adds_block,
               CASE WHEN b.adds_vote THEN GREATEST(l.target_epoch, b.source_epoch) ELSE l.target_epoch END
                   AS target_epoch,
               b.source_epoch, b.adds_vote
          FROM floors AS f
          JOIN lifted AS l ON l.id = f.id
          LEFT JOIN sums AS s ON s.id = f.id
         CROSS JOIN LATERAL (
               SELECT GREATEST(l.source_epoch, s.latest_source) AS source_epoch,
                      l.target_epoch IS NOT NULL
                      AND coalesce(s.source_at_target < GREATEST(l.source_epoch, s.latest_source), true) AS adds_vote
               ) AS b),
    -- In the order of the file: 0 a validator begins, 1 its blocks, 2 its attestations begin, 3 they follow, 4 it ends.
    parts AS (
        SELECT f.place, 0 AS part, 0::bigint AS at, 0::bigint AS source_epoch, f.key AS bytes
          FROM floors AS f
        UNION ALL
        SELECT b.place, 1, r.slot, 0, r.message_hash
          FROM records AS r JOIN bounds AS b ON b.id = r.id
         WHERE NOT r.is_attestation AND (b.block_slot IS NULL OR r.slot >= b.block_slot)
        UNION ALL
        SELECT b.place, 1, b.block_slot, 0, NULL FROM bounds AS b WHERE b.adds_block
        UNION ALL
        SELECT b.place, 2, 0, 0, NULL FROM bounds AS b
        UNION ALL
        SELECT b.place, 3, r.target_epoch, r.source_epoch, r.message_hash
          FROM records AS r JOIN bounds AS b ON b.id = r.id
         WHERE r.is_attestation
           AND (b.target_epoch IS NULL OR r.target_epoch > b.target_epoch
                OR r.target_epoch = b.target_epoch AND NOT b.adds_vote)
        UNION ALL
        SELECT b.place, 3, b.target_epoch, b.source_epoch, NULL FROM bounds AS b WHERE b.adds_vote
        UNION ALL
        SELECT b.place, 4, 0, 0, NULL FROM bounds AS b),
    ordered AS (
        SELECT p.*, lead(p.part) OVER (ORDER BY p.place, p.part, p.at, p.source_epoch, p.bytes) AS next_part
          FROM parts AS p)
    SELECT CASE o.part
               WHEN 0 THEN '{"pubkey":"0x' || encode(o.bytes, 'hex') || '","signed_blocks":['
               WHEN 1 THEN '{"slot":"' || o.at || '"' || coalesce(',"signing_root":"0x' || encode(o.bytes, 'hex') || '"', '')
                           || '}' || CASE o.next_part WHEN 1 THEN ',' ELSE '' END
               WHEN 2 THEN '],"signed_attestations":['
               WHEN 3 THEN '{"source_epoch":"' || o.source_epoch || '","target_epoch":"' || o.at || '"'
                           || coalesce(',"signing_root":"0x' || encode(o.bytes, 'hex') || '"', '')
                           || '}' || CASE o.next_part WHEN 3 THEN ',' ELSE '' END
               ELSE ']}' || CASE WHEN o.next_part IS NULL THEN '' ELSE ',' END
           END
      FROM ordered AS o
     ORDER BY o.place, o.part, o.at, o.source_epoch, o.bytes;
    RETURN NEXT ']}';
END
$function$;
COMMENT ON FUNCTION slashguard.export_eip3076_lines IS
    'The history of a chain or of some validators as an EIP-3076 file, line by line, for histories of any size.';

CREATE FUNCTION slashguard.export_eip3076(
    chain text,
    validators text[] DEFAULT NULL
) RETURNS text
LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT string_agg(line, E'\n') FROM slashguard.export_eip3076_lines(chain, validators) AS line
$function$;
COMMENT ON FUNCTION slashguard.export_eip3076 IS
    'The history of a chain or of some validators as the text of an EIP-3076 file. Above 1 GB use export_eip3076_lines.';
