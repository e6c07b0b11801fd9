//! The plain claims of a batch: known validators that their bounds let pass, duties without a claim, votes that nothing stands against.
//! They are looked up and written together; all others go the one-by-one way, which decides in full.

use super::attempt::Attempt;
use super::batch::commit_durably;
use super::grant;
use crate::durability::standby;
use crate::duty::acquisition::{self, Acquisition};
use crate::duty::error::Error;
use crate::duty::key::{AskedBy, DutyKey};
use crate::duty::position::Position;
use crate::duty::request::Request;
use crate::duty::token::LockToken;
use crate::duty::vote::Vote;
use crate::ledger::batch::{self, Common, Own, VoteOfMany};
use crate::ledger::registry::{self, Entry};
use crate::ledger::statement::Session;
use crate::ledger::{bounds, clock_mark, server};
use crate::rules::watermark::{self, Bounds, ValidatorBounds, Wanted};
use std::collections::{HashMap, HashSet};

/// A request that may be plain.
struct Candidate {
    place: usize,
    wanted: Wanted,
    validator_id: i32,
}

/// What the chain wants of a signature, and of the commit.
struct Promise {
    durable_record: bool,
    require_standby: bool,
}

/// The answers of those that were plain, in the order of the requests. What was refused is still to be noted. The chain's lock is held
/// alone.
pub fn acquire(session: &Session, entry: &Entry, requests: &[Request]) -> Result<Vec<Option<Acquisition>>, Error> {
    let mut answers = vec![None; requests.len()];
    let Some(first) = requests.first() else {
        return Ok(answers);
    };
    if entry.duty_type.asked_by == AskedBy::RequestId || grant::lacks_standby(entry) {
        return Ok(answers);
    }
    let now = server::now();
    let bounds = Bounds { validator: ValidatorBounds::default(), ..entry.bounds(&first.chain, now) };
    let candidates = without_votes_against(session, entry, &bounds, candidates(session, entry, requests, &bounds)?)?;
    // What is refused leaves no node behind.
    if candidates.is_empty() {
        return Ok(answers);
    }
    let node = match entry.node_id {
        Some(node_id) => Some(node_id),
        None => registry::register_node(session, &first.node)?.map(|node| node.id),
    };
    let Some(node_id) = node else {
        return Ok(answers);
    };
    let common = Common {
        chain_id: entry.chain.id,
        duty_type_id: entry.duty_type.id,
        block_index: first.block_index,
        node_id,
        now,
        lease_until: now.saturating_add(first.lease),
        replay: first.replay,
        block_number: first.block_number,
        checkpoint_number: first.checkpoint_number,
    };
    let mut claims = Vec::with_capacity(candidates.len());
    for Candidate { place, wanted, validator_id } in candidates {
        claims.push(Own {
            place,
            slot: wanted.slot,
            validator_id,
            message_hash: requests[place].message_hash,
            secret: server::secret()?,
            source_epoch: wanted.vote.map(|vote| vote.source_epoch),
        });
    }
    // In the order of the key: neighbours land on the same pages.
    claims.sort_unstable_by_key(|claim| (claim.slot, claim.validator_id));
    let mut promise = None;
    let inserted = batch::insert(session, &common, &claims, || {
        promise = still_allowed(session, entry, &bounds, &claims, &common)?;
        Ok(promise.is_some())
    })?;
    let (Some(inserted), Some(promise)) = (inserted, promise) else {
        return Ok(answers);
    };
    if !inserted.is_empty() {
        commit_durably(promise.require_standby);
    }
    let written: HashSet<usize> = inserted.iter().copied().collect();
    let others: Vec<&Own> =
        claims.iter().enumerate().filter(|(number, _)| !written.contains(number)).map(|(_, claim)| claim).collect();
    if !others.is_empty() && !promise.require_standby {
        tell_from_record(session, entry, requests, &bounds, &common, &others, &mut answers)?;
    }
    for number in &inserted {
        let claim = &claims[*number];
        let token = token(entry, claim, &common, promise.durable_record);
        answers[claim.place] = Some(acquisition::acquired(&token, &first.node, now, common.lease_until, "granted"));
    }
    // One stands for all: whoever was granted the last was granted those before it.
    if let Some(claim) = inserted.last().map(|number| &claims[*number]) {
        if let Some(answer) = answers[claim.place].as_mut() {
            answer.position = Some(position(entry, claim, &common).show(&entry.chain.seal_key));
        }
    }
    Ok(answers)
}

/// Answers those whose claim on record decides, and changes nothing. What may be taken over or replayed goes the one-by-one way.
fn tell_from_record(
    session: &Session,
    entry: &Entry,
    requests: &[Request],
    bounds: &Bounds,
    common: &Common,
    asked: &[&Own],
    answers: &mut [Option<Acquisition>],
) -> Result<(), Error> {
    for (number, claim) in batch::read(session, common, asked)? {
        let place = asked[number].place;
        let request = &requests[place];
        let wanted = grant::wanted(entry, request)?;
        let attempt = Attempt::new(session, entry, request, &wanted, asked[number].validator_id, bounds.clone());
        if let Some(answer) = attempt.told_by_record(&claim, common.now) {
            answers[place] = Some(answer);
        }
    }
    Ok(())
}

