//! Names and what they stand for: chains, duty types, validators, nodes.

use super::bounds;
use super::chains;
use super::lock::LockName;
use super::patience;
use super::shards;
use super::statement::{Session, Statement, Time, Value};
use super::withdrawals;
use crate::duty::chain::FirstUse;
use crate::duty::clock::{self, Clock, Timestamp};
use crate::duty::epochs::Epochs;
use crate::duty::error::{Error, SqlState};
use crate::duty::hex_text;
use crate::duty::key::{AskedBy, DutyType};
use crate::duty::request::{Request, Subject};
use crate::duty::rules::Rules;
use crate::duty::seal;
use crate::rules::watermark::{Bounds, Frozen, Quarantine, ValidatorBounds};

/// Everything a request's names stand for.
pub struct Entry {
    pub chain: Chain,
    pub duty_type: DutyType,
    /// None: never seen on this chain.
    pub validator: Option<Validator>,
    /// None: never seen.
    pub node_id: Option<i32>,
    /// The number that the ledger gave the request of a withdrawal. None: it was never granted to anybody.
    pub withdrawal_id: Option<i64>,
}

/// A chain as a claim needs it. The second half may change at any time.
#[derive(Clone)]
pub struct Chain {
    pub id: i32,
    pub lock: LockName,
    /// The ledger that this chain is of.
    pub ledger: [u8; 16],
    /// What positions are sealed with.
    pub seal_key: seal::Key,
    /// Waiting places are locks on the ledger's table.
    pub ledger_table: u32,
    pub clock: Option<Clock>,
    pub rules: Rules,
    pub epochs: Option<Epochs>,
    pub first_use: FirstUse,
    pub margin_slots: i32,
    pub low_watermark: Option<i64>,
    pub low_source_epoch: Option<i64>,
    pub high_watermark: Option<i64>,
    pub retired: bool,
    pub horizon_slots: Option<i32>,
    pub quarantine: Option<Quarantine>,
    pub frozen: Option<Frozen>,
    pub awaited_slot: Option<i64>,
    pub require_standby: bool,
}

#[derive(Clone)]
pub struct Validator {
    pub id: i32,
    pub bounds: ValidatorBounds,
}

impl Entry {
    /// The slot that a duty stands at: of an attestation, its target's checkpoint; of a withdrawal, its request's number. 22003 for
    /// an epoch whose slots cannot be counted.
    pub fn slot(&self, subject: &Subject) -> Result<i64, Error> {
        let (vote, epochs) = match (subject, self.chain.epochs) {
            (Subject::Slot(slot), _) => return Ok(*slot),
            (Subject::Withdrawal(_), _) => return Ok(self.withdrawal_id.unwrap_or(withdrawals::NONE)),
            (Subject::Vote(vote), Some(epochs)) => (vote, epochs),
            (Subject::Vote(_), None) => return Err(Error::internal("a chain without epochs was asked for a vote")),
        };
        if vote.target_epoch > epochs.last_epoch() {
            return Err(Error::argument(
                SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
                "target_epoch",
                format!("target_epoch {} is too late: its slots are beyond 2^63-1", vote.target_epoch),
            )
            .hint(format!("Give an epoch from 0 to {}.", epochs.last_epoch())));
        }
        Ok(epochs.first_slot(vote.target_epoch))
    }

    /// What bounds a slot, as far as it was read with the names.
    pub fn bounds(&self, chain: &str, now: Timestamp) -> Bounds {
        Bounds {
            chain: chain.to_owned(),
            epochs: self.chain.epochs,
            low_watermark: self.chain.low_watermark,
            low_source_epoch: self.chain.low_source_epoch,
            high_watermark: self.chain.high_watermark,
            retired: self.chain.retired,
            frozen: self.chain.frozen.clone(),
            awaited_slot: self.chain.awaited_slot,
            validator: self.validator.as_ref().map(|validator| validator.bounds.clone()).unwrap_or_default(),
            current_slot: clock::current_slot(self.chain.clock.as_ref(), now),
            horizon_slots: self.chain.horizon_slots,
            quarantine: self.chain.quarantine.clone(),
        }
    }
}

