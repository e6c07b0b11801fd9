//! A node's INSERT is its request.

use super::{chain_of, duty_of, proof_of, unguarded, unrecognised};
use crate::api::grant::{self, Answered};
use crate::api::trigger::{Before, Firing, Tuple};
use crate::duty::acquisition::{Acquisition, Outcome, FIRST_USE};
use crate::duty::claim::Replay;
use crate::duty::error::{required, Error, SqlState};
use crate::interchange::aztec_table::{Duty, Shape, Unrecognised};
use crate::ledger::node_table::{self, InTheWay, Key, NodeTable};
use crate::ledger::server;
use crate::ledger::statement::Session;

pub fn before(firing: &Firing) -> Result<Before, Error> {
    let shape = firing.table().shape().map_err(|why| unrecognised(SqlState::HALTED, firing, &why))?;
    let row = firing.row();
    require_unsigned(&row, &shape)?;
    let duty = duty_of(&row, &shape);
    let lock_token = required("lock_token", row.text(shape.lock_token))?;
    let (chain, proof) = {
        let session = Session::open();
        let chain = chain_of(&session, firing, &shape, &duty)?;
        let Some(chain) = chain else {
            return Err(no_chain(&session, firing, &shape, &duty)?);
        };
        (chain, proof_of(&session, &lock_token)?)
    };
    let role = server::caller();
    let mut request = duty.clone().arguments(chain, shape.generation()).parse(role)?;
    request.secret = Some(proof.secret);
    request.replay = Some(Replay { role, request_id: proof.request_id });
    let answered = grant::answer_insert(request)?;
    match answered.answer.outcome {
        Outcome::NotProtected => Ok(Before::Write(row)),
        Outcome::Acquired if answered.answer.is_first => Ok(granted(row, &shape)),
        Outcome::Acquired => granted_again(firing, row, &shape, &duty, answered.answer),
        _ => refused(firing, &duty, answered),
    }
}

/// 55000 for a row that says it is signed: history is no request.
fn require_unsigned(row: &Tuple, shape: &Shape) -> Result<(), Error> {
    if row.text(shape.status).as_deref() == Some("signing") && row.text(shape.signature).is_none() {
        return Ok(());
    }
    Err(Error::new(
        SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
        "a row of a protected table begins as 'signing', without a signature",
    )
    .hint("To bring history in: slashguard.unprotect_table, load it, slashguard.protect_table."))
}

/// The row, by the ledger's time.
fn granted(row: Tuple, shape: &Shape) -> Before {
    Before::Write(row.with_timestamp(shape.started_at, server::local_now()))
}

/// The claim was on record before: taken over from a holder whose lease is over, or asked for once more because the reply was
/// lost. The row that stands for it makes room.
fn granted_again(
    firing: &Firing,
    row: Tuple,
    shape: &Shape,
    duty: &Duty,
    answer: Acquisition,
) -> Result<Before, Error> {
    let made_room = {
        let session = Session::open();
        let (table, key) = (table_of(&session, firing)?, key_of(duty)?);
        let hash = required("message_hash", duty.message_hash.as_deref())?;
        match node_table::in_the_way(&session, &table, &key, hash)? {
            InTheWay::Nothing => true,
            // It shows what stands against it, to the node as well.
            InTheWay::Other => return Ok(Before::Skip),
            InTheWay::SameMessage => unguarded(|| node_table::take_away(&session, &table, &key))?,
        }
    };
    if made_room {
        return Ok(granted(row, shape));
    }
    // Whoever changes the row may be waiting for the claim.
    Err(Error::new(SqlState::IN_PROGRESS, "the row of this duty is just being changed")
        .detail(answer.reason)
        .hint("Nothing was granted. Ask again."))
}

/// The row that is there shows a conflict or a signature in the node's own terms. Where none is there, and of all else, the error
/// tells. What an error would undo is kept instead: the node asks again at once when no row comes back.
fn refused(firing: &Firing, duty: &Duty, answered: Answered) -> Result<Before, Error> {
    let Answered { answer, leaves_something } = answered;
    if matches!(answer.outcome, Outcome::Conflict | Outcome::AlreadySigned | Outcome::InProgress) {
        let session = Session::open();
        let hash = required("message_hash", duty.message_hash.as_deref())?;
        let table = table_of(&session, firing)?;
        if node_table::in_the_way(&session, &table, &key_of(duty)?, hash)? != InTheWay::Nothing {
            return Ok(Before::Skip);
        }
    }
    if leaves_something {
        server::warning(&format!("slashguard refuses a row: {}", answer.reason));
        return Ok(Before::Skip);
    }
    if answer.outcome == Outcome::AlreadySigned {
        return Err(already_signed(&answer));
    }
    let is_first_use =
        answer.details.as_ref().and_then(|details| details.get("cause")).is_some_and(|cause| cause == FIRST_USE);
    match answer.or_raise() {
        Err(error) if is_first_use => Err(error.hint("The wait has begun. It ends by itself.")),
        Err(error) => Err(error),
        Ok(_) => Err(Error::internal("a refusal that grants")),
    }
}

fn already_signed(answer: &Acquisition) -> Error {
    let error = Error::new(SqlState::ALREADY_SIGNED, answer.reason.clone())
        .hint("Do not sign again. The row that showed it was deleted.");
    match &answer.signature {
        Some(signature) => error.detail(format!("Signature: {signature}")),
        None => error,
    }
}

fn table_of(session: &Session, firing: &Firing) -> Result<NodeTable, Error> {
    node_table::describe(session, firing.table().oid(), server::caller())?
        .ok_or_else(|| Error::internal("a protected table is gone"))
}

/// In the node's own spelling: its SELECT will find no other.
fn key_of(duty: &Duty) -> Result<Key<'_>, Error> {
    Ok(Key {
        rollup: duty.rollup.as_deref(),
        validator: required("validator", duty.validator.as_deref())?,
        slot: required("slot", duty.slot)?,
        duty_type: required("duty_type", duty.duty_type.as_deref())?,
        block_index: required("block_index", duty.block_index)?,
    })
}

fn no_chain(session: &Session, firing: &Firing, shape: &Shape, duty: &Duty) -> Result<Error, Error> {
    if shape.rollup.is_none() {
        let why = format!(
            "it has no column rollup_address and is protected for the chains {}, so a row may be of any of them",
            firing.arguments().join(", ")
        );
        return Ok(unrecognised(SqlState::HALTED, firing, &Unrecognised(why)));
    }
    let table = table_of(session, firing)?.name;
    let rollup: String = duty.rollup.as_deref().unwrap_or("(none)").chars().take(50).collect();
    Ok(Error::new(SqlState::UNDEFINED_OBJECT, format!("{table} is not protected for rollup {rollup}"))
        .detail(format!("It is protected for the chains: {}.", firing.arguments().join(", ")))
        .hint(format!(
            "Register the rollup's chain and call slashguard.protect_table('{table}', chain => ..) for it, too."
        )))
}
