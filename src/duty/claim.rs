//! A claim as it stands on record.

use super::clock::Timestamp;

/// One row of the ledger: a duty whose message hash is pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// None: something is known to be signed, but not what. Only of imported history.
    pub message_hash: Option<[u8; 32]>,
    /// Of an attestation.
    pub source_epoch: Option<i64>,
    /// The node that holds the claim, or held it last.
    pub node: String,
    /// Nobody else may take the claim over before.
    pub lease_until: Timestamp,
    /// The secret of the holder's token. None: released, so that no token holds it.
    pub secret: Option<[u8; 16]>,
    /// Which request this claim answered; see [`super::request::Replay`].
    pub replay: Option<Replay>,
    /// How many answers carried this claim. Above one, somebody else may still be signing.
    pub answers: i32,
    pub signature: Option<Vec<u8>>,
    /// It was signed elsewhere, and its history came in.
    pub imported: bool,
}

/// Where a claim is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Signing,
    Signed,
    /// Lease over or released; the hash stays pinned.
    Open,
    /// Signed elsewhere; its signature is not here.
    Imported,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Signed => "signed",
            Self::Open => "open",
            Self::Imported => "imported",
        }
    }
}

impl Claim {
    pub fn state(&self, now: Timestamp) -> State {
        if self.signature.is_some() {
            State::Signed
        } else if self.secret.is_some() && self.lease_until > now {
            State::Signing
        } else if self.imported {
            State::Imported
        } else {
            State::Open
        }
    }
}

/// What makes a repeated request the same request: who asked and the id it gave. Duty and hash are the row's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replay {
    /// The database role that asked, so that another role cannot fetch the token by guessing the id.
    pub role: u32,
    pub request_id: [u8; 16],
}
