//! Watermarks and switches as they stand after a claim was written.

use super::statement::{Row, Session, Statement, Value};
use crate::duty::error::Error;
use crate::rules::watermark::{Bounds, Quarantine};

// The chain's clock never changes, and a validator's first use is only ever lifted; all that may refuse more is read here.
static READ: Statement = Statement::new(
    c"SELECT low_watermark, high_watermark, retired_at IS NOT NULL, horizon_slots, quarantine_slot, quarantine_cause,
             record_commit = 'durable'
        FROM slashguard.chain WHERE id = $1",
);

/// Reads the bounds once more, in a snapshot newer than the claim.
///
/// Cleanup raises the watermark in the transaction that deletes. A key it deleted is free to a claim only once that
/// transaction has committed, so whoever got the key sees the raised watermark here.
///
/// With them, whether the chain wants signatures flushed.
pub fn read_again(session: &Session, chain_id: i32, before: &Bounds) -> Result<(Bounds, bool), Error> {
    let rows = READ.run(session, &[Value::Integer(Some(chain_id))])?;
    let row = rows.first().ok_or_else(|| Error::internal("the chain of a claim is gone"))?;
    let bounds = Bounds {
        low_watermark: row.get(1)?,
        high_watermark: row.get(2)?,
        retired: row.need(3)?,
        horizon_slots: row.get(4)?,
        quarantine: quarantine(&row, 5, 6)?,
        ..before.clone()
    };
    Ok((bounds, row.need(7)?))
}

/// The quarantine in these two columns.
pub fn quarantine(row: &Row, slot: i32, cause: i32) -> Result<Option<Quarantine>, Error> {
    let Some(slot) = row.get(slot)? else {
        return Ok(None);
    };
    Ok(Some(Quarantine { slot, cause: row.need(cause)? }))
}
