-- For people: hex as text, names instead of ids. No view shows a token's secret or a request id.

CREATE VIEW slashguard.chains AS
SELECT c.name AS chain, c.rules, c.identity, c.genesis_time,
       make_interval(secs => c.slot_duration_us / 1000000.0) AS slot_duration,
       floor(EXTRACT(epoch FROM t.now - c.genesis_time) * 1000000 / c.slot_duration_us)::bigint AS current_slot,
       c.slots_per_epoch,
       floor(EXTRACT(epoch FROM t.now - c.genesis_time) * 1000000 / c.slot_duration_us / c.slots_per_epoch)::bigint
           AS current_epoch,
       c.first_use, c.horizon_slots, c.margin_slots, c.allow_unsigned_release, c.signature_scheme, c.record_commit,
       c.require_standby, c.quorum, c.daily_limit,
       make_interval(secs => c.retention_us / 1000000.0) AS retention,
       c.low_watermark, c.high_watermark, c.frozen_at, c.frozen_reason, c.registered_at, c.retired_at, c.sharded_at,
       t.now AS ledger_time,
       make_interval(secs => round(EXTRACT(epoch FROM t.now - clock_timestamp()))::double precision) AS clock_offset
  FROM slashguard.chain AS c CROSS JOIN (SELECT slashguard.ledger_time() AS now) AS t;
COMMENT ON VIEW slashguard.chains IS
    'Registered chains: identity, clock, current slot, options, watermarks. clock_offset is not zero only where a test shifted the ledger''s clock.';

CREATE VIEW slashguard.duties AS
SELECT h.name AS chain, '0x' || encode(v.key, 'hex') AS validator, c.slot, y.name AS duty_type, c.block_index,
       c.source_epoch, CASE WHEN y.by_epochs THEN c.slot / h.slots_per_epoch END AS target_epoch,
       CASE WHEN c.signature IS NOT NULL THEN 'signed'
            WHEN c.secret IS NOT NULL AND c.lease_until > t.now THEN 'signing'
            WHEN c.imported_at IS NOT NULL THEN 'imported'
            ELSE 'open' END AS state,
       n.name AS holder, t.now - c.granted_at AS age,
       '0x' || encode(c.message_hash, 'hex') AS message_hash, '0x' || encode(c.signature, 'hex') AS signature,
       c.granted_at, c.lease_until AS expires_at, c.signed_at,
       p.name AS taken_over_from, c.answers, c.block_number, c.checkpoint_number,
       r.shown AS withdrawal_request_id, c.imported_at
  FROM slashguard.claim AS c
  JOIN slashguard.chain AS h ON h.id = c.chain_id
  JOIN slashguard.validator AS v ON v.id = c.validator_id
  JOIN slashguard.duty_type AS y ON y.rules = h.rules AND y.id = c.duty_type_id AND NOT y.is_alias
  LEFT JOIN slashguard.node AS n ON n.id = c.node_id
  LEFT JOIN slashguard.node AS p ON p.id = c.previous_node_ids[cardinality(c.previous_node_ids)]
  LEFT JOIN slashguard.withdrawal_request AS r ON y.by_request_id AND r.id = c.slot
 CROSS JOIN (SELECT slashguard.ledger_time() AS now) AS t;
COMMENT ON VIEW slashguard.duties IS
    'Every duty on record: state (signing, signed, open, imported), holder, age, pinned hash, signature. An attestation stands at the first slot of its target epoch.';

CREATE VIEW slashguard.freed_duties AS
SELECT h.name AS chain, '0x' || encode(v.key, 'hex') AS validator, d.slot, y.name AS duty_type, d.block_index,
       d.source_epoch, CASE WHEN y.by_epochs THEN d.slot / h.slots_per_epoch END AS target_epoch,
       '0x' || encode(d.message_hash, 'hex') AS message_hash, n.name AS holder,
       d.granted_at, d.freed_at, d.freed_by, d.cause
  FROM slashguard.tombstone AS d
  JOIN slashguard.chain AS h ON h.id = d.chain_id
  JOIN slashguard.validator AS v ON v.id = d.validator_id
  JOIN slashguard.duty_type AS y ON y.rules = h.rules AND y.id = d.duty_type_id AND NOT y.is_alias
  JOIN slashguard.node AS n ON n.id = d.node_id;
