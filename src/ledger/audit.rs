//! Who changed what, when. Written in the transaction of the change.

use super::server;
use super::statement::{Session, Statement, Value};
use crate::duty::error::Error;
use serde_json::Value as Json;

static WRITE: Statement = Statement::new(
    c"INSERT INTO slashguard.audit_entry (at, who, action, chain, details)
      VALUES ($1, $2, $3, $4, $5::pg_catalog.jsonb)",
);

pub fn write(session: &Session, action: &str, chain: &str, details: &Json) -> Result<(), Error> {
    WRITE.run(
        session,
        &[
            Value::Timestamp(Some(server::now())),
            Value::Text(Some(&server::caller_name())),
            Value::Text(Some(action)),
            Value::Text(Some(chain)),
            Value::Text(Some(&details.to_string())),
        ],
    )?;
    Ok(())
}
