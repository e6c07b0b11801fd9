//! Validators by their keys, with what bounds them, as `direct` reads them.

use super::batch::KnownValidator;
use super::direct::{describe, Access, Row, Table};
use crate::duty::error::Error;
use crate::rules::ethereum::LowWatermarks;
use crate::rules::watermark::{Frozen, ValidatorBounds};

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

/// None: the table has to be left to statements.
pub fn open() -> Option<Table> {
    Table::open(&DESCRIPTION, Access::Read)
}

/// None: its votes on record may surround each other. Its bounds are of no version, as those that a batch reads are.
pub fn without_surrounds(row: &Row) -> Result<Option<KnownValidator>, Error> {
    if row.need(Place::VotesMaySurround)? {
        return Ok(None);
    }
    let frozen = match row.is_null(Place::FrozenAt) {
        true => None,
        false => Some(Frozen { reason: row.get(Place::FrozenReason)? }),
    };
    let bounds = ValidatorBounds {
        version: ValidatorBounds::default().version,
        first_use_slot: row.get(Place::FirstUseSlot)?,
        low_watermark: row.get(Place::LowWatermark)?,
        high_watermark: row.get(Place::HighWatermark)?,
        frozen,
        low_source_epoch: row.get(Place::LowSourceEpoch)?,
        history: LowWatermarks {
            block_slot: row.get(Place::HistoryBlockSlot)?,
            source_epoch: row.get(Place::HistorySourceEpoch)?,
            target_epoch: row.get(Place::HistoryTargetEpoch)?,
        },
    };
    let is_unbounded = bounds == ValidatorBounds::default();
    let bounds = if is_unbounded { None } else { Some(ValidatorBounds { version: -1, ..bounds }) };
    Ok(Some(KnownValidator { id: row.need(Place::Id)?, bounds }))
}
