//! Who asked for what, and what stood against it. Bounded by construction: each refusal has its place in a ring.

use super::statement::{Session, Statement, Value};
use crate::duty::acquisition::{Acquisition, Outcome};
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use crate::duty::request::{Request, Subject};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Places for each kind of outcome, so that a flood of one kind does not wash the others away.
const PLACES: u64 = 8192;

static NOTE: Statement = Statement::new(
    c"INSERT INTO slashguard.refusal AS r
             (place, chain_id, validator, slot, duty_type_id, block_index, message_hash, node, outcome, reason,
              count, first_at, last_at, source_epoch, withdrawal_request_id)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $11, $12, $13)
      ON CONFLICT (place) DO UPDATE SET
          count = CASE WHEN (r.chain_id, r.validator, r.slot, r.duty_type_id, r.block_index, r.message_hash, r.node,
                             r.outcome)
                            =
                            (EXCLUDED.chain_id, EXCLUDED.validator, EXCLUDED.slot, EXCLUDED.duty_type_id,
                             EXCLUDED.block_index, EXCLUDED.message_hash, EXCLUDED.node, EXCLUDED.outcome)
                        AND r.withdrawal_request_id IS NOT DISTINCT FROM EXCLUDED.withdrawal_request_id
                       THEN r.count + 1 ELSE 1 END,
          first_at = CASE WHEN (r.chain_id, r.validator, r.slot, r.duty_type_id, r.block_index, r.message_hash, r.node,
                                r.outcome)
                               =
                               (EXCLUDED.chain_id, EXCLUDED.validator, EXCLUDED.slot, EXCLUDED.duty_type_id,
                                EXCLUDED.block_index, EXCLUDED.message_hash, EXCLUDED.node, EXCLUDED.outcome)
                           AND r.withdrawal_request_id IS NOT DISTINCT FROM EXCLUDED.withdrawal_request_id
                          THEN r.first_at ELSE EXCLUDED.first_at END,
          chain_id = EXCLUDED.chain_id, validator = EXCLUDED.validator, slot = EXCLUDED.slot,
          duty_type_id = EXCLUDED.duty_type_id, block_index = EXCLUDED.block_index,
          message_hash = EXCLUDED.message_hash, node = EXCLUDED.node, outcome = EXCLUDED.outcome,
          reason = EXCLUDED.reason, last_at = EXCLUDED.last_at, source_epoch = EXCLUDED.source_epoch,
          withdrawal_request_id = EXCLUDED.withdrawal_request_id",
);

/// What the names of a request stand for, as far as a refusal is told apart by it.
pub struct Asked {
    pub chain_id: i32,
    pub duty_type_id: i16,
    /// Of a withdrawal none: its request may not have a number yet.
    pub slot: i64,
    /// Of an attestation.
    pub source_epoch: Option<i64>,
}

/// Notes a conflict, stale or halted answer; the same refusal again only counts.
pub fn note(
    session: &Session,
    asked: &Asked,
    request: &Request,
    answer: &Acquisition,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(ring) = ring(answer.outcome) else {
        return Ok(());
    };
    NOTE.run(
        session,
        &[
            Value::Integer(Some(place(ring, asked, request))),
            Value::Integer(Some(asked.chain_id)),
            Value::Bytes(Some(&request.validator)),
            Value::Bigint(Some(asked.slot)),
            Value::Smallint(asked.duty_type_id),
            Value::Integer(Some(request.block_index)),
            Value::Bytes(Some(&request.message_hash)),
            Value::Text(Some(&request.node)),
            Value::Text(Some(answer.outcome.name())),
            Value::Text(Some(&answer.reason)),
            Value::Timestamp(Some(now)),
            Value::Bigint(asked.source_epoch),
            Value::Bytes(withdrawal_request_id(request)),
        ],
    )?;
    Ok(())
}

fn withdrawal_request_id(request: &Request) -> Option<&[u8]> {
    match &request.subject {
        Subject::Withdrawal(withdrawal) => Some(&withdrawal.request_id),
        Subject::Slot(_) | Subject::Vote(_) => None,
    }
}

/// Which ring keeps an outcome. None: not a refusal.
fn ring(outcome: Outcome) -> Option<u64> {
    match outcome {
        Outcome::Conflict => Some(0),
        Outcome::Stale => Some(1),
        Outcome::Halted => Some(2),
        _ => None,
    }
}

/// The place that a refusal is noted in: whoever notes several takes them in their order, or meets another who does. None: it is noted
/// nowhere.
pub fn place_of(asked: &Asked, request: &Request, outcome: Outcome) -> Option<i32> {
    ring(outcome).map(|ring| place(ring, asked, request))
}

fn place(ring: u64, asked: &Asked, request: &Request) -> i32 {
    let mut hasher = DefaultHasher::new();
    (
        asked.chain_id,
        asked.duty_type_id,
        &request.validator,
        asked.slot,
        request.block_index,
        request.message_hash,
        &request.node,
        withdrawal_request_id(request),
    )
        .hash(&mut hasher);
    (ring * PLACES + hasher.finish() % PLACES) as i32
}
