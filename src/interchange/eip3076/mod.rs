//! EIP-3076, the slashing protection interchange format, version 5.

pub mod history;
mod leaf;
pub mod merge;
mod path;
pub mod read;
#[cfg(test)]
mod read_random_tests;
#[cfg(test)]
mod read_tests;
mod reader;
mod walk;
