//! Claims whose lease is long over are opened: their tokens die, their hashes stay pinned.

use crate::duty::clock::{Duration, Timestamp};
use crate::duty::error::Error;
use crate::ledger::chains::Registered;
use crate::ledger::statement::{Session, Statement, Value};

static OPEN: Statement = Statement::new(
    c"WITH stuck AS (
          SELECT c.slot, c.validator_id, c.duty_type_id, c.block_index
            FROM slashguard.claim AS c
           WHERE c.chain_id = $1 AND c.signature IS NULL AND c.secret IS NOT NULL AND c.lease_until <= $2
             FOR UPDATE SKIP LOCKED),
      opened AS (
          UPDATE slashguard.claim AS c
             SET secret = NULL, request_id = NULL, request_role = NULL
            FROM stuck AS s
           WHERE c.chain_id = $1 AND c.slot = s.slot AND c.validator_id = s.validator_id
             AND c.duty_type_id = s.duty_type_id AND c.block_index = s.block_index
          RETURNING c.duty_type_id, c.node_id),
      counted AS (
          INSERT INTO slashguard.counter AS k (chain_id, duty_type_id, node_id, event, shard, count)
          SELECT $1, duty_type_id, node_id, 'stuck_cleaned', -1, pg_catalog.count(*)
            FROM opened GROUP BY duty_type_id, node_id
          ON CONFLICT (chain_id, duty_type_id, node_id, event, shard)
          DO UPDATE SET count = k.count + EXCLUDED.count)
      SELECT pg_catalog.count(*) FROM opened",
);

/// Two slots, as the Aztec client waits.
const DEFAULT_AGE_IN_SLOTS: i64 = 2;
/// Where there are no slots: two minutes.
const DEFAULT_AGE: Duration = 120 * 1_000_000;

/// How many claims were opened whose lease ended at least `max_age` ago. One that somebody is just changing is left to the next
/// run: whoever changes it may be waiting for a standby that is gone.
pub fn open(session: &Session, chain: &Registered, max_age: Option<Duration>, now: Timestamp) -> Result<i64, Error> {
    let default = match chain.chain.clock {
        Some(clock) => clock.slot_duration.saturating_mul(DEFAULT_AGE_IN_SLOTS),
        None => DEFAULT_AGE,
    };
    let cutoff = now.saturating_sub(max_age.unwrap_or(default));
    let rows = OPEN.run(session, &[Value::Integer(Some(chain.id)), Value::Timestamp(Some(cutoff))])?;
    rows.first().ok_or_else(|| Error::internal("a cleanup gave no count"))?.need(1)
}
