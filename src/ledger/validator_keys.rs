//! Validators by their keys, with what bounds them, as `direct` reads them.

use super::batch::KnownValidator;
use super::bounds;
use super::chain_table;
use super::direct::{describe, Access, Row, Snapshot, Table};
use super::registry::Validator;
use super::statement::Value;
use crate::duty::error::Error;
use crate::rules::ethereum::LowWatermarks;
use crate::rules::watermark::ValidatorBounds;

describe! {
    c"validator", key 2, written false;
    ChainId = c"chain_id": Integer,
    Key = c"key": Bytes,
    Id = c"id": Integer,
    FirstUseSlot = c"first_use_slot": Bigint,
    LowWatermark = c"low_watermark": Bigint,
    LowSourceEpoch = c"low_source_epoch": Bigint,
    HistoryBlockSlot = c"history_block_slot": Bigint,
    HistorySourceEpoch = c"history_source_epoch": Bigint,
    HistoryTargetEpoch = c"history_target_epoch": Bigint,
    VotesMaySurround = c"votes_may_surround": Bool,
    HighWatermark = c"high_watermark": Bigint,
    FrozenAt = c"frozen_at": Timestamp,
    FrozenReason = c"frozen_reason": Text,
}

/// Whoever minds a version reads such bounds again.
const OF_NO_VERSION: i64 = -1;

/// None: the table has to be left to statements.
pub fn open() -> Option<Table> {
    Table::open(&DESCRIPTION, Access::Read)
}

/// The validator that was seen on a chain under this key. None: it was not, or it has to be left to a statement.
pub fn find(chain_id: i32, key: &[u8]) -> Result<Option<Validator>, Error> {
    let (Some(chains), Some(validators)) = (chain_table::open(), open()) else {
        return Ok(None);
    };
    let snapshot = Snapshot::now();
    let Some(chain) = chain_table::find(&chains, &snapshot, chain_id)? else {
        return Ok(None);
    };
    let Some(row) = validators.find_at(&snapshot, &[Value::Integer(Some(chain_id)), Value::Bytes(Some(key))])? else {
        return Ok(None);
    };
    // Of one moment, so a change after it has another version.
    let version = chain.need(chain_table::Place::ValidatorBoundsVersion)?;
    Ok(Some(Validator { id: row.need(Place::Id)?, bounds: bounds_in(&row, version)? }))
}

/// None: its votes on record may surround each other. Its bounds are of no version, as those that a batch reads are.
pub fn without_surrounds(row: &Row) -> Result<Option<KnownValidator>, Error> {
    if row.need(Place::VotesMaySurround)? {
        return Ok(None);
    }
    let bounds = bounds_in(row, OF_NO_VERSION)?;
    let nothing = ValidatorBounds { version: OF_NO_VERSION, ..ValidatorBounds::default() };
    Ok(Some(KnownValidator { id: row.need(Place::Id)?, bounds: (bounds != nothing).then_some(bounds) }))
}

fn bounds_in(row: &Row, version: i64) -> Result<ValidatorBounds, Error> {
    Ok(ValidatorBounds {
        version,
        first_use_slot: row.get(Place::FirstUseSlot)?,
        low_watermark: row.get(Place::LowWatermark)?,
        high_watermark: row.get(Place::HighWatermark)?,
        frozen: bounds::frozen_directly(row, Place::FrozenAt, Place::FrozenReason)?,
        low_source_epoch: row.get(Place::LowSourceEpoch)?,
        history: LowWatermarks {
            block_slot: row.get(Place::HistoryBlockSlot)?,
            source_epoch: row.get(Place::HistorySourceEpoch)?,
            target_epoch: row.get(Place::HistoryTargetEpoch)?,
        },
    })
}
