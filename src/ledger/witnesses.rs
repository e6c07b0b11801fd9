//! Nodes that hand back positions. After a restart they know what was granted before it, where the server cannot.

use super::chains::Registered;
use super::lock;
use super::server;
use super::statement::{Session, Statement, Value};
use crate::duty::clock::{Duration, Timestamp};
use crate::duty::error::Error;
use std::cell::RefCell;
use std::collections::HashMap;

/// A node that reports all the time is written down this often. Microseconds.
const STEP: Duration = 10 * 1_000_000;
const MOST_KNOWN: usize = 4_096;

thread_local! {
    /// By table of claims, chain and node: when this backend wrote down a report last. Whoever is not here is new to it.
    static REPORTED: RefCell<HashMap<(u32, i32, i32), Timestamp>> = RefCell::default();
}

// Whoever finds the row locked leaves it: the same node is just reporting, and nobody waits for that one's commit.
static REPORT_AGAIN: Statement = Statement::new(
    c"UPDATE slashguard.witness AS w SET reported_at = $3, heard_since = CASE WHEN $5 THEN $4 ELSE w.heard_since END
        FROM (SELECT chain_id, node_id FROM slashguard.witness
               WHERE chain_id = $1 AND node_id = $2 FOR UPDATE SKIP LOCKED) AS free
       WHERE w.chain_id = free.chain_id AND w.node_id = free.node_id",
);
static REPORT_FIRST: Statement = Statement::new(
    c"INSERT INTO slashguard.witness (chain_id, node_id, reported_at, heard_since)
      SELECT $1, $2, $3, $4
       WHERE NOT EXISTS (SELECT FROM slashguard.witness AS w WHERE w.chain_id = $1 AND w.node_id = $2)
      ON CONFLICT (chain_id, node_id) DO NOTHING",
);

/// Whether this backend has heard the node before.
pub fn is_known(chain_id: i32, node_id: i32) -> bool {
    let witness = (server::table_oid(c"claim"), chain_id, node_id);
    REPORTED.with_borrow(|reported| reported.contains_key(&witness))
}

/// The node has handed back a position that is here. `of_before`: it was given out before the server's last start; a later one
/// tells nothing of what was granted then.
pub fn report(session: &Session, chain_id: i32, node_id: i32, of_before: bool, now: Timestamp) -> Result<(), Error> {
    let witness = (server::table_oid(c"claim"), chain_id, node_id);
    let last = REPORTED.with_borrow(|reported| reported.get(&witness).copied());
    if !of_before && last.is_some_and(|last| (0..STEP).contains(&(now - last))) {
        return Ok(());
    }
    let values = [
        Value::Integer(Some(chain_id)),
        Value::Integer(Some(node_id)),
        Value::Timestamp(Some(now)),
        Value::Timestamp(Some(server::started_at())),
        Value::Bool(of_before),
    ];
    if !REPORT_AGAIN.run(session, &values)?.any() {
        // Nobody waits for another's first report either, nor for a row that is being changed.
        if lock::try_exclude(lock::witness(chain_id, node_id)).is_some() {
            REPORT_FIRST.run(session, &values[..4])?;
        }
    }
    REPORTED.with_borrow_mut(|reported| {
        if reported.len() >= MOST_KNOWN {
            reported.clear();
        }
        reported.insert(witness, now);
    });
    Ok(())
}

static MISSING: Statement = Statement::new(
    c"SELECT n.name
        FROM slashguard.witness AS w
        JOIN slashguard.chain AS c ON c.id = w.chain_id
        JOIN slashguard.node AS n ON n.id = w.node_id
       WHERE w.chain_id = $1 AND c.awaited_slot IS NOT NULL AND w.reported_at >= c.awaited_since AND w.heard_since <> $2
       ORDER BY n.name LIMIT 20",
);

/// The witnesses of the chain that did not report between this start of the server and the next.
pub fn missing(session: &Session, chain_id: i32, server_start: Timestamp) -> Result<Vec<String>, Error> {
    let rows = MISSING.run(session, &[Value::Integer(Some(chain_id)), Value::Timestamp(Some(server_start))])?;
    let names = rows.iter().map(|row| row.need(1)).collect();
    names
}

static AWAIT: Statement = Statement::new(
    c"UPDATE slashguard.chain AS c
         SET awaited_since = s.since,
             awaited_slot = CASE WHEN EXISTS (SELECT FROM slashguard.witness AS w
                                               WHERE w.chain_id = $1 AND w.reported_at >= s.since) THEN $3 END
        FROM (SELECT LEAST($2, CASE WHEN frozen_at IS NOT NULL AND awaited_slot IS NOT NULL THEN awaited_since END) AS since
                FROM slashguard.chain WHERE id = $1) AS s
       WHERE c.id = $1",
);

/// The server was started anew: nothing at or below `slot` is granted before those have reported that did so after `since`.
pub fn await_reports(session: &Session, chain: &Registered, since: Timestamp, slot: i64) -> Result<(), Error> {
    AWAIT.run(session, &[Value::Integer(Some(chain.id)), Value::Timestamp(Some(since)), Value::Bigint(Some(slot))])?;
    Ok(())
}
