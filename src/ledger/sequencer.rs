//! The log of a chain's sequencer. Its lock is taken by whoever writes to it, so that each sees what the one before wrote.

use super::lock::LockName;
use super::server;
use super::statement::{Session, Statement, Value};
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use crate::sequencer::acceptance::Evidence;
use crate::sequencer::key::Key;
use crate::sequencer::log::{Gaps, Neighbours, OnRecord, Range};
use crate::sequencer::message::SignedMessage;

/// Messages that are kept as evidence of one sequence, the accepted one among them.
const MOST_EVIDENCE: i64 = 16;

/// The sequencer of a chain.
pub struct Sequencer {
    pub key_id: i32,
    pub key: Key,
    /// Below it nothing is accepted.
    pub forgotten_before: Option<i64>,
}

/// What the log of a chain is locked by. Before a chain has a sequencer, too.
pub fn log_lock(chain_id: i32) -> LockName {
    LockName { table: server::table_oid(c"sequencer"), row: chain_id }
}

static SEQUENCER: Statement = Statement::new(
    c"SELECT s.key_id, k.public_key, s.forgotten_before
        FROM slashguard.sequencer AS s JOIN slashguard.sequencer_key AS k ON k.id = s.key_id
       WHERE s.chain_id = $1",
);

pub fn of_chain(session: &Session, chain_id: i32) -> Result<Option<Sequencer>, Error> {
    let rows = SEQUENCER.run(session, &[Value::Integer(Some(chain_id))])?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let public_key: Vec<u8> = row.need(2)?;
    Ok(Some(Sequencer { key_id: row.need(1)?, key: Key::from_stored(&public_key)?, forgotten_before: row.get(3)? }))
}

static ADD_KEY: Statement = Statement::new(
    c"INSERT INTO slashguard.sequencer_key (chain_id, public_key, address, set_at, set_by)
      VALUES ($1, $2, $3, $4, $5) RETURNING id",
);
static SET_KEY: Statement = Statement::new(
    c"INSERT INTO slashguard.sequencer AS s (chain_id, key_id) VALUES ($1, $2)
      ON CONFLICT (chain_id) DO UPDATE SET key_id = EXCLUDED.key_id",
);

pub fn set_key(session: &Session, chain_id: i32, key: &Key, who: &str, now: Timestamp) -> Result<(), Error> {
    let rows = ADD_KEY.run(
        session,
        &[
            Value::Integer(Some(chain_id)),
            Value::Bytes(Some(key.bytes())),
            Value::Bytes(Some(&key.address())),
            Value::Timestamp(Some(now)),
            Value::Text(Some(who)),
        ],
    )?;
    let id: i32 = rows.first().ok_or_else(|| Error::internal("a sequencer's key got no id"))?.need(1)?;
    SET_KEY.run(session, &[Value::Integer(Some(chain_id)), Value::Integer(Some(id))])?;
    Ok(())
}

static ON_RECORD: Statement = Statement::new(
    c"SELECT message_hash, unix_seconds, message_type
        FROM slashguard.sequencer_message WHERE chain_id = $1 AND sequence = $2",
);

pub fn on_record(session: &Session, chain_id: i32, sequence: i64) -> Result<Option<OnRecord>, Error> {
    let rows = ON_RECORD.run(session, &[Value::Integer(Some(chain_id)), Value::Bigint(Some(sequence))])?;
    rows.first()
        .map(|row| Ok(OnRecord { message_hash: row.need(1)?, unix_seconds: row.need(2)?, message_type: row.need(3)? }))
        .transpose()
}

static NEIGHBOURS: Statement = Statement::new(
    c"SELECT (SELECT sequence FROM slashguard.sequencer_message
               WHERE chain_id = $1 AND sequence < $2 AND sequence >= $3
               ORDER BY chain_id DESC, sequence DESC LIMIT 1),
             (SELECT sequence FROM slashguard.sequencer_message
               WHERE chain_id = $1 AND sequence > $2
               ORDER BY chain_id, sequence LIMIT 1)",
);

pub fn neighbours(
    session: &Session,
    chain_id: i32,
    sequence: i64,
    forgotten_before: Option<i64>,
) -> Result<Neighbours, Error> {
    let rows = NEIGHBOURS.run(
        session,
        &[
            Value::Integer(Some(chain_id)),
            Value::Bigint(Some(sequence)),
            Value::Bigint(Some(forgotten_before.unwrap_or(0))),
        ],
    )?;
    let row = rows.first().ok_or_else(|| Error::internal("a look for neighbours gave no row"))?;
    Ok(Neighbours { before: row.get(1)?, after: row.get(2)? }.with_forgotten(forgotten_before))
}

