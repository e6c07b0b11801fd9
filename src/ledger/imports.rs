//! History that comes in: what the ledger has beside it, and the rows that it brings. The chain's lock must be held.

use super::chains::Registered;
use super::statement::{statement, Row, Session, Statement, Value};
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use crate::duty::vote::{SignedVote, Vote};
use crate::interchange::eip3076::history::{Known, KnownAttestation, KnownBlock, PublicKey, State};
use crate::rules::ethereum::LowWatermarks;
use pgrx::PgMemoryContexts;
use std::collections::{HashMap, HashSet};

/// Rows that go to the server in one statement.
const BATCH: usize = 10_000;

/// A validator that is here.
#[derive(Clone, Copy)]
pub struct Validator {
    pub id: i32,
    pub registered_before: bool,
}

// OFFSET 0, here and below: one look-up by the whole key each, whatever the planner took the table for when it was small.
static FIND: Statement = Statement::new(
    c"SELECT v.key, v.id
        FROM pg_catalog.unnest($2) AS k (key)
       CROSS JOIN LATERAL (
             SELECT v.key, v.id FROM slashguard.validator AS v WHERE v.chain_id = $1 AND v.key = k.key OFFSET 0) AS v",
);
static REGISTER: Statement = Statement::new(
    c"INSERT INTO slashguard.validator (chain_id, key, first_seen, first_use_slot)
      SELECT $1, n.key, $3, n.first_use_slot
        FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($4)) AS n (key, first_use_slot)
      ON CONFLICT (chain_id, key) DO NOTHING",
);

/// A validator of the file.
pub struct Named {
    pub key: PublicKey,
    /// Up to where it waits, should this be its first use.
    pub first_use_slot: Option<i64>,
}

/// The validators of these names; registered now if they were never seen.
pub fn register(
    session: &Session,
    chain: &Registered,
    names: &[Named],
    now: Timestamp,
) -> Result<HashMap<PublicKey, Validator>, Error> {
    let mut validators = HashMap::with_capacity(names.len());
    for batch in names.chunks(BATCH) {
        let keys: Vec<Option<&[u8]>> = batch.iter().map(|named| Some(&named.key[..])).collect();
        let first_uses: Vec<Option<i64>> = batch.iter().map(|named| named.first_use_slot).collect();
        let chain_id = Value::Integer(Some(chain.id));
        find(session, &[chain_id, Value::ManyBytes(&keys)], &mut validators, true)?;
        REGISTER.run(
            session,
            &[chain_id, Value::ManyBytes(&keys), Value::Timestamp(Some(now)), Value::OptionalBigints(&first_uses)],
        )?;
        find(session, &[chain_id, Value::ManyBytes(&keys)], &mut validators, false)?;
    }
    Ok(validators)
}

fn find(
    session: &Session,
    values: &[Value],
    validators: &mut HashMap<PublicKey, Validator>,
    registered_before: bool,
) -> Result<(), Error> {
    for row in FIND.run(session, values)?.iter() {
        let key: Vec<u8> = row.need(1)?;
        let key = key.try_into().map_err(|_| Error::internal("a public key on record is not 48 bytes"))?;
        validators.entry(key).or_insert(Validator { id: row.need(2)?, registered_before });
    }
    Ok(())
}

/// The duty types of blocks and attestations.
#[derive(Clone, Copy)]
pub struct DutyTypes {
    pub block: i16,
    pub attestation: i16,
}

static DUTY_TYPES: Statement = Statement::new(
    c"SELECT pg_catalog.min(id) FILTER (WHERE name = 'BLOCK'), pg_catalog.min(id) FILTER (WHERE name = 'ATTESTATION')
        FROM slashguard.duty_type WHERE rules = 'ethereum' AND name IN ('BLOCK', 'ATTESTATION')",
);

pub fn duty_types(session: &Session) -> Result<DutyTypes, Error> {
    let rows = DUTY_TYPES.run(session, &[])?;
    let row = rows.first().ok_or_else(|| Error::internal("no duty types"))?;
    Ok(DutyTypes { block: row.need(1)?, attestation: row.need(2)? })
}

/// A duty whose records are looked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sought {
    pub slot: i64,
    pub validator_id: i32,
    pub duty_type: i16,
}

macro_rules! select_known {
    ($rest:literal) => {
        statement!(
            "SELECT c.validator_id, c.duty_type_id, c.slot, c.source_epoch, c.message_hash, c.block_index, \
                    c.signature IS NOT NULL, c.imported_at IS NOT NULL "
            $rest
        )
    };
}

static AT: Statement = select_known!(
    "FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4)) AS s (validator_id, slot, duty) \
     CROSS JOIN LATERAL ( \
          SELECT k.* FROM slashguard.claim AS k \
           WHERE k.chain_id = $1 AND k.slot = s.slot AND k.validator_id = s.validator_id AND k.duty_type_id = s.duty \
          OFFSET 0) AS c"
);
// IS TRUE: so the validators are looked up in a hash, row by row; a join might go through all rows once a validator.
static UNSIGNED: Statement = select_known!(
    "FROM slashguard.claim AS c \
      WHERE c.chain_id = $1 AND c.slot >= $3 AND c.duty_type_id = $4 AND c.signature IS NULL AND c.imported_at IS NULL \
        AND (c.validator_id IN (SELECT v.id FROM pg_catalog.unnest($2) AS v (id))) IS TRUE"
);

