//! Rows that another server writes. Logical replication carries rows but not their uniqueness: two primaries could both
//! grant. So the tables refuse them (triggers in sql/backstop.sql), and where a subscription is set up, nothing is granted.

use super::server;
use super::statement::{Session, Statement};
use crate::duty::acquisition::{self, Acquisition};
use crate::duty::clock::{Duration, Timestamp};
use crate::duty::error::Error;
use std::cell::Cell;

/// A backend looks this often whether somebody has set one up. Microseconds.
const STEP: Duration = 1_000_000;

thread_local! {
    /// The table of claims and the time of the last look that found none.
    static LOOKED: Cell<(u32, Timestamp)> = const { Cell::new((0, 0)) };
}

static SUBSCRIPTION: Statement = Statement::new(
    c"SELECT s.subname::pg_catalog.text
        FROM pg_catalog.pg_subscription_rel AS r
        JOIN pg_catalog.pg_subscription AS s ON s.oid = r.srsubid
        JOIN pg_catalog.pg_class AS t ON t.oid = r.srrelid
        JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
       WHERE n.nspname = 'slashguard' ORDER BY s.subname LIMIT 1",
);

/// The refusal of a ledger that another server may write to.
pub fn refusal(session: &Session, now: Timestamp) -> Result<Option<Acquisition>, Error> {
    let claim_table = server::table_oid(c"claim");
    let (table, looked_at) = LOOKED.get();
    if table == claim_table && (0..STEP).contains(&now.saturating_sub(looked_at)) {
        return Ok(None);
    }
    let rows = SUBSCRIPTION.run(session, &[])?;
    if let Some(row) = rows.first() {
        return Ok(Some(acquisition::subscribed(&row.need::<String>(1)?)));
    }
    LOOKED.set((claim_table, now));
    Ok(None)
}
