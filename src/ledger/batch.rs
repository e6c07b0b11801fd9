//! Many claims in one statement each: what is plain about them is looked up and written at once. Whatever is not is left to the
//! one-by-one way. The chain's lock must be held alone.

use super::bounds;
use super::claim_table::{self, key_values};
use super::claims;
use super::direct::{Access, Presence, Snapshot, Writer};
use super::patience;
use super::statement::{Session, Statement, Value};
use super::validator_keys;
use super::votes;
use crate::duty::claim::{Claim, Replay};
use crate::duty::clock::Timestamp;
use crate::duty::epochs::Epochs;
use crate::duty::error::Error;
use crate::duty::key::DutyKey;
use crate::duty::vote::Vote;
use crate::rules::watermark::ValidatorBounds;
use std::collections::HashMap;

// OFFSET 0, here and below: one look-up by the whole key each, whatever the planner took the table for when it was small.
static VALIDATORS: Statement = Statement::new(
    c"SELECT k.place, v.id,
             v.first_use_slot IS NULL AND v.low_watermark IS NULL AND v.low_source_epoch IS NULL AND v.high_watermark IS NULL
             AND v.frozen_at IS NULL AND v.history_block_slot IS NULL AND v.history_source_epoch IS NULL
             AND v.history_target_epoch IS NULL,
             v.first_use_slot, v.low_watermark, v.high_watermark, v.frozen_at IS NOT NULL, v.frozen_reason, v.low_source_epoch,
             v.history_block_slot, v.history_source_epoch, v.history_target_epoch
        FROM pg_catalog.unnest($2) WITH ORDINALITY AS k (key, place)
       CROSS JOIN LATERAL (
             SELECT v.* FROM slashguard.validator AS v WHERE v.chain_id = $1 AND v.key = k.key OFFSET 0) AS v
       WHERE NOT v.votes_may_surround",
);

/// A known validator whose votes on record do not surround each other.
pub struct KnownValidator {
    pub id: i32,
    /// None: nothing bounds it beyond its chain.
    pub bounds: Option<ValidatorBounds>,
}

/// Those validators that are known, by their place among the keys.
pub fn validators(
    session: &Session,
    chain_id: i32,
    keys: &[Option<&[u8]>],
) -> Result<Vec<Option<KnownValidator>>, Error> {
    if let Some(known) = validators_directly(chain_id, keys)? {
        return Ok(known);
    }
    let mut known: Vec<Option<KnownValidator>> = Vec::new();
    known.resize_with(keys.len(), || None);
    for row in VALIDATORS.run(session, &[Value::Integer(Some(chain_id)), Value::ManyBytes(keys)])?.iter() {
        let place: i64 = row.need(1)?;
        if let Some(validator) = usize::try_from(place - 1).ok().and_then(|place| known.get_mut(place)) {
            let is_unbounded: bool = row.need(3)?;
            // They are read again with the chain's bounds by whoever minds their version; whoever holds the chain's lock alone need not.
            let bounds = if is_unbounded { None } else { Some(bounds::validator(&row, 4, -1)?) };
            *validator = Some(KnownValidator { id: row.need(2)?, bounds });
        }
    }
    Ok(known)
}

/// The same without a statement. None: it has to be left to one.
fn validators_directly(chain_id: i32, keys: &[Option<&[u8]>]) -> Result<Option<Vec<Option<KnownValidator>>>, Error> {
    let Some(table) = validator_keys::open() else {
        return Ok(None);
    };
    // In the order of the index: neighbours are on the same page.
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_unstable_by_key(|place| keys[*place]);
    let snapshot = Snapshot::now();
    let mut known: Vec<Option<KnownValidator>> = Vec::new();
    known.resize_with(keys.len(), || None);
    for place in order {
        let key = [Value::Integer(Some(chain_id)), Value::Bytes(keys[place])];
        if let Some(row) = table.find_at(&snapshot, &key)? {
            known[place] = validator_keys::without_surrounds(&row)?;
        }
    }
    Ok(Some(known))
}

/// Epochs between a source and a target, or after the target, that are looked up for each validator. Beyond, votes go one by one.
const MOST_EPOCHS: i64 = 8;

static BEYOND: Statement = Statement::new(
    c"SELECT FROM slashguard.claim AS c WHERE c.chain_id = $1 AND c.slot > $2 AND c.duty_type_id = $3 LIMIT 1",
);
static STANDING_AGAINST: Statement = Statement::new(
    c"SELECT p.id
        FROM pg_catalog.unnest($3) AS p (id)
       WHERE EXISTS (SELECT FROM slashguard.claim AS c
                      WHERE c.chain_id = $1 AND c.slot = ANY ($4) AND c.validator_id = p.id AND c.duty_type_id = $2
                        AND c.source_epoch > $6)
          OR EXISTS (SELECT FROM slashguard.claim AS c
                      WHERE c.chain_id = $1 AND c.slot = ANY ($5) AND c.validator_id = p.id AND c.duty_type_id = $2
                        AND c.source_epoch < $6)",
);

