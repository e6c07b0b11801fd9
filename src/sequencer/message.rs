//! A sequencer's signed message: its JSON form, what of it is signed, and by whom.
//!
//! The signature is over keccak256(sequence || timestamp || message_hash), both numbers as 8 bytes, big-endian, and
//! message_hash is the hash of the payload. So it vouches for sequence, timestamp and payload, and not for message_type.

use super::key::Key;
use crate::crypto::address::Address;
use crate::crypto::eip712::json::{Json, Members};
use crate::crypto::eip712::path::Path;
use crate::crypto::keccak::{keccak256, keccak256_of};
use crate::crypto::secp256k1;
use crate::duty::error::{Error, SqlState};
use crate::duty::hex_text;
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use std::borrow::Cow;

/// Bytes.
pub const LONGEST_PAYLOAD: usize = 16 << 20;
/// Bytes.
const LONGEST_TYPE: usize = 100;
const ARGUMENT: &str = "message";

/// Well-formed, and its hash is that of its payload. Whose it is, `verify` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedMessage {
    pub sequence: i64,
    /// The timestamp, in seconds since 1970-01-01 UTC.
    pub unix_seconds: i64,
    /// Not covered by the signature.
    pub message_type: String,
    pub payload: Vec<u8>,
    /// Of the payload.
    pub message_hash: [u8; 32],
    /// r, s, v.
    pub signature: [u8; 65],
    signer: Key,
}

/// What a verified message is the proof of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// What was signed.
    pub digest: [u8; 32],
    pub signer: Address,
}

impl SignedMessage {
    /// From JSON. 22023 where a member is missing or too long, 22P02 where one is malformed, 22003 where a number is
    /// beyond 2^63-1, SG006 where message_hash is not that of the payload. Members that are not known here are left
    /// aside.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let path = Path::root(ARGUMENT, ARGUMENT);
        let members = Json::parse(text, &path)?.members(&path)?;
        let message_hash = hex_field(&members, "message_hash")?;
        Ok(Self {
            sequence: number(&members, "sequence")?,
            unix_seconds: number(&members, "timestamp")?,
            message_type: message_type(&members)?,
            signature: hex_field(&members, "signature")?,
            signer: Key::parse("message.signer", &text_field(&members, "signer")?)?,
            payload: payload(&text_field(&members, "payload")?, &message_hash)?,
            message_hash,
        })
    }

    pub fn digest(&self) -> [u8; 32] {
        keccak256_of(&[&self.sequence.to_be_bytes(), &self.unix_seconds.to_be_bytes(), &self.message_hash])
    }

    /// SG006 where the message names another signer than the sequencer, or the signature is not the sequencer's.
    pub fn verify(&self, sequencer: &Key) -> Result<Proof, Error> {
        if self.signer.address() != sequencer.address() {
            return Err(not_verified(
                "signer",
                format!(
                    "message.signer is {}, and the sequencer is {}",
                    hex_text::show(&self.signer.address()),
                    hex_text::show(&sequencer.address())
                ),
                "Is the message of this chain, and is the sequencer's key the one of today?",
            ));
        }
        let digest = self.digest();
        let key = secp256k1::recover(&digest, &self.signature).map_err(|refused| {
            not_verified(
                "signature",
                format!("message.signature does not verify: {refused}"),
                "A signature is r, s and v in this order, with the low s.",
            )
        })?;
        if !(sequencer.is(&key) && self.signer.is(&key)) {
            return Err(not_verified(
                "signature",
                format!(
                    "message.signature is of {} and not of the sequencer {}",
                    hex_text::show(&key.address()),
                    hex_text::show(&sequencer.address())
                ),
                "Sequence, timestamp or payload is not what was signed, or somebody else has signed.",
            ));
        }
        Ok(Proof { digest, signer: key.address() })
    }
}

fn not_verified(field: &str, message: String, hint: &str) -> Error {
    Error::argument(SqlState::BAD_SIGNATURE, &format!("{ARGUMENT}.{field}"), message).hint(hint)
}

fn field<'t>(members: &Members<'t>, name: &str) -> Result<Json<'t>, Error> {
    members.get(name).copied().ok_or_else(|| {
        fault(SqlState::INVALID_PARAMETER_VALUE, name, "is missing").hint(
            "A signed message has sequence, timestamp, message_type, payload, message_hash, signature and signer.",
        )
    })
}

fn fault(code: SqlState, name: &str, what: impl std::fmt::Display) -> Error {
    let place = format!("{ARGUMENT}.{name}");
    Error::argument(code, &place, format!("{place} {what}"))
}

