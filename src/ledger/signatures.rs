//! Signatures of claims.

use super::chains;
use super::claims::{for_key, key_values, message_hash, with_key};
use super::statement::{statement, Row, Session, Statement, Time, Value};
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use crate::duty::key::DutyKey;
use crate::duty::signature_scheme::SignatureScheme;
use crate::duty::token::LockToken;

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
    let [signature, now, attestation] = delivery.values();
    let values = with_key(&token.key, [Value::Uuid(Some(token.secret)), signature, now, attestation]);
    let rows = SIGN.run(session, &values)?;
    rows.first().map(|row| pinned_message(&row, 1)).transpose()
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
    "UPDATE slashguard.claim AS c SET signature = $7, signed_at = $8, attestation = $9, released_at = NULL",
    "AND c.message_hash = $6 AND c.signature IS NULL"
);

/// Writes a signature that was verified against the pinned message, whoever holds the claim. False if the claim has one by now, or
/// is gone.
pub fn write_for_pinned(
    session: &Session,
    key: &DutyKey,
    message_hash: &[u8; 32],
    delivery: &Delivery,
) -> Result<bool, Error> {
    let [signature, now, attestation] = delivery.values();
    let values = with_key(key, [Value::Bytes(Some(message_hash)), signature, now, attestation]);
    Ok(SIGN_PINNED.run(session, &values)?.any())
}
