//! Hashes, addresses and signatures of Ethereum's kind. Nothing here touches Postgres.

pub mod address;
pub mod eip191;
pub mod eip712;
pub mod keccak;
pub mod secp256k1;
