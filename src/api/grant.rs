//! The way of a request: gates in a fixed order, and nothing goes back.

use super::attempt::Attempt;
use crate::durability::{commit, one_claim, standby, storage, transaction};
use crate::duty::acquisition::{self, Acquisition, Outcome};
use crate::duty::chain::first_use_slot;
use crate::duty::clock::Timestamp;
use crate::duty::error::{Error, SqlState};
use crate::duty::key::AskedBy;
use crate::duty::position::Position;
use crate::duty::request::{Request, Subject};
use crate::ledger::registry::{self, Entry};
use crate::ledger::shards::{self, FirstSight};
use crate::ledger::statement::Session;
use crate::ledger::{
    clock_mark, counts, identity, known_names, patience, positions, refusals, replication, server, withdrawals,
    witnesses,
};
use crate::rules::recall::Recall;
use crate::rules::refusal;
use crate::rules::watermark::{self, Bounds, Wanted};

/// Answers a request.
pub fn answer(request: Request) -> Result<Acquisition, Error> {
    if transaction::on_standby() {
        return Ok(acquisition::on_standby());
    }
    transaction::require_vouching()?;
    Ok(answer_vouched(request)?.answer)
}

/// Answers the request that the INSERT into a protected table is.
pub fn answer_insert(request: Request) -> Result<Answered, Error> {
    transaction::refuse_on_standby()?;
    transaction::require_vouching_insert()?;
    answer_vouched(request)
}

pub struct Answered {
    pub answer: Acquisition,
    /// Whether a refusal has put something on record that an error would undo: a quarantine, or a validator's first use.
    pub leaves_something: bool,
}

impl Answered {
    fn plainly(answer: Acquisition) -> Self {
        Self { answer, leaves_something: false }
    }
}

/// In a transaction that may vouch for the answer.
fn answer_vouched(request: Request) -> Result<Answered, Error> {
    if let Some(refusal) = storage::refusal() {
        return Ok(Answered::plainly(refusal));
    }
    if let Some(answer) = one_claim::recall(&request)? {
        return Ok(Answered::plainly(answer));
    }
    let was_clean = server::nothing_written();
    let leaves_something = || was_clean && !server::nothing_written();
    // What a refusal leaves behind, a quarantine too, is lost in a crash together with the knowledge of it, or flushed with
    // the next grant.
    let may_be_asynchronous = commit::may_be_asynchronous();
    let session = Session::open();
    if let Some(refusal) = doubt(&session)? {
        commit::asynchronously_if(may_be_asynchronous);
        return Ok(Answered { answer: refusal, leaves_something: leaves_something() });
    }
    let told = match &request.seen_position {
        Some(seen) => witness(&session, seen, server::now())?,
        None => Told::Nothing,
    };
    let entry = match (told, look_up(&session, &request)) {
        (Told::Unsettled(refusal), _) => {
            commit::asynchronously_if(may_be_asynchronous);
            return Ok(Answered { answer: refusal, leaves_something: leaves_something() });
        }
        // An error would undo the alarm. It comes when the node asks again.
        (Told::Loss, Err(_)) => {
            commit::asynchronously_if(may_be_asynchronous);
            return Ok(Answered { answer: acquisition::gone_back(), leaves_something: leaves_something() });
        }
        (_, entry) => entry?,
    };
    if !entry.duty_type.protected {
        return Ok(Answered::plainly(acquisition::not_protected(&request.duty_type)));
    }
    let answer = decide(&session, &entry, &request, false)?;
    let leaves_something = leaves_something();
    if answer.outcome != Outcome::Acquired {
        note(&session, &entry, &request, &answer)?;
        commit::asynchronously_if(may_be_asynchronous);
    }
    one_claim::remember(request, &answer);
    Ok(Answered { answer, leaves_something })
}

/// Is this ledger where it was, and whole? What raises doubt is settled here; what cannot be settled is refused.
pub(super) fn doubt(session: &Session) -> Result<Option<Acquisition>, Error> {
    let now = server::now();
    // The clock first: what is settled is settled by it.
    if let Some(refusal) = clock_mark::refusal(session, now)? {
        return Ok(Some(refusal));
    }
    if let Some(refusal) = replication::refusal(session, now)? {
        return Ok(Some(refusal));
    }
    identity::check(session, now)
}