static ADD: Statement = Statement::new(
    c"INSERT INTO slashguard.sequencer_message
             (chain_id, key_id, sequence, unix_seconds, accepted_at, message_hash, signature, message_type, payload)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
);

/// Puts a verified message on record. A second one for its sequence is an error of the table's.
pub fn add(
    session: &Session,
    chain_id: i32,
    key_id: i32,
    message: &SignedMessage,
    now: Timestamp,
) -> Result<(), Error> {
    ADD.run(session, &columns(chain_id, key_id, message, now))?;
    Ok(())
}

fn columns(chain_id: i32, key_id: i32, message: &SignedMessage, now: Timestamp) -> [Value<'_>; 9] {
    [
        Value::Integer(Some(chain_id)),
        Value::Integer(Some(key_id)),
        Value::Bigint(Some(message.sequence)),
        Value::Bigint(Some(message.unix_seconds)),
        Value::Timestamp(Some(now)),
        Value::Bytes(Some(&message.message_hash)),
        Value::Bytes(Some(&message.signature)),
        Value::Text(Some(&message.message_type)),
        Value::Bytes(Some(&message.payload)),
    ]
}

static CLOSE_RANGE: Statement =
    Statement::new(c"DELETE FROM slashguard.missing_range WHERE chain_id = $1 AND first_sequence = $2");
static OPEN_RANGE: Statement = Statement::new(
    c"INSERT INTO slashguard.missing_range (chain_id, first_sequence, last_sequence) VALUES ($1, $2, $3)
      ON CONFLICT (chain_id, first_sequence) DO UPDATE SET last_sequence = EXCLUDED.last_sequence",
);

/// What is missing once a message stands between these neighbours. `range`: where the range begins that it was missing in.
pub fn set_missing(session: &Session, chain_id: i32, range: Option<i64>, gaps: Gaps) -> Result<(), Error> {
    if let Some(first) = range {
        CLOSE_RANGE.run(session, &[Value::Integer(Some(chain_id)), Value::Bigint(Some(first))])?;
    }
    for Range { first, last } in [gaps.before, gaps.after].into_iter().flatten() {
        let ends = [Value::Integer(Some(chain_id)), Value::Bigint(Some(first)), Value::Bigint(Some(last))];
        OPEN_RANGE.run(session, &ends)?;
    }
    Ok(())
}

static KEEP_ACCEPTED: Statement = Statement::new(
    c"INSERT INTO slashguard.sequencer_evidence
             (chain_id, key_id, sequence, unix_seconds, seen_at, is_accepted, message_hash, signature, message_type, payload)
      SELECT chain_id, key_id, sequence, unix_seconds, accepted_at, true, message_hash, signature, message_type, payload
        FROM slashguard.sequencer_message WHERE chain_id = $1 AND sequence = $2
      ON CONFLICT (chain_id, sequence, message_hash) DO NOTHING",
);
static COUNT_KEPT: Statement = Statement::new(
    c"SELECT pg_catalog.count(*) FROM slashguard.sequencer_evidence WHERE chain_id = $1 AND sequence = $2",
);
static KEEP_REFUSED: Statement = Statement::new(
    c"INSERT INTO slashguard.sequencer_evidence
             (chain_id, key_id, sequence, unix_seconds, seen_at, is_accepted, message_hash, signature, message_type, payload)
      VALUES ($1, $2, $3, $4, $5, false, $6, $7, $8, $9)
      ON CONFLICT (chain_id, sequence, message_hash) DO NOTHING",
);
static COUNT_REFUSED: Statement = Statement::new(
    c"INSERT INTO slashguard.sequencer_equivocation AS e (chain_id, sequence, first_at, last_at, times_refused)
      VALUES ($1, $2, $3, $3, 1)
      ON CONFLICT (chain_id, sequence)
      DO UPDATE SET last_at = GREATEST(e.last_at, EXCLUDED.last_at), times_refused = e.times_refused + 1
      RETURNING times_refused",
);