COMMENT ON VIEW slashguard.freed_duties IS
    'Tombstones: claims that were freed for other data because they were certainly unsigned.';

CREATE VIEW slashguard.watermarks AS
SELECT c.name AS chain, NULL::text AS validator, 'chain' AS kind, c.low_watermark, c.high_watermark,
       c.low_source_epoch, NULL::bigint AS low_target_epoch
  FROM slashguard.chain AS c
UNION ALL
SELECT c.name, NULL, 'quarantine: ' || c.quarantine_cause, c.quarantine_slot, NULL,
       coalesce(c.quarantine_source_epoch, c.quarantine_slot / c.slots_per_epoch), NULL
  FROM slashguard.chain AS c
 WHERE c.quarantine_slot IS NOT NULL
UNION ALL
SELECT c.name, NULL, 'awaiting witnesses', c.awaited_slot, NULL, c.awaited_slot / c.slots_per_epoch, NULL
  FROM slashguard.chain AS c
 WHERE c.awaited_slot IS NOT NULL
   AND EXISTS (SELECT FROM slashguard.witness AS w CROSS JOIN slashguard.ledger AS l
                WHERE w.chain_id = c.id AND w.reported_at >= c.awaited_since AND w.heard_since <> l.server_start)
UNION ALL
SELECT c.name, '0x' || encode(v.key, 'hex'), 'first use', v.first_use_slot, NULL, v.first_use_slot / c.slots_per_epoch,
       NULL
  FROM slashguard.validator AS v JOIN slashguard.chain AS c ON c.id = v.chain_id
 WHERE v.first_use_slot IS NOT NULL
UNION ALL
SELECT c.name, '0x' || encode(v.key, 'hex'), 'validator', v.low_watermark, v.high_watermark, v.low_source_epoch, NULL
  FROM slashguard.validator AS v JOIN slashguard.chain AS c ON c.id = v.chain_id
 WHERE v.low_watermark IS NOT NULL OR v.high_watermark IS NOT NULL
UNION ALL
SELECT c.name, '0x' || encode(v.key, 'hex'), 'imported history', v.history_block_slot, NULL, v.history_source_epoch,
       v.history_target_epoch
  FROM slashguard.validator AS v JOIN slashguard.chain AS c ON c.id = v.chain_id
 WHERE coalesce(v.history_block_slot, v.history_source_epoch, v.history_target_epoch) IS NOT NULL
UNION ALL
SELECT c.name, '0x' || encode(v.key, 'hex'), concat_ws(': ', 'frozen', v.frozen_reason), NULL, NULL, NULL,
       NULL
  FROM slashguard.validator AS v JOIN slashguard.chain AS c ON c.id = v.chain_id
 WHERE v.frozen_at IS NOT NULL;
COMMENT ON VIEW slashguard.watermarks IS
    'Nothing new is granted at or below a low watermark, nothing at or above a high one. Quarantine: what the ledger may have lost. First use: the slot up to which a validator may have signed elsewhere. Awaiting witnesses: the slot up to which, after a restart, the nodes that hand back positions are heard first. Imported history: where that of a validator''s blocks and attestations begins. No attestation with a source below low_source_epoch is granted, nor with a target at or below low_target_epoch.';

