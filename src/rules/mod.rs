//! What may be signed beside what is on record. Pure: each rule takes a request and the record and gives a verdict.

pub mod bridge;
#[cfg(test)]
mod claim_life;
pub mod clock_mark;
pub mod ethereum;
pub mod one_message;
pub mod recall;
pub mod recording;
pub mod refusal;
#[cfg(test)]
mod vote_history;
pub mod watermark;