/// What the ledger knows, by validator.
pub struct Ledger {
    pub known: HashMap<i32, Known>,
    /// Attestations among them, by validator, slot and block index.
    votes: HashSet<(i32, i64, i32)>,
    duty_types: DutyTypes,
    slots_per_epoch: i64,
    /// Validators of another shard's. What was granted to them here is that shard's history by now.
    elsewhere: HashSet<i32>,
}

impl Ledger {
    pub fn new(duty_types: DutyTypes, slots_per_epoch: i32, elsewhere: HashSet<i32>) -> Self {
        Self {
            known: HashMap::new(),
            votes: HashSet::new(),
            duty_types,
            slots_per_epoch: i64::from(slots_per_epoch),
            elsewhere,
        }
    }

    /// Adds the records for these duties.
    pub fn add(&mut self, session: &Session, chain: &Registered, sought: &[Sought]) -> Result<(), Error> {
        for batch in sought.chunks(BATCH) {
            for row in AT.run(session, &with_duties(chain, &Columns::of(batch)))?.iter() {
                self.add_row(&row)?;
            }
        }
        Ok(())
    }

    /// Adds the attestations from `first_slot` on that were granted to one of these validators and are perhaps not signed yet.
    pub fn add_unsigned(
        &mut self,
        session: &Session,
        chain: &Registered,
        validators: &[i32],
        first_slot: i64,
    ) -> Result<(), Error> {
        let rows = UNSIGNED.run(
            session,
            &[
                Value::Integer(Some(chain.id)),
                Value::Integers(validators),
                Value::Bigint(Some(first_slot)),
                Value::Smallint(self.duty_types.attestation),
            ],
        )?;
        for row in rows.iter() {
            self.add_row(&row)?;
        }
        Ok(())
    }

    fn add_row(&mut self, row: &Row) -> Result<(), Error> {
        let validator_id = row.need(1)?;
        let known = self.known.entry(validator_id).or_default();
        let slot: i64 = row.need(3)?;
        let signing_root = row.get::<Vec<u8>>(5)?.and_then(|root| root.try_into().ok());
        let block_index = row.need(6)?;
        let state = match (row.need(7)?, row.need(8)?) {
            (true, _) => State::Signed,
            (false, true) => State::Imported,
            // Nothing stands against it: it was handed over, and whatever comes back is bounded by that handover.
            (false, false) if self.elsewhere.contains(&validator_id) => State::Imported,
            (false, false) => State::Unsigned,
        };
        if row.need::<i16>(2)? == self.duty_types.block {
            known.blocks.push(KnownBlock { slot, signing_root, state, block_index });
            return Ok(());
        }
        let vote = Vote { source_epoch: row.need(4)?, target_epoch: slot.div_euclid(self.slots_per_epoch) };
        // What is not signed may stand at a duty of the file, too.
        if self.votes.insert((validator_id, slot, block_index)) {
            known.attestations.push(KnownAttestation { signed: SignedVote { vote, signing_root }, state, block_index });
        }
        Ok(())
    }
}

/// A record to be written.
#[derive(Clone, Copy)]
pub struct NewRecord {
    pub slot: i64,
    pub validator_id: i32,
    pub block_index: i32,
    pub duty_type: i16,
    pub source_epoch: Option<i64>,
    pub signing_root: Option<[u8; 32]>,
}

static INSERT: Statement = Statement::new(
    c"INSERT INTO slashguard.claim
             (chain_id, granted_at, lease_until, imported_at, node_id, answers, slot, validator_id, duty_type_id,
              block_index, source_epoch, message_hash)
      SELECT $1, $2, $2, $2, 0, 0, n.slot, n.validator_id, n.duty_type, n.block_index, n.source_epoch, n.signing_root
        FROM ROWS FROM (pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6),
                        pg_catalog.unnest($7), pg_catalog.unnest($8))
             AS n (slot, validator_id, duty_type, block_index, source_epoch, signing_root)",
);

/// Writes them. `progress` is told how many are written.
pub fn insert(
    session: &Session,
    chain: &Registered,
    records: &[NewRecord],
    now: Timestamp,
    mut progress: impl FnMut(usize),
) -> Result<(), Error> {
    for (number, batch) in records.chunks(BATCH).enumerate() {
        let mut memory = PgMemoryContexts::new("slashguard import");
        // SAFETY: nothing that is made in it outlives the batch.
        unsafe { memory.switch_to(|_| insert_batch(session, chain, batch, now)) }?;
        progress(number * BATCH + batch.len());
    }
    Ok(())
}

