//! Nothing is answered before it is durable: what the transaction must be like, and how it commits.

pub mod commit;
pub mod held_answer;
pub mod one_claim;
pub mod outermost;
pub mod storage;
pub mod transaction;
