//! Tests of slashguard that `psql` cannot run.
//!
//! `storm` lets many connections fight for few duties and has their histories judged by a checker that never looks
//! into a table. `survivors` are such connections too, and outlive the server: it crashes, or fails over to another.
//! `attestations` is a storm of an Ethereum chain's votes and blocks, with a checker of its own. `conformance` holds the ledger
//! to the official test files of EIP-3076.
//! `waiting` measures what a wait for another node's signature costs; the benchmark runs it.
//! `wire` speaks the bare protocol and looks for answers that leave the server before their commit.

pub mod attestations;
pub mod checker;
pub mod conformance;
pub mod dice;
pub mod environment;
pub mod history;
pub mod judgement;
pub mod reaper;
pub mod storm;
pub mod survivors;
pub mod tally;
pub mod waiting;
pub mod wire;
