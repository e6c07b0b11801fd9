//! Asking for a withdrawal or a state of a bridge.

use super::acquire::refuse_seen_position;
use super::entry::{sql_functions, Numeric, Uuid};
use super::grant;
use crate::crypto::address;
use crate::duty::acquisition::Acquisition;
use crate::duty::request::{Arguments, SubjectArguments};
use crate::duty::withdrawal::WithdrawalArguments;
use crate::ledger::server;

/// The duty types as the ledger has them registered.
const WITHDRAWAL: &str = "WITHDRAWAL";
const STATE: &str = "STATE";

sql_functions! {
    /// May this signer approve this withdrawal? Decides, records and answers in one atomic step.
    ///
    /// `validator`: the signer, 20-byte address as hex text. `withdrawal_request_id`: 32 bytes as hex text; the key: a signer is
    /// never granted two messages for it. `recipient`: 20 bytes; in mixed letter case its checksum must be right (EIP-55). `amount`: a
    /// whole number from 0 to 2^256-1. `sequence`: 0 to 2^63-1. `message_hash`: 32 bytes, what is signed; that it is the hash of these
    /// three is the caller's word, but no signer is granted one hash for two contents of a request. The rest as `try_acquire_duty`.
    ///
    /// Expected outcomes are values; `halted` with cause daily_limit where the recipient would pass the chain's daily limit. Raises
    /// SG007 (unsafe transaction), 42704 (unknown chain or a chain without withdrawals), 22004, 22023, 22P02, 22003 (bad input).
    ///
    /// Source of the rule: one approval for one request, as bridges that count their signers' approvals by request need it.
    fn try_acquire_withdrawal(
        chain: String, validator: String, withdrawal_request_id: String, recipient: String, amount: Numeric,
        sequence: i64, message_hash: String, node_id: String, lease_ms: i32, request_id: Uuid, wait_ms: i32,
        seen_position: String,
    ) -> Acquisition {
        if let Some(recipient) = &recipient {
            address::parse("recipient", recipient)?;
        }
        grant::answer(Arguments {
            chain, validator,
            subject: SubjectArguments::Withdrawal(WithdrawalArguments {
                request_id: withdrawal_request_id, recipient, amount: amount.map(|amount| amount.0), sequence,
            }),
            duty_type: Some(WITHDRAWAL.to_owned()), message_hash, hash_argument: "message_hash", node_id,
            block_index: Some(-1), block_number: None, checkpoint_number: None, lease_ms,
            request_id: request_id.map(|id| id.0), wait_ms, seen_position,
        }.parse(server::caller())?)
    }

    /// The strict twin: raises what `try_acquire_withdrawal` would answer. SG001 conflict, SG002 in progress, SG003 stale, SG004
    /// halted; the reason is the message, `details` the DETAIL. 0A000 for a seen_position: an error would undo what it tells.
    fn acquire_withdrawal(
        chain: String, validator: String, withdrawal_request_id: String, recipient: String, amount: Numeric,
        sequence: i64, message_hash: String, node_id: String, lease_ms: i32, request_id: Uuid, wait_ms: i32,
        seen_position: String,
    ) -> Acquisition {
        refuse_seen_position(seen_position.as_deref(), "try_acquire_withdrawal")?;
        try_acquire_withdrawal(
            chain, validator, withdrawal_request_id, recipient, amount, sequence, message_hash, node_id, lease_ms,
            request_id, wait_ms, seen_position,
        )?.or_raise()
    }

    /// May this signer attest this state? Decides, records and answers in one atomic step.
    ///
    /// `validator`: the signer, 20-byte address as hex text. `sequence`: 0 to 2^63-1; the key: a signer is never granted two states
    /// for it. `state_hash`: 32 bytes as hex text, what is signed. The rest as `try_acquire_duty`.
    ///
    /// Expected outcomes are values. Raises SG007 (unsafe transaction), 42704 (unknown chain or a chain without states), 22004,
    /// 22023, 22P02 (bad input).
    ///
    /// Source of the rule: one state for one sequence, as bridges that count their signers' attestations by sequence need it.
    fn try_acquire_state(
        chain: String, validator: String, sequence: i64, state_hash: String, node_id: String, lease_ms: i32,
        request_id: Uuid, wait_ms: i32, seen_position: String,
    ) -> Acquisition {
        grant::answer(Arguments {
            chain, validator, subject: SubjectArguments::Sequence(sequence), duty_type: Some(STATE.to_owned()),
            message_hash: state_hash, hash_argument: "state_hash", node_id, block_index: Some(-1), block_number: None,
            checkpoint_number: None, lease_ms, request_id: request_id.map(|id| id.0), wait_ms, seen_position,
        }.parse(server::caller())?)
    }

    /// The strict twin: raises what `try_acquire_state` would answer, as `acquire_withdrawal` does.
    fn acquire_state(
        chain: String, validator: String, sequence: i64, state_hash: String, node_id: String, lease_ms: i32,
        request_id: Uuid, wait_ms: i32, seen_position: String,
    ) -> Acquisition {
        refuse_seen_position(seen_position.as_deref(), "try_acquire_state")?;
        try_acquire_state(
            chain, validator, sequence, state_hash, node_id, lease_ms, request_id, wait_ms, seen_position,
        )?.or_raise()
    }
}