CREATE VIEW slashguard.refusals AS
SELECT h.name AS chain, '0x' || encode(r.validator, 'hex') AS validator,
       CASE WHEN NOT y.by_request_id THEN r.slot END AS slot, y.name AS duty_type, r.block_index,
       '0x' || encode(r.withdrawal_request_id, 'hex') AS withdrawal_request_id,
       r.source_epoch, CASE WHEN y.by_epochs THEN r.slot / h.slots_per_epoch END AS target_epoch,
       '0x' || encode(r.message_hash, 'hex') AS message_hash, r.node, r.outcome, r.reason, r.count, r.first_at, r.last_at
  FROM slashguard.refusal AS r
  JOIN slashguard.chain AS h ON h.id = r.chain_id
  JOIN slashguard.duty_type AS y ON y.rules = h.rules AND y.id = r.duty_type_id AND NOT y.is_alias;
COMMENT ON VIEW slashguard.refusals IS
    'Who asked for what, and what stood against it. Bounded in size: later refusals take the place of earlier ones.';

CREATE VIEW slashguard.stats AS
WITH events AS (
    SELECT chain_id, duty_type_id, node_id, event, count, microseconds FROM slashguard.counter
    UNION ALL
    SELECT chain_id, duty_type_id, node_id, 'acquired', 1, 0 FROM slashguard.claim WHERE node_id <> 0
    UNION ALL
    SELECT chain_id, duty_type_id, unnest(previous_node_ids), 'acquired', 1, 0 FROM slashguard.claim
    UNION ALL
    SELECT chain_id, duty_type_id, node_id, 'signed', 1,
           (EXTRACT(epoch FROM signed_at - granted_at) * 1000000)::bigint
      FROM slashguard.claim WHERE signed_at IS NOT NULL
    UNION ALL
    SELECT chain_id, duty_type_id, node_id, 'acquired', 1, 0 FROM slashguard.tombstone
     WHERE cause = 'certainly unsigned')
SELECT h.name AS chain, y.name AS duty_type, coalesce(n.name, '(never granted)') AS node,
       coalesce(sum(e.count) FILTER (WHERE e.event = 'acquired'), 0)::bigint AS locks_acquired,
       coalesce(sum(e.count) FILTER (WHERE e.event = 'signed'), 0)::bigint AS signing_success,
       coalesce(sum(e.count) FILTER (WHERE e.event IN ('released', 'freed')), 0)::bigint AS signing_errors,
       coalesce(sum(e.count) FILTER (WHERE e.event = 'already_signed'), 0)::bigint AS already_signed,
       coalesce(sum(e.count) FILTER (WHERE e.event = 'in_progress'), 0)::bigint AS in_progress,
       coalesce(sum(e.count) FILTER (WHERE e.event = 'conflict'), 0)::bigint AS slashing_protection,
       coalesce(sum(e.count) FILTER (WHERE e.event = 'stale'), 0)::bigint AS stale,
       coalesce(sum(e.count) FILTER (WHERE e.event = 'halted'), 0)::bigint AS halted,
       coalesce(sum(e.count) FILTER (WHERE e.event = 'stuck_cleaned'), 0)::bigint AS stuck_duties_cleaned,
       coalesce(sum(e.count) FILTER (WHERE e.event = 'old_cleaned'), 0)::bigint AS old_duties_cleaned,
       round((sum(e.microseconds) FILTER (WHERE e.event = 'signed')
              / nullif(sum(e.count) FILTER (WHERE e.event = 'signed'), 0) / 1000)::numeric, 3) AS mean_signing_ms
  FROM events AS e
  JOIN slashguard.chain AS h ON h.id = e.chain_id
  JOIN slashguard.duty_type AS y ON y.rules = h.rules AND y.id = e.duty_type_id AND NOT y.is_alias
  LEFT JOIN slashguard.node AS n ON n.id = e.node_id
 GROUP BY h.name, y.name, n.name;
COMMENT ON VIEW slashguard.stats IS
    'Counters by chain, duty type and node: locks acquired, signing success and errors, already signed, slashing protection, cleanups, mean signing time.';

CREATE VIEW slashguard.audit AS
SELECT at, who, action, chain, details FROM slashguard.audit_entry;
COMMENT ON VIEW slashguard.audit IS 'Who changed what, when.';
