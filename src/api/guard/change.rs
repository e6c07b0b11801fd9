//! Signatures that nodes deliver, and rows that they delete.

use super::on_record::{self, OnRecord};
use super::{is_own_change, unrecognised};
use crate::api::record;
use crate::api::trigger::{Before, Firing, Tuple};
use crate::durability::{client_statement, commit, one_claim, transaction};
use crate::duty::error::{required, Error, SqlState};
use crate::duty::request::parse_signature;
use crate::interchange::aztec_table::Shape;
use crate::ledger::signatures::Delivery;
use crate::ledger::statement::Session;
use crate::ledger::{claims, counts, lock, server};
use crate::rules::one_message;

pub fn before_update(firing: &Firing) -> Result<Before, Error> {
    transaction::refuse_on_standby()?;
    let shape =
        firing.table().shape().map_err(|why| unrecognised(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, firing, &why))?;
    let (old, new) = (firing.row(), firing.new_row()?);
    if let Some(column) = changed(&old, &new, &shape) {
        return Err(Error::new(
            SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("{column} of a protected row cannot be changed"),
        )
        .detail("Key, message and lock token stay as they were granted, and a signature as it was recorded.")
        .hint("Nothing was changed."));
    }
    let (before, after) = (old.text(shape.signature), new.text(shape.signature));
    let becomes_signed = new.text(shape.status).as_deref() == Some("signed");
    if before.is_some() || !becomes_signed && after.is_none() {
        return Ok(Before::Write(new));
    }
    let signature = required("signature", after)?;
    if !becomes_signed {
        return Err(Error::new(
            SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
            "a row with a signature has status 'signed'",
        )
        .hint("Nothing was changed."));
    }
    record(firing, &old, &shape, &signature)?;
    // Not before it began: sessions may be in different zones.
    let began = new.timestamp(shape.started_at).unwrap_or(i64::MIN);
    Ok(Before::Write(new.with_timestamp(shape.completed_at, server::local_now().max(began))))
}

/// The column that must not change and does.
fn changed(old: &Tuple, new: &Tuple, shape: &Shape) -> Option<&'static str> {
    let texts = [
        ("validator_address", shape.validator),
        ("duty_type", shape.duty_type),
        ("message_hash", shape.message_hash),
        ("lock_token", shape.lock_token),
    ];
    let rollup = shape.rollup.map(|column| ("rollup_address", column));
    for (name, column) in rollup.into_iter().chain(texts) {
        if old.text(column) != new.text(column) {
            return Some(name);
        }
    }
    if old.bigint(shape.slot) != new.bigint(shape.slot) {
        return Some("slot");
    }
    if old.integer(shape.block_index) != new.integer(shape.block_index) {
        return Some("block_index_within_checkpoint");
    }
    let signature = old.text(shape.signature);
    if signature.is_some() && signature != new.text(shape.signature) {
        return Some("signature");
    }
    let was_signed = old.text(shape.status).as_deref() == Some("signed");
    (was_signed && new.text(shape.status).as_deref() != Some("signed")).then_some("status")
}

fn record(firing: &Firing, row: &Tuple, shape: &Shape, signature: &str) -> Result<(), Error> {
    let session = Session::open();
    let Some(OnRecord { chain, mut token }) = on_record::of(&session, firing, row, shape)? else {
        return Err(Error::new(SqlState::LOCK_LOST, "the ledger has no claim for this row")
            .detail("Nothing was recorded.")
            .hint("Was the row written while the table was not protected? slashguard.migrate_table takes it in."));
    };
    let signature = parse_signature(signature, token.signature)?;
    if !client_statement::carries(&row.text(shape.lock_token).unwrap_or_default()) {
        // It holds nothing, and may deliver what verifies, as any former holder.
        token.secret = server::secret()?;
    }
    if chain.chain.options.durable_record {
        commit::answer_change_after_commit();
    }
    let delivery = Delivery { signature: &signature, attestation: None, now: server::now() };
    record::record(&session, &token, &delivery)?;
    let options = &chain.chain.options;
    if options.durable_record && options.require_standby {
        commit::durably_on_standby();
    } else if options.durable_record {
        commit::durably();
    }
    Ok(())
}

pub fn before_delete(firing: &Firing) -> Result<Before, Error> {
    let row = firing.row();
    if is_own_change() {
        return Ok(Before::Write(row));
    }
    let Ok(shape) = firing.table().shape() else {
        // Whatever goes: the ledger keeps what it has.
        return Ok(Before::Write(row));
    };
    if row.text(shape.status).as_deref() == Some("signed") {
        return Ok(Before::Write(row));
    }
    let session = Session::open();
    let Some(OnRecord { chain, token }) = on_record::of(&session, firing, &row, &shape)? else {
        return Ok(Before::Write(row));
    };
    let Some(claim) = claims::read(&session, &token.key)?.filter(|claim| claim.secret == Some(token.secret)) else {
        return Ok(Before::Write(row));
    };
    let now = server::now();
    let lock_token = row.text(shape.lock_token).unwrap_or_default();
    // The table shows the token to others, so the role counts as well.
    let is_its_role = claim.replay.is_some_and(|replay| replay.role == server::caller());
    let by_holder = is_its_role && client_statement::carries(&lock_token);
    if !by_holder && claim.lease_until > now {
        return Ok(Before::Skip);
    }
    let mut event = "freed";
    let mut node = None;
    let may_be_freed = chain.chain.options.allow_unsigned_release && one_message::may_be_freed(&claim, &token.secret);
    if by_holder && may_be_freed {
        // Not beside an import, which may just be learning that the message was signed elsewhere.
        if let Some(_held_to_the_end) = lock::share(&session, chain.lock)? {
            node = claims::free(&session, &token, now, &server::caller_name(), claims::CERTAINLY_UNSIGNED)?;
        }
    }
    if node.is_none() {
        event = "released";
        node = claims::release(&session, &token, now)?;
    }
    if let Some(node) = node {
        one_claim::give_up();
        counts::add(&session, token.key.chain_id, token.key.duty_type_id, node, event)?;
    }
    Ok(Before::Write(row))
}
