//! Keys of validators, which never change, as `direct` reads them.

use super::direct::{describe, Access, Table};
use super::statement::Value;
use crate::duty::error::Error;

describe! {
    c"validator", key 1, written false;
    Id = c"id": Integer,
    Key = c"key": Bytes,
}

/// None: it has to be left to a statement.
pub fn key(id: i32) -> Result<Option<Vec<u8>>, Error> {
    let Some(table) = Table::open(&DESCRIPTION, Access::Read) else {
        return Ok(None);
    };
    let row =
        table.find(&[Value::Integer(Some(id))])?.ok_or_else(|| Error::internal("the validator of a claim is gone"))?;
    row.need(Place::Key).map(Some)
}
