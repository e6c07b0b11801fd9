//! Claims: one row a duty key. Each change names in its WHERE what must still hold when the row's lock is got.

use super::claim_table::{self, key_values, Place};
use super::direct::{self, Access, Presence};
use super::nodes;
use super::patience;
use super::statement::{statement, Row, Session, Statement, Time, Value};
use crate::duty::claim::{Claim, Replay};
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use crate::duty::key::DutyKey;
use crate::duty::request::Request;
use crate::duty::token::LockToken;

/// A grant to be written: to whom, until when, under which secret.
pub struct Grant<'a> {
    pub request: &'a Request,
    /// Of an attestation.
    pub source_epoch: Option<i64>,
    pub node_id: i32,
    pub secret: [u8; 16],
    pub now: Timestamp,
    pub lease_until: Timestamp,
}

pub(super) fn with_key<'a, const N: usize>(key: &DutyKey, more: [Value<'a>; N]) -> Vec<Value<'a>> {
    let mut values: Vec<Value> = Vec::with_capacity(5 + N);
    values.extend(key_values(key));
    values.extend(more);
    values
}

/// The clause every statement finds its row by: the primary key, as `key_values` orders it.
macro_rules! for_key {
    ($before:literal, $after:literal) => {
        statement!(
            $before
            " WHERE c.chain_id = $1 AND c.slot = $2 AND c.validator_id = $3 AND c.duty_type_id = $4 AND c.block_index = $5 "
            $after
        )
    };
}
pub(super) use for_key;

static INSERT: Statement = Statement::new(
    c"INSERT INTO slashguard.claim
             (chain_id, slot, validator_id, duty_type_id, block_index, message_hash, node_id, secret, granted_at,
              lease_until, request_id, request_role, block_number, checkpoint_number, source_epoch)
      SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15
       WHERE NOT EXISTS (
             SELECT FROM slashguard.claim AS c
              WHERE c.chain_id = $1 AND c.slot = $2 AND c.validator_id = $3 AND c.duty_type_id = $4 AND c.block_index = $5)
      ON CONFLICT (chain_id, slot, validator_id, duty_type_id, block_index) DO NOTHING",
);

/// Pins the hash. False if the key has a claim. A first claim whose transaction is under way is waited for; a claim on
/// record that somebody is just changing is not, because its hash will not change.
pub fn insert(session: &Session, key: &DutyKey, grant: &Grant) -> Result<bool, Error> {
    if let Some(inserted) = insert_directly(key, grant)? {
        return Ok(inserted);
    }
    let request = grant.request;
    let rows = INSERT.run(
        session,
        &with_key(
            key,
            [
                Value::Bytes(Some(&request.message_hash)),
                Value::Integer(Some(grant.node_id)),
                Value::Uuid(Some(grant.secret)),
                Value::Timestamp(Some(grant.now)),
                Value::Timestamp(Some(grant.lease_until)),
                Value::Uuid(request.replay.map(|replay| replay.request_id)),
                Value::Oid(request.replay.map(|replay| replay.role)),
                Value::Bigint(request.block_number),
                Value::Bigint(request.checkpoint_number),
                Value::Bigint(grant.source_epoch),
            ],
        ),
    )?;
    Ok(rows.any())
}

/// The same without a statement. Nobody else inserts the key meanwhile: the duty's lock is held, or the validator's, or the chain's
/// alone. None: a statement has to do it.
fn insert_directly(key: &DutyKey, grant: &Grant) -> Result<Option<bool>, Error> {
    let Some(table) = claim_table::open(Access::Write) else {
        return Ok(None);
    };
    let key = key_values(key);
    match table.presence(&key)? {
        Presence::Nothing => {}
        Presence::There => return Ok(Some(false)),
        Presence::Unclear => return Ok(None),
    }
    let request = grant.request;
    table.insert(&new_claim(
        key,
        &NewClaim {
            message_hash: &request.message_hash,
            node_id: grant.node_id,
            secret: grant.secret,
            now: grant.now,
            lease_until: grant.lease_until,
            replay: request.replay,
            block_number: request.block_number,
            checkpoint_number: request.checkpoint_number,
            source_epoch: grant.source_epoch,
        },
    ))?;
    Ok(Some(true))
}

