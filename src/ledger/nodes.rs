//! The names of nodes, which never change.

use super::server;
use super::statement::{Session, Statement, Value};
use crate::duty::error::Error;
use std::cell::RefCell;
use std::collections::HashMap;

/// Backends live long.
const MOST_NAMES: usize = 4_096;

/// The names that this backend has looked up, of one ledger.
#[derive(Default)]
struct Names {
    claim_table: u32,
    names: HashMap<i32, String>,
}

thread_local! {
    static NAMES: RefCell<Names> = RefCell::default();
}

static READ: Statement = Statement::new(c"SELECT name FROM slashguard.node WHERE id = $1");

/// None: no node has this id.
pub fn name(session: &Session, id: i32) -> Result<Option<String>, Error> {
    let claim_table = server::table_oid(c"claim");
    let known =
        NAMES.with_borrow(|known| (known.claim_table == claim_table).then(|| known.names.get(&id).cloned()).flatten());
    if known.is_some() {
        return Ok(known);
    }
    let name: Option<String> = match READ.run(session, &[Value::Integer(Some(id))])?.first() {
        Some(row) => Some(row.need(1)?),
        None => None,
    };
    // Unless this transaction has written: then it may have read what will never be committed.
    if let (Some(name), true) = (&name, server::nothing_written()) {
        NAMES.with_borrow_mut(|known| {
            if known.claim_table != claim_table || known.names.len() >= MOST_NAMES {
                *known = Names { claim_table, ..Names::default() };
            }
            known.names.insert(id, name.clone());
        });
    }
    Ok(name)
}