static LOOK_UP: Statement = Statement::new(
    c"SELECT c.id, c.tableoid, c.genesis_time, c.slot_duration_us, c.first_use, c.margin_slots,
             c.low_watermark, c.high_watermark, c.retired_at IS NOT NULL, c.horizon_slots,
             c.validator_bytes, c.quarantine_slot, c.quarantine_cause, c.frozen_at IS NOT NULL, c.frozen_reason,
             c.awaited_slot, c.require_standby, c.validator_bounds_version, l.id, l.tableoid, l.seal_key,
             t.id, t.protected, t.least_block_index, t.greatest_block_index,
             v.id, v.first_use_slot, v.low_watermark, v.high_watermark, v.frozen_at IS NOT NULL, v.frozen_reason,
             v.low_source_epoch, v.history_block_slot, v.history_source_epoch, v.history_target_epoch, n.id,
             c.low_source_epoch, c.quarantine_source_epoch, c.slots_per_epoch, t.by_epochs, c.rules,
             t.by_request_id
        FROM slashguard.chain AS c
       CROSS JOIN slashguard.ledger AS l
        LEFT JOIN slashguard.duty_type AS t
               ON t.rules = c.rules AND t.name = $2
        LEFT JOIN slashguard.validator AS v
               ON v.chain_id = c.id AND v.key = $3
        LEFT JOIN slashguard.node AS n ON n.name = $4
       WHERE c.name = $1",
);

/// 42704 for a chain or duty type that nobody registered, 22P02 for a validator of the wrong length for the chain.
pub fn look_up(session: &Session, request: &Request) -> Result<Entry, Error> {
    let rows = LOOK_UP.run(
        session,
        &[
            Value::Text(Some(&request.chain)),
            Value::Text(Some(&request.duty_type)),
            Value::Bytes(Some(&request.validator)),
            Value::Text(Some(&request.node)),
        ],
    )?;
    let Some(row) = rows.first() else {
        return Err(unknown_chain(session, &request.chain)?);
    };
    let validator_bytes: i32 = row.need(11)?;
    hex_text::check_length("validator", &request.validator, validator_bytes)?;
    let chain_id = row.need(1)?;
    let Some(duty_type_id) = row.get::<i16>(22)? else {
        return Err(unknown_duty_type(session, chain_id, request)?);
    };
    Ok(Entry {
        chain: Chain {
            id: chain_id,
            lock: LockName { table: row.need(2)?, row: chain_id },
            ledger: row.need(19)?,
            ledger_table: row.need(20)?,
            seal_key: chains::seal_key(row.need(21)?)?,
            clock: chains::clock(row.get::<Time>(3)?, row.get(4)?),
            rules: chains::rules(row.need(41)?)?,
            epochs: row.get(39)?.map(Epochs::new),
            first_use: FirstUse::named(&row.need::<String>(5)?),
            margin_slots: row.need(6)?,
            low_watermark: row.get(7)?,
            low_source_epoch: row.get(37)?,
            high_watermark: row.get(8)?,
            retired: row.need(9)?,
            horizon_slots: row.get(10)?,
            quarantine: bounds::quarantine(&row, 12, 13, 38)?,
            frozen: bounds::frozen(&row, 14, 15)?,
            awaited_slot: row.get(16)?,
            require_standby: row.need(17)?,
        },
        duty_type: DutyType {
            id: duty_type_id,
            protected: row.need(23)?,
            least_block_index: row.need(24)?,
            greatest_block_index: row.get(25)?,
            asked_by: asked_by(row.need(40)?, row.need(42)?),
        },
        validator: match row.get(26)? {
            Some(id) => Some(Validator { id, bounds: bounds::validator(&row, 27, row.need(18)?)? }),
            None => None,
        },
        node_id: row.get(36)?,
        withdrawal_id: None,
    })
}

fn asked_by(by_epochs: bool, by_request_id: bool) -> AskedBy {
    match (by_epochs, by_request_id) {
        (true, _) => AskedBy::Epochs,
        (_, true) => AskedBy::RequestId,
        _ => AskedBy::Slot,
    }
}

