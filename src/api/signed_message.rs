//! What a sequencer's signature vouches for. Only computes.

use super::entry::{form_composite, sql_functions, Answer, JsonText};
use crate::duty::error::required;
use crate::duty::hex_text;
use crate::sequencer::key::Key;
use crate::sequencer::message::SignedMessage;
use pgrx::{pg_sys, IntoDatum};

sql_functions! {
    /// What the signature of this message vouches for, if it is the sequencer's.
    ///
    /// `message`: SyndDB's SignedMessage as JSON. sequence and timestamp (Unix seconds): whole numbers, 0 to 2^63-1, as
    /// numbers or as texts of digits. message_type: a text, or an object with a text "type"; no signature vouches for it.
    /// payload: base64 (standard alphabet, padded) or `0x` hex, up to 16 MiB. message_hash: 32 bytes, keccak256 of the
    /// payload. signature: 65 bytes, r, s and v, of keccak256(sequence || timestamp || message_hash), both numbers as 8
    /// bytes, big-endian. signer: an address, or a public key of 64 bytes. Members beside these are left aside.
    /// `sequencer_public_key`: 128 hex digits, the uncompressed public key of 64 bytes, or 40, its address; with or
    /// without `0x`.
    ///
    /// Raises SG006 where message_hash is not the payload's, or signer or signature is not the sequencer's; 22023 for a
    /// member that is missing or too long, 22P02 for one that is malformed, 22003 for a number out of range; DETAIL names
    /// it. 22004 for null.
    fn verify_signed_message(message: JsonText, sequencer_public_key: String) -> VerifiedMessage {
        let message = SignedMessage::parse(&required("message", message)?.0)?;
        let key = Key::parse("sequencer_public_key", &required("sequencer_public_key", sequencer_public_key)?)?;
        let proof = message.verify(&key)?;
        Ok(VerifiedMessage {
            sequence: message.sequence,
            unix_seconds: message.unix_seconds,
            message_hash: hex_text::show(&message.message_hash),
            digest: hex_text::show(&proof.digest),
            signer: hex_text::show(&proof.signer),
        })
    }
}

/// `slashguard.verified_message`, field by field.
pub struct VerifiedMessage {
    sequence: i64,
    unix_seconds: i64,
    message_hash: String,
    digest: String,
    signer: String,
}

const VERIFIED_MESSAGE_FIELDS: usize = 5;

impl Answer for VerifiedMessage {
    #[cfg(test)]
    const SQL: &'static str = "slashguard.verified_message";
    unsafe fn datum(self, fcinfo: pg_sys::FunctionCallInfo) -> Option<pg_sys::Datum> {
        let fields: [Option<pg_sys::Datum>; VERIFIED_MESSAGE_FIELDS] = [
            self.sequence.into_datum(),
            self.unix_seconds.into_datum(),
            self.message_hash.into_datum(),
            self.digest.into_datum(),
            self.signer.into_datum(),
        ];
        unsafe { form_composite(fcinfo, fields) }
    }
}
