//! What a file says of one validator, and what the ledger has beside it.

use crate::duty::vote::SignedVote;

/// A BLS public key.
pub type PublicKey = [u8; 48];

/// What was signed, hashed with its domain.
pub type SigningRoot = [u8; 32];

/// Which item of the file: `data[entry].signed_blocks[item]` or `data[entry].signed_attestations[item]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub entry: u32,
    pub item: u32,
}

/// A block without a signing root is known to be signed, but not which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    pub slot: i64,
    pub signing_root: Option<SigningRoot>,
    pub place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attestation {
    pub signed: SignedVote,
    pub place: Place,
}

/// All that a file has of one validator, however many entries it has there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    pub validator: PublicKey,
    pub blocks: Vec<Block>,
    pub attestations: Vec<Attestation>,
}

/// What the ledger knows of a record of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Granted here, and its signature is on record.
    Signed,
    /// Granted here, without a signature on record: it may be signed, and may yet be.
    Unsigned,
    /// Signed elsewhere, and imported.
    Imported,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownBlock {
    pub slot: i64,
    pub signing_root: Option<SigningRoot>,
    pub state: State,
    /// -1 for the first record of a duty; imported history that has several counts down from there.
    pub block_index: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownAttestation {
    pub signed: SignedVote,
    pub state: State,
    /// As of a block.
    pub block_index: i32,
}

/// What the ledger has of a validator: all records for the slots and target epochs of the file, and every attestation that was
/// granted here, is perhaps not signed yet, and may stand against one of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Whether the ledger knew the validator before the import, and so may have more votes than those given here.
    pub registered_before: bool,
    pub blocks: Vec<KnownBlock>,
    pub attestations: Vec<KnownAttestation>,
}