/// What a new claim says, beside its key.
pub(super) struct NewClaim<'a> {
    pub message_hash: &'a [u8; 32],
    pub node_id: i32,
    pub secret: [u8; 16],
    pub now: Timestamp,
    pub lease_until: Timestamp,
    pub replay: Option<Replay>,
    pub block_number: Option<i64>,
    pub checkpoint_number: Option<i64>,
    pub source_epoch: Option<i64>,
}

/// The row of a claim that nobody was told of yet.
pub(super) fn new_claim<'a>(key: [Value<'a>; 5], claim: &NewClaim<'a>) -> [(Place, Value<'a>); 16] {
    let [chain_id, slot, validator_id, duty_type_id, block_index] = key;
    [
        (Place::ChainId, chain_id),
        (Place::Slot, slot),
        (Place::ValidatorId, validator_id),
        (Place::DutyTypeId, duty_type_id),
        (Place::BlockIndex, block_index),
        (Place::MessageHash, Value::Bytes(Some(claim.message_hash))),
        (Place::NodeId, Value::Integer(Some(claim.node_id))),
        (Place::Secret, Value::Uuid(Some(claim.secret))),
        (Place::GrantedAt, Value::Timestamp(Some(claim.now))),
        (Place::LeaseUntil, Value::Timestamp(Some(claim.lease_until))),
        (Place::RequestId, Value::Uuid(claim.replay.map(|replay| replay.request_id))),
        (Place::RequestRole, Value::Oid(claim.replay.map(|replay| replay.role))),
        (Place::BlockNumber, Value::Bigint(claim.block_number)),
        (Place::CheckpointNumber, Value::Bigint(claim.checkpoint_number)),
        (Place::SourceEpoch, Value::Bigint(claim.source_epoch)),
        (Place::Answers, Value::Integer(Some(1))),
    ]
}

static READ: Statement = for_key!(
    "SELECT c.message_hash, n.name, c.lease_until, c.secret, c.request_id, c.request_role, c.answers, c.signature, \
            c.imported_at IS NOT NULL, c.source_epoch \
       FROM slashguard.claim AS c LEFT JOIN slashguard.node AS n ON n.id = c.node_id",
    ""
);

/// What stands for the node that signed what was imported.
pub const ELSEWHERE: &str = "(imported)";

/// The claim on record, as of now.
pub fn read(session: &Session, key: &DutyKey) -> Result<Option<Claim>, Error> {
    if let Some(table) = claim_table::open(Access::Read) {
        return table.find(&key_values(key))?.map(|row| read_row(session, &row)).transpose();
    }
    let rows = READ.run(session, &key_values(key))?;
    rows.first().map(|row| read_claim(&row)).transpose()
}

fn read_row(session: &Session, row: &direct::Row) -> Result<Claim, Error> {
    let imported = !row.is_null(Place::ImportedAt);
    let replay = match (row.get(Place::RequestId)?, row.get(Place::RequestRole)?) {
        (Some(request_id), Some(role)) => Some(Replay { role, request_id }),
        _ => None,
    };
    Ok(Claim {
        message_hash: message_hash(row.get(Place::MessageHash)?)?,
        source_epoch: row.get(Place::SourceEpoch)?,
        node: node_name(nodes::name(session, row.need(Place::NodeId)?)?, imported)?,
        lease_until: row.need::<Time>(Place::LeaseUntil)?.0,
        secret: row.get(Place::Secret)?,
        replay,
        answers: row.need(Place::Answers)?,
        signature: row.get(Place::Signature)?,
        imported,
    })
}

fn node_name(name: Option<String>, imported: bool) -> Result<String, Error> {
    match name {
        Some(name) => Ok(name),
        None if imported => Ok(ELSEWHERE.to_owned()),
        None => Err(Error::internal("the node of a claim is gone")),
    }
}