/// A vote that several validators of a batch want to cast.
pub struct VoteOfMany<'a> {
    pub chain_id: i32,
    pub duty_type_id: i16,
    pub epochs: Epochs,
    pub current_epoch: i64,
    pub vote: Vote,
    pub validator_ids: &'a [i32],
}

/// Those validators of whom a vote on record would be surrounded by this one, or would surround it. None: each has to be looked at by
/// itself.
pub fn standing_against(session: &Session, asked: &VoteOfMany) -> Result<Option<Vec<i32>>, Error> {
    let Vote { source_epoch, target_epoch } = asked.vote;
    // Up to the next epoch, or what is on record, each is looked up; what lies beyond is little, and mostly nothing.
    let newest = votes::newest_epoch(session, asked.chain_id, asked.epochs)?;
    let near = asked.current_epoch.saturating_add(1).min(newest).clamp(0, asked.epochs.last_epoch()).max(target_epoch);
    if target_epoch - source_epoch > MOST_EPOCHS || near - target_epoch > MOST_EPOCHS {
        return Ok(None);
    }
    let chain_id = Value::Integer(Some(asked.chain_id));
    let duty_type_id = Value::Smallint(asked.duty_type_id);
    let beyond = Value::Bigint(Some(asked.epochs.first_slot(near)));
    if BEYOND.run(session, &[chain_id, beyond, duty_type_id])?.any() {
        return Ok(None);
    }
    let slots =
        |epochs: std::ops::Range<i64>| -> Vec<i64> { epochs.map(|epoch| asked.epochs.first_slot(epoch)).collect() };
    let between = slots(source_epoch + 1..target_epoch);
    let after = slots(target_epoch + 1..near + 1);
    if between.is_empty() && after.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let rows = STANDING_AGAINST.run(
        session,
        &[
            chain_id,
            duty_type_id,
            Value::Integers(asked.validator_ids),
            Value::Bigints(&between),
            Value::Bigints(&after),
            Value::Bigint(Some(source_epoch)),
        ],
    )?;
    let ids: Result<Vec<i32>, Error> = rows.iter().map(|row| row.need(1)).collect();
    ids.map(Some)
}

static READ: Statement = Statement::new(
    c"SELECT c.message_hash, n.name, c.lease_until, c.secret, c.request_id, c.request_role, c.answers, c.signature,
             c.imported_at IS NOT NULL, c.source_epoch, k.place
        FROM ROWS FROM (pg_catalog.unnest($4), pg_catalog.unnest($5)) WITH ORDINALITY AS k (slot, validator_id, place)
       CROSS JOIN LATERAL (
             SELECT c.* FROM slashguard.claim AS c
              WHERE c.chain_id = $1 AND c.slot = k.slot AND c.validator_id = k.validator_id AND c.duty_type_id = $2
                AND c.block_index = $3 OFFSET 0) AS c
        LEFT JOIN slashguard.node AS n ON n.id = c.node_id",
);

/// What is on record for the duties of these claims, by their place among them.
pub fn read(session: &Session, common: &Common, claims: &[&Own]) -> Result<Vec<(usize, Claim)>, Error> {
    let slots: Vec<i64> = claims.iter().map(|claim| claim.slot).collect();
    let validator_ids: Vec<i32> = claims.iter().map(|claim| claim.validator_id).collect();
    let rows = READ.run(
        session,
        &[
            Value::Integer(Some(common.chain_id)),
            Value::Smallint(common.duty_type_id),
            Value::Integer(Some(common.block_index)),
            Value::Bigints(&slots),
            Value::Integers(&validator_ids),
        ],
    )?;
    rows.iter()
        .map(|row| {
            let place: i64 = row.need(11)?;
            let place = usize::try_from(place - 1).map_err(|_| Error::internal("a place in a batch is negative"))?;
            Ok((place, claims::read_claim(&row)?))
        })
        .collect::<Result<_, Error>>()
}

/// What all claims of a batch have in common.
pub struct Common {
    pub chain_id: i32,
    pub duty_type_id: i16,
    pub block_index: i32,
    pub node_id: i32,
    pub now: Timestamp,
    pub lease_until: Timestamp,
    pub replay: Option<Replay>,
    pub block_number: Option<i64>,
    pub checkpoint_number: Option<i64>,
}

/// What is each claim's own.
#[derive(Clone, Copy)]
pub struct Own {
    /// Among the requests.
    pub place: usize,
    pub slot: i64,
    pub validator_id: i32,
    pub message_hash: [u8; 32],
    pub secret: [u8; 16],
    pub source_epoch: Option<i64>,
}

