//! Validators as `direct` reads them.

use super::direct::{describe, Access, Row, Table};
use super::statement::Value;
use crate::duty::error::Error;

describe! {
    c"validator", key 1, written false;
    Id = c"id": Integer,
    Key = c"key": Bytes,
    VotesMaySurround = c"votes_may_surround": Bool,
}

/// Its address or public key, which never changes. None: it has to be left to a statement.
pub fn key(id: i32) -> Result<Option<Vec<u8>>, Error> {
    let Some(table) = Table::open(&DESCRIPTION, Access::Read) else {
        return Ok(None);
    };
    let row = find(&table, id)?;
    row.map(|row| row.need(Place::Key)).transpose()
}

/// Whether imported votes of it may surround others. None: it has to be left to a statement.
pub fn votes_may_surround(id: i32) -> Result<Option<bool>, Error> {
    let Some(table) = Table::open(&DESCRIPTION, Access::Read) else {
        return Ok(None);
    };
    let row = find(&table, id)?;
    row.map(|row| row.need(Place::VotesMaySurround)).transpose()
}

fn find(table: &Table, id: i32) -> Result<Option<Row<'_>>, Error> {
    table.find(&[Value::Integer(Some(id))])
}