/// A claim in ten columns, as `read` selects them.
pub(super) fn read_claim(row: &Row) -> Result<Claim, Error> {
    let imported = row.need(9)?;
    let replay = match (row.get::<[u8; 16]>(5)?, row.get::<u32>(6)?) {
        (Some(request_id), Some(role)) => Some(Replay { role, request_id }),
        _ => None,
    };
    Ok(Claim {
        message_hash: message_hash(row.get(1)?)?,
        source_epoch: row.get(10)?,
        node: node_name(row.get(2)?, imported)?,
        lease_until: row.need::<Time>(3)?.0,
        secret: row.get(4)?,
        replay,
        answers: row.need(7)?,
        signature: row.get(8)?,
        imported,
    })
}

pub(super) fn message_hash(bytes: Option<Vec<u8>>) -> Result<Option<[u8; 32]>, Error> {
    bytes
        .map(|hash| hash.try_into().map_err(|_| Error::internal("a message hash on record is not 32 bytes")))
        .transpose()
}

static SEVERAL: Statement = Statement::new(
    c"SELECT FROM slashguard.claim AS c
       WHERE c.chain_id = $1 AND c.slot = $2 AND c.validator_id = $3 AND c.duty_type_id = $4 AND c.block_index < $5
       LIMIT 1",
);

/// Whether imported history has further messages for the duty.
pub fn has_several(session: &Session, key: &DutyKey) -> Result<bool, Error> {
    Ok(SEVERAL.run(session, &key_values(key))?.any())
}

static TAKE_OVER: Statement = for_key!(
    "UPDATE slashguard.claim AS c \
        SET previous_node_ids = CASE WHEN cardinality(c.previous_node_ids) >= 100 OR c.node_id = 0 \
                                     THEN c.previous_node_ids \
                                     ELSE array_append(c.previous_node_ids, c.node_id) END, \
            node_id = $7, secret = $8, granted_at = $9, lease_until = $10, \
            request_id = $11, request_role = $12, answers = c.answers + 1, released_at = NULL",
    "AND c.message_hash = $6 AND c.signature IS NULL \
     AND (c.secret IS NULL OR c.lease_until <= $9)"
);

/// A new token for the same hash; the old one is dead. The inner None if the claim changed meanwhile, the outer if somebody is
/// changing it and not done within lock_timeout.
pub fn take_over(session: &Session, key: &DutyKey, grant: &Grant) -> Result<Option<Option<()>>, Error> {
    let request = grant.request;
    let values = with_key(
        key,
        [
            Value::Bytes(Some(&request.message_hash)),
            Value::Integer(Some(grant.node_id)),
            Value::Uuid(Some(grant.secret)),
            Value::Timestamp(Some(grant.now)),
            Value::Timestamp(Some(grant.lease_until)),
            Value::Uuid(request.replay.map(|replay| replay.request_id)),
            Value::Oid(request.replay.map(|replay| replay.role)),
        ],
    );
    patience::change(session, || Ok(TAKE_OVER.run(session, &values)?.any().then_some(())))
}

static REPLAY: Statement = for_key!(
    "UPDATE slashguard.claim AS c \
        SET answers = c.answers + 1, \
            lease_until = CASE WHEN c.lease_until <= $8 THEN $9 ELSE c.lease_until END",
    "AND c.secret = $6 AND c.message_hash = $7 AND c.signature IS NULL \
     RETURNING c.lease_until"
);

/// The same token once more, with a new lease only if the old one is over. Counts the answer, because from now on two
/// threads may hold the token. Answers the lease's end; the inner None if the claim changed meanwhile, the outer if somebody
/// is changing it and not done within lock_timeout.
pub fn replay(
    session: &Session,
    key: &DutyKey,
    grant: &Grant,
    secret: [u8; 16],
) -> Result<Option<Option<Timestamp>>, Error> {
    let values = with_key(
        key,
        [
            Value::Uuid(Some(secret)),
            Value::Bytes(Some(&grant.request.message_hash)),
            Value::Timestamp(Some(grant.now)),
            Value::Timestamp(Some(grant.lease_until)),
        ],
    );
    patience::change(session, || {
        let rows = REPLAY.run(session, &values)?;
        rows.first().map(|row| Ok(row.need::<Time>(1)?.0)).transpose()
    })
}

