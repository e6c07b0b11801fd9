//! Chains: registered once, their clock and identity never changed, their options one by one.

use super::identity;
use super::lock::{self, LockName};
use super::registry;
use super::statement::{statement, Row, Session, Statement, Time, Value};
use crate::duty::chain::{first_use_slot, FirstUse, Options};
use crate::duty::clock::{self, interval_to_duration, Clock, Duration, Timestamp};
use crate::duty::epochs::Epochs;
use crate::duty::error::{Error, SqlState};
use crate::duty::rules::Rules;
use crate::duty::seal;
use crate::duty::signature_scheme::SignatureScheme;
use crate::duty::withdrawal::Amount;

/// What a chain is registered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    pub name: String,
    pub rules: Rules,
    pub identity: String,
    /// None: the rules count nothing that follows from time.
    pub clock: Option<Clock>,
    pub options: Options,
}

/// The ledger's own marks.
#[derive(Clone)]
pub struct Ledger {
    pub id: [u8; 16],
    /// What positions and receipts are sealed with.
    pub seal_keys: seal::Keys,
}

/// A registered chain and what has become of it.
pub struct Registered {
    pub id: i32,
    pub lock: LockName,
    /// How long a validator is: an address or a public key.
    pub validator_bytes: i32,
    pub chain: Chain,
    pub retired: bool,
    /// At or below it, history is deleted.
    pub cleaned_slot: Option<i64>,
    pub frozen: bool,
    /// Claims may have been granted up to it under a wider horizon.
    pub reach_slot: Option<i64>,
    /// Witnesses are heard first, up to it.
    pub awaited_slot: Option<i64>,
}

macro_rules! select_chain {
    ($where:literal) => {
        statement!(
            "SELECT id, tableoid, name, rules, identity, genesis_time, slot_duration_us, first_use, horizon_slots, \
                    margin_slots, allow_unsigned_release, record_commit, require_standby, retention_us, \
                    retired_at IS NOT NULL, cleaned_slot, frozen_at IS NOT NULL, validator_bytes, awaited_slot, reach_slot, \
                    slots_per_epoch, signature_scheme, quorum, daily_limit::text \
               FROM slashguard.chain "
            $where
        )
    };
}

static BY_NAME: Statement = select_chain!("WHERE name = $1");
static BY_IDENTITY: Statement = select_chain!("WHERE rules = $1 AND identity = $2");
static BY_ID: Statement = select_chain!("WHERE id = $1");
static ALL: Statement = select_chain!("ORDER BY id");

impl Chain {
    /// Up to which slot a validator waits that is new here at that time.
    pub fn first_use_slot(&self, time: Timestamp) -> Option<i64> {
        let options = &self.options;
        let current_slot = clock::current_slot(self.clock.as_ref(), time);
        first_use_slot(options.first_use, options.margin_slots, options.horizon_slots, current_slot)
    }
}

fn registered(row: &Row) -> Result<Registered, Error> {
    let id = row.need(1)?;
    Ok(Registered {
        id,
        lock: LockName { table: row.need(2)?, row: id },
        chain: Chain {
            name: row.need(3)?,
            rules: rules(row.need(4)?)?,
            identity: row.need(5)?,
            clock: clock(row.get(6)?, row.get(7)?),
            options: Options {
                first_use: FirstUse::named(&row.need::<String>(8)?),
                horizon_slots: row.get(9)?,
                margin_slots: row.need(10)?,
                allow_unsigned_release: row.need(11)?,
                durable_record: row.need::<String>(12)? == "durable",
                require_standby: row.need(13)?,
                retention: row.get(14)?,
                epochs: row.get(21)?.map(Epochs::new),
                signature_scheme: signature_scheme(row.need(22)?)?,
                quorum: row.get(23)?,
                daily_limit: row.get::<String>(24)?.map(|limit| Amount::parse("daily_limit", &limit)).transpose()?,
            },
        },
        retired: row.need(15)?,
        cleaned_slot: row.get(16)?,
        frozen: row.need(17)?,
        validator_bytes: row.need(18)?,
        awaited_slot: row.get(19)?,
        reach_slot: row.get(20)?,
    })
}

/// The clock in these columns.
pub fn clock(genesis: Option<Time>, slot_duration: Option<Duration>) -> Option<Clock> {
    Some(Clock { genesis: genesis?.0, slot_duration: slot_duration? })
}

/// The rules family of that name on record.
pub fn rules(name: String) -> Result<Rules, Error> {
    Rules::named(&name).ok_or_else(|| Error::internal(format!("a chain has the rules {name}")))
}

/// The signature scheme of that name on record.
pub fn signature_scheme(name: String) -> Result<SignatureScheme, Error> {
    SignatureScheme::named(&name).ok_or_else(|| Error::internal(format!("a chain has the signature scheme {name}")))
}