fn insert_batch(session: &Session, chain: &Registered, batch: &[NewRecord], now: Timestamp) -> Result<(), Error> {
    let slots: Vec<i64> = batch.iter().map(|record| record.slot).collect();
    let validators: Vec<i32> = batch.iter().map(|record| record.validator_id).collect();
    let duty_types: Vec<i16> = batch.iter().map(|record| record.duty_type).collect();
    let block_indexes: Vec<i32> = batch.iter().map(|record| record.block_index).collect();
    let sources: Vec<Option<i64>> = batch.iter().map(|record| record.source_epoch).collect();
    let roots: Vec<Option<&[u8]>> =
        batch.iter().map(|record| record.signing_root.as_ref().map(|root| &root[..])).collect();
    INSERT.run(
        session,
        &[
            Value::Integer(Some(chain.id)),
            Value::Timestamp(Some(now)),
            Value::Bigints(&slots),
            Value::Integers(&validators),
            Value::Smallints(&duty_types),
            Value::Integers(&block_indexes),
            Value::OptionalBigints(&sources),
            Value::ManyBytes(&roots),
        ],
    )?;
    Ok(())
}

static SIGNED_ELSEWHERE: Statement = Statement::new(
    c"UPDATE slashguard.claim AS c SET answers = c.answers + 1
        FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4)) AS s (validator_id, slot, duty)
       WHERE c.chain_id = $1 AND c.slot = s.slot AND c.validator_id = s.validator_id AND c.duty_type_id = s.duty
         AND c.signature IS NULL AND c.imported_at IS NULL",
);

/// Claims on record for these duties that a file has, too: their messages were signed elsewhere, so nobody may free them.
pub fn were_signed_elsewhere(session: &Session, chain: &Registered, duties: &[Sought]) -> Result<(), Error> {
    for batch in duties.chunks(BATCH) {
        SIGNED_ELSEWHERE.run(session, &with_duties(chain, &Columns::of(batch)))?;
    }
    Ok(())
}

/// Duties, column by column.
struct Columns {
    validators: Vec<i32>,
    slots: Vec<i64>,
    duty_types: Vec<i16>,
}

impl Columns {
    fn of(duties: &[Sought]) -> Self {
        Self {
            validators: duties.iter().map(|one| one.validator_id).collect(),
            slots: duties.iter().map(|one| one.slot).collect(),
            duty_types: duties.iter().map(|one| one.duty_type).collect(),
        }
    }
}

fn with_duties<'a>(chain: &Registered, duties: &'a Columns) -> [Value<'a>; 4] {
    [
        Value::Integer(Some(chain.id)),
        Value::Integers(&duties.validators),
        Value::Bigints(&duties.slots),
        Value::Smallints(&duties.duty_types),
    ]
}

/// What an import changes of one validator.
pub struct Change {
    pub validator_id: i32,
    pub low: LowWatermarks,
    pub votes_may_surround: bool,
}

static CHANGE: Statement = Statement::new(
    c"UPDATE slashguard.validator AS v
         SET history_block_slot = GREATEST(v.history_block_slot, n.block_slot),
             history_source_epoch = GREATEST(v.history_source_epoch, n.source_epoch),
             history_target_epoch = GREATEST(v.history_target_epoch, n.target_epoch),
             votes_may_surround = v.votes_may_surround OR n.votes_may_surround
        FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4),
                        pg_catalog.unnest($5))
             AS n (id, block_slot, source_epoch, target_epoch, votes_may_surround)
       WHERE v.id = n.id",
);

/// To be counted as a change of the chain's validators.
pub fn change(session: &Session, changes: &[Change]) -> Result<(), Error> {
    for batch in changes.chunks(BATCH) {
        let ids: Vec<i32> = batch.iter().map(|change| change.validator_id).collect();
        let block_slots: Vec<Option<i64>> = batch.iter().map(|change| change.low.block_slot).collect();
        let sources: Vec<Option<i64>> = batch.iter().map(|change| change.low.source_epoch).collect();
        let targets: Vec<Option<i64>> = batch.iter().map(|change| change.low.target_epoch).collect();
        let surround: Vec<bool> = batch.iter().map(|change| change.votes_may_surround).collect();
        CHANGE.run(
            session,
            &[
                Value::Integers(&ids),
                Value::OptionalBigints(&block_slots),
                Value::OptionalBigints(&sources),
                Value::OptionalBigints(&targets),
                Value::Bools(&surround),
            ],
        )?;
    }
    Ok(())
}

/// Where a validator's imported history begins by now, and up to where it waits after its first use.
pub struct Standing {
    pub low: LowWatermarks,
    pub first_use_slot: Option<i64>,
}

static STANDING: Statement = Statement::new(
    c"SELECT id, history_block_slot, history_source_epoch, history_target_epoch, first_use_slot
        FROM slashguard.validator WHERE id = ANY ($1)",
);

pub fn standing(session: &Session, validators: &[i32]) -> Result<HashMap<i32, Standing>, Error> {
    let mut standing = HashMap::with_capacity(validators.len());
    for batch in validators.chunks(BATCH) {
        for row in STANDING.run(session, &[Value::Integers(batch)])?.iter() {
            let low = LowWatermarks { block_slot: row.get(2)?, source_epoch: row.get(3)?, target_epoch: row.get(4)? };
            standing.insert(row.need(1)?, Standing { low, first_use_slot: row.get(5)? });
        }
    }
    Ok(standing)
}