/// What became of a position that was handed back.
pub(super) enum Told {
    Nothing,
    /// It is not here: every chain is quarantined now.
    Loss,
    /// Another caller is settling that.
    Unsettled(Acquisition),
}

/// What a node hands back as its last grant is here, or the ledger has gone back in time.
pub(super) fn witness(session: &Session, seen: &str, now: Timestamp) -> Result<Told, Error> {
    let position = match read_position(session, seen) {
        // The ledger's keys may be newer than what this backend knows.
        Err(error) if error == Position::foreign() => {
            known_names::forget();
            read_position(session, seen)?
        }
        read => read?,
    };
    let (chain_id, node_id) = (position.key.chain_id, position.node_id);
    let mut told = Told::Nothing;
    if !witnesses::is_known(chain_id, node_id) || !positions::is_in_running_server(&position) {
        match positions::recall(session, &position)? {
            Recall::Here => {}
            Recall::NotToBeJudged => return Ok(Told::Nothing),
            Recall::Lost => {
                if let Some(refusal) = identity::lost(session, &position, now)? {
                    return Ok(Told::Unsettled(refusal));
                }
                // What is kept of the chains was read before.
                known_names::forget();
                told = Told::Loss;
            }
        }
    }
    // After a loss, too: what the node knows is below the quarantine from now on.
    witnesses::report(session, chain_id, node_id, !positions::is_current(&position), now)?;
    Ok(told)
}

fn read_position(session: &Session, seen: &str) -> Result<Position, Error> {
    let ledger = known_names::ledger(session)?.ok_or_else(Position::foreign)?;
    let position = Position::parse(seen, &ledger.seal_keys)?;
    if position.ledger == ledger.id {
        Ok(position)
    } else {
        Err(Position::foreign())
    }
}

/// What the names stand for: as kept where that lets the request pass, else as it is now.
pub fn look_up(session: &Session, request: &Request) -> Result<Entry, Error> {
    let mut entry = look_up_names(session, request)?;
    entry.duty_type.check_block_index(&request.duty_type, request.block_index)?;
    if let Subject::Withdrawal(withdrawal) = &request.subject {
        entry.withdrawal_id = withdrawals::find(session, entry.chain.id, &withdrawal.request_id)?;
    }
    Ok(entry)
}

fn look_up_names(session: &Session, request: &Request) -> Result<Entry, Error> {
    if let Some(entry) = known_names::recall(request)? {
        let bounds = entry.bounds(&request.chain, server::now());
        let wanted = wanted(&entry, request)?;
        if watermark::refusal(&bounds, &wanted).is_none()
            && !watermark::awaits_witnesses(&bounds, &wanted)
            && !lacks_standby(&entry)
        {
            return Ok(entry);
        }
    }
    let entry = registry::look_up(session, request)?;
    known_names::remember(request, &entry);
    Ok(entry)
}

/// What the bounds are asked about. 22023 where the duty type is asked for in another way.
pub(super) fn wanted(entry: &Entry, request: &Request) -> Result<Wanted, Error> {
    let (asked_by, vote) = match &request.subject {
        Subject::Slot(_) => (AskedBy::Slot, None),
        Subject::Vote(vote) => (AskedBy::Epochs, Some(*vote)),
        Subject::Withdrawal(_) => (AskedBy::RequestId, None),
    };
    if entry.duty_type.asked_by != asked_by {
        return Err(asked_in_another_way(entry, request));
    }
    Ok(Wanted { slot: entry.slot(&request.subject)?, vote, was_signed: false })
}

fn asked_in_another_way(entry: &Entry, request: &Request) -> Error {
    let Request { chain, duty_type, .. } = request;
    let rules = entry.chain.rules.name();
    let error = |message| Error::argument(SqlState::INVALID_PARAMETER_VALUE, "duty_type", message);
    match entry.duty_type.asked_by {
        AskedBy::Epochs => error(format!("{duty_type} of chain \"{chain}\" is asked for by source and target epoch"))
            .hint("Call slashguard.try_acquire_attestation, or slashguard.acquire_attestation."),
        AskedBy::RequestId => error(format!("{duty_type} of chain \"{chain}\" is asked for by the request's id"))
            .hint("Call slashguard.try_acquire_withdrawal, or slashguard.acquire_withdrawal."),
        AskedBy::Slot => error(format!("{duty_type} of chain \"{chain}\" (rules {rules}) is asked for by slot"))
            .hint("Call slashguard.try_acquire_duty, or slashguard.acquire_duty."),
    }
}

