//! EIP-3076, the slashing protection interchange format, version 5.

mod by_key;
pub mod history;
mod leaf;
pub mod merge;
#[cfg(test)]
mod merge_random_tests;
#[cfg(test)]
mod merge_tests;
mod path;
pub mod read;
#[cfg(test)]
mod read_fuzz_tests;
#[cfg(test)]
mod read_random_tests;
#[cfg(test)]
mod read_tests;
mod reader;
mod record;
mod votes_by_target;
mod walk;