static RELEASE: Statement = for_key!(
    "UPDATE slashguard.claim AS c SET secret = NULL, request_id = NULL, request_role = NULL, lease_until = $7, released_at = $7",
    "AND c.secret = $6 AND c.signature IS NULL \
     RETURNING c.node_id"
);

/// Opens the claim to every node; the hash stays pinned. Answers the node that held it, None if the token does not.
pub fn release(session: &Session, token: &LockToken, now: Timestamp) -> Result<Option<i32>, Error> {
    let rows =
        RELEASE.run(session, &with_key(&token.key, [Value::Uuid(Some(token.secret)), Value::Timestamp(Some(now))]))?;
    rows.first().map(|row| row.need(1)).transpose()
}

static FREE: Statement = Statement::new(
    c"WITH gone AS (
          DELETE FROM slashguard.claim AS c
           WHERE c.chain_id = $1 AND c.slot = $2
             AND c.validator_id = $3 AND c.duty_type_id = $4
             AND c.block_index = $5
             AND c.secret = $6 AND c.signature IS NULL AND c.answers = 1 AND c.imported_at IS NULL
          RETURNING c.message_hash, c.node_id, c.granted_at, c.source_epoch),
      buried AS (
          INSERT INTO slashguard.tombstone
                 (chain_id, slot, validator_id, duty_type_id, block_index, message_hash, node_id, granted_at, freed_at,
                  freed_by, cause, source_epoch)
          SELECT $1, $2, $3, $4, $5, gone.message_hash, gone.node_id, gone.granted_at, $7, $8, $9, gone.source_epoch
            FROM gone
           WHERE NOT EXISTS (SELECT FROM slashguard.chain AS h
                              WHERE h.id = $1 AND h.low_watermark >= $2
                                AND (gone.source_epoch IS NULL OR h.low_source_epoch >= gone.source_epoch)))
      SELECT node_id FROM gone",
);

/// The cause of a tombstone for a claim that nobody was told of.
pub const TAKEN_BACK: &str = "watermark rose meanwhile";
/// The cause of a tombstone for a claim whose holder said so.
pub const CERTAINLY_UNSIGNED: &str = "certainly unsigned";

/// Removes the claim and leaves a tombstone, but for a slot that a watermark covers anyway. Only where `rules::one_message::may_be_freed` holds when the row's lock is got,
/// or for a claim of this very transaction that nobody was told of. Answers the node that held it.
pub fn free(
    session: &Session,
    token: &LockToken,
    now: Timestamp,
    caller: &str,
    cause: &str,
) -> Result<Option<i32>, Error> {
    let rows = FREE.run(
        session,
        &with_key(
            &token.key,
            [
                Value::Uuid(Some(token.secret)),
                Value::Timestamp(Some(now)),
                Value::Text(Some(caller)),
                Value::Text(Some(cause)),
            ],
        ),
    )?;
    rows.first().map(|row| row.need(1)).transpose()
}

static EXTEND: Statement = for_key!(
    "UPDATE slashguard.claim AS c \
        SET lease_until = CASE WHEN c.lease_until < $7 THEN $7 ELSE c.lease_until END",
    "AND c.secret = $6 AND c.signature IS NULL RETURNING c.lease_until"
);

/// Moves the lease's end to `lease_until`, never back. None if the token does not hold the claim.
pub fn extend(session: &Session, token: &LockToken, lease_until: Timestamp) -> Result<Option<Timestamp>, Error> {
    let rows = EXTEND
        .run(session, &with_key(&token.key, [Value::Uuid(Some(token.secret)), Value::Timestamp(Some(lease_until))]))?;
    rows.first().map(|row| Ok(row.need::<Time>(1)?.0)).transpose()
}