/// Keeps the accepted message and this other one, as long as there is room. Where there is none it is only counted.
pub fn keep_evidence(
    session: &Session,
    chain_id: i32,
    key_id: i32,
    message: &SignedMessage,
    now: Timestamp,
) -> Result<Evidence, Error> {
    let sequence = [Value::Integer(Some(chain_id)), Value::Bigint(Some(message.sequence))];
    KEEP_ACCEPTED.run(session, &sequence)?;
    let mut kept: i64 = one(&COUNT_KEPT, session, &sequence)?;
    if kept < MOST_EVIDENCE {
        kept += KEEP_REFUSED.run(session, &columns(chain_id, key_id, message, now))?.count as i64;
    }
    let refused = one(&COUNT_REFUSED, session, &[sequence[0], sequence[1], Value::Timestamp(Some(now))])?;
    Ok(Evidence { kept, refused })
}

fn one(statement: &Statement, session: &Session, values: &[Value]) -> Result<i64, Error> {
    statement.run(session, values)?.first().ok_or_else(|| Error::internal("a count gave no row"))?.need(1)
}

static TOUCH: Statement = Statement::new(c"SELECT key_id FROM slashguard.sequencer WHERE chain_id = $1 FOR UPDATE");

/// Writes something although there is nothing to write, so that there is a commit to wait for: what this transaction
/// vouches for may be committed and not yet be where it has to be.
pub fn touch(session: &Session, chain_id: i32) -> Result<(), Error> {
    TOUCH.run(session, &[Value::Integer(Some(chain_id))])?;
    Ok(())
}

static ENDS: Statement = Statement::new(
    c"SELECT (SELECT sequence FROM slashguard.sequencer_message WHERE chain_id = $1 AND sequence >= $2
               ORDER BY chain_id, sequence LIMIT 1),
             (SELECT sequence FROM slashguard.sequencer_message WHERE chain_id = $1 AND sequence >= $2
               ORDER BY chain_id DESC, sequence DESC LIMIT 1)",
);

/// The first and the last message on record that are not forgotten.
pub fn ends(
    session: &Session,
    chain_id: i32,
    forgotten_before: Option<i64>,
) -> Result<(Option<i64>, Option<i64>), Error> {
    let values = [Value::Integer(Some(chain_id)), Value::Bigint(Some(forgotten_before.unwrap_or(0)))];
    let rows = ENDS.run(session, &values)?;
    let row = rows.first().ok_or_else(|| Error::internal("a look for the ends of a log gave no row"))?;
    Ok((row.get(1)?, row.get(2)?))
}

static RAISE: Statement = Statement::new(
    c"UPDATE slashguard.sequencer SET forgotten_before = $2
       WHERE chain_id = $1 AND (forgotten_before IS NULL OR forgotten_before < $2)",
);
static FORGET_RANGES: Statement =
    Statement::new(c"DELETE FROM slashguard.missing_range WHERE chain_id = $1 AND last_sequence < $2");
static CUT_RANGE: Statement = Statement::new(
    c"UPDATE slashguard.missing_range SET first_sequence = $2 WHERE chain_id = $1 AND first_sequence < $2",
);

/// From now on nothing is accepted below `bound`, and nothing is missing there.
pub fn raise_bound(session: &Session, chain_id: i32, bound: i64) -> Result<(), Error> {
    let values = [Value::Integer(Some(chain_id)), Value::Bigint(Some(bound))];
    RAISE.run(session, &values)?;
    FORGET_RANGES.run(session, &values)?;
    CUT_RANGE.run(session, &values)?;
    Ok(())
}

static DELETE: Statement = Statement::new(
    c"WITH doomed AS (
          SELECT m.chain_id, m.sequence
            FROM slashguard.sequencer_message AS m
           WHERE m.chain_id = $1 AND m.sequence < $2
             AND m.sequence < (SELECT s.forgotten_before FROM slashguard.sequencer AS s WHERE s.chain_id = $1)
           ORDER BY m.chain_id, m.sequence LIMIT $3)
      DELETE FROM slashguard.sequencer_message AS m USING doomed AS d
       WHERE m.chain_id = d.chain_id AND m.sequence = d.sequence",
);

/// Deletes up to `limit` messages below `before`, as far as they are forgotten. Answers how many.
pub fn delete(session: &Session, chain_id: i32, before: i64, limit: i64) -> Result<i64, Error> {
    let values = [Value::Integer(Some(chain_id)), Value::Bigint(Some(before)), Value::Bigint(Some(limit))];
    Ok(DELETE.run(session, &values)?.count as i64)
}
