//! Which validators of a chain this ledger owns, where it is one shard of several.
//!
//! A chain of which nothing is said owns all of them. Once ranges are said, whoever is outside is refused: a validator that is known
//! here carries that in its own row, as a freeze that no unfreeze ends, so claims read nothing more than before; an unknown one is
//! held against the ranges when it is seen first. Ranges change under the chain's exclusive lock. Whoever registers a validator holds
//! that lock, shared or exclusive, until its transaction ends, so no row appears beside a change unseen.

use super::chains::Registered;
use super::lock;
use super::registry::{self, Chain, Seen, Validator};
use super::statement::{statement, Rows, Session, Statement, Value};
use super::switches;
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use crate::duty::validator_range::ValidatorRange;
use crate::rules::watermark::NOT_OWNED;
use std::collections::HashSet;

/// Below it nothing is granted in a range that came from another shard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Floor {
    pub slot: Option<i64>,
    pub source_epoch: Option<i64>,
}

/// A range that is owned now.
pub struct Owned {
    pub id: i64,
    pub range: ValidatorRange,
    pub floor: Floor,
}

static IS_SHARDED: Statement = Statement::new(c"SELECT sharded_at IS NOT NULL FROM slashguard.chain WHERE id = $1");

/// Whether ranges were said of this chain, or given up.
pub fn is_sharded(session: &Session, chain_id: i32) -> Result<bool, Error> {
    let rows = IS_SHARDED.run(session, &[Value::Integer(Some(chain_id))])?;
    rows.first().ok_or_else(|| Error::internal("a chain is gone"))?.need(1)
}

static SHARD: Statement =
    Statement::new(c"UPDATE slashguard.chain SET sharded_at = $2 WHERE id = $1 AND sharded_at IS NULL");

/// From now on the chain owns what is said and nothing else.
pub fn shard(session: &Session, chain: &Registered, now: Timestamp) -> Result<(), Error> {
    SHARD.run(session, &[Value::Integer(Some(chain.id)), Value::Timestamp(Some(now))])?;
    Ok(())
}

static OWNED: Statement = Statement::new(
    c"SELECT id, first_validator, last_validator, low_watermark, low_source_epoch FROM slashguard.validator_range
       WHERE chain_id = $1 AND disowned_at IS NULL ORDER BY first_validator",
);

/// The ranges that are owned, in order. None: all of them, because nothing was ever said.
pub fn owned(session: &Session, chain_id: i32) -> Result<Option<Vec<Owned>>, Error> {
    if !is_sharded(session, chain_id)? {
        return Ok(None);
    }
    let rows = OWNED.run(session, &[Value::Integer(Some(chain_id))])?;
    let ranges = rows
        .iter()
        .map(|row| {
            let range = ValidatorRange::new(row.need(2)?, row.need(3)?);
            Ok(Owned {
                id: row.need(1)?,
                range: range.ok_or_else(|| Error::internal("a range of validators ends before it begins"))?,
                floor: Floor { slot: row.get(4)?, source_epoch: row.get(5)? },
            })
        })
        .collect::<Result<_, Error>>()?;
    Ok(Some(ranges))
}

static ADD: Statement = Statement::new(
    c"INSERT INTO slashguard.validator_range
             (chain_id, first_validator, last_validator, owned_at, receipt_id, low_watermark, low_source_epoch)
      VALUES ($1, $2, $3, $4, $5, $6, $7)",
);
static CLOSE: Statement = Statement::new(c"UPDATE slashguard.validator_range SET disowned_at = $2 WHERE id = $1");

/// `receipt_id`: of the handover that it came by.
pub fn add(
    session: &Session,
    chain: &Registered,
    range: &ValidatorRange,
    floor: Floor,
    receipt_id: Option<[u8; 16]>,
    now: Timestamp,
) -> Result<(), Error> {
    let [chain_id, first, last] = within(chain, range);
    ADD.run(
        session,
        &[
            chain_id,
            first,
            last,
            Value::Timestamp(Some(now)),
            Value::Uuid(receipt_id),
            Value::Bigint(floor.slot),
            Value::Bigint(floor.source_epoch),
        ],
    )?;
    Ok(())
}

