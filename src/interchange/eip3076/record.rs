//! What blocks and attestations, of a file or of the ledger, have in common: one message may be signed for a key.

use super::history::{Attestation, Block, KnownAttestation, KnownBlock, Place, SigningRoot, State};

pub trait Record {
    /// A block's slot, an attestation's target epoch.
    fn key(&self) -> i64;
    /// The other thing that an attestation says. A block says nothing else.
    fn source(&self) -> Option<i64>;
    fn signing_root(&self) -> Option<&SigningRoot>;

    /// All in which two records can differ. In its order a record without root comes after its likes that have one.
    fn contents(&self) -> (i64, Option<i64>, bool, Option<&SigningRoot>) {
        (self.key(), self.source(), self.signing_root().is_none(), self.signing_root())
    }
}

/// Whether the records are alike but for their roots.
pub fn alike(one: &impl Record, other: &impl Record) -> bool {
    one.key() == other.key() && one.source() == other.source()
}

/// Whether both are known to be one message. A record without root never is: it may be of another.
pub fn same_message(one: &impl Record, other: &impl Record) -> bool {
    one.signing_root().is_some() && one.contents() == other.contents()
}

/// A record of a file.
pub trait Placed: Record {
    fn place(&self) -> Place;
}

/// A record of the ledger.
pub trait OnRecord: Record + Copy {
    fn state(&self) -> State;
    fn block_index(&self) -> i32;
}

macro_rules! record {
    ($block:ty, $attestation:ty) => {
        impl Record for $block {
            fn key(&self) -> i64 {
                self.slot
            }

            fn source(&self) -> Option<i64> {
                None
            }

            fn signing_root(&self) -> Option<&SigningRoot> {
                self.signing_root.as_ref()
            }
        }

        impl Record for $attestation {
            fn key(&self) -> i64 {
                self.signed.vote.target_epoch
            }

            fn source(&self) -> Option<i64> {
                Some(self.signed.vote.source_epoch)
            }

            fn signing_root(&self) -> Option<&SigningRoot> {
                self.signed.signing_root.as_ref()
            }
        }
    };
}

record!(Block, Attestation);
record!(KnownBlock, KnownAttestation);

impl Placed for Block {
    fn place(&self) -> Place {
        self.place
    }
}

impl Placed for Attestation {
    fn place(&self) -> Place {
        self.place
    }
}

impl OnRecord for KnownBlock {
    fn state(&self) -> State {
        self.state
    }

    fn block_index(&self) -> i32 {
        self.block_index
    }
}

impl OnRecord for KnownAttestation {
    fn state(&self) -> State {
        self.state
    }

    fn block_index(&self) -> i32 {
        self.block_index
    }
}
