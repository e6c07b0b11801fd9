//! One request for a claim, from its first look at the record to its answer.

mod slashable;
mod withdrawal;

use super::waiting::Waiting;
use crate::durability::{commit, standby};
use crate::duty::acquisition::{self, Acquisition};
use crate::duty::claim::Claim;
use crate::duty::clock::Timestamp;
use crate::duty::error::{Error, SqlState};
use crate::duty::key::DutyKey;
use crate::duty::position::Position;
use crate::duty::request::{Request, Subject};
use crate::duty::token::LockToken;
use crate::duty::vote::Vote;
use crate::ledger::claims::{self, Grant};
use crate::ledger::lock::{self, Lock};
use crate::ledger::registry::{self, Entry};
use crate::ledger::statement::Session;
use crate::ledger::{bounds, clock_mark, known_names, server, witnesses};
use crate::rules::one_message::{self, Verdict};
use crate::rules::refusal;
use crate::rules::watermark::{self, Bounds, Wanted};

/// A claim changes under our hands only when somebody else got ahead. So often in a row means something is broken.
const MOST_LOST_RACES: u32 = 1_000;

/// Why a row of a claim may be locked although nobody else decides about the duty.
const CHANGING: &str = "the claim on record is just being recorded, released or cleaned up";

/// One request on its way to a decision.
pub struct Attempt<'a> {
    session: &'a Session,
    entry: &'a Entry,
    request: &'a Request,
    key: DutyKey,
    /// Of an attestation.
    vote: Option<Vote>,
    node_id: Option<i32>,
    /// Whether this transaction has registered the node: its other calls wait for the end of this one.
    new_node: bool,
    bounds: Bounds,
    /// As read with the bounds after the claim.
    durable_record: bool,
    require_standby: bool,
    /// Nobody else has a claim of the chain under way: this transaction holds the chain's lock alone.
    pub is_alone: bool,
    /// Nobody else is granted anything for this recipient before the end of this transaction.
    holds_recipient: bool,
}

enum Step {
    Answer(Acquisition),
    /// Somebody else holds the claim.
    InProgress(Claim),
    /// The claim changed under our hands.
    Again,
}

/// What one caller holds while it decides: nobody freezes the chain, and nobody else decides about the duty.
enum Locks {
    Taken {
        chain: Lock,
        duty: Lock,
    },
    /// The chain's lock is held to the end of the transaction.
    Alone,
}

impl Locks {
    fn give_back(self) {
        if let Self::Taken { chain, duty } = self {
            duty.give_back();
            chain.give_back();
        }
    }
}

impl<'a> Attempt<'a> {
    pub fn new(
        session: &'a Session,
        entry: &'a Entry,
        request: &'a Request,
        wanted: &Wanted,
        validator_id: i32,
        bounds: Bounds,
    ) -> Self {
        Self {
            session,
            entry,
            request,
            key: DutyKey {
                chain_id: entry.chain.id,
                slot: wanted.slot,
                validator_id,
                duty_type_id: entry.duty_type.id,
                block_index: request.block_index,
            },
            vote: wanted.vote,
            node_id: entry.node_id,
            new_node: false,
            bounds,
            durable_record: false,
            require_standby: entry.chain.require_standby,
            is_alone: false,
            holds_recipient: false,
        }
    }

    /// What is on record, where that can be told without granting anything; else the refusal. None: what was signed elsewhere is
    /// asked for again, and the refusal does not hold against that.
    pub fn answer_from_record_or(
        &mut self,
        refusal: Acquisition,
        now: Timestamp,
    ) -> Result<Option<Acquisition>, Error> {
        let Some(claim) = claims::read(self.session, &self.key)? else {
            return Ok(Some(refusal));
        };
        if let Some(answer) = self.answer_from_record(&claim, now)? {
            return Ok(Some(answer));
        }
        let wanted = self.wanted(Some(&claim));
        let stands = watermark::refusal(&self.bounds, &self.wanted(None)).is_none()
            || watermark::refusal(&self.bounds, &wanted).is_some();
        Ok(stands.then_some(refusal))
    }