/// It is owned no more.
pub fn close(session: &Session, owned: &Owned, now: Timestamp) -> Result<(), Error> {
    CLOSE.run(session, &[Value::Bigint(Some(owned.id)), Value::Timestamp(Some(now))])?;
    Ok(())
}

static RECEIPT_IS_USED: Statement = Statement::new(c"SELECT FROM slashguard.validator_range WHERE receipt_id = $1");

/// Whether a range was owned by this receipt before.
pub fn is_used(session: &Session, receipt_id: [u8; 16]) -> Result<bool, Error> {
    Ok(RECEIPT_IS_USED.run(session, &[Value::Uuid(Some(receipt_id))])?.any())
}

static FIRST_ELSEWHERE: Statement = Statement::new(
    c"SELECT '0x' || pg_catalog.encode(key, 'hex') FROM slashguard.validator
       WHERE chain_id = $1 AND key BETWEEN $2 AND $3 AND elsewhere_at IS NOT NULL ORDER BY key LIMIT 1",
);
static FIRST_NOT_FROZEN: Statement = Statement::new(
    c"SELECT '0x' || pg_catalog.encode(key, 'hex') FROM slashguard.validator
       WHERE chain_id = $1 AND key BETWEEN $2 AND $3 AND frozen_at IS NULL ORDER BY key LIMIT 1",
);
static COUNT: Statement = Statement::new(
    c"SELECT pg_catalog.count(*) FROM slashguard.validator WHERE chain_id = $1 AND key BETWEEN $2 AND $3",
);

/// A validator of the range that is known here as another shard's.
pub fn any_elsewhere(session: &Session, chain: &Registered, range: &ValidatorRange) -> Result<Option<String>, Error> {
    one_text(&FIRST_ELSEWHERE.run(session, &within(chain, range))?)
}

/// A validator of the range that may still be granted something.
pub fn any_not_frozen(session: &Session, chain: &Registered, range: &ValidatorRange) -> Result<Option<String>, Error> {
    one_text(&FIRST_NOT_FROZEN.run(session, &within(chain, range))?)
}

/// How many validators of the range are known here.
pub fn count(session: &Session, chain: &Registered, range: &ValidatorRange) -> Result<i64, Error> {
    let rows = COUNT.run(session, &within(chain, range))?;
    rows.first().ok_or_else(|| Error::internal("validators were not counted"))?.need(1)
}

fn one_text(rows: &Rows) -> Result<Option<String>, Error> {
    rows.first().map(|row| row.need(1)).transpose()
}

/// The parameters of a statement about a range.
pub fn within<'a>(chain: &Registered, range: &'a ValidatorRange) -> [Value<'a>; 3] {
    [Value::Integer(Some(chain.id)), Value::Bytes(Some(range.first())), Value::Bytes(Some(range.last()))]
}

static FREEZE: Statement = Statement::new(
    c"UPDATE slashguard.validator SET frozen_at = $4, frozen_reason = $5
       WHERE chain_id = $1 AND key BETWEEN $2 AND $3 AND frozen_at IS NULL",
);
static UNFREEZE: Statement = Statement::new(
    c"UPDATE slashguard.validator SET frozen_at = NULL, frozen_reason = NULL
       WHERE chain_id = $1 AND key BETWEEN $2 AND $3 AND frozen_at IS NOT NULL AND elsewhere_at IS NULL",
);

