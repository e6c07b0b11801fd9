//! Nothing is answered before it is durable: what the transaction must be like, and how it commits.

pub mod bell;
mod client_messages;
pub mod client_statement;
pub mod commit;
mod disconnect;
pub mod held_answer;
pub mod held_batch;
pub mod one_claim;
pub mod outermost;
pub mod standby;
pub mod storage;
pub mod transaction;
