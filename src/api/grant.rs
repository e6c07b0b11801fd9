//! The way of a request: gates in a fixed order, and nothing goes back.

use super::waiting::Waiting;
use crate::durability::{commit, one_claim, storage, transaction};
use crate::duty::acquisition::{self, Acquisition, Outcome};
use crate::duty::chain::{quarantine_slots, FirstUse};
use crate::duty::claim::Claim;
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use crate::duty::key::DutyKey;
use crate::duty::request::Request;
use crate::duty::token::LockToken;
use crate::ledger::claims::{self, Grant};
use crate::ledger::lock;
use crate::ledger::registry::{self, Entry, Validator};
use crate::ledger::statement::Session;
use crate::ledger::{bounds, counts, identity, known_names, refusals, server};
use crate::rules::aztec::{self, Verdict};
use crate::rules::watermark::{self, Bounds};

/// A claim changes under our hands only when somebody else got ahead. So often in a row means something is broken.
const MOST_LOST_RACES: u32 = 1_000;

/// Answers a request.
pub fn answer(request: Request) -> Result<Acquisition, Error> {
    if transaction::on_standby() {
        return Ok(acquisition::on_standby());
    }
    transaction::require_vouching()?;
    if let Some(refusal) = storage::refusal() {
        return Ok(refusal);
    }
    if let Some(answer) = one_claim::recall(&request)? {
        return Ok(answer);
    }
    let session = Session::open();
    identity::check(&session, server::now())?;
    let entry = look_up(&session, &request)?;
    entry.duty_type.check_block_index(&request.duty_type, request.block_index)?;
    if !entry.duty_type.protected {
        return Ok(acquisition::not_protected(&request.duty_type));
    }
    let answer = decide(&session, &entry, &request)?;
    if answer.outcome != Outcome::Acquired {
        note(&session, &entry, &request, &answer)?;
    }
    one_claim::remember(request, &answer);
    Ok(answer)
}

/// What the names stand for: as kept where that lets the request pass, else as it is now.
fn look_up(session: &Session, request: &Request) -> Result<Entry, Error> {
    if let Some(entry) = known_names::recall(request) {
        if watermark::refusal(&entry.bounds(&request.chain, server::now()), request.slot).is_none() {
            return Ok(entry);
        }
    }
    let entry = registry::look_up(session, request)?;
    known_names::remember(request, &entry);
    Ok(entry)
}

/// A refusal is counted, and need not wait for the disk: it promises nothing.
fn note(session: &Session, entry: &Entry, request: &Request, answer: &Acquisition) -> Result<(), Error> {
    commit::asynchronously();
    refusals::note(session, entry.chain.id, entry.duty_type.id, request, answer, server::now())?;
    counts::add(session, entry.chain.id, entry.duty_type.id, entry.node_id.unwrap_or(0), answer.outcome.name())
}

fn decide(session: &Session, entry: &Entry, request: &Request) -> Result<Acquisition, Error> {
    let now = server::now();
    let bounds = entry.bounds(&request.chain, now);
    let validator = match entry.validator {
        Some(validator) => validator,
        // What the chain's own bounds refuse leaves no validator behind.
        None => match watermark::refusal(&bounds, request.slot) {
            Some(refusal) => return Ok(refusal),
            None => first_sight(session, entry, request, &bounds, now)?,
        },
    };
    let bounds = Bounds { first_use_slot: validator.first_use_slot, ..bounds };
    let mut attempt = Attempt {
        session,
        entry,
        request,
        key: DutyKey {
            chain_id: entry.chain.id,
            slot: request.slot,
            validator_id: validator.id,
            duty_type_id: entry.duty_type.id,
            block_index: request.block_index,
        },
        node_id: entry.node_id,
        new_node: false,
        durable_record: false,
        bounds,
    };
    if let Some(refusal) = watermark::refusal(&attempt.bounds, request.slot) {
        // What is on record may still be named, and a signature handed back: neither grants anything.
        return Ok(match claims::read(session, &attempt.key)? {
            Some(claim) => attempt.answer_from_record(&claim, now).unwrap_or(refusal),
            None => refusal,
        });
    }
    attempt.until_decided(now.saturating_add(request.wait))
}

