//! Handovers: what a range's receipt has to say, and those that this ledger gave, so that one whose answer was lost is answered again.

use super::chains::{self, Registered};
use super::identity;
use super::shards::{within, Floor};
use super::statement::{Session, Statement, Time, Value};
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use crate::duty::handover::Handover;
use crate::duty::validator_range::ValidatorRange;

static ADD: Statement = Statement::new(
    c"INSERT INTO slashguard.handover
             (id, chain_id, first_validator, last_validator, recipient, low_watermark, low_source_epoch, given_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
);
static LAST: Statement = Statement::new(
    c"SELECT id, recipient, low_watermark, low_source_epoch, given_at FROM slashguard.handover
       WHERE chain_id = $1 AND first_validator = $2 AND last_validator = $3 ORDER BY number DESC LIMIT 1",
);

pub fn add(session: &Session, chain: &Registered, handover: &Handover) -> Result<(), Error> {
    ADD.run(
        session,
        &[
            Value::Uuid(Some(handover.id)),
            Value::Integer(Some(chain.id)),
            Value::Bytes(Some(handover.range.first())),
            Value::Bytes(Some(handover.range.last())),
            Value::Uuid(Some(handover.recipient)),
            Value::Bigint(Some(handover.low_watermark)),
            Value::Bigint(handover.low_source_epoch),
            Value::Timestamp(Some(handover.given_at)),
        ],
    )?;
    Ok(())
}

static ANY_WITHIN: Statement = Statement::new(
    c"SELECT FROM slashguard.handover
       WHERE chain_id = $1 AND first_validator <= $3 AND last_validator >= $2 LIMIT 1",
);

/// Whether this ledger ever gave a part of the range to another one.
pub fn any_within(session: &Session, chain: &Registered, range: &ValidatorRange) -> Result<bool, Error> {
    let values = [Value::Integer(Some(chain.id)), Value::Bytes(Some(range.first())), Value::Bytes(Some(range.last()))];
    Ok(ANY_WITHIN.run(session, &values)?.any())
}

/// The last one of this very range, without the code of its chain.
pub fn last_of(session: &Session, chain: &Registered, range: &ValidatorRange) -> Result<Option<Handover>, Error> {
    let ledger = chains::ledger(session)?.ok_or_else(|| Error::internal("a chain without a ledger"))?;
    let rows = LAST.run(session, &within(chain, range))?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    Ok(Some(Handover {
        id: row.need(1)?,
        giver: ledger.id,
        recipient: row.need(2)?,
        chain_code: [0; 16],
        range: range.clone(),
        low_watermark: row.need(3)?,
        low_source_epoch: row.get(4)?,
        given_at: row.need::<Time>(5)?.0,
    }))
}

// IS TRUE: so the validators are looked up in a hash, row by row, from the newest on.
static LAST_SLOT: Statement = Statement::new(
    c"SELECT c.slot FROM slashguard.claim AS c
       WHERE c.chain_id = $1 AND c.slot BETWEEN $4 AND $5
         AND (c.validator_id IN (SELECT v.id FROM slashguard.validator AS v
                                  WHERE v.chain_id = $1 AND v.key BETWEEN $2 AND $3)) IS TRUE
       ORDER BY c.slot DESC LIMIT 1",
);
static LAST_VOTE: Statement = Statement::new(
    c"SELECT c.source_epoch FROM slashguard.claim AS c
       WHERE c.chain_id = $1 AND c.slot BETWEEN $4 AND $5 AND c.source_epoch IS NOT NULL
         AND (c.validator_id IN (SELECT v.id FROM slashguard.validator AS v
                                  WHERE v.chain_id = $1 AND v.key BETWEEN $2 AND $3)) IS TRUE
       ORDER BY c.slot DESC LIMIT 1",
);
static LAST_SOURCE: Statement = Statement::new(
    c"SELECT pg_catalog.max(c.source_epoch) FROM slashguard.claim AS c
       WHERE c.chain_id = $1 AND c.slot BETWEEN $4 AND $5
         AND (c.validator_id IN (SELECT v.id FROM slashguard.validator AS v
                                  WHERE v.chain_id = $1 AND v.key BETWEEN $2 AND $3)) IS TRUE",
);
static BEYOND_RECORD: Statement = Statement::new(
    c"SELECT c.low_watermark, GREATEST(c.low_watermark, c.quarantine_slot, c.awaited_slot),
             GREATEST(c.low_source_epoch, c.quarantine_source_epoch,
                      CASE WHEN c.quarantine_source_epoch IS NULL THEN c.quarantine_slot / c.slots_per_epoch END,
                      c.awaited_slot / c.slots_per_epoch, h.source_epoch)
        FROM slashguard.chain AS c
       CROSS JOIN (SELECT pg_catalog.max(v.history_source_epoch) AS source_epoch FROM slashguard.validator AS v
                    WHERE v.chain_id = $1 AND v.key BETWEEN $2 AND $3) AS h
       WHERE c.id = $1",
);

/// What nothing that was ever granted to a validator of the range is above: on record, deleted, or perhaps lost. The chain's lock must
/// be held alone, and the range be frozen.
pub fn reach(session: &Session, chain: &Registered, range: &ValidatorRange, now: Timestamp) -> Result<Floor, Error> {
    // Imported history may name a slot that is ages away; such a one was not granted here, and must not end a validator's life.
    let last = identity::last_slot_that_may_be_granted(chain, now);
    let within = within(chain, range);
    let rows = BEYOND_RECORD.run(session, &within)?;
    let row = rows.first().ok_or_else(|| Error::internal("a chain is gone"))?;
    let first = row.get::<i64>(1)?.map_or(0, |low| low.saturating_add(1));
    let (floor, source_floor): (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
    let look = |statement: &Statement, first: i64| -> Result<Option<i64>, Error> {
        let [chain_id, first_key, last_key] = within;
        let values = [chain_id, first_key, last_key, Value::Bigint(Some(first)), Value::Bigint(Some(last))];
        Ok(statement.run(session, &values)?.first().map(|row| row.get(1)).transpose()?.flatten())
    };
    let slot = look(&LAST_SLOT, first)?.max(floor).unwrap_or(-1).min(last).max(-1);
    let Some(epochs) = chain.chain.options.epochs else {
        return Ok(Floor { slot: Some(slot), source_epoch: None });
    };
    // The source of the last vote is at most the latest of all; and votes with earlier targets have sources that are earlier still.
    let source = match look(&LAST_VOTE, first)? {
        Some(source) => look(&LAST_SOURCE, epochs.first_slot(source).max(first))?,
        None => None,
    };
    let source_epoch = source.max(source_floor).unwrap_or(0).clamp(0, epochs.epoch_of(last).max(0));
    Ok(Floor { slot: Some(slot), source_epoch: Some(source_epoch) })
}
