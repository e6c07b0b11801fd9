//! The triggers of a protected table. What a node sends works as before, and what must not happen does not.

mod change;
mod insert;
mod on_record;

use super::trigger::{trigger_functions, Firing, Tuple};
use crate::duty::error::{Error, SqlState};
use crate::duty::hex_text;
use crate::duty::seal;
use crate::interchange::aztec_table::{Duty, Shape, Unrecognised};
use crate::ledger::statement::Session;
use crate::ledger::{chains, known_names, server};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

trigger_functions! {
    /// A node asks for a duty. Its row goes in where the duty is granted. Where it is not, the row that is there shows why; where
    /// none is there, the refusal is raised: SG001 to SG004, SG009. SG007 where the transaction cannot vouch for the answer.
    fn guard_insert(firing) {
        insert::before(firing)
    }

    /// A node delivers its signature, which is verified and recorded in the ledger as well: SG006 where it is not the
    /// validator's, SG005 where the ledger has no such claim, or where nothing is verified and the statement does not name the token. 55000 for any change of key, message, token or signature.
    fn guard_update(firing) {
        change::before_update(firing)
    }

    /// A row goes, and the message stays pinned. The only holder that a claim ever had frees it by its own lock token and as the role
    /// that it was granted to, where the chain allows that. The row of a holder whose lease runs stays, unless it is the holder that
    /// deletes it.
    fn guard_delete(firing) {
        change::before_delete(firing)
    }
}

thread_local! {
    /// Whether a change of the node's table is one that this library makes.
    static OWN_CHANGE: Cell<bool> = const { Cell::new(false) };
    static ROLLUPS: RefCell<Rollups> = RefCell::default();
}

/// The rollups of chains, which never change, of one ledger.
#[derive(Default)]
struct Rollups {
    claim_table: u32,
    addresses: HashMap<String, [u8; 20]>,
}

/// Runs a change of the node's table that its triggers let pass.
fn unguarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            OWN_CHANGE.set(false);
        }
    }
    OWN_CHANGE.set(true);
    let _restore = Restore;
    work()
}

fn is_own_change() -> bool {
    OWN_CHANGE.get()
}

/// The duty that a row stands for.
fn duty_of(row: &Tuple, shape: &Shape) -> Duty {
    Duty {
        rollup: shape.rollup.and_then(|column| row.text(column)),
        validator: row.text(shape.validator),
        slot: row.bigint(shape.slot),
        block_number: row.bigint(shape.block_number),
        checkpoint_number: shape.checkpoint_number.and_then(|column| row.bigint(column)),
        block_index: row.integer(shape.block_index),
        duty_type: row.text(shape.duty_type),
        message_hash: row.text(shape.message_hash),
        node_id: row.text(shape.node_id),
    }
}

/// The chain that a row is of, among those that its table is protected for. None: of another rollup, or of no telling which.
fn chain_of(session: &Session, firing: &Firing, shape: &Shape, row: &Duty) -> Result<Option<String>, Error> {
    let mut names = firing.arguments();
    if shape.rollup.is_none() {
        return Ok(if names.len() == 1 { names.pop() } else { None });
    }
    let Some(Ok(rollup)) = row.rollup.as_deref().map(|rollup| hex_text::parse::<20>("rollup_address", rollup)) else {
        return Ok(None);
    };
    for name in names {
        if rollup_of(session, &name)? == rollup {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn rollup_of(session: &Session, chain: &str) -> Result<[u8; 20], Error> {
    let claim_table = server::table_oid(c"claim");
    let known = ROLLUPS
        .with_borrow(|known| (known.claim_table == claim_table).then(|| known.addresses.get(chain).copied()).flatten());
    if let Some(rollup) = known {
        return Ok(rollup);
    }
    let identity = chains::named(session, chain)?.chain.identity;
    let rollup = identity.split_once(':').map_or("", |(_, rollup)| rollup);
    let rollup = hex_text::parse::<20>("identity", rollup)?;
    if server::nothing_written() {
        ROLLUPS.with_borrow_mut(|known| {
            if known.claim_table != claim_table {
                *known = Rollups { claim_table, ..Rollups::default() };
            }
            known.addresses.insert(chain.to_owned(), rollup);
        });
    }
    Ok(rollup)
}

/// What the node's lock token stands for in the ledger: the secret of its claim, and the id of its request, so that the same INSERT sent
/// again brings the same claim back. The table shows the tokens; these, nobody can make of them.
struct Proof {
    secret: [u8; 16],
    request_id: [u8; 16],
}

fn proof_of(session: &Session, lock_token: &str) -> Result<Proof, Error> {
    let ledger = known_names::ledger(session)?.ok_or_else(|| Error::internal("a protected table without a ledger"))?;
    let key = &ledger.seal_keys.current;
    Ok(Proof { secret: seal::stand_in("sgl1_", key, lock_token), request_id: seal::stand_in("sgr1_", key, lock_token) })
}

/// The error of a table whose shape is not known any more.
fn unrecognised(code: SqlState, firing: &Firing, Unrecognised(why): &Unrecognised) -> Error {
    Error::new(code, format!("the protected table has changed, so nothing is granted: {why}"))
        .detail(format!("Its columns are: {}.", firing.table().columns()))
        .hint("Undo the migration, or update slashguard. slashguard.unprotect_table takes the protection off.")
}
