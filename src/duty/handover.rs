//! A handover: the receipt of a range of validators that one shard gave up, for the one shard that may own it next.
//!
//! Two shards are two ledgers and share no key, so a receipt's code only shows that it arrived whole. It is no proof against a
//! forger, and need not be: whoever may hand it in may own a range by word alone. It keeps operators from mistakes: there is none
//! before the range was given up, it is for one ledger, and it is used once.

use super::clock::Timestamp;
use super::error::{Error, SqlState};
use super::fields::{take, Fields};
use super::seal::{self, Key, Keys, Kind};
use super::validator_range::ValidatorRange;

const KIND: Kind = Kind { prefix: "sgh1_", argument: "receipt" };
/// Known to all.
const NO_SECRET: Key = [0; seal::KEY_LENGTH];
/// The longest validator.
const VALIDATOR: usize = 48;
const LENGTH: usize = 16 + 16 + 16 + 16 + 1 + VALIDATOR + VALIDATOR + 8 + 9 + 8;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    pub id: [u8; 16],
    /// The ledger that gave the range up.
    pub giver: [u8; 16],
    /// The ledger that may own it.
    pub recipient: [u8; 16],
    /// As `chain_code` makes it.
    pub chain_code: [u8; 16],
    pub range: ValidatorRange,
    /// Nothing was granted there above it.
    pub low_watermark: i64,
    /// No attestation there has a later source. None: the chain has no epochs.
    pub low_source_epoch: Option<i64>,
    pub given_at: Timestamp,
}

/// Stands for a chain wherever it is registered: its rules and its identity.
pub fn chain_code(rules: &str, identity: &str) -> [u8; 16] {
    seal::stand_in("slashguard chain", &NO_SECRET, &format!("{rules} {identity}"))
}

impl Handover {
    /// `sgh1_` and hex; the same handover has the same receipt.
    pub fn show(&self) -> String {
        let (first, last) = (self.range.first(), self.range.last());
        let padding = [0; VALIDATOR];
        let pad = |key: &[u8]| padding.get(key.len()..).unwrap_or_default().to_vec();
        let fields = Fields::with_capacity(LENGTH)
            .put(&self.id)
            .put(&self.giver)
            .put(&self.recipient)
            .put(&self.chain_code)
            .put(&[first.len() as u8])
            .put(first)
            .put(&pad(first))
            .put(last)
            .put(&pad(last))
            .put(&self.low_watermark.to_be_bytes())
            .put(&[u8::from(self.low_source_epoch.is_some())])
            .put(&self.low_source_epoch.unwrap_or_default().to_be_bytes())
            .put(&self.given_at.to_be_bytes());
        seal::show(KIND, &NO_SECRET, fields.bytes())
    }

    /// 22P02 for text that `show` cannot have made, 22023 for what was changed on the way.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let keys = Keys { current: NO_SECRET, former: Vec::new() };
        let bytes = seal::parse::<LENGTH>(KIND, &keys, text).map_err(|error| {
            if error.code == SqlState::INVALID_PARAMETER_VALUE {
                changed()
            } else {
                error
            }
        })?;
        let mut rest = &bytes[..];
        let (id, giver, recipient, chain_code) = (take(&mut rest), take(&mut rest), take(&mut rest), take(&mut rest));
        let [length] = take(&mut rest);
        let (first, last): ([u8; VALIDATOR], [u8; VALIDATOR]) = (take(&mut rest), take(&mut rest));
        let (Some(first), Some(last)) = (first.get(..usize::from(length)), last.get(..usize::from(length))) else {
            return Err(changed());
        };
        let low_watermark = i64::from_be_bytes(take(&mut rest));
        let [has_source] = take(&mut rest);
        let low_source_epoch = i64::from_be_bytes(take(&mut rest));
        Ok(Self {
            id,
            giver,
            recipient,
            chain_code,
            range: ValidatorRange::new(first.to_vec(), last.to_vec()).ok_or_else(changed)?,
            low_watermark,
            low_source_epoch: (has_source != 0).then_some(low_source_epoch),
            given_at: i64::from_be_bytes(take(&mut rest)),
        })
    }
}

fn changed() -> Error {
    Error::argument(SqlState::INVALID_PARAMETER_VALUE, KIND.argument, "receipt was changed on its way")
        .hint("Give the receipt as disown_validators answered it.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn handover(ids: [[u8; 16]; 4], ends: ([u8; 20], [u8; 20]), low: (i64, Option<i64>), given_at: i64) -> Handover {
        let [id, giver, recipient, chain_code] = ids;
        let (one, other) = ends;
        let range = ValidatorRange::new(one.min(other).to_vec(), one.max(other).to_vec()).unwrap();
        Handover { id, giver, recipient, chain_code, range, low_watermark: low.0, low_source_epoch: low.1, given_at }
    }

    #[test]
    fn the_longest_validators_fit() {
        let range = ValidatorRange::whole(VALIDATOR);
        let handover = Handover { range, ..handover([[1; 16]; 4], ([0; 20], [1; 20]), (7, None), 8) };
        assert_eq!(Handover::parse(&handover.show()), Ok(handover));
    }

    #[test]
    fn a_chain_is_told_by_rules_and_identity() {
        assert_eq!(chain_code("aztec", "1:0xab"), chain_code("aztec", "1:0xab"));
        assert_ne!(chain_code("aztec", "1:0xab"), chain_code("aztec", "1:0xac"));
        assert_ne!(chain_code("aztec", "1:0xab"), chain_code("ethereum", "1:0xab"));
    }

    proptest! {
        #[test]
        fn reads_what_it_shows(
            ids: [[u8; 16]; 4], ends: ([u8; 20], [u8; 20]), low: (i64, Option<i64>), given_at: i64,
        ) {
            let handover = handover(ids, ends, low, given_at);
            prop_assert_eq!(Handover::parse(&handover.show()), Ok(handover));
        }

        #[test]
        fn a_changed_digit_is_noticed(ids: [[u8; 16]; 4], ends: ([u8; 20], [u8; 20]), place in 0_usize..2 * LENGTH) {
            let mut text = handover(ids, ends, (1, Some(2)), 3).show().into_bytes();
            let place = KIND.prefix.len() + place;
            text[place] = if text[place] == b'0' { b'1' } else { b'0' };
            let error = Handover::parse(std::str::from_utf8(&text).unwrap()).unwrap_err();
            prop_assert_eq!((error.code, error.message), (SqlState::INVALID_PARAMETER_VALUE, changed().message));
        }

        #[test]
        fn anything_else_is_malformed(text in ".{0,900}") {
            prop_assert_eq!(Handover::parse(&text).unwrap_err().code, SqlState::INVALID_TEXT_REPRESENTATION);
        }
    }
}
