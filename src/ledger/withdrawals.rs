//! Withdrawals of a bridge: the numbers of their requests, what each message says, and how much a recipient was granted.

use super::claim_table::key_values;
use super::patience;
use super::statement::{Row, Session, Statement, Time, Value};
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use crate::duty::key::DutyKey;
use crate::duty::withdrawal::{Amount, Content};
use crate::rules::bridge::{Allowance, Day};

/// Stands for a request that has no number yet: numbers begin at 1.
pub const NONE: i64 = 0;

static FIND: Statement =
    Statement::new(c"SELECT id FROM slashguard.withdrawal_request WHERE chain_id = $1 AND request_id = $2");
static ADD: Statement = Statement::new(
    c"INSERT INTO slashguard.withdrawal_request (chain_id, request_id) VALUES ($1, $2)
      ON CONFLICT (chain_id, request_id) DO NOTHING RETURNING id",
);

/// The number of a request. None: it was never granted to anybody.
pub fn find(session: &Session, chain_id: i32, request_id: &[u8; 32]) -> Result<Option<i64>, Error> {
    let rows = FIND.run(session, &[Value::Integer(Some(chain_id)), Value::Bytes(Some(request_id))])?;
    rows.first().map(|row| row.need(1)).transpose()
}

/// The number of a request, given out now if it has none. None: somebody else is giving it one, and is not done within
/// lock_timeout.
pub fn register(session: &Session, chain_id: i32, request_id: &[u8; 32]) -> Result<Option<i64>, Error> {
    patience::wait_for(session, || {
        let added = ADD.run(session, &[Value::Integer(Some(chain_id)), Value::Bytes(Some(request_id))])?;
        if let Some(row) = added.first() {
            return row.need(1);
        }
        // Somebody else was first: its row is committed by now, and only a fresh snapshot sees it.
        find(session, chain_id, request_id)?
            .ok_or_else(|| Error::internal("a withdrawal's request vanished while it was registered"))
    })
}

static CONTENT: Statement = Statement::new(
    c"SELECT recipient, amount::text, sequence FROM slashguard.withdrawal
       WHERE withdrawal_request_id = $1 AND message_hash = $2 AND validator_id = $3",
);

/// What this message says, as its signer was granted it.
pub fn content(session: &Session, key: &DutyKey, message_hash: &[u8; 32]) -> Result<Option<Content>, Error> {
    let rows = CONTENT.run(
        session,
        &[Value::Bigint(Some(key.slot)), Value::Bytes(Some(message_hash)), Value::Integer(Some(key.validator_id))],
    )?;
    rows.first().map(|row| read_content(&row)).transpose()
}

/// In three columns from the first one on.
fn read_content(row: &Row) -> Result<Content, Error> {
    let recipient: Vec<u8> = row.need(1)?;
    Ok(Content {
        recipient: recipient.try_into().map_err(|_| Error::internal("a recipient on record is not 20 bytes"))?,
        amount: Amount::parse("amount", &row.need::<String>(2)?)
            .map_err(|_| Error::internal("an amount on record is none"))?,
        sequence: row.need(3)?,
    })
}

static RELEASED: Statement = Statement::new(
    c"SELECT w.recipient, w.amount::text, w.sequence, h.name
        FROM slashguard.claim AS c
        JOIN slashguard.chain AS h ON h.id = c.chain_id
        JOIN slashguard.duty_type AS y ON y.rules = h.rules AND y.id = c.duty_type_id AND y.by_request_id AND NOT y.is_alias
        JOIN slashguard.withdrawal AS w
          ON w.withdrawal_request_id = c.slot AND w.message_hash = c.message_hash AND w.validator_id = c.validator_id
       WHERE c.chain_id = $1 AND c.slot = $2 AND c.validator_id = $3 AND c.duty_type_id = $4 AND c.block_index = $5
         AND c.released_at IS NOT NULL",
);

/// A withdrawal that its signer has released, and the name of its chain. None for any other claim.
pub fn released(session: &Session, key: &DutyKey) -> Result<Option<(Content, String)>, Error> {
    let rows = RELEASED.run(session, &key_values(key))?;
    rows.first().map(|row| Ok((read_content(&row)?, row.need(4)?))).transpose()
}

static HAS_DAILY_LIMIT: Statement =
    Statement::new(c"SELECT daily_limit IS NOT NULL FROM slashguard.chain WHERE id = $1");