/// The chain of that name; 42704 if there is none.
pub fn named(session: &Session, name: &str) -> Result<Registered, Error> {
    match find(session, name)? {
        Some(chain) => Ok(chain),
        None => Err(registry::unknown_chain(session, name)?),
    }
}

fn find(session: &Session, name: &str) -> Result<Option<Registered>, Error> {
    let rows = BY_NAME.run(session, &[Value::Text(Some(name))])?;
    rows.first().map(|row| registered(&row)).transpose()
}

/// The chain a token speaks of.
pub fn with_id(session: &Session, id: i32) -> Result<Option<Registered>, Error> {
    let rows = BY_ID.run(session, &[Value::Integer(Some(id))])?;
    rows.first().map(|row| registered(&row)).transpose()
}

pub fn all(session: &Session) -> Result<Vec<Registered>, Error> {
    let rows = ALL.run(session, &[])?;
    let chains = rows.iter().map(|row| registered(&row)).collect();
    chains
}

static LEDGER: Statement = Statement::new(c"SELECT id, seal_key, former_seal_keys FROM slashguard.ledger");

/// What tells this ledger from others. None before the first chain is registered.
pub fn ledger(session: &Session) -> Result<Option<Ledger>, Error> {
    let rows = LEDGER.run(session, &[])?;
    rows.first().map(|row| Ok(Ledger { id: row.need(1)?, seal_keys: seal_keys(&row, 2, 3)? })).transpose()
}

/// The keys in these columns: one, and one after the other.
pub fn seal_keys(row: &Row, current: i32, former: i32) -> Result<seal::Keys, Error> {
    let former: Vec<u8> = row.need(former)?;
    let (former, _) = former.as_chunks();
    Ok(seal::Keys { current: seal_key(row.need(current)?)?, former: former.to_vec() })
}

/// A key as it is stored.
pub fn seal_key(bytes: Vec<u8>) -> Result<seal::Key, Error> {
    bytes.try_into().map_err(|_| Error::internal("the ledger's key has another length"))
}

static LEDGER_TABLE: Statement = Statement::new(c"SELECT tableoid FROM slashguard.ledger");

/// What only one run of maintenance locks. None before the first chain is registered: there is nothing to maintain.
pub fn maintenance_lock(session: &Session) -> Result<Option<LockName>, Error> {
    let rows = LEDGER_TABLE.run(session, &[])?;
    rows.first().map(|row| Ok(LockName { table: row.need(1)?, row: MAINTENANCE })).transpose()
}

/// Below every waiting place, which are counted from 0.
const MAINTENANCE: i32 = -1;

static ADD: Statement = Statement::new(
    c"INSERT INTO slashguard.chain
             (name, rules, identity, validator_bytes, genesis_time, slot_duration_us, first_use, horizon_slots,
              margin_slots, allow_unsigned_release, record_commit, require_standby, retention_us, registered_at,
              slots_per_epoch, signature_scheme, quorum, daily_limit)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18::numeric)
      ON CONFLICT DO NOTHING",
);

/// Registers the chain. Answers what stands registered under that name or identity if something does, None if it is new.
pub fn add(session: &Session, chain: &Chain, now: Timestamp) -> Result<Option<Registered>, Error> {
    identity::begin(session)?;
    let options = &chain.options;
    let added = ADD.run(
        session,
        &[
            Value::Text(Some(&chain.name)),
            Value::Text(Some(chain.rules.name())),
            Value::Text(Some(&chain.identity)),
            Value::Integer(Some(chain.rules.validator_bytes())),
            Value::Timestamp(chain.clock.map(|clock| clock.genesis)),
            Value::Bigint(chain.clock.map(|clock| clock.slot_duration)),
            Value::Text(Some(options.first_use.name())),
            Value::Integer(options.horizon_slots),
            Value::Integer(Some(options.margin_slots)),
            Value::Bool(options.allow_unsigned_release),
            Value::Text(Some(record_commit(options))),
            Value::Bool(options.require_standby),
            Value::Bigint(options.retention),
            Value::Timestamp(Some(now)),
            Value::Integer(options.epochs.map(Epochs::slots_per_epoch)),
            Value::Text(Some(options.signature_scheme.name())),
            Value::Integer(options.quorum),
            Value::Text(options.daily_limit.as_ref().map(Amount::show)),
        ],
    )?;
    if added.any() {
        return Ok(None);
    }
    if let Some(existing) = find(session, &chain.name)? {
        return Ok(Some(existing));
    }
    let rows =
        BY_IDENTITY.run(session, &[Value::Text(Some(chain.rules.name())), Value::Text(Some(&chain.identity))])?;
    let row = rows.first().ok_or_else(|| Error::internal("a chain vanished while it was registered"))?;
    registered(&row).map(Some)
}