/// A refusal is counted.
pub(super) fn note(session: &Session, entry: &Entry, request: &Request, answer: &Acquisition) -> Result<(), Error> {
    refusals::note(session, &asked(entry, request)?, request, answer, server::now())?;
    counts::add(session, entry.chain.id, entry.duty_type.id, entry.node_id.unwrap_or(0), answer.outcome.name())
}

/// What a refusal is told apart by.
pub(super) fn asked(entry: &Entry, request: &Request) -> Result<refusals::Asked, Error> {
    let wanted = wanted(entry, request)?;
    Ok(refusals::Asked {
        chain_id: entry.chain.id,
        duty_type_id: entry.duty_type.id,
        slot: if entry.duty_type.asked_by == AskedBy::RequestId { withdrawals::NONE } else { wanted.slot },
        source_epoch: wanted.vote.map(|vote| vote.source_epoch),
    })
}

pub(super) fn lacks_standby(entry: &Entry) -> bool {
    entry.chain.require_standby && !standby::is_connected()
}

/// `is_alone`: whether this transaction holds the chain's lock alone, for many claims.
pub(super) fn decide(
    session: &Session,
    entry: &Entry,
    request: &Request,
    is_alone: bool,
) -> Result<Acquisition, Error> {
    let now = server::now();
    let wanted = wanted(entry, request)?;
    let bounds = entry.bounds(&request.chain, now);
    let validator = match &entry.validator {
        Some(validator) => validator.clone(),
        // What the chain's own bounds refuse leaves no validator behind.
        None => match watermark::refusal(&bounds, &wanted) {
            Some(refusal) => return Ok(refusal),
            None => match first_sight(session, entry, request, &bounds, now)? {
                FirstSight::Registered(validator) => validator,
                FirstSight::NotOwned => return Ok(refusal::not_owned(&request.chain)),
                FirstSight::HeldUp(why) => return Ok(acquisition::held_up(why)),
            },
        },
    };
    let bounds = Bounds { validator: validator.bounds.clone(), ..bounds };
    let refusal = match watermark::refusal(&bounds, &wanted) {
        None if lacks_standby(entry) => Some(acquisition::no_standby(&bounds.chain)),
        refusal => refusal,
    };
    let mut attempt = Attempt::new(session, entry, request, &wanted, validator.id, bounds);
    attempt.is_alone = is_alone;
    let refusal = match refusal {
        None => attempt.missing_witnesses()?,
        refusal => refusal,
    };
    if let Some(refusal) = refusal {
        // What is on record may still be named, and a signature handed back: neither grants anything.
        if let Some(answer) = attempt.answer_from_record_or(refusal, now)? {
            return Ok(answer);
        }
    }
    let deadline = now.saturating_add(request.wait);
    let Subject::Withdrawal(withdrawal) = &request.subject else {
        return attempt.until_decided(deadline);
    };
    let mut decide = || match attempt.name_withdrawal(withdrawal)? {
        Some(refusal) => Ok(refusal),
        None => attempt.until_decided(deadline),
    };
    match entry.withdrawal_id {
        Some(_) => decide(),
        // A request's number is kept for ever, so one that is refused is given none.
        None => patience::keep_if(session, decide, |answer| answer.outcome == Outcome::Acquired),
    }
}

/// Registers a validator that was never seen on this chain, with the quarantine that the chain wants for it.
fn first_sight(
    session: &Session,
    entry: &Entry,
    request: &Request,
    bounds: &Bounds,
    now: Timestamp,
) -> Result<FirstSight, Error> {
    let chain = &entry.chain;
    let first_use_slot = first_use_slot(chain.first_use, chain.margin_slots, chain.horizon_slots, bounds.current_slot);
    shards::first_sight(session, chain, &request.validator, first_use_slot, now)
}