static INSERT: Statement = Statement::new(
    c"INSERT INTO slashguard.claim
             (chain_id, slot, validator_id, duty_type_id, block_index, message_hash, node_id, secret, granted_at,
              lease_until, request_id, request_role, block_number, checkpoint_number, source_epoch)
      SELECT $1, n.slot, n.validator_id, $2, $3, n.message_hash, $4, n.secret, $5, $6, $7, $8, $9, $10, n.source_epoch
        FROM ROWS FROM (pg_catalog.unnest($11), pg_catalog.unnest($12), pg_catalog.unnest($13), pg_catalog.unnest($14),
                        pg_catalog.unnest($15)) AS n (slot, validator_id, message_hash, secret, source_epoch)
       WHERE NOT EXISTS (
             SELECT FROM slashguard.claim AS c
              WHERE c.chain_id = $1 AND c.slot = n.slot AND c.validator_id = n.validator_id AND c.duty_type_id = $2
                AND c.block_index = $3)
      ON CONFLICT (chain_id, slot, validator_id, duty_type_id, block_index) DO NOTHING
      RETURNING slot, validator_id",
);

/// Pins the hashes of those that have no claim, and answers which. `keep`: said in a snapshot newer than the claims; where it says no,
/// none of them is written. None: that, or somebody keeps a lock for longer than lock_timeout.
pub fn insert(
    session: &Session,
    common: &Common,
    claims: &[Own],
    keep: impl FnOnce() -> Result<bool, Error>,
) -> Result<Option<Vec<usize>>, Error> {
    let kept = patience::change(session, || {
        let inserted = match insert_directly(common, claims)? {
            Some(inserted) => inserted,
            None => insert_by_statement(session, common, claims)?,
        };
        Ok(keep()?.then_some(inserted))
    })?;
    Ok(kept.flatten())
}

/// None: it has to be left to a statement.
fn insert_directly(common: &Common, claims: &[Own]) -> Result<Option<Vec<usize>>, Error> {
    let Some(table) = claim_table::open(Access::Write) else {
        return Ok(None);
    };
    let mut inserted = Vec::with_capacity(claims.len());
    let mut writer = Writer::begin(&table);
    for (number, claim) in claims.iter().enumerate() {
        let key = key_values(&DutyKey {
            chain_id: common.chain_id,
            slot: claim.slot,
            validator_id: claim.validator_id,
            duty_type_id: common.duty_type_id,
            block_index: common.block_index,
        });
        // What is there, or comes, is decided by itself.
        if table.presence(&key)? != Presence::Nothing {
            continue;
        }
        writer.add(&claims::new_claim(
            key,
            &claims::NewClaim {
                message_hash: &claim.message_hash,
                node_id: common.node_id,
                secret: claim.secret,
                now: common.now,
                lease_until: common.lease_until,
                replay: common.replay,
                block_number: common.block_number,
                checkpoint_number: common.checkpoint_number,
                source_epoch: claim.source_epoch,
            },
        ))?;
        inserted.push(number);
    }
    writer.finish()?;
    Ok(Some(inserted))
}

fn insert_by_statement(session: &Session, common: &Common, claims: &[Own]) -> Result<Vec<usize>, Error> {
    let slots: Vec<i64> = claims.iter().map(|claim| claim.slot).collect();
    let validator_ids: Vec<i32> = claims.iter().map(|claim| claim.validator_id).collect();
    let hashes: Vec<Option<&[u8]>> = claims.iter().map(|claim| Some(&claim.message_hash[..])).collect();
    let secrets: Vec<[u8; 16]> = claims.iter().map(|claim| claim.secret).collect();
    let sources: Vec<Option<i64>> = claims.iter().map(|claim| claim.source_epoch).collect();
    let places: HashMap<(i64, i32), usize> =
        claims.iter().enumerate().map(|(number, claim)| ((claim.slot, claim.validator_id), number)).collect();
    let values = [
        Value::Integer(Some(common.chain_id)),
        Value::Smallint(common.duty_type_id),
        Value::Integer(Some(common.block_index)),
        Value::Integer(Some(common.node_id)),
        Value::Timestamp(Some(common.now)),
        Value::Timestamp(Some(common.lease_until)),
        Value::Uuid(common.replay.map(|replay| replay.request_id)),
        Value::Oid(common.replay.map(|replay| replay.role)),
        Value::Bigint(common.block_number),
        Value::Bigint(common.checkpoint_number),
        Value::Bigints(&slots),
        Value::Integers(&validator_ids),
        Value::ManyBytes(&hashes),
        Value::Uuids(&secrets),
        Value::OptionalBigints(&sources),
    ];
    let rows = INSERT.run(session, &values)?;
    let mut inserted = Vec::with_capacity(claims.len());
    for row in rows.iter() {
        let key = (row.need(1)?, row.need(2)?);
        inserted.push(*places.get(&key).ok_or_else(|| Error::internal("a claim of a batch is of nobody"))?);
    }
    Ok(inserted)
}
