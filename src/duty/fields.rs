//! Fields of fixed length one after the other, as tokens, positions and receipts carry them.

use super::key::DutyKey;

pub struct Fields(Vec<u8>);

impl Fields {
    pub fn with_capacity(length: usize) -> Self {
        Self(Vec::with_capacity(length))
    }

    pub fn put(mut self, field: &[u8]) -> Self {
        self.0.extend_from_slice(field);
        self
    }

    pub fn put_key(self, key: &DutyKey) -> Self {
        self.put(&key.chain_id.to_be_bytes())
            .put(&key.slot.to_be_bytes())
            .put(&key.validator_id.to_be_bytes())
            .put(&key.duty_type_id.to_be_bytes())
            .put(&key.block_index.to_be_bytes())
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The next `N` bytes; the caller knows that as many are left.
pub fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let mut field = [0; N];
    let (head, tail) = rest.split_at(N);
    field.copy_from_slice(head);
    *rest = tail;
    field
}

impl DutyKey {
    /// Bytes that `put_key` adds.
    pub const LENGTH: usize = 4 + 8 + 4 + 2 + 4;

    pub fn take(rest: &mut &[u8]) -> Self {
        Self {
            chain_id: i32::from_be_bytes(take(rest)),
            slot: i64::from_be_bytes(take(rest)),
            validator_id: i32::from_be_bytes(take(rest)),
            duty_type_id: i16::from_be_bytes(take(rest)),
            block_index: i32::from_be_bytes(take(rest)),
        }
    }
}
