//! Chains as `direct` reads them.

use super::direct::{describe, Access, Row, Snapshot, Table};
use super::statement::Value;
use crate::duty::error::Error;

describe! {
    c"chain", key 1, written false;
    Id = c"id": Integer,
    LowWatermark = c"low_watermark": Bigint,
    LowSourceEpoch = c"low_source_epoch": Bigint,
    HighWatermark = c"high_watermark": Bigint,
    RetiredAt = c"retired_at": Timestamp,
    HorizonSlots = c"horizon_slots": Integer,
    QuarantineSlot = c"quarantine_slot": Bigint,
    QuarantineSourceEpoch = c"quarantine_source_epoch": Bigint,
    QuarantineCause = c"quarantine_cause": Text,
    FrozenAt = c"frozen_at": Timestamp,
    FrozenReason = c"frozen_reason": Text,
    AwaitedSlot = c"awaited_slot": Bigint,
    ValidatorBoundsVersion = c"validator_bounds_version": Bigint,
    RecordCommit = c"record_commit": Text,
    RequireStandby = c"require_standby": Bool,
    SignatureScheme = c"signature_scheme": Text,
}

/// None: the table has to be left to statements.
pub fn open() -> Option<Table> {
    Table::open(&DESCRIPTION, Access::ReadAgain)
}

/// The chain's row. None: there is none, or it has to be left to a statement.
pub fn find<'table>(table: &'table Table, snapshot: &Snapshot, id: i32) -> Result<Option<Row<'table>>, Error> {
    table.find_again(snapshot, Value::Integer(Some(id)))
}
