//! A freeze receipt: a chain was frozen and drained. A ledger that arrives elsewhere in that very state has lost nothing.

use super::clock::Timestamp;
use super::error::Error;
use super::fields::{take, Fields};
use super::seal::{self, Key, Keys, Kind};

const KIND: Kind = Kind { prefix: "sgr1_", argument: "receipt" };
const LENGTH: usize = 16 + 4 + 16 + 8;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub ledger: [u8; 16],
    pub chain_id: i32,
    /// Of this freeze and no other: after an unfreeze the chain has none, and the next freeze has another.
    pub freeze_id: [u8; 16],
    pub frozen_at: Timestamp,
}

impl Receipt {
    /// `sgr1_` and hex; the same freeze has the same receipt.
    pub fn show(&self, key: &Key) -> String {
        let fields = Fields::with_capacity(LENGTH)
            .put(&self.ledger)
            .put(&self.chain_id.to_be_bytes())
            .put(&self.freeze_id)
            .put(&self.frozen_at.to_be_bytes());
        seal::show(KIND, key, fields.bytes())
    }

    /// 22P02 for text that `show` cannot have made, 22023 for what this ledger has not given out.
    pub fn parse(text: &str, keys: &Keys) -> Result<Self, Error> {
        let bytes = seal::parse::<LENGTH>(KIND, keys, text)?;
        let mut rest = &bytes[..];
        Ok(Self {
            ledger: take(&mut rest),
            chain_id: i32::from_be_bytes(take(&mut rest)),
            freeze_id: take(&mut rest),
            frozen_at: i64::from_be_bytes(take(&mut rest)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reads_what_it_shows(key: Key, ledger: [u8; 16], chain_id: i32, freeze_id: [u8; 16], frozen_at: i64) {
            let receipt = Receipt { ledger, chain_id, freeze_id, frozen_at };
            prop_assert_eq!(Receipt::parse(&receipt.show(&key), &Keys { current: key, former: Vec::new() }), Ok(receipt));
        }
    }
}
