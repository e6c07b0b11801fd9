//! Hashes, addresses and signatures. Nothing here touches Postgres.

pub mod address;
pub mod bls12_381;
pub mod ed25519;
pub mod eip191;
pub mod eip712;
#[cfg(test)]
mod fuzz_tests;
pub mod keccak;
pub mod secp256k1;
pub mod signer;
pub mod verification;
