//! The lock token: proof of holding a claim, and the way to its row.

use super::error::{Error, SqlState};
use super::fields::{take, Fields};
use super::hex_text;
use super::key::DutyKey;
use super::rules::SignatureLength;

const PREFIX: &str = "sgt1_";
const LENGTH: usize = 16 + DutyKey::LENGTH + 1 + 16;
const DURABLE_RECORD: u8 = 1;
const BLS: u8 = 2;

/// The text form is `sgt1_` and hex of, in this order: ledger, chain, slot, validator, duty type, block index, flags, secret.
/// Clients keep it and hand it back; they never look inside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LockToken {
    /// Tells a token of another database from one that is only dead.
    pub ledger: [u8; 16],
    pub key: DutyKey,
    /// Whether the chain wanted signatures flushed before they are answered when the claim was granted. Here, because
    /// recording need then not look at the chain; a client that changes it risks nothing but its own signature.
    pub durable_record: bool,
    /// How long a signature of this chain is, for the same reason.
    pub signature: SignatureLength,
    /// Random. The only part that proves anything.
    pub secret: [u8; 16],
}

impl LockToken {
    pub fn show(&self) -> String {
        let fields =
            Fields::with_capacity(LENGTH).put(&self.ledger).put_key(&self.key).put(&[self.flags()]).put(&self.secret);
        hex_text::with_prefix(PREFIX, &[fields.bytes()])
    }

    /// 22P02 for text that `show` cannot have made. The text itself is in no error: it may be somebody's token.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let malformed = || {
            Error::argument(SqlState::INVALID_TEXT_REPRESENTATION, "lock_token", "lock_token is malformed")
                .hint("Give the lock_token of an acquired claim as it was answered.")
        };
        let digits = text.strip_prefix(PREFIX).ok_or_else(malformed)?;
        let bytes: [u8; LENGTH] =
            hex_text::decode(digits).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(malformed)?;
        let mut rest = &bytes[..];
        let ledger = take(&mut rest);
        let key = DutyKey::take(&mut rest);
        let [flags] = take::<1>(&mut rest);
        let signature = if flags & BLS == 0 { SignatureLength::Secp256k1 } else { SignatureLength::Bls };
        Ok(Self { ledger, key, durable_record: flags & DURABLE_RECORD != 0, signature, secret: take(&mut rest) })
    }

    fn flags(&self) -> u8 {
        let durable_record = if self.durable_record { DURABLE_RECORD } else { 0 };
        let signature = if self.signature == SignatureLength::Bls { BLS } else { 0 };
        durable_record | signature
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reads_what_it_shows(
            ledger: [u8; 16], secret: [u8; 16], chain_id: i32, slot: i64, validator_id: i32, duty_type_id: i16, block_index: i32,
            durable_record: bool, bls: bool,
        ) {
            let key = DutyKey { chain_id, slot, validator_id, duty_type_id, block_index };
            let signature = if bls { SignatureLength::Bls } else { SignatureLength::Secp256k1 };
            let token = LockToken { ledger, key, durable_record, signature, secret };
            let read = LockToken::parse(&token.show()).unwrap();
            prop_assert!(read == token);
        }

        #[test]
        fn refuses_anything_else_without_repeating_it(text in ".{0,200}") {
            if let Err(error) = LockToken::parse(&text) {
                prop_assert_eq!(error.code, SqlState::INVALID_TEXT_REPRESENTATION);
                prop_assert_eq!(error.message.as_str(), "lock_token is malformed");
            }
        }
    }
}
