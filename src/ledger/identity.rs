//! Is this ledger where it was, and whole? Its identity row says which server, timeline and database it was last sure to be
//! in, and by which transaction the row itself was written: a restored row has another.
//!
//! What differs is doubt: a promotion, a recovery to a point in time, a restore or a copy of the database may have lost
//! the newest grants. Then every chain is quarantined by its clock, and signing resumes when the chain has moved on; one of
//! which this ledger owns ranges of validators is frozen, because a range may have been given up since. A
//! server that was merely started anew raises no doubt by itself, but may stand on a data directory that was put back: the
//! nodes that hand back positions are heard first.

use super::audit;
use super::chains::{self, Registered};
use super::clock_mark;
use super::lock::{self, Lock, LockName};
use super::positions;
use super::server;
use super::shards;
use super::statement::{Row, Session, Statement, Time, Value};
use super::witnesses;
use crate::duty::acquisition::{self, Acquisition};
use crate::duty::chain::grantable_slots;
use crate::duty::clock::{self, Duration, Timestamp};
use crate::duty::error::Error;
use crate::duty::position::Position;
use crate::rules::recall::Recall;
use serde_json::json;
use std::cell::Cell;

thread_local! {
    /// The table of claims whose ledger this backend has found in its place. Neither the timeline nor the server's start
    /// changes while a backend that can grant is alive, so once is enough.
    static FOUND_IN_PLACE: Cell<u32> = const { Cell::new(0) };
}

/// Object locks on the ledger's table: waiting places count up from 0, maintenance has -1.
const IDENTITY: i32 = -2;

static BEGIN: Statement = Statement::new(
    c"INSERT INTO slashguard.ledger
             (id, began_at, system_identifier, timeline, database_oid, written_by, server_start, seal_key)
      VALUES (pg_catalog.gen_random_uuid(), pg_catalog.now(), $1, $2, $3, $4::text::xid, $5, $6)
      ON CONFLICT (single) DO NOTHING",
);
static READ: Statement = Statement::new(
    c"SELECT tableoid, system_identifier, timeline, database_oid, xmin = written_by, server_start FROM slashguard.ledger
       WHERE single",
);
static SETTLE: Statement = Statement::new(
    c"UPDATE slashguard.ledger
         SET system_identifier = $1, timeline = $2, database_oid = $3, written_by = $4::text::xid, server_start = $5",
);
static COVER: Statement = Statement::new(c"UPDATE slashguard.ledger SET covered_until = $1");
static SEAL_ANEW: Statement = Statement::new(
    c"UPDATE slashguard.ledger
         SET seal_key = $1, former_seal_keys = pg_catalog.substr(seal_key || former_seal_keys, 1, 640)",
);
static ADD_START: Statement = Statement::new(
    c"INSERT INTO slashguard.server_start (system_identifier, timeline, database_oid, started_at, wal_begin)
      VALUES ($1, $2, $3, $4, $5) ON CONFLICT (started_at, system_identifier, timeline, database_oid) DO NOTHING",
);
static QUARANTINE: Statement = Statement::new(
    c"UPDATE slashguard.chain
         SET quarantine_slot = GREATEST(quarantine_slot, $2), quarantine_source_epoch = NULL, quarantine_cause = $3,
             covered_until = GREATEST(covered_until, $4)
       WHERE id = $1",
);
static DOUBT_FROZEN: Statement = Statement::new(c"UPDATE slashguard.chain SET doubt_while_frozen = $2 WHERE id = $1");

/// Writes the identity row if there is none.
pub fn begin(session: &Session) -> Result<(), Error> {
    let here = server::place();
    let transaction_id = server::transaction_id().to_string();
    let [system, timeline, database, written_by, server_start] = home_values(&here, &transaction_id);
    let seal_key = server::random::<32>()?;
    let begun =
        BEGIN.run(session, &[system, timeline, database, written_by, server_start, Value::Bytes(Some(&seal_key))])?;
    if begun.any() {
        clock_mark::begin(session)?;
        add_start(session, &here)?;
    }
    Ok(())
}

fn place_values(here: &server::Place) -> [Value<'static>; 3] {
    [
        Value::Bigint(Some(here.system_identifier)),
        Value::Integer(Some(here.timeline)),
        Value::Oid(Some(here.database_oid)),
    ]
}