static CHAIN_NAMES: Statement = Statement::new(
    c"SELECT pg_catalog.string_agg(name, ', ' ORDER BY name)
        FROM (SELECT name FROM slashguard.chain ORDER BY name LIMIT 20) AS first_ones",
);

/// 42704, with the registered chains named.
pub fn unknown_chain(session: &Session, name: &str) -> Result<Error, Error> {
    let rows = CHAIN_NAMES.run(session, &[])?;
    let names = rows.first().map(|row| row.get::<String>(1)).transpose()?.flatten();
    let error = Error::argument(
        SqlState::UNDEFINED_OBJECT,
        "chain",
        format!("chain \"{}\" is not registered", shortened(name)),
    );
    Ok(match names {
        Some(names) => error.hint(format!("Registered chains: {names}.")),
        None => error.hint("No chain is registered yet; slashguard.register_chain does it."),
    })
}

/// A name nobody knows, fit for an error and a log.
fn shortened(name: &str) -> String {
    name.chars().take(100).collect()
}

static DUTY_TYPE_NAMES: Statement = Statement::new(
    c"SELECT pg_catalog.string_agg(t.name, ', ' ORDER BY t.id, t.name)
        FROM slashguard.duty_type AS t
        JOIN slashguard.chain AS c ON c.rules = t.rules
       WHERE c.id = $1",
);

fn unknown_duty_type(session: &Session, chain_id: i32, request: &Request) -> Result<Error, Error> {
    let rows = DUTY_TYPE_NAMES.run(session, &[Value::Integer(Some(chain_id))])?;
    let names = rows.first().map(|row| row.get::<String>(1)).transpose()?.flatten();
    Ok(Error::argument(
        SqlState::UNDEFINED_OBJECT,
        "duty_type",
        format!("duty type \"{}\" is not registered for chain \"{}\"", shortened(&request.duty_type), request.chain),
    )
    .hint(format!("Registered duty types: {}.", names.unwrap_or_default())))
}

// OFFSET 0: one look-up by the whole key each, whatever the planner took the table for when it was small.
static VALIDATOR_IDS: Statement = Statement::new(
    c"SELECT k.place, v.id
        FROM pg_catalog.unnest($2) WITH ORDINALITY AS k (key, place)
       CROSS JOIN LATERAL (
             SELECT v.id FROM slashguard.validator AS v WHERE v.chain_id = $1 AND v.key = k.key OFFSET 0) AS v",
);

/// The ids of those validators that are known, by their place among the keys.
pub fn validator_ids(session: &Session, chain_id: i32, keys: &[Option<&[u8]>]) -> Result<Vec<Option<i32>>, Error> {
    let mut ids = vec![None; keys.len()];
    for row in VALIDATOR_IDS.run(session, &[Value::Integer(Some(chain_id)), Value::ManyBytes(keys)])?.iter() {
        let place: i64 = row.need(1)?;
        if let Some(id) = usize::try_from(place - 1).ok().and_then(|place| ids.get_mut(place)) {
            *id = Some(row.need(2)?);
        }
    }
    Ok(ids)
}

static ADD_VALIDATOR: Statement = Statement::new(
    c"INSERT INTO slashguard.validator (chain_id, key, first_seen, first_use_slot)
      VALUES ($1, $2, $3, $4)
      ON CONFLICT (chain_id, key) DO NOTHING
      RETURNING id, first_use_slot, low_watermark, high_watermark, frozen_at IS NOT NULL, frozen_reason, low_source_epoch,
                history_block_slot, history_source_epoch, history_target_epoch",
);
static READ_VALIDATOR: Statement = Statement::new(
    c"SELECT id, first_use_slot, low_watermark, high_watermark, frozen_at IS NOT NULL, frozen_reason, low_source_epoch,
             history_block_slot, history_source_epoch, history_target_epoch
        FROM slashguard.validator WHERE chain_id = $1 AND key = $2",
);

/// A validator that was asked for.
pub struct Seen {
    pub validator: Validator,
    /// Registered now: nobody else sees it before this transaction has committed.
    pub is_new: bool,
}

