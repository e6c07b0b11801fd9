//! Attestations on record that stand against a new one: those that it would surround, and those that would surround it.
//!
//! The primary key has the slot before the validator, so that what all validators sign now lands on the same hot pages. One
//! validator's votes of some epochs are then found by one look-up an epoch, and few are needed: from its source to its target
//! an honest vote spans one epoch.

use super::claim_table::{self, Place};
use super::claims::message_hash;
use super::direct::Comparison::{Equal, Greater};
use super::direct::{Access, Row};
use super::statement::{self, Rows, Session, Statement, Value};
use super::validators;
use crate::duty::epochs::Epochs;
use crate::duty::error::Error;
use crate::duty::key::DutyKey;
use crate::duty::vote::{SignedVote, Vote};
use crate::rules::ethereum::{self, Neighbours, Surround};
use std::ops::{ControlFlow, RangeInclusive};

/// Epochs that are looked up at once: first few, because the next vote is mostly near, then more.
const FIRST_STRIDE: i64 = 8;
const LONGEST_STRIDE: i64 = 512;

static AFTER_SLOT: Statement = Statement::new(
    c"SELECT v.votes_may_surround, c.slot, c.source_epoch, c.message_hash
        FROM slashguard.validator AS v
        LEFT JOIN LATERAL (
             SELECT c.slot, c.source_epoch, c.message_hash FROM slashguard.claim AS c
              WHERE c.chain_id = $1 AND c.slot > $4 AND c.validator_id = $2 AND c.duty_type_id = $3
              ORDER BY c.chain_id, c.slot LIMIT 1) AS c ON true
       WHERE v.id = $2",
);
// In the order of the key, backwards.
static BETWEEN_SLOTS: Statement = Statement::new(
    c"SELECT c.slot, c.source_epoch, c.message_hash FROM slashguard.claim AS c
       WHERE c.chain_id = $1 AND c.slot > $4 AND c.slot < $5 AND c.validator_id = $2 AND c.duty_type_id = $3
       ORDER BY c.chain_id DESC, c.slot DESC LIMIT CASE WHEN $6 THEN NULL ELSE 1 END",
);
static ALL_AFTER_SLOT: Statement = Statement::new(
    c"SELECT c.slot, c.source_epoch, c.message_hash FROM slashguard.claim AS c
       WHERE c.chain_id = $1 AND c.slot > $4 AND c.validator_id = $2 AND c.duty_type_id = $3
       ORDER BY c.chain_id, c.slot",
);
static AT_SLOTS: Statement = Statement::new(
    c"SELECT c.slot, c.source_epoch, c.message_hash FROM slashguard.claim AS c
       WHERE c.chain_id = $1 AND c.slot = ANY ($4) AND c.validator_id = $2 AND c.duty_type_id = $3
       ORDER BY c.chain_id, c.slot",
);
static OLDEST_SLOT: Statement =
    Statement::new(c"SELECT slot FROM slashguard.claim WHERE chain_id = $1 ORDER BY chain_id, slot LIMIT 1");
static NEWEST_SLOT: Statement =
    Statement::new(c"SELECT slot FROM slashguard.claim WHERE chain_id = $1 ORDER BY chain_id DESC, slot DESC LIMIT 1");

/// The last epoch that the chain has anything of on record; below all epochs where there is nothing.
pub fn newest_epoch(session: &Session, chain_id: i32, epochs: Epochs) -> Result<i64, Error> {
    epoch_at_end(session, &NEWEST_SLOT, chain_id, epochs, i64::MIN)
}

/// The first one; above all epochs where there is nothing.
fn oldest_epoch(session: &Session, chain_id: i32, epochs: Epochs) -> Result<i64, Error> {
    epoch_at_end(session, &OLDEST_SLOT, chain_id, epochs, i64::MAX)
}

fn epoch_at_end(
    session: &Session,
    slot_at_end: &Statement,
    chain_id: i32,
    epochs: Epochs,
    of_nothing: i64,
) -> Result<i64, Error> {
    let rows = slot_at_end.run(session, &[Value::Integer(Some(chain_id))])?;
    let slot = rows.first().map(|row| row.need(1)).transpose()?;
    Ok(slot.map_or(of_nothing, |slot| epochs.epoch_of(slot)))
}