/// What the identity row says of a ledger that is at home here.
fn home_values<'a>(here: &server::Place, transaction_id: &'a str) -> [Value<'a>; 5] {
    let [system, timeline, database] = place_values(here);
    [system, timeline, database, Value::Text(Some(transaction_id)), Value::Timestamp(Some(server::started_at()))]
}

fn add_start(session: &Session, here: &server::Place) -> Result<(), Error> {
    let [system, timeline, database] = place_values(here);
    ADD_START.run(
        session,
        &[
            system,
            timeline,
            database,
            Value::Timestamp(Some(server::started_at())),
            Value::Bigint(Some(server::wal_end() as i64)),
        ],
    )?;
    Ok(())
}

/// What differs from the identity row.
enum Difference {
    Nothing,
    /// The same place, but the server was stopped and started.
    Restart,
    Doubt(Doubt),
}

struct Doubt {
    /// The beginning of a sentence.
    cause: &'static str,
    /// The original may live on beside it.
    is_copy: bool,
}

/// Quarantines every chain if the ledger is not where it was. To be called before anything is granted. Answers a refusal
/// where it cannot find out.
pub fn check(session: &Session, now: Timestamp) -> Result<Option<Acquisition>, Error> {
    let claim_table = server::table_oid(c"claim");
    if FOUND_IN_PLACE.get() == claim_table {
        return Ok(None);
    }
    let rows = READ.run(session, &[])?;
    let Some(row) = rows.first() else {
        // No ledger yet.
        return Ok(None);
    };
    if !matches!(difference(&row)?, Difference::Nothing) {
        let Some(_lock) = lock(session, row.need(1)?)? else {
            return Ok(Some(acquisition::held_up("the ledger's identity is being settled by another caller")));
        };
        // Somebody else may have settled it while this backend waited.
        let rows = READ.run(session, &[])?;
        let row = rows.first().ok_or_else(|| Error::internal("the identity row is gone"))?;
        match difference(&row)? {
            Difference::Nothing => {}
            Difference::Restart => settle_restart(session, row.need::<Time>(6)?.0, now)?,
            Difference::Doubt(doubt) => settle_doubt(session, &doubt, row.need::<Time>(6)?.0, now)?,
        }
    }
    // What this transaction wrote may be rolled back, the ledger itself among it.
    if server::nothing_written() {
        FOUND_IN_PLACE.set(claim_table);
    }
    Ok(None)
}

fn lock(session: &Session, ledger_table: u32) -> Result<Option<Lock>, Error> {
    lock::exclude_patiently(session, LockName { table: ledger_table, row: IDENTITY })
}

fn difference(row: &Row) -> Result<Difference, Error> {
    let here = server::place();
    let copy = |cause| Difference::Doubt(Doubt { cause, is_copy: true });
    Ok(if row.need::<i64>(2)? != here.system_identifier {
        copy("this ledger was moved to another server")
    } else if row.need::<u32>(4)? != here.database_oid {
        copy("this ledger was copied from another database")
    } else if row.need::<i32>(3)? != here.timeline {
        let cause = "this server was promoted or recovered to a point in time";
        Difference::Doubt(Doubt { cause, is_copy: false })
    } else if !row.need::<bool>(5)? {
        copy("this ledger was restored from a dump")
    } else if row.need::<Time>(6)?.0 != server::started_at() {
        Difference::Restart
    } else {
        Difference::Nothing
    })
}

/// A node hands back a position that is not here: the ledger has gone back in time, which no mark on the server shows.
/// Answers a refusal where another caller is settling that.
pub fn lost(session: &Session, position: &Position, now: Timestamp) -> Result<Option<Acquisition>, Error> {
    let rows = READ.run(session, &[])?;
    let row = rows.first().ok_or_else(|| Error::internal("the identity row is gone"))?;
    let Some(_lock) = lock(session, row.need(1)?)? else {
        return Ok(Some(acquisition::held_up("a loss of this ledger's is being settled by another caller")));
    };
    if positions::recall(session, position)? != Recall::Lost {
        return Ok(None);
    }
    let cause = "a node was granted what is not here: this ledger has gone back in time";
    // Nor does it raise the alarm again where the clock was ahead when it was given out.
    let now = clock_mark::latest_of(session, now)?.max(position.granted_at);
    // Also what is frozen: a receipt knows nothing of what was granted after its freeze.
    for registered in chains::all(session)? {
        let mut slot = last_slot_that_may_be_granted(&registered, now);
        if registered.id == position.key.chain_id {
            slot = slot.max(position.key.slot);
        }
        quarantine(session, &registered, cause, slot, now)?;
        shards::freeze_in_doubt(session, registered.id, cause, now)?;
    }
    COVER.run(session, &[Value::Timestamp(Some(now))])?;
    be_at_home(session)?;
    Ok(None)
}

