//! Signatures of claims.

use super::chains;
use super::claim_table::{self, key_values, Place};
use super::claims::{for_key, message_hash, with_key};
use super::direct::{Access, Snapshot, Updated};
use super::statement::{statement, Row, Session, Statement, Time, Value};
use super::{chain_table, validators};
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use crate::duty::key::DutyKey;
use crate::duty::signature_scheme::SignatureScheme;
use crate::duty::token::LockToken;
use std::collections::HashSet;

/// The message of a claim, whose it is, and how it is signed. Read with the claim, because a token's own word for them would prove
/// nothing.
pub struct PinnedMessage {
    /// None: imported history says that something was signed, but not what.
    pub hash: Option<[u8; 32]>,
    pub scheme: SignatureScheme,
    pub validator: Vec<u8>,
}

fn pinned_message(row: &Row, first: i32) -> Result<PinnedMessage, Error> {
    Ok(PinnedMessage {
        hash: message_hash(row.get(first)?)?,
        scheme: chains::signature_scheme(row.need(first + 1)?)?,
        validator: row.need(first + 2)?,
    })
}

/// A signature as it is delivered.
pub struct Delivery<'a> {
    pub signature: &'a [u8],
    pub attestation: Option<&'a str>,
    pub now: Timestamp,
}

impl Delivery<'_> {
    fn values(&self) -> [Value<'_>; 3] {
        [Value::Bytes(Some(self.signature)), Value::Timestamp(Some(self.now)), Value::Text(self.attestation)]
    }
}

static SIGN: Statement = for_key!(
    "UPDATE slashguard.claim AS c SET signature = $7, signed_at = $8, attestation = $9",
    "AND c.secret = $6 AND c.signature IS NULL \
     RETURNING c.message_hash, \
               (SELECT h.signature_scheme FROM slashguard.chain AS h WHERE h.id = c.chain_id), \
               (SELECT v.key FROM slashguard.validator AS v WHERE v.id = c.validator_id)"
);

/// Writes the signature of an unsigned claim that the token holds. None: there is no such claim. The caller verifies it, and raises
/// where it does not verify, which undoes this.
pub fn write(session: &Session, token: &LockToken, delivery: &Delivery) -> Result<Option<PinnedMessage>, Error> {
    if let Some(message) = write_directly(token, delivery)? {
        return Ok(Some(message));
    }
    let [signature, now, attestation] = delivery.values();
    let values = with_key(&token.key, [Value::Uuid(Some(token.secret)), signature, now, attestation]);
    let rows = SIGN.run(session, &values)?;
    rows.first().map(|row| pinned_message(&row, 1)).transpose()
}

/// The same without a statement. None: a statement has to do it, or to find that there is no such claim.
fn write_directly(token: &LockToken, delivery: &Delivery) -> Result<Option<PinnedMessage>, Error> {
    let Some(scheme) = scheme(token.key.chain_id)? else {
        return Ok(None);
    };
    // Where nothing is verified, nobody asks whose it is.
    let validator = match scheme {
        SignatureScheme::None => Vec::new(),
        _ => match validators::key(token.key.validator_id)? {
            Some(key) => key,
            None => return Ok(None),
        },
    };
    let Some(table) = claim_table::open(Access::Write) else {
        return Ok(None);
    };
    let Some(mut row) = table.find(&key_values(&token.key))? else {
        return Ok(None);
    };
    if row.get(Place::Secret)? != Some(token.secret) || !row.is_null(Place::Signature) {
        return Ok(None);
    }
    let hash = message_hash(row.get(Place::MessageHash)?)?;
    let [signature, now, attestation] = delivery.values();
    let changes = [(Place::Signature, signature), (Place::SignedAt, now), (Place::Attestation, attestation)];
    Ok(match table.update(&mut row, &changes)? {
        Updated::Now => Some(PinnedMessage { hash, scheme, validator }),
        Updated::Meanwhile => None,
    })
}

/// How a chain's messages are signed. None: the chain's table has to be left to statements.
fn scheme(chain_id: i32) -> Result<Option<SignatureScheme>, Error> {
    let Some(table) = chain_table::open() else {
        return Ok(None);
    };
    // A token's own word for its chain and validator proves nothing: they may be none.
    let Some(row) = chain_table::find(&table, &Snapshot::now(), chain_id)? else {
        return Ok(None);
    };
    chains::signature_scheme(row.need(chain_table::Place::SignatureScheme)?).map(Some)
}

// Of two deliveries for one claim Postgres would take either.
static SIGN_EACH: Statement = Statement::new(
    c"UPDATE slashguard.claim AS c
         SET signature = n.signature, signed_at = $1
        FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5),
                        pg_catalog.unnest($6), pg_catalog.unnest($7), pg_catalog.unnest($8), pg_catalog.unnest($9))
          AS n (place, chain_id, slot, validator_id, duty_type_id, block_index, secret, signature)
       CROSS JOIN LATERAL (
             SELECT f.ctid AS place_in_table FROM slashguard.claim AS f
              WHERE f.chain_id = n.chain_id AND f.slot = n.slot AND f.validator_id = n.validator_id
                AND f.duty_type_id = n.duty_type_id AND f.block_index = n.block_index OFFSET 0) AS f
       WHERE c.ctid = f.place_in_table AND c.secret = n.secret AND c.signature IS NULL
      RETURNING n.place",
);

/// One of many signatures that are not verified.
pub struct PlainDelivery<'a> {
    pub place: usize,
    pub token: &'a LockToken,
    pub signature: &'a [u8],
}

