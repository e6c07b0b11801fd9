//! Watermarks and switches as they stand after a claim was written.

use super::chain_table::{self, Place};
use super::clock_mark;
use super::direct::{self, Snapshot};
use super::statement::{Row, Session, Statement, Time, Value};
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use crate::rules::ethereum::LowWatermarks;
use crate::rules::watermark::{Bounds, Frozen, Quarantine, ValidatorBounds};

// The chain's clock never changes; all that may refuse more is read here. The bounds of one validator change seldom, and
// the chain counts those changes, so the validator's row need not be read each time.
static READ: Statement = Statement::new(
    c"SELECT c.low_watermark, c.high_watermark, c.retired_at IS NOT NULL, c.horizon_slots, c.quarantine_slot,
             c.quarantine_cause, c.frozen_at IS NOT NULL, c.frozen_reason, c.awaited_slot, c.validator_bounds_version,
             c.record_commit = 'durable', c.require_standby, c.low_source_epoch, c.quarantine_source_epoch,
             (SELECT m.latest FROM slashguard.clock_mark AS m WHERE m.single)
        FROM slashguard.chain AS c WHERE c.id = $1",
);
static READ_VALIDATOR: Statement = Statement::new(
    c"SELECT first_use_slot, low_watermark, high_watermark, frozen_at IS NOT NULL, frozen_reason, low_source_epoch,
             history_block_slot, history_source_epoch, history_target_epoch
        FROM slashguard.validator WHERE id = $1",
);

/// A chain as it stands after a claim was written.
pub struct Current {
    pub bounds: Bounds,
    /// Whether the chain wants signatures flushed.
    pub durable_record: bool,
    pub require_standby: bool,
    /// The latest time that the ledger has seen.
    pub latest: Timestamp,
}

/// Reads the bounds once more, in a snapshot newer than the claim.
///
/// Cleanup raises the watermark in the transaction that deletes. A key it deleted is free to a claim only once that
/// transaction has committed, so whoever got the key sees the raised watermark here.
pub fn read_again(session: &Session, chain_id: i32, validator_id: i32, before: &Bounds) -> Result<Current, Error> {
    if let Some(current) = read_directly(session, chain_id, validator_id, before)? {
        return Ok(current);
    }
    let rows = READ.run(session, &[Value::Integer(Some(chain_id))])?;
    let row = rows.first().ok_or_else(|| Error::internal("the chain of a claim is gone"))?;
    let bounds = Bounds {
        low_watermark: row.get(1)?,
        low_source_epoch: row.get(13)?,
        high_watermark: row.get(2)?,
        retired: row.need(3)?,
        horizon_slots: row.get(4)?,
        quarantine: quarantine(&row, 5, 6, 14)?,
        frozen: frozen(&row, 7, 8)?,
        awaited_slot: row.get(9)?,
        validator: match row.need(10)? {
            version if version == before.validator.version => before.validator.clone(),
            version => read_validator(session, validator_id, version)?,
        },
        ..before.clone()
    };
    Ok(Current {
        bounds,
        durable_record: row.need(11)?,
        require_standby: row.need(12)?,
        latest: row.need::<Time>(15)?.0,
    })
}

/// The same without a statement. None: it has to be left to one.
fn read_directly(
    session: &Session,
    chain_id: i32,
    validator_id: i32,
    before: &Bounds,
) -> Result<Option<Current>, Error> {
    let Some(table) = chain_table::open() else {
        return Ok(None);
    };
    let snapshot = Snapshot::now();
    let (Some(latest), Some(row)) =
        (clock_mark::read_directly(&snapshot)?, chain_table::find(&table, &snapshot, chain_id)?)
    else {
        return Ok(None);
    };
    let quarantine = match row.get(Place::QuarantineSlot)? {
        None => None,
        Some(slot) => Some(Quarantine {
            slot,
            source_epoch: row.get(Place::QuarantineSourceEpoch)?,
            cause: row.need(Place::QuarantineCause)?,
        }),
    };
    let version: i64 = row.need(Place::ValidatorBoundsVersion)?;
    Ok(Some(Current {
        bounds: Bounds {
            low_watermark: row.get(Place::LowWatermark)?,
            low_source_epoch: row.get(Place::LowSourceEpoch)?,
            high_watermark: row.get(Place::HighWatermark)?,
            retired: !row.is_null(Place::RetiredAt),
            horizon_slots: row.get(Place::HorizonSlots)?,
            quarantine,
            frozen: frozen_directly(&row, Place::FrozenAt, Place::FrozenReason)?,
            awaited_slot: row.get(Place::AwaitedSlot)?,
            validator: match version == before.validator.version {
                true => before.validator.clone(),
                false => read_validator(session, validator_id, version)?,
            },
            ..before.clone()
        },
        durable_record: row.need::<String>(Place::RecordCommit)? == "durable",
        require_standby: row.need(Place::RequireStandby)?,
        latest,
    }))
}

fn read_validator(session: &Session, id: i32, version: i64) -> Result<ValidatorBounds, Error> {
    let rows = READ_VALIDATOR.run(session, &[Value::Integer(Some(id))])?;
    let row = rows.first().ok_or_else(|| Error::internal("the validator of a claim is gone"))?;
    validator(&row, 1, version)
}

/// What bounds a validator, in nine columns from `first` on: first use, low and high watermark, whether it is frozen, why, the
/// low watermark of sources, and where its imported blocks, sources and targets begin.
pub fn validator(row: &Row, first: i32, version: i64) -> Result<ValidatorBounds, Error> {
    Ok(ValidatorBounds {
        version,
        first_use_slot: row.get(first)?,
        low_watermark: row.get(first + 1)?,
        high_watermark: row.get(first + 2)?,
        frozen: frozen(row, first + 3, first + 4)?,
        low_source_epoch: row.get(first + 5)?,
        history: LowWatermarks {
            block_slot: row.get(first + 6)?,
            source_epoch: row.get(first + 7)?,
            target_epoch: row.get(first + 8)?,
        },
    })
}

/// Whether and why something is frozen, in these two columns.
pub fn frozen(row: &Row, is_frozen: i32, reason: i32) -> Result<Option<Frozen>, Error> {
    Ok(match row.get(is_frozen)? {
        Some(true) => Some(Frozen { reason: row.get(reason)? }),
        _ => None,
    })
}

/// The same in a row that was read without a statement: since when, and why.
pub fn frozen_directly<P: direct::Place>(row: &direct::Row, since: P, reason: P) -> Result<Option<Frozen>, Error> {
    Ok(match row.is_null(since) {
        true => None,
        false => Some(Frozen { reason: row.get(reason)? }),
    })
}

/// The quarantine in these columns.
pub fn quarantine(row: &Row, slot: i32, cause: i32, source_epoch: i32) -> Result<Option<Quarantine>, Error> {
    let Some(slot) = row.get(slot)? else {
        return Ok(None);
    };
    Ok(Some(Quarantine { slot, source_epoch: row.get(source_epoch)?, cause: row.need(cause)? }))
}
