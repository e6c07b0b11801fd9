//! What a sequencer signs, and what of it has come. Nothing here touches Postgres.

pub mod acceptance;
#[cfg(test)]
mod fuzz_tests;
pub mod key;
pub mod log;
pub mod message;
