//! Asking for a block or an attestation of an Ethereum chain.

use super::acquire::refuse_seen_position;
use super::entry::{sql_functions, Uuid};
use super::grant;
use crate::duty::acquisition::Acquisition;
use crate::duty::error::{Error, SqlState};
use crate::duty::request::{Arguments, SubjectArguments};
use crate::duty::vote::Vote;
use crate::ledger::server;
use crate::rules::ethereum;

/// The duty types as the ledger has them registered.
pub const BLOCK: &str = "BLOCK";
pub const ATTESTATION: &str = "ATTESTATION";

sql_functions! {
    /// May this node sign this block? Decides, records and answers in one atomic step; the same as `try_acquire_duty` with duty
    /// type BLOCK.
    ///
    /// `validator`: 48-byte BLS public key as hex text. `slot`: 0 to 2^63-1. `signing_root`: 32 bytes as hex text. `node_id`: 1
    /// to 255 printable bytes. `lease_ms`: 1 to a day. `request_id`: the same id with the same slot and root brings the same
    /// claim back. `wait_ms`: how long to wait for another holder's signature. `seen_position`: of this node's last grant.
    ///
    /// Expected outcomes are values. Raises SG007 (unsafe transaction), 42704 (unknown chain), 22004, 22023, 22P02 (bad input).
    ///
    /// Source of the rule: EIP-3076, conditions 1 and 2.
    fn try_acquire_block(
        chain: String, validator: String, slot: i64, signing_root: String, node_id: String, lease_ms: i32,
        request_id: Uuid, wait_ms: i32, seen_position: String,
    ) -> Acquisition {
        grant::answer(Arguments {
            chain, validator, subject: SubjectArguments::Slot(slot), duty_type: Some(BLOCK.to_owned()),
            message_hash: signing_root, hash_argument: "signing_root", node_id, block_index: Some(-1),
            block_number: None, checkpoint_number: None, lease_ms, request_id: request_id.map(|id| id.0), wait_ms,
            seen_position,
        }.parse(server::caller())?)
    }

    /// The strict twin: raises what `try_acquire_block` would answer. SG001 conflict, SG002 in progress, SG003 stale, SG004
    /// halted; the reason is the message, `details` the DETAIL. 0A000 for a seen_position: an error would undo what it tells.
    fn acquire_block(
        chain: String, validator: String, slot: i64, signing_root: String, node_id: String, lease_ms: i32,
        request_id: Uuid, wait_ms: i32, seen_position: String,
    ) -> Acquisition {
        refuse_seen_position(seen_position.as_deref(), "try_acquire_block")?;
        try_acquire_block(
            chain, validator, slot, signing_root, node_id, lease_ms, request_id, wait_ms, seen_position,
        )?.or_raise()
    }

    /// May this node sign this attestation? Decides, records and answers in one atomic step.
    ///
    /// `source_epoch`, `target_epoch`: 0 to 2^63-1, the source not after the target. The rest as `try_acquire_block`. The claim
    /// stands at the first slot of the target epoch: watermarks, horizon and cleanup go by that slot.
    ///
    /// Expected outcomes are values. Raises SG007 (unsafe transaction), 42704 (unknown chain), 22023 (a source after its
    /// target; a chain without epochs), 22003 (an epoch whose slots pass 2^63-1), 22004, 22P02 (bad input).
    ///
    /// Source of the rule: EIP-3076, conditions 3, 4 and 5.
    fn try_acquire_attestation(
        chain: String, validator: String, source_epoch: i64, target_epoch: i64, signing_root: String, node_id: String,
        lease_ms: i32, request_id: Uuid, wait_ms: i32, seen_position: String,
    ) -> Acquisition {
        refuse_source_after_target(source_epoch, target_epoch)?;
        grant::answer(Arguments {
            chain, validator, subject: SubjectArguments::Vote { source_epoch, target_epoch },
            duty_type: Some(ATTESTATION.to_owned()), message_hash: signing_root, hash_argument: "signing_root",
            node_id, block_index: Some(-1), block_number: None, checkpoint_number: None, lease_ms,
            request_id: request_id.map(|id| id.0), wait_ms, seen_position,
        }.parse(server::caller())?)
    }

    /// The strict twin: raises what `try_acquire_attestation` would answer, as `acquire_block` does.
    fn acquire_attestation(
        chain: String, validator: String, source_epoch: i64, target_epoch: i64, signing_root: String, node_id: String,
        lease_ms: i32, request_id: Uuid, wait_ms: i32, seen_position: String,
    ) -> Acquisition {
        refuse_seen_position(seen_position.as_deref(), "try_acquire_attestation")?;
        try_acquire_attestation(
            chain, validator, source_epoch, target_epoch, signing_root, node_id, lease_ms, request_id, wait_ms,
            seen_position,
        )?.or_raise()
    }
}

pub fn refuse_source_after_target(source_epoch: Option<i64>, target_epoch: Option<i64>) -> Result<(), Error> {
    let (Some(source_epoch), Some(target_epoch)) = (source_epoch, target_epoch) else {
        return Ok(());
    };
    if !ethereum::source_after_target(Vote { source_epoch, target_epoch }) {
        return Ok(());
    }
    Err(Error::argument(
        SqlState::INVALID_PARAMETER_VALUE,
        "source_epoch",
        format!("source_epoch {source_epoch} is after target_epoch {target_epoch}"),
    )
    .hint("No attestation has a source after its target. Never sign this one."))
}