fn text_field<'t>(members: &Members<'t>, name: &str) -> Result<Cow<'t, str>, Error> {
    let json = field(members, name)?;
    json.text().ok_or_else(|| not_text(name, json))
}

fn not_text(name: &str, json: Json) -> Error {
    fault(SqlState::INVALID_TEXT_REPRESENTATION, name, format_args!("is {} and not a text", json.shown()))
        .hint("Write it as a JSON string.")
}

fn hex_field<const N: usize>(members: &Members, name: &str) -> Result<[u8; N], Error> {
    hex_text::parse(&format!("{ARGUMENT}.{name}"), &text_field(members, name)?)
}

/// 0 to 2^63-1, as a JSON number or, because not every client's numbers reach so far, as a text of digits.
fn number(members: &Members, name: &str) -> Result<i64, Error> {
    let json = field(members, name)?;
    let malformed = || {
        fault(SqlState::INVALID_TEXT_REPRESENTATION, name, format_args!("is {} and not a whole number", json.shown()))
            .hint("Write a whole number from 0 to 9223372036854775807.")
    };
    let out_of_range = || {
        fault(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, name, format_args!("is {}, out of range", json.shown()))
            .hint("Write a whole number from 0 to 9223372036854775807.")
    };
    let digits = match json.number() {
        // jsonb holds 1.0 for the same number as 1.
        Some(digits) => match digits.split_once('.') {
            Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => Cow::Borrowed(whole),
            _ => Cow::Borrowed(digits),
        },
        None => json.text().ok_or_else(malformed)?,
    };
    let magnitude = digits.strip_prefix('-').unwrap_or(&digits);
    if magnitude.is_empty() || !magnitude.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(malformed());
    }
    match digits.parse::<i64>() {
        Ok(number) if number >= 0 => Ok(number),
        _ => Err(out_of_range()),
    }
}

/// A text, or the text `type` of an object.
fn message_type(members: &Members) -> Result<String, Error> {
    let json = field(members, "message_type")?;
    let kind = match json.text() {
        Some(text) => text,
        None => {
            let path = Path::root("message.message_type", "message.message_type");
            let inner = json.members(&path)?;
            let kind = inner.get("type").copied().ok_or_else(|| {
                fault(SqlState::INVALID_PARAMETER_VALUE, "message_type", "has no \"type\"")
                    .hint("Write an object such as {\"type\": \"changeset\"}, or a text.")
            })?;
            kind.text().ok_or_else(|| not_text("message_type.type", kind))?
        }
    };
    if kind.len() > LONGEST_TYPE {
        return Err(fault(
            SqlState::INVALID_PARAMETER_VALUE,
            "message_type",
            format_args!("has {} bytes, more than {LONGEST_TYPE}", kind.len()),
        )
        .hint("A type is one word, such as \"changeset\"."));
    }
    Ok(kind.into_owned())
}

/// Base64 or `0x` hex. Some texts are both: then the hash tells which was meant.
fn payload(text: &str, message_hash: &[u8; 32]) -> Result<Vec<u8>, Error> {
    let too_long = || {
        fault(SqlState::INVALID_PARAMETER_VALUE, "payload", format_args!("is longer than {LONGEST_PAYLOAD} bytes"))
            .hint("Longer payloads are not kept here.")
    };
    if text.len() > "0x".len() + 2 * LONGEST_PAYLOAD {
        return Err(too_long());
    }
    let as_hex = match text.starts_with("0x") || text.starts_with("0X") {
        true => hex_text::parse_any_length("message.payload", text).ok(),
        false => None,
    };
    let mut readings = [as_hex, STANDARD.decode(text).ok()].into_iter().flatten().peekable();
    if readings.peek().is_none() {
        return Err(fault(
            SqlState::INVALID_TEXT_REPRESENTATION,
            "payload",
            "is neither base64 nor 0x and hex digits",
        )
        .hint("Write base64 of the standard alphabet with its padding and without line breaks, or two hex digits a byte."));
    }
    let mut found = None;
    for payload in readings {
        if payload.len() > LONGEST_PAYLOAD {
            return Err(too_long());
        }
        let hash = keccak256(&payload);
        if hash == *message_hash {
            return Ok(payload);
        }
        found = found.or(Some(hash));
    }
    let found = found.as_ref().map_or_else(String::new, |hash| hex_text::show(hash));
    Err(not_verified(
        "message_hash",
        format!("message.message_hash is {}, and keccak256 of the payload is {found}", hex_text::show(message_hash)),
        "The payload is not the one that was hashed.",
    ))
}

#[cfg(test)]
pub mod tests;