/// Those that the chain's bounds let pass, and their validators' own. Of several for the same duty the first
/// alone, or none: they are answered in their order.
fn candidates(
    session: &Session,
    entry: &Entry,
    requests: &[Request],
    bounds: &Bounds,
) -> Result<Vec<Candidate>, Error> {
    let mut allowed: HashMap<(i64, Option<Vote>), bool> = HashMap::new();
    let mut seen = HashSet::with_capacity(requests.len());
    let mut passing = Vec::with_capacity(requests.len());
    for (place, request) in requests.iter().enumerate() {
        let wanted = grant::wanted(entry, request).map_err(|error| super::batch::in_batch(error, place))?;
        let passes = *allowed.entry((wanted.slot, wanted.vote)).or_insert_with(|| is_allowed(bounds, &wanted));
        let is_first = seen.insert((wanted.slot, &request.validator[..]));
        if passes && is_first {
            passing.push((place, wanted));
        }
    }
    let keys: Vec<Option<&[u8]>> = passing.iter().map(|(place, _)| Some(&requests[*place].validator[..])).collect();
    let known = batch::validators(session, entry.chain.id, &keys)?;
    let mut bounds = bounds.clone();
    let mut candidates = Vec::with_capacity(passing.len());
    for ((place, wanted), validator) in passing.into_iter().zip(known) {
        let Some(validator) = validator else {
            continue;
        };
        let passes = match validator.bounds {
            None => true,
            Some(own) => {
                bounds.validator = own;
                is_allowed(&bounds, &wanted)
            }
        };
        if passes {
            candidates.push(Candidate { place, wanted, validator_id: validator.id });
        }
    }
    Ok(candidates)
}

fn is_allowed(bounds: &Bounds, wanted: &Wanted) -> bool {
    watermark::refusal(bounds, wanted).is_none() && !watermark::awaits_witnesses(bounds, wanted)
}

/// Without those whose votes on record may stand against the new one.
fn without_votes_against(
    session: &Session,
    entry: &Entry,
    bounds: &Bounds,
    candidates: Vec<Candidate>,
) -> Result<Vec<Candidate>, Error> {
    let Some(epochs) = entry.chain.epochs else {
        return Ok(candidates);
    };
    let mut by_vote: HashMap<Vote, Vec<i32>> = HashMap::new();
    for candidate in &candidates {
        if let Some(vote) = candidate.wanted.vote {
            by_vote.entry(vote).or_default().push(candidate.validator_id);
        }
    }
    if several_votes_of_one(&by_vote, candidates.len()) {
        return Ok(candidates.into_iter().filter(|candidate| candidate.wanted.vote.is_none()).collect());
    }
    let mut left = HashSet::new();
    for (vote, validator_ids) in &by_vote {
        let asked = VoteOfMany {
            chain_id: entry.chain.id,
            duty_type_id: entry.duty_type.id,
            epochs,
            current_epoch: epochs.epoch_of(bounds.current_slot),
            vote: *vote,
            validator_ids,
        };
        match batch::standing_against(session, &asked)? {
            Some(against) => left.extend(against.into_iter().map(|id| (*vote, id))),
            None => left.extend(validator_ids.iter().map(|id| (*vote, *id))),
        }
    }
    Ok(candidates
        .into_iter()
        .filter(|candidate| candidate.wanted.vote.is_none_or(|vote| !left.contains(&(vote, candidate.validator_id))))
        .collect())
}

/// Two votes of one validator in one batch may stand against each other, and none of them is on record yet.
fn several_votes_of_one(by_vote: &HashMap<Vote, Vec<i32>>, votes: usize) -> bool {
    let validators: HashSet<i32> = by_vote.values().flatten().copied().collect();
    validators.len() != votes
}

/// What the chain wants, where it still lets all of them pass in a snapshot newer than the claims. Whatever one validator's bounds are
/// changes only under the chain's lock.
fn still_allowed(
    session: &Session,
    entry: &Entry,
    before: &Bounds,
    claims: &[Own],
    common: &Common,
) -> Result<Option<Promise>, Error> {
    let Some(any) = claims.first() else {
        return Ok(None);
    };
    let current = bounds::read_again(session, entry.chain.id, any.validator_id, before)?;
    let now_bounds = Bounds { validator: ValidatorBounds::default(), ..current.bounds };
    let mut asked = HashSet::new();
    for claim in claims {
        let vote = claim
            .source_epoch
            .zip(entry.chain.epochs)
            .map(|(source_epoch, epochs)| Vote { source_epoch, target_epoch: epochs.epoch_of(claim.slot) });
        let wanted = Wanted { slot: claim.slot, vote, was_signed: false };
        if asked.insert((claim.slot, vote)) && !is_allowed(&now_bounds, &wanted) {
            return Ok(None);
        }
    }
    let lacks_standby = current.require_standby && !standby::is_connected();
    if lacks_standby || clock_mark::refusal_by(session, common.now, current.latest)?.is_some() {
        return Ok(None);
    }
    Ok(Some(Promise { durable_record: current.durable_record, require_standby: current.require_standby }))
}

fn key(claim: &Own, common: &Common) -> DutyKey {
    DutyKey {
        chain_id: common.chain_id,
        slot: claim.slot,
        validator_id: claim.validator_id,
        duty_type_id: common.duty_type_id,
        block_index: common.block_index,
    }
}

fn token(entry: &Entry, claim: &Own, common: &Common, durable_record: bool) -> LockToken {
    LockToken {
        ledger: entry.chain.ledger,
        key: key(claim, common),
        durable_record,
        signature: entry.chain.rules.signature(),
        secret: claim.secret,
    }
}

fn position(entry: &Entry, claim: &Own, common: &Common) -> Position {
    Position {
        ledger: entry.chain.ledger,
        database_oid: server::database_oid(),
        server_start: server::started_at(),
        wal_end: server::wal_end(),
        granted_at: common.now,
        node_id: common.node_id,
        key: key(claim, common),
        source_epoch: claim.source_epoch,
        message_hash: claim.message_hash,
    }
}