/// One validator's votes on record. Its lock must be held, so that none is added meanwhile.
pub struct Votes<'a> {
    pub session: &'a Session,
    /// Of the new vote.
    pub key: DutyKey,
    pub epochs: Epochs,
    pub vote: Vote,
}

impl Votes<'_> {
    /// What stands against the vote, or None. `current_epoch` decides only how votes are searched for: up to the next epoch
    /// each is looked up, and what lies beyond is little.
    pub fn standing_against(&self, current_epoch: i64) -> Result<Option<Surround>, Error> {
        let near = current_epoch.saturating_add(1).clamp(0, self.epochs.last_epoch());
        if let Some(found) = self.standing_near(near)? {
            return Ok(found);
        }
        let beyond = self.values(Value::Bigint(Some(self.epochs.first_slot(near.max(self.vote.target_epoch)))));
        let rows = AFTER_SLOT.run(self.session, &beyond)?;
        let row = rows.first().ok_or_else(|| Error::internal("the validator of a claim is gone"))?;
        let each = row.need(1)?;
        if let Some(found) = self.read_vote(&row, 2)?.and_then(|far| self.judge(far)) {
            return Ok(Some(found));
        }
        if let Some(found) = self.search_after(near, each)? {
            return Ok(Some(found));
        }
        if let Some(found) = self.search_before(near, each)? {
            return Ok(Some(found));
        }
        if each {
            return self.judge_all(&ALL_AFTER_SLOT.run(self.session, &beyond)?);
        }
        Ok(None)
    }

    /// The same without a statement, as almost every vote needs it: a source and a target that are near each other and near `near`.
    /// None: statements have to do it.
    fn standing_near(&self, near: i64) -> Result<Option<Option<Surround>>, Error> {
        let Vote { source_epoch, target_epoch } = self.vote;
        let is_near = (target_epoch - 1..=target_epoch.saturating_add(FIRST_STRIDE)).contains(&near)
            && target_epoch - source_epoch <= FIRST_STRIDE;
        if !is_near {
            return Ok(None);
        }
        let Some(table) = claim_table::open(Access::Read) else {
            return Ok(None);
        };
        let chain = Value::Integer(Some(self.key.chain_id));
        let beyond = Value::Bigint(Some(self.epochs.first_slot(near.max(target_epoch))));
        let mut next_beyond = None;
        table.look_through(&[(Equal, chain), (Greater, beyond)], |row| {
            let is_own = row.need::<i32>(Place::ValidatorId)? == self.key.validator_id
                && row.need::<i16>(Place::DutyTypeId)? == self.key.duty_type_id;
            if !is_own {
                return Ok(ControlFlow::Continue(()));
            }
            next_beyond = Some(self.vote_in(row)?);
            Ok(ControlFlow::Break(()))
        })?;
        // Up to `near` every vote is looked at. Beyond, the next one stands for those after it, unless votes may surround each other.
        if next_beyond.is_some() && validators::votes_may_surround(self.key.validator_id)? != Some(false) {
            return Ok(None);
        }
        let mut found = next_beyond.and_then(|vote| self.judge(vote));
        for epoch in (target_epoch + 1..=near).chain(source_epoch + 1..target_epoch) {
            let conditions = [
                (Equal, chain),
                (Equal, Value::Bigint(Some(self.epochs.first_slot(epoch)))),
                (Equal, Value::Integer(Some(self.key.validator_id))),
                (Equal, Value::Smallint(self.key.duty_type_id)),
            ];
            table.look_through(&conditions, |row| {
                found = found.take().or(self.judge(self.vote_in(row)?));
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(Some(found))
    }

    fn vote_in(&self, row: &Row) -> Result<SignedVote, Error> {
        let target_epoch = self.epochs.epoch_of(row.need(Place::Slot)?);
        let vote = Vote { source_epoch: row.need(Place::SourceEpoch)?, target_epoch };
        Ok(SignedVote { vote, signing_root: message_hash(row.get(Place::MessageHash)?)? })
    }

    /// From the target's epoch up to `near`. `each`: whether the next vote does not stand for those after it.
    fn search_after(&self, near: i64, each: bool) -> Result<Option<Surround>, Error> {
        let mut last_of_all = near;
        let mut stride = FIRST_STRIDE;
        let mut next = self.vote.target_epoch + 1;
        while next <= last_of_all {
            let last = (next + stride - 1).min(last_of_all);
            let rows = self.at(next..=last)?;
            let found = self.judge_all(&rows)?;
            if found.is_some() || (rows.any() && !each) {
                return Ok(found);
            }
            if stride == FIRST_STRIDE && last < last_of_all {
                last_of_all = last_of_all.min(newest_epoch(self.session, self.key.chain_id, self.epochs)?);
            }
            next = last + 1;
            stride = (stride * 2).min(LONGEST_STRIDE);
        }
        Ok(None)
    }

    /// From the target's epoch down to the source's: a vote with an earlier target cannot be surrounded. What lies beyond `near`
    /// first, and that at once.
    fn search_before(&self, near: i64, each: bool) -> Result<Option<Surround>, Error> {
        let Vote { source_epoch, target_epoch } = self.vote;
        if target_epoch - 1 > near {
            let after = self.epochs.first_slot(near.max(source_epoch));
            let [chain, validator, duty_type, after] = self.values(Value::Bigint(Some(after)));
            let before = Value::Bigint(Some(self.epochs.first_slot(target_epoch)));
            let rows =
                BETWEEN_SLOTS.run(self.session, &[chain, validator, duty_type, after, before, Value::Bool(each)])?;
            let found = self.judge_all(&rows)?;
            if found.is_some() || (rows.any() && !each) {
                return Ok(found);
            }
        }
        let mut stride = FIRST_STRIDE;
        let mut next = near.min(target_epoch - 1);
        let mut first_of_all = source_epoch + 1;
        while next >= first_of_all {
            let first = (next - stride + 1).max(first_of_all);
            let rows = self.at(first..=next)?;
            let found = self.judge_all(&rows)?;
            if found.is_some() || (rows.any() && !each) {
                return Ok(found);
            }
            next = first - 1;
            if stride == FIRST_STRIDE && first > first_of_all {
                first_of_all = first_of_all.max(oldest_epoch(self.session, self.key.chain_id, self.epochs)?);
                next = next.min(newest_epoch(self.session, self.key.chain_id, self.epochs)?);
            }
            stride = (stride * 2).min(LONGEST_STRIDE);
        }
        Ok(None)
    }

    fn at(&self, epochs: RangeInclusive<i64>) -> Result<Rows<'_>, Error> {
        let slots: Vec<i64> = epochs.map(|epoch| self.epochs.first_slot(epoch)).collect();
        AT_SLOTS.run(self.session, &self.values(Value::Bigints(&slots)))
    }

    fn values<'b>(&self, last: Value<'b>) -> [Value<'b>; 4] {
        [
            Value::Integer(Some(self.key.chain_id)),
            Value::Integer(Some(self.key.validator_id)),
            Value::Smallint(self.key.duty_type_id),
            last,
        ]
    }

    fn judge_all(&self, rows: &Rows) -> Result<Option<Surround>, Error> {
        for row in rows.iter() {
            if let Some(found) = self.read_vote(&row, 1)?.and_then(|earlier| self.judge(earlier)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn judge(&self, earlier: SignedVote) -> Option<Surround> {
        ethereum::surround(self.vote, &Neighbours { before: Some(earlier), after: Some(earlier) })
    }

    /// A vote in three columns: the slot of its target, its source, its signing root. None: no row.
    fn read_vote(&self, row: &statement::Row, first: i32) -> Result<Option<SignedVote>, Error> {
        let Some(slot) = row.get::<i64>(first)? else {
            return Ok(None);
        };
        let vote = Vote { source_epoch: row.need(first + 1)?, target_epoch: self.epochs.epoch_of(slot) };
        let signing_root = row.get::<Vec<u8>>(first + 2)?.and_then(|root| root.try_into().ok());
        Ok(Some(SignedVote { vote, signing_root }))
    }
}
