//! The latest time that this ledger has seen. Kept to the second, so that claims need not write it each.

use super::direct::{describe, Access, Snapshot, Table};
use super::server;
use super::statement::{Session, Statement, Time, Value};
use crate::duty::acquisition::Acquisition;
use crate::duty::clock::{Duration, Timestamp};
use crate::duty::error::Error;
use crate::rules::clock_mark;
use crate::settings;
use std::cell::Cell;

/// The mark moves in steps of this. Microseconds.
const STEP: Duration = 1_000_000;

#[derive(Clone, Copy)]
struct Seen {
    /// The oid of the ledger's table of claims.
    claim_table: u32,
    latest: Timestamp,
}

thread_local! {
    /// The mark as this backend read it last.
    static SEEN: Cell<Option<Seen>> = const { Cell::new(None) };
}

static READ: Statement = Statement::new(c"SELECT latest FROM slashguard.clock_mark WHERE single");
static BEGIN: Statement =
    Statement::new(c"INSERT INTO slashguard.clock_mark (latest) VALUES ($1) ON CONFLICT (single) DO NOTHING");
// Whoever finds the row locked leaves it: somebody else is moving it, and nobody waits for that one's commit.
static ADVANCE: Statement = Statement::new(
    c"UPDATE slashguard.clock_mark AS m SET latest = $1
        FROM (SELECT single FROM slashguard.clock_mark WHERE single FOR UPDATE SKIP LOCKED) AS free
       WHERE m.single = free.single AND m.latest < $1",
);
static SET: Statement = Statement::new(c"UPDATE slashguard.clock_mark SET latest = $1 WHERE latest <> $1");

describe! {
    c"clock_mark", key 1, written false;
    Single = c"single": Bool,
    Latest = c"latest": Timestamp,
}

/// The mark, without a statement. None: it has to be left to one.
pub fn read_directly(snapshot: &Snapshot) -> Result<Option<Timestamp>, Error> {
    let Some(table) = Table::open(&DESCRIPTION, Access::ReadAgain) else {
        return Ok(None);
    };
    let row = table.find_again(snapshot, Value::Bool(true))?;
    row.map(|row| Ok(row.need::<Time>(Place::Latest)?.0)).transpose()
}

/// Writes the mark if there is none.
pub fn begin(session: &Session) -> Result<(), Error> {
    BEGIN.run(session, &[Value::Timestamp(Some(server::now()))])?;
    Ok(())
}

/// The mark as it is now. None before the first chain is registered.
pub fn read(session: &Session) -> Result<Option<Timestamp>, Error> {
    let rows = READ.run(session, &[])?;
    rows.first().map(|row| Ok(row.need::<Time>(1)?.0)).transpose()
}

/// A test that shifts the ledger's clock neither minds the mark nor moves it.
fn minds() -> bool {
    settings::clock_offset() == 0
}

/// The refusal of a clock that is not to be believed, by what this backend has seen of the mark.
pub fn refusal(session: &Session, now: Timestamp) -> Result<Option<Acquisition>, Error> {
    let claim_table = server::table_oid(c"claim");
    if !minds() {
        return Ok(None);
    }
    if let Some(seen) = SEEN.get().filter(|seen| seen.claim_table == claim_table) {
        if clock_mark::doubt(now, seen.latest).is_none() {
            return Ok(None);
        }
    }
    let Some(latest) = read(session)? else {
        return Ok(None);
    };
    Ok(look_at(now, latest))
}

/// The refusal by this mark, which is kept.
fn look_at(now: Timestamp, latest: Timestamp) -> Option<Acquisition> {
    SEEN.set(Some(Seen { claim_table: server::table_oid(c"claim"), latest }));
    clock_mark::doubt(now, latest)
        .map(|doubt| clock_mark::refusal(doubt, &server::show_time(now), &server::show_time(latest)))
}

/// The same by the mark as it was read after a claim; moves the mark on where the clock is believed.
pub fn refusal_by(session: &Session, now: Timestamp, latest: Timestamp) -> Result<Option<Acquisition>, Error> {
    if !minds() {
        return Ok(None);
    }
    let refusal = look_at(now, latest);
    if refusal.is_none() && now.saturating_sub(latest) >= STEP {
        ADVANCE.run(session, &[Value::Timestamp(Some(now))])?;
    }
    Ok(refusal)
}

/// Moves the mark on if that is due.
pub fn touch(session: &Session, now: Timestamp) -> Result<(), Error> {
    if let Some(latest) = read(session)? {
        refusal_by(session, now, latest)?;
    }
    Ok(())
}

/// The mark, where the clock is not to be believed by it.
pub fn in_doubt(session: &Session, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let latest = if minds() { read(session)? } else { None };
    Ok(latest.filter(|latest| clock_mark::doubt(now, *latest).is_some()))
}

/// Moves the mark to `now`, also back: for the operator's word alone, which is in the audit by then.
pub fn set(session: &Session, now: Timestamp) -> Result<bool, Error> {
    Ok(SET.run(session, &[Value::Timestamp(Some(now))])?.any())
}

/// `now`, or the mark where that is later: what a quarantine must reach beyond.
pub fn latest_of(session: &Session, now: Timestamp) -> Result<Timestamp, Error> {
    Ok(if minds() { read(session)?.map_or(now, |latest| latest.max(now)) } else { now })
}