/// Whether the chain has a limit. It changes only while no claim of the chain is under way.
pub fn has_daily_limit(session: &Session, chain_id: i32) -> Result<bool, Error> {
    let rows = HAS_DAILY_LIMIT.run(session, &[Value::Integer(Some(chain_id))])?;
    rows.first().ok_or_else(|| Error::internal("the chain of a withdrawal is gone"))?.need(1)
}

// What several signers were granted of one content counts once, from the day of the first one on; and no longer when all of them have
// released it. Without a limit the sum is nobody's concern.
static ALLOWANCE: Statement = Statement::new(
    c"WITH standing AS (
          SELECT w.withdrawal_request_id, w.message_hash, w.amount, w.sequence, w.counted_at
            FROM slashguard.withdrawal AS w
           WHERE w.chain_id = $1 AND w.recipient = $5
             AND (w.counted_at >= $8 AND w.counted_at < $9 OR w.withdrawal_request_id = $2)
             AND EXISTS (SELECT FROM slashguard.claim AS c
                          WHERE c.chain_id = $1 AND c.slot = w.withdrawal_request_id AND c.validator_id = w.validator_id
                            AND c.duty_type_id = $3 AND c.block_index = -1 AND c.message_hash = w.message_hash
                            AND c.released_at IS NULL)),
      granted AS (
          SELECT COALESCE(pg_catalog.sum(s.amount), 0) AS total
            FROM (SELECT DISTINCT withdrawal_request_id, message_hash, amount, sequence FROM standing
                   WHERE counted_at >= $8 AND counted_at < $9 AND amount > 0
                     AND (withdrawal_request_id, message_hash, amount, sequence) <> ($2, $4, $6::numeric, $7)) AS s)
      SELECT h.daily_limit::text, g.total::text, COALESCE(g.total + $6::numeric > h.daily_limit, false),
             (SELECT pg_catalog.min(s.counted_at) FROM standing AS s
               WHERE (s.withdrawal_request_id, s.message_hash, s.amount, s.sequence) = ($2, $4, $6::numeric, $7))
        FROM slashguard.chain AS h CROSS JOIN granted AS g
       WHERE h.id = $1",
);

/// What the recipient may still be granted on that day.
pub fn allowance(
    session: &Session,
    key: &DutyKey,
    message_hash: &[u8; 32],
    content: &Content,
    day: Day,
) -> Result<Allowance, Error> {
    let rows = ALLOWANCE.run(
        session,
        &[
            Value::Integer(Some(key.chain_id)),
            Value::Bigint(Some(key.slot)),
            Value::Smallint(key.duty_type_id),
            Value::Bytes(Some(message_hash)),
            Value::Bytes(Some(&content.recipient)),
            Value::Text(Some(content.amount.show())),
            Value::Bigint(Some(content.sequence)),
            Value::Timestamp(Some(day.begin)),
            Value::Timestamp(Some(day.end)),
        ],
    )?;
    let row = rows.first().ok_or_else(|| Error::internal("the chain of a withdrawal is gone"))?;
    Ok(Allowance {
        limit: row.get(1)?,
        granted: row.need(2)?,
        would_pass: row.need(3)?,
        counted_since: row.get::<Time>(4)?.map(|time| time.0),
    })
}

static COUNT: Statement = Statement::new(
    c"INSERT INTO slashguard.withdrawal
             (withdrawal_request_id, message_hash, validator_id, chain_id, recipient, amount, sequence, counted_at)
      VALUES ($1, $2, $3, $4, $5, $6::numeric, $7, $8)
      ON CONFLICT (withdrawal_request_id, message_hash, validator_id) DO UPDATE SET counted_at = EXCLUDED.counted_at",
);

/// Writes down what the signer's message says, and that it counts from then on. The content of one on record must be the same.
pub fn count(
    session: &Session,
    key: &DutyKey,
    message_hash: &[u8; 32],
    content: &Content,
    since: Timestamp,
) -> Result<(), Error> {
    COUNT.run(
        session,
        &[
            Value::Bigint(Some(key.slot)),
            Value::Bytes(Some(message_hash)),
            Value::Integer(Some(key.validator_id)),
            Value::Integer(Some(key.chain_id)),
            Value::Bytes(Some(&content.recipient)),
            Value::Text(Some(content.amount.show())),
            Value::Bigint(Some(content.sequence)),
            Value::Timestamp(Some(since)),
        ],
    )?;
    Ok(())
}