/// Freezes those that are known here and not frozen. Answers how many.
pub fn freeze(
    session: &Session,
    chain: &Registered,
    range: &ValidatorRange,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<u64, Error> {
    let [chain_id, first, last] = within(chain, range);
    let frozen = FREEZE.run(session, &[chain_id, first, last, Value::Timestamp(Some(now)), Value::Text(reason)])?.count;
    switches::count_change(session, chain)?;
    Ok(frozen)
}

/// Unfreezes those that are frozen and not another shard's. Answers how many.
pub fn unfreeze(session: &Session, chain: &Registered, range: &ValidatorRange) -> Result<u64, Error> {
    let unfrozen = UNFREEZE.run(session, &within(chain, range))?.count;
    switches::count_change(session, chain)?;
    Ok(unfrozen)
}

static OPEN: Statement = Statement::new(
    c"UPDATE slashguard.validator
         SET elsewhere_at = NULL,
             frozen_at = CASE WHEN frozen_reason IS NOT DISTINCT FROM $4 THEN NULL ELSE frozen_at END,
             frozen_reason = CASE WHEN frozen_reason IS NOT DISTINCT FROM $4 THEN NULL ELSE frozen_reason END
       WHERE chain_id = $1 AND key BETWEEN $2 AND $3 AND elsewhere_at IS NOT NULL",
);

/// The validators of a range that was just added are this shard's now. What an operator froze meanwhile stays frozen.
pub fn open(session: &Session, chain: &Registered, range: &ValidatorRange) -> Result<(), Error> {
    let [chain_id, first, last] = within(chain, range);
    OPEN.run(session, &[chain_id, first, last, Value::Text(Some(NOT_OWNED))])?;
    Ok(())
}

static IS_ELSEWHERE: Statement =
    Statement::new(c"SELECT FROM slashguard.validator WHERE id = $1 AND elsewhere_at IS NOT NULL");

/// Whether it is known as another shard's.
pub fn is_elsewhere(session: &Session, validator_id: i32) -> Result<bool, Error> {
    Ok(IS_ELSEWHERE.run(session, &[Value::Integer(Some(validator_id))])?.any())
}

static ELSEWHERE_AMONG: Statement =
    Statement::new(c"SELECT id FROM slashguard.validator WHERE id = ANY ($1) AND elsewhere_at IS NOT NULL");

/// Those of them that are known as another shard's.
pub fn elsewhere_among(session: &Session, validator_ids: &[i32]) -> Result<HashSet<i32>, Error> {
    ELSEWHERE_AMONG.run(session, &[Value::Integers(validator_ids)])?.iter().map(|row| row.need(1)).collect()
}

macro_rules! close_what_is_outside {
    ($which:literal) => {
        statement!(
            "UPDATE slashguard.validator AS v SET elsewhere_at = $2, frozen_at = $2, frozen_reason = $3 \
              WHERE v.elsewhere_at IS NULL \
                AND NOT EXISTS ( \
                    SELECT FROM slashguard.validator_range AS r \
                     WHERE r.chain_id = v.chain_id AND r.disowned_at IS NULL \
                       AND v.key BETWEEN r.first_validator AND r.last_validator) AND "
            $which
        )
    };
}
macro_rules! raise_to_the_floor {
    ($which:literal) => {
        statement!(
            "UPDATE slashguard.validator AS v \
                SET low_watermark = GREATEST(v.low_watermark, r.low_watermark), \
                    low_source_epoch = GREATEST(v.low_source_epoch, r.low_source_epoch) \
               FROM slashguard.validator_range AS r \
              WHERE r.chain_id = v.chain_id AND r.disowned_at IS NULL \
                AND v.key BETWEEN r.first_validator AND r.last_validator \
                AND (r.low_watermark > COALESCE(v.low_watermark, -1) \
                     OR r.low_source_epoch > COALESCE(v.low_source_epoch, -1)) AND "
            $which
        )
    };
}
static CLOSE_ALL: Statement = close_what_is_outside!("v.chain_id = $1");
static CLOSE_ONE: Statement = close_what_is_outside!("v.id = $1");
static RAISE_ALL: Statement = raise_to_the_floor!("v.chain_id = $1");
static RAISE_ONE: Statement = raise_to_the_floor!("v.id = $1");

/// Holds every validator that is known here against the ranges: whoever is outside is another shard's, and whoever is inside is not
/// below its range's floor. To be called, under the chain's exclusive lock, whenever ranges have changed or validators have come in.
pub fn settle(session: &Session, chain: &Registered, now: Timestamp) -> Result<(), Error> {
    if !is_sharded(session, chain.id)? {
        return Ok(());
    }
    // The chain's row before any validator's, as everybody does.
    switches::count_change(session, chain)?;
    settle_rows(session, [&CLOSE_ALL, &RAISE_ALL], chain.id, now)
}

/// The same for one validator that was just registered.
pub fn settle_one(session: &Session, chain_id: i32, validator_id: i32, now: Timestamp) -> Result<(), Error> {
    if !is_sharded(session, chain_id)? {
        return Ok(());
    }
    settle_rows(session, [&CLOSE_ONE, &RAISE_ONE], validator_id, now)
}

fn settle_rows(session: &Session, [close, raise]: [&Statement; 2], id: i32, now: Timestamp) -> Result<(), Error> {
    let id = Value::Integer(Some(id));
    close.run(session, &[id, Value::Timestamp(Some(now)), Value::Text(Some(NOT_OWNED))])?;
    raise.run(session, &[id])?;
    Ok(())
}

static STANDING: Statement = Statement::new(
    c"SELECT c.sharded_at IS NOT NULL, EXISTS (
             SELECT FROM slashguard.validator_range AS r
              WHERE r.chain_id = c.id AND r.disowned_at IS NULL AND $2 BETWEEN r.first_validator AND r.last_validator)
        FROM slashguard.chain AS c WHERE c.id = $1",
);

