//! Pure types: what a duty, its message, its claim and the answers about it are. Nothing here touches Postgres.

pub mod acquisition;
pub mod chain;
pub mod claim;
pub mod clock;
pub mod epochs;
pub mod error;
pub mod excerpt;
pub mod fields;
#[cfg(test)]
mod fuzz_tests;
pub mod handover;
pub mod hex_text;
pub mod key;
pub mod position;
pub mod receipt;
pub mod request;
pub mod rules;
pub mod seal;
pub mod signature_scheme;
pub mod token;
pub mod validator_range;
pub mod vote;
pub mod withdrawal;