/// Registers a validator that was never seen on this chain, with the quarantine that the chain wants for it.
fn first_sight(
    session: &Session,
    entry: &Entry,
    request: &Request,
    bounds: &Bounds,
    now: Timestamp,
) -> Result<Validator, Error> {
    let first_use_slot = match entry.chain.first_use {
        FirstUse::Trust => None,
        FirstUse::Quarantine => Some(
            bounds.current_slot.saturating_add(quarantine_slots(entry.chain.margin_slots, entry.chain.horizon_slots)),
        ),
    };
    registry::register_validator(session, entry.chain.id, &request.validator, first_use_slot, now)
}

/// One request on its way to a decision.
struct Attempt<'a> {
    session: &'a Session,
    entry: &'a Entry,
    request: &'a Request,
    key: DutyKey,
    node_id: Option<i32>,
    /// Whether this transaction has registered the node: its other calls wait for the end of this one.
    new_node: bool,
    bounds: Bounds,
    /// As read with the bounds after the claim.
    durable_record: bool,
}

enum Step {
    Answer(Acquisition),
    /// Somebody else holds the claim.
    InProgress(Claim),
    /// The claim changed under our hands.
    Again,
}

impl Attempt<'_> {
    fn until_decided(&mut self, deadline: Timestamp) -> Result<Acquisition, Error> {
        let mut chain_lock = lock::share(self.entry.chain.lock);
        let mut waiting: Option<Waiting> = None;
        let mut lost_races = 0;
        loop {
            let now = server::now();
            match self.once(now, waiting.is_some())? {
                Step::Answer(answer) => return Ok(answer),
                Step::Again => {
                    lost_races += 1;
                    if lost_races == MOST_LOST_RACES {
                        return Ok(acquisition::contended());
                    }
                }
                Step::InProgress(claim) => {
                    let busy = acquisition::in_progress(&claim, now);
                    if now >= deadline || self.new_node {
                        return Ok(busy);
                    }
                    let Some(place) = waiting.take().or_else(|| Waiting::begin(self.entry.chain.ledger_table)) else {
                        return Ok(busy);
                    };
                    // Nobody waits for a caller that only waits itself.
                    chain_lock.give_back();
                    waiting = Some(place.look_later(deadline));
                    chain_lock = lock::share(self.entry.chain.lock);
                }
            }
        }
    }

    /// Looks at the record and does what it allows. `look_first`: before the attempt to insert, because a claim was there
    /// a moment ago.
    fn once(&mut self, now: Timestamp, look_first: bool) -> Result<Step, Error> {
        if look_first || self.node_id.is_none() {
            if let Some(claim) = claims::read(self.session, &self.key)? {
                if let Some(answer) = self.answer_from_record(&claim, now) {
                    return Ok(Step::Answer(answer));
                }
                if self.judge(&claim, now) == Verdict::InProgress {
                    return Ok(Step::InProgress(claim));
                }
            }
        }
        let secret = server::secret()?;
        let grant = Grant {
            request: self.request,
            node_id: self.registered_node()?,
            secret,
            now,
            lease_until: now.saturating_add(self.request.lease),
        };
        if claims::insert(self.session, &self.key, &grant)? {
            return self.granted_anew(secret, now, grant.lease_until);
        }
        let Some(claim) = claims::read(self.session, &self.key)? else {
            return Ok(Step::Again);
        };
        match self.judge(&claim, now) {
            Verdict::Conflict | Verdict::AlreadySigned => {
                Ok(self.answer_from_record(&claim, now).map_or(Step::Again, Step::Answer))
            }
            Verdict::InProgress => Ok(Step::InProgress(claim)),
            Verdict::TakeOver => self.take_over(&claim, &grant),
            Verdict::Replay => self.replay(&claim, now, grant.lease_until),
        }
    }

    fn judge(&self, claim: &Claim, now: Timestamp) -> Verdict {
        aztec::judge(claim, &self.request.message_hash, self.request.replay.as_ref(), now)
    }

    /// The answers that need nothing written: conflict and already signed.
    fn answer_from_record(&self, claim: &Claim, now: Timestamp) -> Option<Acquisition> {
        match self.judge(claim, now) {
            Verdict::Conflict => Some(acquisition::conflict(claim, now)),
            Verdict::AlreadySigned => Some(acquisition::already_signed(claim)),
            Verdict::InProgress | Verdict::TakeOver | Verdict::Replay => None,
        }
    }

    fn registered_node(&mut self) -> Result<i32, Error> {
        if let Some(id) = self.node_id {
            return Ok(id);
        }
        let node = registry::register_node(self.session, &self.request.node)?;
        self.new_node = node.is_new;
        self.node_id = Some(node.id);
        Ok(node.id)
    }

    /// The refusal of the watermarks as they stand now. What was kept of them let the request pass, and is forgotten.
    fn refusal_now(&mut self) -> Result<Option<Acquisition>, Error> {
        let (bounds, durable_record) = bounds::read_again(self.session, self.key.chain_id, &self.bounds)?;
        self.durable_record = durable_record;
        let refusal = watermark::refusal(&bounds, self.request.slot);
        if refusal.is_some() {
            known_names::forget();
        }
        Ok(refusal)
    }

    fn granted_anew(&mut self, secret: [u8; 16], now: Timestamp, lease_until: Timestamp) -> Result<Step, Error> {
        if let Some(refusal) = self.refusal_now()? {
            let caller = server::caller_name();
            claims::free(self.session, &self.token(secret), now, &caller, claims::TAKEN_BACK)?
                .ok_or_else(|| Error::internal("a claim could not be taken back"))?;
            return Ok(Step::Answer(refusal));
        }
        Ok(self.acquired(self.token(secret), &self.request.node, now, lease_until, "granted"))
    }

    /// The hash is pinned already, so the watermark may be read before: a cleanup that overtakes deletes the row, and then
    /// nothing is taken over.
    fn take_over(&mut self, claim: &Claim, grant: &Grant) -> Result<Step, Error> {
        if let Some(refusal) = self.refusal_now()? {
            return Ok(Step::Answer(refusal));
        }
        if !claims::take_over(self.session, &self.key, grant)? {
            return Ok(Step::Again);
        }
        let how = format!("taken over from node {}, same message, granted", claim.node);
        Ok(self.acquired(self.token(grant.secret), &self.request.node, grant.now, grant.lease_until, &how))
    }

    fn replay(&mut self, claim: &Claim, now: Timestamp, lease_until: Timestamp) -> Result<Step, Error> {
        if let Some(refusal) = self.refusal_now()? {
            return Ok(Step::Answer(refusal));
        }
        let Some(secret) = claim.secret else {
            return Ok(Step::Again);
        };
        let replayed = claims::replay(self.session, &self.key, self.request, secret, now, lease_until)?;
        Ok(replayed.map_or(Step::Again, |lease_until| {
            self.acquired(self.token(secret), &claim.node, now, lease_until, "the same request again; granted")
        }))
    }

    fn token(&self, secret: [u8; 16]) -> LockToken {
        LockToken { ledger: self.entry.chain.ledger, key: self.key, durable_record: self.durable_record, secret }
    }

    fn acquired(&self, token: LockToken, node: &str, now: Timestamp, lease_until: Timestamp, how: &str) -> Step {
        commit::durably();
        Step::Answer(acquisition::acquired(&token, node, now, lease_until, how))
    }
}