/// Every chain is quarantined, then the ledger is at home here: both or neither.
fn settle_doubt(session: &Session, doubt: &Doubt, last_start: Timestamp, now: Timestamp) -> Result<(), Error> {
    let cause = doubt.cause;
    let last_alive = clock_mark::read(session)?.unwrap_or(now);
    let now = clock_mark::latest_of(session, now)?;
    for registered in chains::all(session)? {
        if registered.frozen || shards::freeze_in_doubt(session, registered.id, cause, now)? {
            // Nothing is granted there, so the unfreeze may settle it. Should this be a copy from before an earlier
            // unfreeze, the nodes know.
            DOUBT_FROZEN.run(session, &[Value::Integer(Some(registered.id)), Value::Text(Some(cause))])?;
            audit::write(session, "doubt", &registered.chain.name, &json!({ "cause": cause }))?;
            hear_witnesses(session, &registered, last_start, last_alive, now)?;
        } else {
            quarantine(session, &registered, cause, last_slot_that_may_be_granted(&registered, now), now)?;
        }
    }
    COVER.run(session, &[Value::Timestamp(Some(now))])?;
    if doubt.is_copy {
        // What it gives out from now on must mean nothing to its original, or whoever may use the one can alarm the other.
        SEAL_ANEW.run(session, &[Value::Bytes(Some(&server::random::<32>()?))])?;
    }
    be_at_home(session)
}

/// Nothing is granted at or below `slot` any more, which covers all that was granted until `time`.
pub fn quarantine(
    session: &Session,
    registered: &Registered,
    cause: &str,
    slot: i64,
    time: Timestamp,
) -> Result<(), Error> {
    QUARANTINE.run(
        session,
        &[
            Value::Integer(Some(registered.id)),
            Value::Bigint(Some(slot)),
            Value::Text(Some(cause)),
            Value::Timestamp(Some(time)),
        ],
    )?;
    audit::write(session, "quarantine", &registered.chain.name, &json!({ "cause": cause, "slot": slot }))
}

/// How far beyond `now` this ledger, or one like it, may have granted.
pub fn last_slot_that_may_be_granted(registered: &Registered, now: Timestamp) -> i64 {
    let chain = &registered.chain;
    let ahead = grantable_slots(chain.options.margin_slots, chain.options.horizon_slots);
    clock::current_slot(chain.clock.as_ref(), now).saturating_add(ahead).max(registered.reach_slot.unwrap_or(i64::MIN))
}

/// Nodes that were active in the last day that this ledger knows of are witnesses: files that were put back may be older than
/// the horizon, and what a node was granted since is known to the node alone.
const LONGEST_SILENCE: Duration = 24 * 3_600 * 1_000_000;

fn settle_restart(session: &Session, last_start: Timestamp, now: Timestamp) -> Result<(), Error> {
    let last_alive = clock_mark::read(session)?.unwrap_or(now);
    let now = last_alive.max(now);
    for registered in chains::all(session)? {
        hear_witnesses(session, &registered, last_start, last_alive, now)?;
    }
    be_at_home(session)
}

/// The server was started anew: what may have been granted before is granted again only when the witnesses are heard.
fn hear_witnesses(
    session: &Session,
    registered: &Registered,
    last_start: Timestamp,
    last_alive: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    // Whoever was not heard after the start before may not count as active any more: nobody asks for its word again. Where
    // nothing was granted meanwhile, it still is asked.
    if let Some(slot) = registered.awaited_slot.filter(|_| !registered.frozen) {
        if !witnesses::missing(session, registered.id, last_start)?.is_empty() {
            let cause = "the server was started anew, and not every witness was heard";
            quarantine(session, registered, cause, slot, last_start)?;
        }
    }
    let slot = last_slot_that_may_be_granted(registered, now);
    witnesses::await_reports(session, registered, last_alive.saturating_sub(LONGEST_SILENCE), slot)
}

fn be_at_home(session: &Session) -> Result<(), Error> {
    let here = server::place();
    let transaction_id = server::transaction_id().to_string();
    SETTLE.run(session, &home_values(&here, &transaction_id))?;
    add_start(session, &here)
}
