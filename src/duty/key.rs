//! The key of a duty: two different messages for one key are never granted.

use super::error::{Error, SqlState};

/// Surrogate ids stand for the chain, the validator and the duty type; the ledger gives them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DutyKey {
    pub chain_id: i32,
    /// Of an attestation's target checkpoint: the first slot of the epoch. Of a state, its sequence; of a withdrawal, the number
    /// that the ledger gave its request.
    pub slot: i64,
    pub validator_id: i32,
    pub duty_type_id: i16,
    /// -1 where the duty type has no blocks.
    pub block_index: i32,
}

/// What is registered of a duty type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyType {
    pub id: i16,
    /// Harmless to sign twice where false.
    pub protected: bool,
    pub least_block_index: i32,
    /// None: no bound.
    pub greatest_block_index: Option<i32>,
    pub asked_by: AskedBy,
}

/// What a duty of some type is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedBy {
    Slot,
    /// Source and target epoch.
    Epochs,
    /// The request of a withdrawal.
    RequestId,
}

impl DutyType {
    /// 22023 for a block index that the duty type does not have.
    pub fn check_block_index(&self, name: &str, block_index: i32) -> Result<(), Error> {
        let greatest = self.greatest_block_index.unwrap_or(i32::MAX);
        if (self.least_block_index..=greatest).contains(&block_index) {
            return Ok(());
        }
        let range = match self.greatest_block_index {
            Some(greatest) if greatest == self.least_block_index => greatest.to_string(),
            Some(greatest) => format!("{} to {greatest}", self.least_block_index),
            None => format!("{} or above", self.least_block_index),
        };
        Err(Error::argument(
            SqlState::INVALID_PARAMETER_VALUE,
            "block_index",
            format!("{name} has no block index {block_index}"),
        )
        .hint(format!("For {name} the block index is {range}.")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_index_follows_the_duty_type() {
        let proposal = DutyType {
            id: 1,
            protected: true,
            least_block_index: 0,
            greatest_block_index: None,
            asked_by: AskedBy::Slot,
        };
        let attestation = DutyType { least_block_index: -1, greatest_block_index: Some(-1), ..proposal.clone() };
        assert!(proposal.check_block_index("BLOCK_PROPOSAL", 0).is_ok());
        assert!(proposal.check_block_index("BLOCK_PROPOSAL", i32::MAX).is_ok());
        assert!(proposal.check_block_index("BLOCK_PROPOSAL", -1).is_err());
        assert!(attestation.check_block_index("ATTESTATION", -1).is_ok());
        assert!(attestation.check_block_index("ATTESTATION", 0).is_err());
    }
}
