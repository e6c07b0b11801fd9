//! The official test files of EIP-3076, each played against a fresh ledger.

pub mod expectation;
pub mod file;
pub mod folder;
pub mod ledger;
pub mod play;
