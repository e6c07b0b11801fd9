//! The ledger's records in the order of their keys, to find those beside a record of a file.

use super::history::State;
use super::record::{same_message, OnRecord, Record};

pub struct ByKey<'known, K>(Vec<&'known K>);

/// The ledger's records for one key.
pub struct Beside<'found, 'known, K>(&'found [&'known K]);

impl<'known, K: OnRecord> ByKey<'known, K> {
    pub fn all(known: &'known [K]) -> Self {
        Self::sorted(known.iter().collect())
    }

    /// Those that may yet be signed.
    pub fn unsigned(known: &'known [K]) -> Self {
        Self::sorted(known.iter().filter(|known| known.state() == State::Unsigned).collect())
    }

    fn sorted(mut sorted: Vec<&'known K>) -> Self {
        sorted.sort_unstable_by(|one, other| {
            one.contents().cmp(&other.contents()).then(one.block_index().cmp(&other.block_index()))
        });
        Self(sorted)
    }

    pub fn beside(&self, key: i64) -> Beside<'_, 'known, K> {
        let start = self.0.partition_point(|known| known.key() < key);
        let end = self.0.partition_point(|known| known.key() <= key);
        Beside(&self.0[start..end])
    }
}

impl<K: OnRecord> Beside<'_, '_, K> {
    /// One that is not known to be the record's message.
    pub fn other_than(&self, record: &impl Record) -> Option<K> {
        self.0.iter().find(|known| !same_message(**known, record)).map(|known| **known)
    }

    /// Whether the record adds nothing: it is known, or its like is and one of the two has no root.
    pub fn absorbs(&self, record: &impl Record) -> bool {
        let alike = self.alike(record);
        let without_root = alike.last().is_some_and(|known| known.signing_root().is_none());
        without_root
            || match record.signing_root() {
                Some(root) => alike.binary_search_by(|known| known.signing_root().cmp(&Some(root))).is_ok(),
                None => !alike.is_empty(),
            }
    }

    /// Whether one of them is known to be another message.
    pub fn has_other_message(&self, record: &impl Record) -> bool {
        let alike = self.alike(record);
        let other = |root| alike.iter().filter_map(|known| known.signing_root()).any(|known| known != root);
        alike.len() < self.0.len() || record.signing_root().is_some_and(other)
    }

    /// The highest index that no record for the key has, below all that are in use.
    pub fn next_index(&self) -> i32 {
        self.0.iter().map(|known| known.block_index()).fold(0, i32::min).saturating_sub(1)
    }

    /// Those that differ from the record in nothing but the root.
    fn alike(&self, record: &impl Record) -> &[&K] {
        let start = self.0.partition_point(|known| known.source() < record.source());
        let end = self.0.partition_point(|known| known.source() <= record.source());
        &self.0[start..end]
    }
}
