//! What operators switch: freezes and watermarks. Each under the chain's exclusive lock, so that no claim under way slips past.

use super::chains::Registered;
use super::statement::{Session, Statement, Time, Value};
use crate::duty::clock::Timestamp;
use crate::duty::error::{Error, SqlState};
use crate::rules::watermark::NOT_OWNED;

static FREEZE: Statement = Statement::new(
    c"UPDATE slashguard.chain SET frozen_at = $2, frozen_reason = $3, freeze_id = $4
       WHERE id = $1 AND frozen_at IS NULL",
);
static READ_FREEZE: Statement =
    Statement::new(c"SELECT freeze_id, frozen_at, doubt_while_frozen FROM slashguard.chain WHERE id = $1");

/// One freeze of a chain.
pub struct Freeze {
    /// Of this freeze and no other.
    pub id: [u8; 16],
    pub at: Timestamp,
    /// What has raised doubt since, as the beginning of a sentence.
    pub doubt: Option<String>,
}

/// Freezes the chain, unless it is frozen. True if it was not.
pub fn freeze(
    session: &Session,
    chain: &Registered,
    id: [u8; 16],
    reason: Option<&str>,
    now: Timestamp,
) -> Result<bool, Error> {
    let frozen = FREEZE.run(
        session,
        &[Value::Integer(Some(chain.id)), Value::Timestamp(Some(now)), Value::Text(reason), Value::Uuid(Some(id))],
    )?;
    Ok(frozen.any())
}

/// The freeze that the chain is in. None: it is not frozen.
pub fn freeze_of(session: &Session, chain: &Registered) -> Result<Option<Freeze>, Error> {
    let rows = READ_FREEZE.run(session, &[Value::Integer(Some(chain.id))])?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let (Some(id), Some(Time(at))) = (row.get(1)?, row.get(2)?) else {
        return Ok(None);
    };
    Ok(Some(Freeze { id, at, doubt: row.get(3)? }))
}

static UNFREEZE: Statement = Statement::new(
    c"UPDATE slashguard.chain
         SET frozen_at = NULL, frozen_reason = NULL, freeze_id = NULL, doubt_while_frozen = NULL
       WHERE id = $1",
);
static NOTHING_LOST: Statement =
    Statement::new(c"UPDATE slashguard.chain SET covered_until = GREATEST(covered_until, $2) WHERE id = $1");

pub fn unfreeze(session: &Session, chain: &Registered) -> Result<(), Error> {
    UNFREEZE.run(session, &[Value::Integer(Some(chain.id))])?;
    Ok(())
}

/// Whatever was granted until `time` is on record.
pub fn nothing_lost(session: &Session, chain: &Registered, time: Timestamp) -> Result<(), Error> {
    NOTHING_LOST.run(session, &[Value::Integer(Some(chain.id)), Value::Timestamp(Some(time))])?;
    Ok(())
}

static FREEZE_VALIDATOR: Statement = Statement::new(
    c"UPDATE slashguard.validator SET frozen_at = $2, frozen_reason = $3
       WHERE id = $1 AND (frozen_at IS NULL OR elsewhere_at IS NOT NULL AND frozen_reason = $4)",
);
static UNFREEZE_VALIDATOR: Statement = Statement::new(
    c"UPDATE slashguard.validator SET frozen_at = NULL, frozen_reason = NULL WHERE id = $1 AND frozen_at IS NOT NULL",
);
static COUNT_CHANGE: Statement = Statement::new(
    c"UPDATE slashguard.chain SET validator_bounds_version = validator_bounds_version + 1 WHERE id = $1",
);