/// Writes those whose tokens hold unsigned claims, and answers the places of those.
pub fn write_plain(session: &Session, deliveries: &[PlainDelivery], now: Timestamp) -> Result<HashSet<usize>, Error> {
    let mut written = HashSet::with_capacity(deliveries.len());
    let deliveries = write_plain_directly(deliveries, now, &mut written)?;
    if deliveries.is_empty() {
        return Ok(written);
    }
    let keys = || deliveries.iter().map(|delivery| delivery.token.key);
    let places: Vec<i64> = deliveries.iter().map(|delivery| delivery.place as i64).collect();
    let chain_ids: Vec<i32> = keys().map(|key| key.chain_id).collect();
    let slots: Vec<i64> = keys().map(|key| key.slot).collect();
    let validator_ids: Vec<i32> = keys().map(|key| key.validator_id).collect();
    let duty_type_ids: Vec<i16> = keys().map(|key| key.duty_type_id).collect();
    let block_indexes: Vec<i32> = keys().map(|key| key.block_index).collect();
    let secrets: Vec<[u8; 16]> = deliveries.iter().map(|delivery| delivery.token.secret).collect();
    let signatures: Vec<Option<&[u8]>> = deliveries.iter().map(|delivery| Some(delivery.signature)).collect();
    let rows = SIGN_EACH.run(
        session,
        &[
            Value::Timestamp(Some(now)),
            Value::Bigints(&places),
            Value::Integers(&chain_ids),
            Value::Bigints(&slots),
            Value::Integers(&validator_ids),
            Value::Smallints(&duty_type_ids),
            Value::Integers(&block_indexes),
            Value::Uuids(&secrets),
            Value::ManyBytes(&signatures),
        ],
    )?;
    for row in rows.iter() {
        let place: i64 = row.need(1)?;
        written.insert(usize::try_from(place).map_err(|_| Error::internal("a place in a batch is negative"))?);
    }
    Ok(written)
}

/// The same without a statement, and what is left for one: from the first row on that somebody else is changing. It waits for that row
/// before it takes a later one, because two that take rows in two orders would wait for each other.
fn write_plain_directly<'a>(
    deliveries: &'a [PlainDelivery<'a>],
    now: Timestamp,
    written: &mut HashSet<usize>,
) -> Result<&'a [PlainDelivery<'a>], Error> {
    let Some(table) = claim_table::open(Access::Write) else {
        return Ok(deliveries);
    };
    let snapshot = Snapshot::now();
    for (number, delivery) in deliveries.iter().enumerate() {
        let Some(mut row) = table.find_at(&snapshot, &key_values(&delivery.token.key))? else {
            continue;
        };
        if row.get(Place::Secret)? != Some(delivery.token.secret) || !row.is_null(Place::Signature) {
            continue;
        }
        let changes = [
            (Place::Signature, Value::Bytes(Some(delivery.signature))),
            (Place::SignedAt, Value::Timestamp(Some(now))),
        ];
        if table.update(&mut row, &changes)? == Updated::Meanwhile {
            return Ok(&deliveries[number..]);
        }
        written.insert(delivery.place);
    }
    Ok(&[])
}

static READ_SIGNED: Statement = for_key!(
    "SELECT c.signed_at, c.secret, c.signature, c.message_hash, h.signature_scheme, v.key \
       FROM slashguard.claim AS c \
       JOIN slashguard.chain AS h ON h.id = c.chain_id \
       JOIN slashguard.validator AS v ON v.id = c.validator_id",
    ""
);

/// What is on record of a claim's signature.
pub struct SignedClaim {
    pub signed_at: Option<Timestamp>,
    pub secret: Option<[u8; 16]>,
    pub signature: Option<Vec<u8>>,
    pub message: PinnedMessage,
}

/// None: the claim is not there, cleaned up or freed.
pub fn read(session: &Session, key: &DutyKey) -> Result<Option<SignedClaim>, Error> {
    let rows = READ_SIGNED.run(session, &key_values(key))?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    Ok(Some(SignedClaim {
        signed_at: row.get::<Time>(1)?.map(|time| time.0),
        secret: row.get(2)?,
        signature: row.get(3)?,
        message: pinned_message(&row, 4)?,
    }))
}

static SIGN_PINNED: Statement = for_key!(
    "UPDATE slashguard.claim AS c SET signature = $7, signed_at = $8, released_at = NULL",
    "AND c.message_hash = $6 AND c.signature IS NULL"
);

/// Writes a signature that was verified against the pinned message, whoever holds the claim. False if the claim has one by now, or
/// is gone. Without the attestation: who delivers it proves nothing but the signature.
pub fn write_for_pinned(
    session: &Session,
    key: &DutyKey,
    message_hash: &[u8; 32],
    delivery: &Delivery,
) -> Result<bool, Error> {
    let [signature, now, _] = delivery.values();
    let values = with_key(key, [Value::Bytes(Some(message_hash)), signature, now]);
    Ok(SIGN_PINNED.run(session, &values)?.any())
}

static ATTEST: Statement = for_key!(
    "UPDATE slashguard.claim AS c SET attestation = $7",
    "AND c.secret = $6 AND c.signature IS NOT NULL AND c.attestation IS NULL"
);

/// Keeps an attestation that comes after its signature. The first one stays.
pub fn attest(session: &Session, token: &LockToken, attestation: &str) -> Result<(), Error> {
    let values = with_key(&token.key, [Value::Uuid(Some(token.secret)), Value::Text(Some(attestation))]);
    ATTEST.run(session, &values)?;
    Ok(())
}
