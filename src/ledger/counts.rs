//! Counters of answers that leave no claim. Each backend counts in rows of its own place, so none ever waits for another.

use super::direct::{describe, Access, Table, Updated};
use super::server;
use super::statement::{Session, Statement, Value};
use crate::duty::error::Error;

static ADD: Statement = Statement::new(
    c"INSERT INTO slashguard.counter AS k (chain_id, duty_type_id, node_id, event, shard, count)
      VALUES ($1, $2, $3, $4, $5, $6)
      ON CONFLICT (chain_id, duty_type_id, node_id, event, shard)
      DO UPDATE SET count = k.count + EXCLUDED.count",
);

describe! {
    c"counter", key 5, written true;
    ChainId = c"chain_id": Integer,
    DutyTypeId = c"duty_type_id": Smallint,
    NodeId = c"node_id": Integer,
    Event = c"event": Text,
    Shard = c"shard": Integer,
    Count = c"count": Bigint,
    Microseconds = c"microseconds": Bigint,
}

/// The same without a statement, where the counter is there. False: it has to be left to one.
fn add_directly(chain_id: i32, duty_type_id: i16, node_id: i32, event: &str, count: i64) -> Result<bool, Error> {
    let Some(table) = Table::open(&DESCRIPTION, Access::Write) else {
        return Ok(false);
    };
    let key = [
        Value::Integer(Some(chain_id)),
        Value::Smallint(duty_type_id),
        Value::Integer(Some(node_id)),
        Value::Text(Some(event)),
        Value::Integer(Some(server::backend_place())),
    ];
    let Some(mut row) = table.find(&key)? else {
        return Ok(false);
    };
    let sum = row.need::<i64>(Place::Count)?.saturating_add(count);
    Ok(table.update(&mut row, &[(Place::Count, Value::Bigint(Some(sum)))])? == Updated::Now)
}

/// `node_id` 0 stands for a node that was never granted anything.
pub fn add(session: &Session, chain_id: i32, duty_type_id: i16, node_id: i32, event: &str) -> Result<(), Error> {
    add_many(session, chain_id, duty_type_id, node_id, event, 1)
}

/// `count` answers of one kind.
pub fn add_many(
    session: &Session,
    chain_id: i32,
    duty_type_id: i16,
    node_id: i32,
    event: &str,
    count: i64,
) -> Result<(), Error> {
    if add_directly(chain_id, duty_type_id, node_id, event, count)? {
        return Ok(());
    }
    ADD.run(
        session,
        &[
            Value::Integer(Some(chain_id)),
            Value::Smallint(duty_type_id),
            Value::Integer(Some(node_id)),
            Value::Text(Some(event)),
            Value::Integer(Some(server::backend_place())),
            Value::Bigint(Some(count)),
        ],
    )?;
    Ok(())
}
