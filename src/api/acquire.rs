//! Asking for a claim.

use super::entry::{sql_functions, Uuid};
use super::grant;
use crate::duty::acquisition::Acquisition;
use crate::duty::error::{Error, SqlState};
use crate::duty::request::{Arguments, SubjectArguments};
use crate::ledger::server;

sql_functions! {
    /// May this node sign this message for this duty? Decides, records and answers in one atomic step.
    ///
    /// `validator`: 20-byte address as hex text. `slot`: 0 to 2^63-1. `message_hash`: 32 bytes as hex text. `node_id`: 1 to
    /// 255 printable bytes. `block_index`: as the duty type has it, -1 for none. `lease_ms`: 1 to a day. `request_id`: the
    /// same id with the same duty and hash brings the same claim back. `wait_ms`: how long to wait for another holder's
    /// signature.
    ///
    /// Expected outcomes are values. Raises SG007 (unsafe transaction), 42704 (unknown chain or duty type), 22004, 22023,
    /// 22P02 (bad input; 22023 also for a `seen_position` that this ledger never gave out).
    ///
    /// Source of the rule: one message a duty, as Aztec's L1 contracts slash duplicate proposals and attestations.
    fn try_acquire_duty(
        chain: String, validator: String, slot: i64, duty_type: String, message_hash: String, node_id: String,
        block_index: i32, block_number: i64, checkpoint_number: i64, lease_ms: i32, request_id: Uuid, wait_ms: i32,
        seen_position: String,
    ) -> Acquisition {
        grant::answer(Arguments {
            chain, validator, subject: SubjectArguments::Slot(slot), duty_type, message_hash,
            hash_argument: "message_hash", node_id, block_index, block_number, checkpoint_number, lease_ms,
            request_id: request_id.map(|id| id.0), wait_ms, seen_position,
        }.parse(server::caller())?)
    }

    /// The strict twin: raises what `try_acquire_duty` would answer. SG001 conflict, SG002 in progress, SG003 stale,
    /// SG004 halted; the reason is the message, `details` the DETAIL. 0A000 for a seen_position: an error would undo what it
    /// tells.
    fn acquire_duty(
        chain: String, validator: String, slot: i64, duty_type: String, message_hash: String, node_id: String,
        block_index: i32, block_number: i64, checkpoint_number: i64, lease_ms: i32, request_id: Uuid, wait_ms: i32,
        seen_position: String,
    ) -> Acquisition {
        refuse_seen_position(seen_position.as_deref(), "try_acquire_duty")?;
        try_acquire_duty(
            chain, validator, slot, duty_type, message_hash, node_id, block_index, block_number, checkpoint_number,
            lease_ms, request_id, wait_ms, seen_position,
        )?
        .or_raise()
    }
}

/// 0A000 where a strict form is given a position. `instead`: the form that takes one.
pub fn refuse_seen_position(seen_position: Option<&str>, instead: &str) -> Result<(), Error> {
    if seen_position.is_none() {
        return Ok(());
    }
    Err(Error::argument(SqlState::FEATURE_NOT_SUPPORTED, "seen_position", "the strict form takes no seen_position")
        .detail("Argument: seen_position. A refusal by an error leaves no trace, also none of what the position tells.")
        .hint(format!("Call slashguard.{instead}.")))
}
