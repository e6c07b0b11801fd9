//! Positions that nodes hand back: is what they speak of still here?

use super::server;
use super::statement::{Session, Statement, Time, Value};
use crate::duty::error::Error;
use crate::duty::position::Position;
use crate::rules::recall::{self, OnRecord, Recall, Start};

/// Whether the ledger has what the position says it granted.
pub fn recall(session: &Session, position: &Position) -> Result<Recall, Error> {
    let start = if is_current(position) { running() } else { past(session, position)? };
    Ok(recall::judge(position, start, &on_record(session, position)?))
}

/// Whether the server has run since it granted, as far as that can be told without a look at the record. A virtual machine
/// that is set back together with its memory goes on as if nothing had happened, but its connections are new.
pub fn is_in_running_server(position: &Position) -> bool {
    is_current(position) && recall::is_in_running_server(position, running())
}

/// Whether it was given out here since the server's last start.
pub fn is_current(position: &Position) -> bool {
    position.server_start == server::started_at() && position.database_oid == server::database_oid()
}

fn running() -> Start {
    Start::Current { wal_end: server::wal_end() }
}

static PAST: Statement = Statement::new(
    c"SELECT next.wal_begin
        FROM slashguard.server_start AS s
       CROSS JOIN LATERAL (
             SELECT n.* FROM slashguard.server_start AS n
              WHERE n.number > s.number ORDER BY n.number LIMIT 1) AS next
       WHERE s.started_at = $1 AND s.database_oid = $2
         AND (next.system_identifier, next.timeline, next.database_oid)
           = (s.system_identifier, s.timeline, s.database_oid)
       ORDER BY s.number DESC LIMIT 1",
);

fn past(session: &Session, position: &Position) -> Result<Start, Error> {
    let rows =
        PAST.run(session, &[Value::Timestamp(Some(position.server_start)), Value::Oid(Some(position.database_oid))])?;
    Ok(match rows.first() {
        Some(row) => Start::Over { wal_end: row.need::<i64>(1)? as u64 },
        None => Start::Unknown,
    })
}

static ON_RECORD: Statement = Statement::new(
    c"SELECT CASE WHEN h.id IS NULL THEN l.covered_until ELSE h.covered_until END, GREATEST(h.low_watermark, h.quarantine_slot, v.low_watermark), c.message_hash,
             EXISTS (SELECT FROM slashguard.tombstone AS t
                      WHERE t.chain_id = $1 AND t.slot = $2 AND t.validator_id = $3 AND t.duty_type_id = $4
                        AND t.block_index = $5 AND t.message_hash = $6 AND t.granted_at = $7),
             h.doubt_while_frozen IS NOT NULL,
             GREATEST(h.low_source_epoch, v.low_source_epoch,
                      COALESCE(h.quarantine_source_epoch, h.quarantine_slot / h.slots_per_epoch))
        FROM slashguard.ledger AS l
        LEFT JOIN slashguard.chain AS h ON h.id = $1
        LEFT JOIN slashguard.validator AS v ON v.id = $3
        LEFT JOIN slashguard.claim AS c
               ON c.chain_id = $1 AND c.slot = $2 AND c.validator_id = $3 AND c.duty_type_id = $4 AND c.block_index = $5",
);

fn on_record(session: &Session, position: &Position) -> Result<OnRecord, Error> {
    let key = &position.key;
    let rows = ON_RECORD.run(
        session,
        &[
            Value::Integer(Some(key.chain_id)),
            Value::Bigint(Some(key.slot)),
            Value::Integer(Some(key.validator_id)),
            Value::Smallint(key.duty_type_id),
            Value::Integer(Some(key.block_index)),
            Value::Bytes(Some(&position.message_hash)),
            Value::Timestamp(Some(position.granted_at)),
        ],
    )?;
    let row = rows.first().ok_or_else(|| Error::internal("the identity row is gone"))?;
    Ok(OnRecord {
        covered_until: row.get::<Time>(1)?.map(|time| time.0),
        watermark: row.get(2)?,
        source_watermark: row.get(6)?,
        message_hash: row.get::<Vec<u8>>(3)?.and_then(|hash| hash.try_into().ok()),
        freed: row.need(4)?,
        doubt_while_frozen: row.need(5)?,
    })
}
