//! Is this ledger where it was, and whole? Its identity row says which server, timeline and database it was last sure to be
//! in, and by which transaction the row itself was written: a restored row has another.
//!
//! What differs is doubt: a promotion, a recovery to a point in time, a restore or a copy of the database may have lost
//! the newest grants. Then every chain is quarantined by its clock, and signing resumes when the chain has moved on.

use super::audit;
use super::chains;
use super::lock::{self, LockName};
use super::server;
use super::statement::{Session, Statement, Value};
use crate::duty::chain::quarantine_slots;
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use serde_json::json;
use std::cell::Cell;

thread_local! {
    /// The table of claims whose ledger this backend has found in its place. A timeline changes only while no backend can
    /// have granted anything, so once is enough.
    static FOUND_IN_PLACE: Cell<u32> = const { Cell::new(0) };
}

/// Object locks on the ledger's table: waiting places count up from 0, maintenance has -1.
const IDENTITY: i32 = -2;

static BEGIN: Statement = Statement::new(
    c"INSERT INTO slashguard.ledger (id, began_at, system_identifier, timeline, database_oid, written_by)
      VALUES (pg_catalog.gen_random_uuid(), pg_catalog.now(), $1, $2, $3, $4::text::xid)
      ON CONFLICT (single) DO NOTHING",
);
static READ: Statement = Statement::new(
    c"SELECT tableoid, system_identifier, timeline, database_oid, xmin = written_by FROM slashguard.ledger",
);
static SETTLE: Statement = Statement::new(
    c"UPDATE slashguard.ledger SET system_identifier = $1, timeline = $2, database_oid = $3, written_by = $4::text::xid",
);
static QUARANTINE: Statement = Statement::new(
    c"UPDATE slashguard.chain SET quarantine_slot = GREATEST(quarantine_slot, $2), quarantine_cause = $3 WHERE id = $1",
);

/// Writes the identity row if there is none.
pub fn begin(session: &Session) -> Result<(), Error> {
    let here = server::place();
    BEGIN.run(session, &place_values(&here, &server::transaction_id().to_string()))?;
    Ok(())
}

fn place_values<'a>(here: &server::Place, transaction_id: &'a str) -> [Value<'a>; 4] {
    [
        Value::Bigint(Some(here.system_identifier)),
        Value::Integer(Some(here.timeline)),
        Value::Oid(Some(here.database_oid)),
        Value::Text(Some(transaction_id)),
    ]
}

/// Quarantines every chain if the ledger is not where it was. To be called before anything is granted.
pub fn check(session: &Session, now: Timestamp) -> Result<(), Error> {
    let claim_table = server::table_oid(c"claim");
    if FOUND_IN_PLACE.get() == claim_table {
        return Ok(());
    }
    if let Some((ledger_table, cause)) = doubt(session)? {
        lock::exclude(LockName { table: ledger_table, row: IDENTITY });
        // Somebody else may have settled it while this backend waited.
        if doubt(session)?.is_some() {
            return settle(session, &cause, now);
        }
    }
    // What this transaction wrote may be rolled back, the ledger itself among it.
    if server::nothing_written() {
        FOUND_IN_PLACE.set(claim_table);
    }
    Ok(())
}

/// What differs, as the beginning of a sentence, and the oid of the ledger's table. None: nothing does, or there is no
/// ledger yet.
fn doubt(session: &Session) -> Result<Option<(u32, String)>, Error> {
    let rows = READ.run(session, &[])?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let here = server::place();
    let cause = if row.need::<i64>(2)? != here.system_identifier {
        "this ledger was moved to another server"
    } else if row.need::<u32>(4)? != here.database_oid {
        "this ledger was copied from another database"
    } else if row.need::<i32>(3)? != here.timeline {
        "this server was promoted or recovered to a point in time"
    } else if !row.need::<bool>(5)? {
        "this ledger was restored from a dump"
    } else {
        return Ok(None);
    };
    Ok(Some((row.need(1)?, cause.to_owned())))
}

/// Every chain is quarantined, then the ledger is at home here: both or neither.
fn settle(session: &Session, cause: &str, now: Timestamp) -> Result<(), Error> {
    for registered in chains::all(session)? {
        let chain = &registered.chain;
        let ahead = quarantine_slots(chain.options.margin_slots, chain.options.horizon_slots);
        let slot = chain.clock.slot_at(now).saturating_add(ahead);
        QUARANTINE.run(
            session,
            &[Value::Integer(Some(registered.id)), Value::Bigint(Some(slot)), Value::Text(Some(cause))],
        )?;
        audit::write(session, "quarantine", &chain.name, &json!({ "cause": cause, "slot": slot }))?;
    }
    let here = server::place();
    SETTLE.run(session, &place_values(&here, &server::transaction_id().to_string()))?;
    Ok(())
}
