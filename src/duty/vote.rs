//! An attestation's vote, as far as slashing goes by it.

/// From one checkpoint to another, each the epoch it stands at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Vote {
    pub source_epoch: i64,
    pub target_epoch: i64,
}

/// A vote on record. Without a signing root it is known that something was signed, but not what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedVote {
    pub vote: Vote,
    pub signing_root: Option<[u8; 32]>,
}
