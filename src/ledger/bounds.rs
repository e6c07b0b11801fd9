//! Watermarks and switches as they stand after a claim was written.

use super::statement::{Row, Session, Statement, Value};
use crate::duty::error::Error;
use crate::rules::watermark::{Bounds, Quarantine};

// The chain's clock and the validator's identity never change; all that does is read here.
static READ: Statement = Statement::new(
    c"SELECT c.low_watermark, c.high_watermark, c.retired_at IS NOT NULL, c.horizon_slots, v.first_use_slot, c.quarantine_slot, c.quarantine_cause
        FROM slashguard.chain AS c
        JOIN slashguard.validator AS v ON v.chain_id = c.id
       WHERE c.id = $1 AND v.id = $2",
);

/// Reads the bounds once more, in a snapshot newer than the claim.
///
/// Cleanup raises the watermark in the transaction that deletes. A key it deleted is free to a claim only once that
/// transaction has committed, so whoever got the key sees the raised watermark here.
pub fn read_again(session: &Session, chain_id: i32, validator_id: i32, before: &Bounds) -> Result<Bounds, Error> {
    let rows = READ.run(session, &[Value::Integer(Some(chain_id)), Value::Integer(Some(validator_id))])?;
    let row = rows.first().ok_or_else(|| Error::internal("the chain or validator of a claim is gone"))?;
    Ok(Bounds {
        low_watermark: row.get(1)?,
        high_watermark: row.get(2)?,
        retired: row.need(3)?,
        horizon_slots: row.get(4)?,
        first_use_slot: row.get(5)?,
        quarantine: quarantine(&row, 6, 7)?,
        ..before.clone()
    })
}

/// The quarantine in these two columns.
pub fn quarantine(row: &Row, slot: i32, cause: i32) -> Result<Option<Quarantine>, Error> {
    let Some(slot) = row.get(slot)? else {
        return Ok(None);
    };
    Ok(Some(Quarantine { slot, cause: row.need(cause)? }))
}