/// Where a validator stands to the ranges.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was ever said of this chain.
    NotSharded,
    Owned,
    Elsewhere,
}

/// It is only as true as the chain's lock is held.
pub fn standing(session: &Session, chain_id: i32, key: &[u8]) -> Result<Standing, Error> {
    let rows = STANDING.run(session, &[Value::Integer(Some(chain_id)), Value::Bytes(Some(key))])?;
    let row = rows.first().ok_or_else(|| Error::internal("a chain is gone"))?;
    Ok(match (row.need(1)?, row.need(2)?) {
        (false, _) => Standing::NotSharded,
        (true, true) => Standing::Owned,
        (true, false) => Standing::Elsewhere,
    })
}

/// What came of a validator that was never seen on its chain.
pub enum FirstSight {
    Registered(Validator),
    NotOwned,
    /// Somebody else is in the way, and not done in time.
    HeldUp(&'static str),
}

/// Registers a validator that asks for its first claim, unless it is another shard's.
pub fn first_sight(
    session: &Session,
    chain: &Chain,
    key: &[u8],
    first_use_slot: Option<i64>,
    now: Timestamp,
) -> Result<FirstSight, Error> {
    // Held until the transaction ends: a change of ranges that came between would not see the new row.
    let Some(held_to_the_end) = lock::share(session, chain.lock)? else {
        return Ok(FirstSight::HeldUp("an operator's change to this chain is under way"));
    };
    let standing = standing(session, chain.id, key)?;
    if standing == Standing::Elsewhere {
        return Ok(FirstSight::NotOwned);
    }
    let Some(seen) = registry::register_validator(session, chain.id, key, first_use_slot, now)? else {
        return Ok(FirstSight::HeldUp("another caller is registering this validator"));
    };
    let Seen { validator, is_new } = seen;
    if !is_new {
        // Somebody else's row is there for all to see by now, and who waits for that one's signature must hold nobody up.
        held_to_the_end.give_back();
    } else if standing == Standing::Owned {
        settle_one(session, chain.id, validator.id, now)?;
    }
    Ok(FirstSight::Registered(validator))
}

static DOUBT: Statement = Statement::new(
    c"UPDATE slashguard.chain SET frozen_at = $2, frozen_reason = $3, freeze_id = pg_catalog.gen_random_uuid()
       WHERE id = $1 AND frozen_at IS NULL AND sharded_at IS NOT NULL",
);

/// A shard that may have gone back in time may have given a range up since, and another shard may be granting there. It is frozen
/// until an operator has compared them. True if it was sharded and not frozen.
pub fn freeze_in_doubt(session: &Session, chain_id: i32, cause: &str, now: Timestamp) -> Result<bool, Error> {
    let reason = format!(
        "{cause}, and may have given up ranges of validators since; compare slashguard.owned_ranges with the other shards, \
         disown what is another's, then call slashguard.unfreeze"
    );
    let frozen = DOUBT
        .run(session, &[Value::Integer(Some(chain_id)), Value::Timestamp(Some(now)), Value::Text(Some(&reason))])?;
    Ok(frozen.any())
}