/// Freezes one validator, unless it is frozen. True if it was not. Another shard's stays frozen, too, should this one own it later.
pub fn freeze_validator(
    session: &Session,
    chain: &Registered,
    validator_id: i32,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<bool, Error> {
    let frozen = FREEZE_VALIDATOR.run(
        session,
        &[
            Value::Integer(Some(validator_id)),
            Value::Timestamp(Some(now)),
            Value::Text(reason),
            Value::Text(Some(NOT_OWNED)),
        ],
    )?;
    count_change(session, chain)?;
    Ok(frozen.any())
}

/// True if the validator was frozen.
pub fn unfreeze_validator(session: &Session, chain: &Registered, validator_id: i32) -> Result<bool, Error> {
    let unfrozen = UNFREEZE_VALIDATOR.run(session, &[Value::Integer(Some(validator_id))])?;
    count_change(session, chain)?;
    Ok(unfrozen.any())
}

/// Claims that come after this transaction read the bounds of their validator once more.
pub fn count_change(session: &Session, chain: &Registered) -> Result<(), Error> {
    COUNT_CHANGE.run(session, &[Value::Integer(Some(chain.id))])?;
    Ok(())
}

/// A bound of a chain, or the same of one of its validators.
struct Bound {
    of_chain: Statement,
    of_validator: Statement,
}

impl Bound {
    /// True if that changed anything.
    fn set(
        &self,
        session: &Session,
        chain: &Registered,
        validator_id: Option<i32>,
        bounds: &[Value],
    ) -> Result<bool, Error> {
        let (statement, id) = match validator_id {
            None => (&self.of_chain, chain.id),
            Some(validator_id) => (&self.of_validator, validator_id),
        };
        let values = [&[Value::Integer(Some(id))], bounds].concat();
        let changed = statement.run(session, &values)?.any();
        if validator_id.is_some() {
            count_change(session, chain)?;
        }
        Ok(changed)
    }
}

static RAISE_LOW: Bound = Bound {
    of_chain: Statement::new(
        c"UPDATE slashguard.chain
             SET low_watermark = GREATEST(low_watermark, $2), low_source_epoch = GREATEST(low_source_epoch, $3)
           WHERE id = $1 AND (low_watermark IS NULL OR low_watermark < $2
                              OR $3 IS NOT NULL AND (low_source_epoch IS NULL OR low_source_epoch < $3))",
    ),
    of_validator: Statement::new(
        c"UPDATE slashguard.validator
             SET low_watermark = GREATEST(low_watermark, $2), low_source_epoch = GREATEST(low_source_epoch, $3)
           WHERE id = $1 AND (low_watermark IS NULL OR low_watermark < $2
                              OR $3 IS NOT NULL AND (low_source_epoch IS NULL OR low_source_epoch < $3))",
    ),
};

/// Raises the low watermarks of the chain, or of one of its validators: of slots, and of the sources of attestations where the
/// chain has epochs. False if they stood there or above.
pub fn raise_low_watermark(
    session: &Session,
    chain: &Registered,
    validator_id: Option<i32>,
    slot: i64,
    source_epoch: Option<i64>,
) -> Result<bool, Error> {
    RAISE_LOW.set(session, chain, validator_id, &[Value::Bigint(Some(slot)), Value::Bigint(source_epoch)])
}

static IS_ABOVE: Bound = Bound {
    of_chain: Statement::new(
        c"SELECT FROM slashguard.chain
           WHERE id = $1 AND (low_watermark > COALESCE($2, -1)
                              OR low_source_epoch > GREATEST(COALESCE($3, -1), cleaned_source_epoch))",
    ),
    of_validator: Statement::new(
        c"SELECT FROM slashguard.validator
           WHERE id = $1 AND (low_watermark > COALESCE($2, -1) OR low_source_epoch > COALESCE($3, -1)
                              OR history_block_slot > COALESCE($2, -1) OR history_source_epoch > COALESCE($3, -1)
                              OR history_target_epoch > COALESCE($3, -1))",
    ),
};
static LOWER_LOW: Bound = Bound {
    of_chain: Statement::new(
        c"UPDATE slashguard.chain
             SET low_watermark = CASE WHEN low_watermark > COALESCE($2, -1) THEN $2 ELSE low_watermark END,
                 low_source_epoch = CASE WHEN low_source_epoch > COALESCE($3, -1)
                                         THEN GREATEST($3, cleaned_source_epoch) ELSE low_source_epoch END
           WHERE id = $1 AND (cleaned_slot IS NULL OR COALESCE($2, -1) >= cleaned_slot)",
    ),
    of_validator: Statement::new(
        c"UPDATE slashguard.validator
             SET low_watermark = CASE WHEN low_watermark > COALESCE($2, -1) THEN $2 ELSE low_watermark END,
                 low_source_epoch = CASE WHEN low_source_epoch > COALESCE($3, -1) THEN $3 ELSE low_source_epoch END,
                 history_block_slot =
                     CASE WHEN history_block_slot > COALESCE($2, -1) THEN $2 ELSE history_block_slot END,
                 history_source_epoch =
                     CASE WHEN history_source_epoch > COALESCE($3, -1) THEN $3 ELSE history_source_epoch END,
                 history_target_epoch =
                     CASE WHEN history_target_epoch > COALESCE($3, -1) THEN $3 ELSE history_target_epoch END
           WHERE id = $1",
    ),
};

/// Whether a low watermark stands above `slot`, or one of sources or targets above `epoch`. None: whether there is one.
pub fn has_low_watermark_above(
    session: &Session,
    chain: &Registered,
    validator_id: Option<i32>,
    slot: Option<i64>,
    epoch: Option<i64>,
) -> Result<bool, Error> {
    let (statement, id) = match validator_id {
        None => (&IS_ABOVE.of_chain, chain.id),
        Some(validator_id) => (&IS_ABOVE.of_validator, validator_id),
    };
    Ok(statement.run(session, &[Value::Integer(Some(id)), Value::Bigint(slot), Value::Bigint(epoch)])?.any())
}

/// Lowers the low watermarks, or takes them away. The audit must have the entry by now: a trigger looks for it.
pub fn lower_low_watermark(
    session: &Session,
    chain: &Registered,
    validator_id: Option<i32>,
    slot: Option<i64>,
    epoch: Option<i64>,
) -> Result<bool, Error> {
    LOWER_LOW.set(session, chain, validator_id, &[Value::Bigint(slot), Value::Bigint(epoch)])
}

static SET_HIGH: Bound = Bound {
    of_chain: Statement::new(
        c"UPDATE slashguard.chain SET high_watermark = $2 WHERE id = $1 AND high_watermark IS DISTINCT FROM $2",
    ),
    of_validator: Statement::new(
        c"UPDATE slashguard.validator SET high_watermark = $2 WHERE id = $1 AND high_watermark IS DISTINCT FROM $2",
    ),
};

/// Sets the high watermark, or takes it away. False if it stood there.
pub fn set_high_watermark(
    session: &Session,
    chain: &Registered,
    validator_id: Option<i32>,
    slot: Option<i64>,
) -> Result<bool, Error> {
    SET_HIGH.set(session, chain, validator_id, &[Value::Bigint(slot)])
}

static ALL_FROZEN: Statement = Statement::new(
    c"SELECT pg_catalog.count(*) FILTER (WHERE v.id IS NULL), pg_catalog.min('0x' || pg_catalog.encode(k.key, 'hex')) FILTER (WHERE v.id IS NULL),
             COALESCE(pg_catalog.bool_and(v.frozen_at IS NOT NULL), false)
        FROM pg_catalog.unnest($2) AS k (key)
        LEFT JOIN slashguard.validator AS v ON v.chain_id = $1 AND v.key = k.key",
);

/// Whether each of these validators is frozen. 42704 where one was never seen here.
pub fn all_frozen(session: &Session, chain: &Registered, keys: &[Vec<u8>]) -> Result<bool, Error> {
    let keys: Vec<Option<&[u8]>> = keys.iter().map(|key| Some(&key[..])).collect();
    let rows = ALL_FROZEN.run(session, &[Value::Integer(Some(chain.id)), Value::ManyBytes(&keys)])?;
    let row = rows.first().ok_or_else(|| Error::internal("validators were not counted"))?;
    if let Some(unknown) = row.get::<String>(2)? {
        return Err(Error::argument(
            SqlState::UNDEFINED_OBJECT,
            "validators",
            format!("validator {unknown} was never seen on chain \"{}\"", chain.chain.name),
        )
        .hint("Leave it out: there is no history to export."));
    }
    row.need(3)
}