    /// Locks and decides, as often as needed until `deadline`.
    pub fn until_decided(&mut self, deadline: Timestamp) -> Result<Acquisition, Error> {
        let mut locks = match self.lock()? {
            Ok(locks) => locks,
            Err(held_up) => return Ok(held_up),
        };
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
                    if now >= deadline || self.new_node || self.holds_recipient {
                        return Ok(busy);
                    }
                    let Some(place) =
                        waiting.take().or_else(|| Waiting::begin(self.entry.chain.ledger_table, &self.key))
                    else {
                        return Ok(busy);
                    };
                    // Nobody waits for a caller that only waits itself.
                    locks.give_back();
                    waiting = match self.wait(place, claim, deadline)? {
                        Ok(place) => Some(place),
                        Err(answer) => return Ok(answer),
                    };
                    locks = match self.lock()? {
                        Ok(locks) => locks,
                        Err(held_up) => return Ok(held_up),
                    };
                }
            }
        }
    }

    /// Looks at the record now and then, with neither the chain's lock nor the duty's, as long as somebody else has the claim: until it may be decided about once
    /// more, or until an answer, which is the inner error, stands on record or `deadline` is over.
    fn wait(
        &mut self,
        mut place: Waiting,
        mut claim: Claim,
        deadline: Timestamp,
    ) -> Result<Result<Waiting, Acquisition>, Error> {
        loop {
            place = place.look_later(deadline, claim.lease_until);
            let now = server::now();
            claim = match self.look(now)? {
                Some(Step::InProgress(claim)) => claim,
                Some(Step::Answer(answer)) => return Ok(Err(answer)),
                Some(Step::Again) | None => return Ok(Ok(place)),
            };
            if now >= deadline {
                return Ok(Err(acquisition::in_progress(&claim, now)));
            }
        }
    }

    /// The chain first, as everybody does. Whoever has a lock may be waiting for a standby that is gone, so nobody waits for
    /// long, and nobody waits to be told what is on record anyway: the inner error is the answer then.
    fn lock(&mut self) -> Result<Result<Locks, Acquisition>, Error> {
        if self.is_alone {
            return Ok(Ok(Locks::Alone));
        }
        let Some(chain) = lock::share(self.session, self.entry.chain.lock)? else {
            return Ok(Err(acquisition::held_up("an operator's change to this chain is under way")));
        };
        let name = match self.vote {
            Some(_) => lock::votes(self.key.validator_id),
            None => lock::duty(&self.key),
        };
        if let Some(duty) = lock::try_exclude(name) {
            return Ok(Ok(Locks::Taken { chain, duty }));
        }
        if let Some(claim) = claims::read(self.session, &self.key)? {
            if let Some(answer) = self.answer_from_record(&claim, server::now())? {
                return Ok(Err(answer));
            }
        }
        let Some(duty) = lock::exclude_patiently(self.session, name)? else {
            return Ok(Err(acquisition::held_up(match self.vote {
                Some(_) => {
                    "another caller's attestation of this validator is not committed yet; it may be waiting for the standby"
                }
                None => "another caller's claim for this duty is not committed yet; it may be waiting for the standby",
            })));
        };
        Ok(Ok(Locks::Taken { chain, duty }))
    }

    /// What the record says without granting anything. None: it is to be decided about.
    fn look(&mut self, now: Timestamp) -> Result<Option<Step>, Error> {
        let Some(claim) = claims::read(self.session, &self.key)? else {
            return Ok(None);
        };
        if let Some(answer) = self.answer_from_record(&claim, now)? {
            return Ok(Some(Step::Answer(answer)));
        }
        Ok((self.judge(&claim, now) == Verdict::InProgress).then_some(Step::InProgress(claim)))
    }

    /// Looks at the record and does what it allows. `look_first`: before the attempt to insert, because a claim was there
    /// a moment ago.
    fn once(&mut self, now: Timestamp, look_first: bool) -> Result<Step, Error> {
        let is_withdrawal = matches!(self.request.subject, Subject::Withdrawal(_));
        if look_first || is_withdrawal || self.node_id.is_none() {
            if let Some(step) = self.look(now)? {
                return Ok(step);
            }
        }
        if let Some(answer) = self.surround(now)? {
            return Ok(Step::Answer(answer));
        }
        if let Some(answer) = self.beyond_daily_limit(now)? {
            return Ok(Step::Answer(answer));
        }
        let secret = match self.request.secret {
            Some(secret) => secret,
            None => server::secret()?,
        };
        let Some(node_id) = self.registered_node()? else {
            return Ok(Step::Answer(acquisition::held_up("another caller is registering this node")));
        };
        let grant = Grant {
            request: self.request,
            source_epoch: self.vote.map(|vote| vote.source_epoch),
            node_id,
            secret,
            now,
            lease_until: now.saturating_add(self.request.lease),
        };
        if claims::insert(self.session, &self.key, &grant)? {
            return self.granted_anew(&grant);
        }
        let Some(claim) = claims::read(self.session, &self.key)? else {
            return Ok(Step::Again);
        };
        match self.judge(&claim, now) {
            Verdict::Conflict | Verdict::AlreadySigned => {
                Ok(self.answer_from_record(&claim, now)?.map_or(Step::Again, Step::Answer))
            }
            Verdict::InProgress => Ok(Step::InProgress(claim)),
            // Slashable already; whoever signs it again gains nothing.
            Verdict::TakeOver | Verdict::Replay if claim.imported && claims::has_several(self.session, &self.key)? => {
                Ok(Step::Answer(acquisition::several(&claim, self.double_name(), now)))
            }
            Verdict::TakeOver => self.take_over(&claim, &grant),
            Verdict::Replay => self.replay(&claim, &grant),
        }
    }

    fn judge(&self, claim: &Claim, now: Timestamp) -> Verdict {
        if self.is_double(claim) {
            return Verdict::Conflict;
        }
        one_message::judge(claim, &self.request.message_hash, self.request.replay.as_ref(), now)
    }

    /// The answer where the claim on record decides and nothing is granted, for a chain that requires no standby.
    pub fn told_by_record(&self, claim: &Claim, now: Timestamp) -> Option<Acquisition> {
        match self.judge(claim, now) {
            Verdict::Conflict => {
                Some(acquisition::conflict(claim, self.is_double(claim).then(|| self.double_name()), now))
            }
            Verdict::AlreadySigned => Some(acquisition::already_signed(claim)),
            Verdict::InProgress => Some(acquisition::in_progress(claim, now)),
            Verdict::TakeOver | Verdict::Replay => None,
        }
    }

    /// The answers that grant nothing: conflict and already signed.
    fn answer_from_record(&mut self, claim: &Claim, now: Timestamp) -> Result<Option<Acquisition>, Error> {
        match self.judge(claim, now) {
            Verdict::Conflict => {
                Ok(Some(acquisition::conflict(claim, self.is_double(claim).then(|| self.double_name()), now)))
            }
            Verdict::AlreadySigned => self.already_signed(claim).map(Some),
            Verdict::InProgress | Verdict::TakeOver | Verdict::Replay => Ok(None),
        }
    }

    /// What the bounds are asked about. `pinned`: the claim on record for this very message.
    fn wanted(&self, pinned: Option<&Claim>) -> Wanted {
        Wanted { slot: self.key.slot, vote: self.vote, was_signed: pinned.is_some_and(|claim| claim.imported) }
    }

    /// A signature is on record here. Whether it is on the standby too, if the chain wants that, is known only after one more
    /// commit: the counting of this answer.
    fn already_signed(&mut self, claim: &Claim) -> Result<Acquisition, Error> {
        let current = bounds::read_again(self.session, self.key.chain_id, self.key.validator_id, &self.bounds)?;
        if current.require_standby {
            if !standby::is_connected() {
                return Ok(acquisition::no_standby(&self.request.chain));
            }
            commit::durably_on_standby();
        }
        Ok(acquisition::already_signed(claim))
    }

    fn registered_node(&mut self) -> Result<Option<i32>, Error> {
        if self.node_id.is_none() {
            if let Some(node) = registry::register_node(self.session, &self.request.node)? {
                self.new_node = node.is_new;
                self.node_id = Some(node.id);
            }
        }
        Ok(self.node_id)
    }

    /// What refuses the request as things stand now, whatever let it pass before. `pinned`: the claim on record for this very
    /// message.
    fn refusal_now(&mut self, pinned: Option<&Claim>, now: Timestamp) -> Result<Option<Acquisition>, Error> {
        let wanted = self.wanted(pinned);
        // The claim's table is locked by now, so the ledger stays what it is.
        if server::table_oid(c"chain") != self.entry.chain.lock.table {
            known_names::forget();
            return Err(made_anew());
        }
        let current = bounds::read_again(self.session, self.key.chain_id, self.key.validator_id, &self.bounds)?;
        self.durable_record = current.durable_record;
        self.require_standby = current.require_standby;
        let refusal = match watermark::refusal(&current.bounds, &wanted) {
            Some(refusal) => Some(refusal),
            None => {
                self.bounds.awaited_slot = current.bounds.awaited_slot;
                self.missing_witnesses()?
            }
        };
        // What was kept let the request pass, or costs a look at the validator each time.
        if refusal.is_some() || current.bounds.validator.version != self.bounds.validator.version {
            known_names::forget();
        }
        if refusal.is_some() {
            return Ok(refusal);
        }
        if current.require_standby && !standby::is_connected() {
            known_names::forget();
            return Ok(Some(acquisition::no_standby(&self.request.chain)));
        }
        clock_mark::refusal_by(self.session, now, current.latest)
    }

    /// The refusal while witnesses of the server's last start have not reported.
    pub fn missing_witnesses(&self) -> Result<Option<Acquisition>, Error> {
        let wanted = self.wanted(None);
        if !watermark::awaits_witnesses(&self.bounds, &wanted) {
            return Ok(None);
        }
        let missing = witnesses::missing(self.session, self.key.chain_id, server::started_at())?;
        Ok(match missing.is_empty() {
            true => None,
            false => Some(refusal::witnesses_missing(&self.bounds, &wanted, &missing)),
        })
    }

    fn granted_anew(&mut self, grant: &Grant) -> Result<Step, Error> {
        if let Some(refusal) = self.refusal_now(None, grant.now)? {
            let caller = server::caller_name();
            claims::free(self.session, &self.token(grant.secret), grant.now, &caller, claims::TAKEN_BACK)?
                .ok_or_else(|| Error::internal("a claim could not be taken back"))?;
            return Ok(Step::Answer(refusal));
        }
        let mut step = self.acquired(grant, grant.secret, &self.request.node, grant.lease_until, "granted");
        if let Step::Answer(answer) = &mut step {
            answer.is_first = true;
        }
        Ok(step)
    }

    /// The hash is pinned already, so the watermark may be read before: a cleanup that overtakes deletes the row, and then
    /// nothing is taken over.
    fn take_over(&mut self, claim: &Claim, grant: &Grant) -> Result<Step, Error> {
        if let Some(refusal) = self.refusal_now(Some(claim), grant.now)? {
            return Ok(Step::Answer(refusal));
        }
        if let Some(refusal) = self.beyond_daily_limit(grant.now)? {
            return Ok(Step::Answer(refusal));
        }
        match claims::take_over(self.session, &self.key, grant)? {
            None => Ok(Step::Answer(acquisition::held_up(CHANGING))),
            Some(None) => Ok(Step::Again),
            Some(Some(())) => {
                let how = format!("taken over from node {}, same message, granted", claim.node);
                Ok(self.acquired(grant, grant.secret, &self.request.node, grant.lease_until, &how))
            }
        }
    }

    fn replay(&mut self, claim: &Claim, grant: &Grant) -> Result<Step, Error> {
        if let Some(refusal) = self.refusal_now(Some(claim), grant.now)? {
            return Ok(Step::Answer(refusal));
        }
        let Some(secret) = claim.secret else {
            return Ok(Step::Again);
        };
        match claims::replay(self.session, &self.key, grant, secret)? {
            None => Ok(Step::Answer(acquisition::held_up(CHANGING))),
            Some(None) => Ok(Step::Again),
            Some(Some(lease_until)) => {
                Ok(self.acquired(grant, secret, &claim.node, lease_until, "the same request again; granted"))
            }
        }
    }

    fn token(&self, secret: [u8; 16]) -> LockToken {
        LockToken {
            ledger: self.entry.chain.ledger,
            key: self.key,
            durable_record: self.durable_record,
            signature: self.entry.chain.rules.signature(),
            secret,
        }
    }

    fn acquired(&self, grant: &Grant, secret: [u8; 16], node: &str, lease_until: Timestamp, how: &str) -> Step {
        if self.require_standby {
            commit::durably_on_standby();
        } else {
            commit::durably();
        }
        let mut answer = acquisition::acquired(&self.token(secret), node, grant.now, lease_until, how);
        answer.position = Some(self.position(grant).show(&self.entry.chain.seal_key));
        Step::Answer(answer)
    }

    fn position(&self, grant: &Grant) -> Position {
        Position {
            ledger: self.entry.chain.ledger,
            database_oid: server::database_oid(),
            server_start: server::started_at(),
            wal_end: server::wal_end(),
            granted_at: grant.now,
            node_id: grant.node_id,
            key: self.key,
            source_epoch: self.vote.map(|vote| vote.source_epoch),
            message_hash: self.request.message_hash,
        }
    }
}

/// 55000: names were looked up in another ledger than the claim was written to, where the numbers that stand for them are others.
fn made_anew() -> Error {
    Error::new(
        SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
        "slashguard was dropped and made anew while this claim was under way",
    )
    .detail("Nothing was granted.")
    .hint("Ask again.")
}
