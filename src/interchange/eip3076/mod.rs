//! EIP-3076, the slashing protection interchange format, version 5.

pub mod history;
pub mod merge;
pub mod read;
