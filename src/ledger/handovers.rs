//! Handovers that this ledger gave, so that a receipt whose answer was lost is answered again.

use super::chains::{self, Registered};
use super::statement::{Session, Statement, Time, Value};
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
    let rows = LAST.run(
        session,
        &[Value::Integer(Some(chain.id)), Value::Bytes(Some(range.first())), Value::Bytes(Some(range.last()))],
    )?;
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