/// The validator, registered now if it was never seen. `first_use_slot` is where its quarantine ends. None: somebody else
/// is registering it, and is not done within lock_timeout. Whoever calls holds the chain's lock, and then holds the validator against
/// the ranges of `shards`.
pub fn register_validator(
    session: &Session,
    chain_id: i32,
    key: &[u8],
    first_use_slot: Option<i64>,
    now: Timestamp,
) -> Result<Option<Seen>, Error> {
    patience::wait_for(session, || {
        let identity = [Value::Integer(Some(chain_id)), Value::Bytes(Some(key))];
        let added = ADD_VALIDATOR
            .run(session, &[identity[0], identity[1], Value::Timestamp(Some(now)), Value::Bigint(first_use_slot)])?;
        // Somebody else was first: its row is committed by now, and only a fresh snapshot sees it.
        let is_new = added.any();
        let rows = if is_new { added } else { READ_VALIDATOR.run(session, &identity)? };
        let row = rows.first().ok_or_else(|| Error::internal("a validator vanished while it was registered"))?;
        // Of no version: the claim reads them once more.
        Ok(Seen { validator: Validator { id: row.need(1)?, bounds: bounds::validator(&row, 2, -1)? }, is_new })
    })
}

/// The id of a validator that a switch is set for; registered now, as at its first use, if it was never seen. 22P02 for one
/// of the wrong length for the chain.
pub fn validator_for_switch(
    session: &Session,
    chain: &chains::Registered,
    key: &[u8],
    now: Timestamp,
) -> Result<i32, Error> {
    hex_text::check_length("validator", key, chain.validator_bytes)?;
    let identity = [Value::Integer(Some(chain.id)), Value::Bytes(Some(key))];
    if let Some(row) = READ_VALIDATOR.run(session, &identity)?.first() {
        return row.need(1);
    }
    let Seen { validator, .. } = register_validator(session, chain.id, key, chain.chain.first_use_slot(now), now)?
        .ok_or_else(|| Error::internal("a validator could not be registered"))?;
    shards::settle_one(session, chain.id, validator.id, now)?;
    Ok(validator.id)
}

static ADD_NODE: Statement =
    Statement::new(c"INSERT INTO slashguard.node (name) VALUES ($1) ON CONFLICT (name) DO NOTHING RETURNING id");
static READ_NODE: Statement = Statement::new(c"SELECT id FROM slashguard.node WHERE name = $1");

/// A node's id.
pub struct Node {
    pub id: i32,
    /// Given out now: others that ask for the same node wait until this transaction ends.
    pub is_new: bool,
}

/// The node's id, given out now if the node was never seen. None: somebody else is registering it, and is not done within
/// lock_timeout.
pub fn register_node(session: &Session, name: &str) -> Result<Option<Node>, Error> {
    patience::wait_for(session, || {
        let name = [Value::Text(Some(name))];
        let added = ADD_NODE.run(session, &name)?;
        let is_new = added.any();
        let rows = if is_new { added } else { READ_NODE.run(session, &name)? };
        let row = rows.first().ok_or_else(|| Error::internal("a node vanished while it was registered"))?;
        Ok(Node { id: row.need(1)?, is_new })
    })
}

static DECLARE_NEW: Statement = Statement::new(
    c"INSERT INTO slashguard.validator AS v (chain_id, key, first_seen, first_use_slot, declared_new_at)
      VALUES ($1, $2, $3, NULL, $3)
      ON CONFLICT (chain_id, key)
      DO UPDATE SET first_use_slot = NULL, declared_new_at = EXCLUDED.declared_new_at
       WHERE v.first_use_slot IS NOT NULL",
);

/// Lifts a validator's first use. True if there was anything to lift.
pub fn declare_new(session: &Session, chain_id: i32, key: &[u8], now: Timestamp) -> Result<bool, Error> {
    let rows = DECLARE_NEW
        .run(session, &[Value::Integer(Some(chain_id)), Value::Bytes(Some(key)), Value::Timestamp(Some(now))])?;
    Ok(rows.any())
}
