//! Withdrawals of a bridge: the numbers of their requests, what each message says, and how much a recipient was granted.

use super::patience;
use super::statement::{Session, Statement, Time, Value};
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use crate::duty::key::DutyKey;
use crate::duty::withdrawal::{Amount, Withdrawal};
use crate::rules::bridge::{Allowance, Content, Day};

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
    patience::wait_for(|| {
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
       WHERE withdrawal_request_id = $1 AND message_hash = $2",
);

/// What this message says, as whoever was granted it first told.
pub fn content(session: &Session, id: i64, message_hash: &[u8; 32]) -> Result<Option<Content>, Error> {
    let rows = CONTENT.run(session, &[Value::Bigint(Some(id)), Value::Bytes(Some(message_hash))])?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let recipient: Vec<u8> = row.need(1)?;
    Ok(Some(Content {
        recipient: recipient.try_into().map_err(|_| Error::internal("a recipient on record is not 20 bytes"))?,
        amount: Amount::parse("amount", &row.need::<String>(2)?)
            .map_err(|_| Error::internal("an amount on record is none"))?,
        sequence: row.need(3)?,
    }))
}

// What a signer was granted counts once, however many signers there are, from the day of the first one on; and no longer when all
// of them have released it.
static ALLOWANCE: Statement = Statement::new(
    c"SELECT h.daily_limit::text, g.total::text, COALESCE(g.total + $6::numeric > h.daily_limit, false),
             EXISTS (SELECT FROM slashguard.claim AS c
                      WHERE c.chain_id = $1 AND c.slot = $2 AND c.duty_type_id = $3 AND c.message_hash = $4
                        AND c.released_at IS NULL)
        FROM slashguard.chain AS h
       CROSS JOIN (
             SELECT COALESCE(pg_catalog.sum(w.amount), 0) AS total
               FROM slashguard.withdrawal AS w
              WHERE w.chain_id = $1 AND w.recipient = $5 AND w.counted_at >= $7 AND w.counted_at < $8
                AND (w.withdrawal_request_id, w.message_hash) <> ($2, $4)
                AND EXISTS (SELECT FROM slashguard.claim AS c
                             WHERE c.chain_id = $1 AND c.slot = w.withdrawal_request_id AND c.duty_type_id = $3
                               AND c.message_hash = w.message_hash AND c.released_at IS NULL)) AS g
       WHERE h.id = $1",
);

/// What the recipient may still be granted on that day.
pub fn allowance(
    session: &Session,
    key: &DutyKey,
    message_hash: &[u8; 32],
    withdrawal: &Withdrawal,
    day: Day,
) -> Result<Allowance, Error> {
    let rows = ALLOWANCE.run(
        session,
        &[
            Value::Integer(Some(key.chain_id)),
            Value::Bigint(Some(key.slot)),
            Value::Smallint(key.duty_type_id),
            Value::Bytes(Some(message_hash)),
            Value::Bytes(Some(&withdrawal.recipient)),
            Value::Text(Some(withdrawal.amount.show())),
            Value::Timestamp(Some(day.begin)),
            Value::Timestamp(Some(day.end)),
        ],
    )?;
    let row = rows.first().ok_or_else(|| Error::internal("the chain of a withdrawal is gone"))?;
    Ok(Allowance { limit: row.get(1)?, granted: row.need(2)?, would_pass: row.need(3)?, is_counted: row.need(4)? })
}

static COUNT: Statement = Statement::new(
    c"INSERT INTO slashguard.withdrawal AS w
             (withdrawal_request_id, message_hash, chain_id, recipient, amount, sequence, counted_at)
      VALUES ($1, $2, $3, $4, $5::numeric, $6, $7)
      ON CONFLICT (withdrawal_request_id, message_hash) DO UPDATE SET counted_at = EXCLUDED.counted_at
       WHERE (w.recipient, w.amount, w.sequence) = (EXCLUDED.recipient, EXCLUDED.amount, EXCLUDED.sequence)
      RETURNING counted_at",
);

/// Writes down what the message says, and that it counts from now on. False: another signer was granted the same message with
/// other content meanwhile.
pub fn count(
    session: &Session,
    key: &DutyKey,
    message_hash: &[u8; 32],
    withdrawal: &Withdrawal,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = COUNT.run(
        session,
        &[
            Value::Bigint(Some(key.slot)),
            Value::Bytes(Some(message_hash)),
            Value::Integer(Some(key.chain_id)),
            Value::Bytes(Some(&withdrawal.recipient)),
            Value::Text(Some(withdrawal.amount.show())),
            Value::Bigint(Some(withdrawal.sequence)),
            Value::Timestamp(Some(now)),
        ],
    )?;
    rows.first().map(|row| row.need::<Time>(1)).transpose().map(|counted| counted.is_some())
}