fn record_commit(options: &Options) -> &'static str {
    if options.durable_record {
        "durable"
    } else {
        "async"
    }
}

static SET_OPTIONS: Statement = Statement::new(
    c"UPDATE slashguard.chain
         SET first_use = $2, horizon_slots = $3, margin_slots = $4, allow_unsigned_release = $5, record_commit = $6,
             require_standby = $7, retention_us = $8, signature_scheme = $9, quorum = $10,
             daily_limit = $11::numeric
       WHERE id = $1",
);

pub fn set_options(session: &Session, id: i32, options: &Options) -> Result<(), Error> {
    SET_OPTIONS.run(
        session,
        &[
            Value::Integer(Some(id)),
            Value::Text(Some(options.first_use.name())),
            Value::Integer(options.horizon_slots),
            Value::Integer(Some(options.margin_slots)),
            Value::Bool(options.allow_unsigned_release),
            Value::Text(Some(record_commit(options))),
            Value::Bool(options.require_standby),
            Value::Bigint(options.retention),
            Value::Text(Some(options.signature_scheme.name())),
            Value::Integer(options.quorum),
            Value::Text(options.daily_limit.as_ref().map(Amount::show)),
        ],
    )?;
    Ok(())
}

static REMEMBER_REACH: Statement =
    Statement::new(c"UPDATE slashguard.chain SET reach_slot = GREATEST(reach_slot, $2) WHERE id = $1");

/// Claims may have been granted up to this slot, although the horizon is nearer from now on.
pub fn remember_reach(session: &Session, id: i32, slot: i64) -> Result<(), Error> {
    REMEMBER_REACH.run(session, &[Value::Integer(Some(id)), Value::Bigint(Some(slot))])?;
    Ok(())
}

static CONFIRM_RECOVERY: Statement = Statement::new(
    c"UPDATE slashguard.chain
         SET quarantine_slot = $2, quarantine_source_epoch = $4,
             quarantine_cause = CASE WHEN $2 IS NOT NULL THEN
                 COALESCE(quarantine_cause, doubt_while_frozen, 'this server was started anew') END,
             doubt_while_frozen = NULL, awaited_slot = NULL, covered_until = $3
       WHERE id = $1 AND (quarantine_slot IS NOT NULL OR doubt_while_frozen IS NOT NULL OR awaited_slot IS NOT NULL)",
);

/// Ends the quarantine and the wait for witnesses at `slot`, or altogether. `source_epoch`: below it no source is granted; None:
/// below the slot's epoch. False if there is neither.
pub fn confirm_recovery(
    session: &Session,
    chain: &Registered,
    slot: Option<i64>,
    source_epoch: Option<i64>,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = CONFIRM_RECOVERY.run(
        session,
        &[
            Value::Integer(Some(chain.id)),
            Value::Bigint(slot),
            Value::Timestamp(Some(now)),
            Value::Bigint(source_epoch),
        ],
    )?;
    Ok(rows.any())
}

static RETIRE: Statement = Statement::new(
    c"UPDATE slashguard.chain
         SET retired_at = $2, low_watermark = 9223372036854775807, cleaned_slot = 9223372036854775807
       WHERE id = $1 AND retired_at IS NULL",
);

/// Closes the chain for good, after every claim under way. False if it was closed before.
pub fn retire(session: &Session, chain: &Registered, now: Timestamp) -> Result<bool, Error> {
    lock::exclude(chain.lock);
    let rows = RETIRE.run(session, &[Value::Integer(Some(chain.id)), Value::Timestamp(Some(now))])?;
    Ok(rows.any())
}

static READ_INTERVAL: Statement = Statement::new(
    c"SELECT EXTRACT(year FROM i)::integer * 12 + EXTRACT(month FROM i)::integer, EXTRACT(day FROM i)::integer,
             (EXTRACT(hour FROM i) * 3600000000 + EXTRACT(minute FROM i) * 60000000
              + EXTRACT(microseconds FROM i))::bigint
        FROM (SELECT slashguard.interval_or_null($1) AS i) AS given",
);

/// Postgres' reading of an interval. 22007 where it cannot read one, 22023 for months.
pub fn read_interval(session: &Session, argument: &str, text: &str) -> Result<Duration, Error> {
    let rows = READ_INTERVAL.run(session, &[Value::Text(Some(text))])?;
    let row = rows.first().ok_or_else(|| Error::internal("an interval was not read"))?;
    let (Some(months), Some(days), Some(microseconds)) = (row.get(1)?, row.get(2)?, row.get(3)?) else {
        return Err(Error::argument(
            SqlState::INVALID_DATETIME_FORMAT,
            argument,
            format!("invalid input syntax for type interval: \"{text}\""),
        )
        .hint("Give null or an interval as text, such as \"14 days\"."));
    };
    interval_to_duration(argument, months, days, microseconds)
}
