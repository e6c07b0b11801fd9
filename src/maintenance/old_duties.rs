//! Old history goes, and with it, first, the right to sign there.

use crate::duty::clock::{Duration, Timestamp};
use crate::duty::error::Error;
use crate::ledger::chains::Registered;
use crate::ledger::statement::{Rows, Session, Statement, Value};

static RAISE: Statement = Statement::new(
    c"UPDATE slashguard.chain
         SET low_watermark = GREATEST(low_watermark, $2), cleaned_slot = GREATEST(cleaned_slot, $2)
       WHERE id = $1 AND (low_watermark IS NULL OR low_watermark < $2 OR cleaned_slot IS NULL OR cleaned_slot < $2)",
);
static DELETE: Statement = Statement::new(
    c"WITH doomed AS (
          SELECT chain_id, slot, validator_id, duty_type_id, block_index FROM slashguard.claim
           WHERE chain_id = $1 AND slot <= $2
           ORDER BY chain_id, slot LIMIT $3),
      gone AS (
          DELETE FROM slashguard.claim AS c USING doomed AS d
           WHERE c.chain_id = d.chain_id AND c.slot = d.slot AND c.validator_id = d.validator_id
             AND c.duty_type_id = d.duty_type_id AND c.block_index = d.block_index
          RETURNING c.duty_type_id, c.node_id, c.previous_node_ids, c.granted_at, c.signed_at, c.source_epoch),
      raised AS (
          UPDATE slashguard.chain AS h
             SET low_source_epoch = GREATEST(h.low_source_epoch, g.latest),
                 cleaned_source_epoch = GREATEST(h.cleaned_source_epoch, g.latest)
            FROM (SELECT pg_catalog.max(source_epoch) AS latest FROM gone) AS g
           WHERE h.id = $1 AND (h.cleaned_source_epoch IS NULL OR h.cleaned_source_epoch < g.latest)),
      events AS (
          SELECT duty_type_id, node_id, 'acquired' AS event, 0::bigint AS microseconds FROM gone WHERE node_id <> 0
          UNION ALL
          SELECT duty_type_id, unnest(previous_node_ids), 'acquired', 0 FROM gone
          UNION ALL
          SELECT duty_type_id, node_id, 'old_cleaned', 0 FROM gone
          UNION ALL
          SELECT duty_type_id, node_id, 'signed',
                 (EXTRACT(epoch FROM signed_at - granted_at) * 1000000)::bigint
            FROM gone WHERE signed_at IS NOT NULL),
      counted AS (
          INSERT INTO slashguard.counter AS k
                 (chain_id, duty_type_id, node_id, event, shard, count, microseconds)
          SELECT $1, duty_type_id, node_id, event, -1, pg_catalog.count(*), pg_catalog.sum(microseconds)
            FROM events GROUP BY duty_type_id, node_id, event
          ON CONFLICT (chain_id, duty_type_id, node_id, event, shard)
          DO UPDATE SET count = k.count + EXCLUDED.count, microseconds = k.microseconds + EXCLUDED.microseconds)
      SELECT pg_catalog.count(*) FROM gone",
);
static DELETE_TOMBSTONES: Statement = Statement::new(
    c"WITH gone AS (
          DELETE FROM slashguard.tombstone
           WHERE id IN (SELECT id FROM slashguard.tombstone WHERE chain_id = $1 AND slot <= $2 LIMIT $3)
          RETURNING duty_type_id, node_id, cause, source_epoch),
      raised AS (
          UPDATE slashguard.chain AS h
             SET low_source_epoch = GREATEST(h.low_source_epoch, g.latest),
                 cleaned_source_epoch = GREATEST(h.cleaned_source_epoch, g.latest)
            FROM (SELECT pg_catalog.max(source_epoch) AS latest FROM gone) AS g
           WHERE h.id = $1 AND (h.cleaned_source_epoch IS NULL OR h.cleaned_source_epoch < g.latest)),
      counted AS (
          INSERT INTO slashguard.counter AS k (chain_id, duty_type_id, node_id, event, shard, count)
          SELECT $1, duty_type_id, node_id, 'acquired', -1, pg_catalog.count(*)
            FROM gone WHERE cause = 'certainly unsigned' GROUP BY duty_type_id, node_id
          ON CONFLICT (chain_id, duty_type_id, node_id, event, shard)
          DO UPDATE SET count = k.count + EXCLUDED.count)
      SELECT pg_catalog.count(*) FROM gone",
);

/// Up to which slot a chain's history is old. None: nothing is.
///
/// The clock decides, not the rows: one absurd slot number must not raise the watermark past everything to come.
pub fn cutoff(chain: &Registered, max_age: Option<Duration>, now: Timestamp) -> Option<i64> {
    if chain.retired {
        return Some(i64::MAX);
    }
    // Without a clock nothing is old: a withdrawal's request could be asked for again at any time, and no watermark would stand
    // for it.
    let clock = chain.chain.clock?;
    let age = max_age.or(chain.chain.options.retention)?;
    let by_age = clock.last_slot_older_than(now, age);
    // What a run before has left is old for every later run. A watermark that an operator raised deletes nothing.
    let cutoff = by_age.max(chain.cleaned_slot.unwrap_or(-1));
    (cutoff >= 0).then_some(cutoff)
}

/// Deletes up to `limit` claims at or below `cutoff`, the watermark first, in this transaction. The latest source that goes becomes a
/// watermark, too: with votes from 100 to 101 and from 90 to 200 on record, forgetting the first must still forbid one from 95 to
/// 300. Answers how many.
pub fn delete(session: &Session, chain: &Registered, cutoff: i64, limit: i64) -> Result<i64, Error> {
    let range = [Value::Integer(Some(chain.id)), Value::Bigint(Some(cutoff))];
    RAISE.run(session, &range)?;
    let batch = [range[0], range[1], Value::Bigint(Some(limit))];
    let claims = count(&DELETE.run(session, &batch)?)?;
    if claims < limit {
        let rest = [range[0], range[1], Value::Bigint(Some(limit - claims))];
        let tombstones = count(&DELETE_TOMBSTONES.run(session, &rest)?)?;
        return Ok(claims + tombstones);
    }
    Ok(claims)
}

fn count(rows: &Rows) -> Result<i64, Error> {
    rows.first().ok_or_else(|| Error::internal("a cleanup gave no count"))?.need(1)
}
