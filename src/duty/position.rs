//! A position: what its holder was granted last, and where in the ledger's life. Handed back, it shows whether the ledger
//! still has that.

use super::clock::Timestamp;
use super::error::Error;
use super::fields::{take, Fields};
use super::key::DutyKey;
use super::seal::{self, Key, Keys, Kind};

const KIND: Kind = Kind { prefix: "sgp1_", argument: "seen_position" };
const LENGTH: usize = 16 + 4 + 8 + 8 + 8 + 4 + DutyKey::LENGTH + 8 + 32;

/// Epochs are never negative.
const NO_EPOCH: i64 = -1;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub ledger: [u8; 16],
    /// A copy of the ledger in the same server has another.
    pub database_oid: u32,
    /// When the server was started that granted.
    pub server_start: Timestamp,
    /// The end of its write-ahead log then, or a little before.
    pub wal_end: u64,
    pub granted_at: Timestamp,
    /// The node that was granted it.
    pub node_id: i32,
    pub key: DutyKey,
    /// Of an attestation.
    pub source_epoch: Option<i64>,
    pub message_hash: [u8; 32],
}

impl Position {
    /// `sgp1_` and hex; clients keep it and hand it back, and never look inside.
    pub fn show(&self, key: &Key) -> String {
        let fields = Fields::with_capacity(LENGTH)
            .put(&self.ledger)
            .put(&self.database_oid.to_be_bytes())
            .put(&self.server_start.to_be_bytes())
            .put(&self.wal_end.to_be_bytes())
            .put(&self.granted_at.to_be_bytes())
            .put(&self.node_id.to_be_bytes())
            .put_key(&self.key)
            .put(&self.source_epoch.unwrap_or(NO_EPOCH).to_be_bytes())
            .put(&self.message_hash);
        seal::show(KIND, key, fields.bytes())
    }

    /// 22023: not given out by this ledger.
    pub fn foreign() -> Error {
        seal::foreign(KIND)
    }

    /// 22P02 for text that `show` cannot have made, 22023 for what this ledger has not given out.
    pub fn parse(text: &str, keys: &Keys) -> Result<Self, Error> {
        let bytes = seal::parse::<LENGTH>(KIND, keys, text)?;
        let mut rest = &bytes[..];
        Ok(Self {
            ledger: take(&mut rest),
            database_oid: u32::from_be_bytes(take(&mut rest)),
            server_start: i64::from_be_bytes(take(&mut rest)),
            wal_end: u64::from_be_bytes(take(&mut rest)),
            granted_at: i64::from_be_bytes(take(&mut rest)),
            node_id: i32::from_be_bytes(take(&mut rest)),
            key: DutyKey::take(&mut rest),
            source_epoch: Some(i64::from_be_bytes(take(&mut rest))).filter(|epoch| *epoch != NO_EPOCH),
            message_hash: take(&mut rest),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reads_what_it_shows(
            key: Key, ledger: [u8; 16], database_oid: u32, server_start: i64, wal_end: u64, granted_at: i64, node_id: i32, chain_id: i32,
            slot: i64, validator_id: i32, message_hash: [u8; 32],
            source_epoch in proptest::option::of(0..i64::MAX),
        ) {
            let duty = DutyKey { chain_id, slot, validator_id, duty_type_id: 3, block_index: -1 };
            let position =
                Position { ledger, database_oid, server_start, wal_end, granted_at, node_id, key: duty, source_epoch, message_hash };
            prop_assert_eq!(Position::parse(&position.show(&key), &Keys { current: key, former: Vec::new() }), Ok(position));
        }
    }
}
