//! Many claims in one call and one commit. What SQL calls is a procedure: it lets `claim_duties` or `claim_attestations` decide,
//! commits, and fetches the answers from `claimed`.

use super::entry::{sql_functions, Uuid};
use super::grant::{self, Told};
use super::plain_claims;
use super::refusals_of_batch::Refusals;
use crate::durability::{commit, held_batch, storage, transaction};
use crate::duty::acquisition::{self, Acquisition};
use crate::duty::error::{required, Error, SqlState};
use crate::duty::request::{Arguments, Request, SubjectArguments};
use crate::ledger::registry::{self, Entry};
use crate::ledger::statement::Session;
use crate::ledger::{lock, server};
use pgrx::PgMemoryContexts;
use std::collections::HashMap;

/// With their answers they take a third of a gigabyte.
pub const MOST_REQUESTS: usize = 100_000;

sql_functions! {
    /// Part of the procedure `acquire_duties`: decides and records. The answers are kept until the commit.
    ///
    /// `validators`, `message_hashes`: one of each for every duty, at most 100,000. The rest as `try_acquire_duty`, the same for all
    /// of them. Raises SG007 inside a transaction block, 22023 for lists of different lengths, and what `try_acquire_duty` raises for
    /// bad input; then nothing is granted.
    fn claim_duties(
        chain: String, validators: Vec<Option<String>>, slot: i64, duty_type: String,
        message_hashes: Vec<Option<String>>, node_id: String, block_index: i32, block_number: i64,
        checkpoint_number: i64, lease_ms: i32, request_id: Uuid, seen_position: String,
    ) -> () {
        let validators = required("validators", validators)?;
        let hashes = required("message_hashes", message_hashes)?;
        same_length(&validators, "message_hashes", hashes.len())?;
        let requests = parse_each(validators, hashes, |_, validator, message_hash| Arguments {
            chain: chain.clone(), validator, subject: SubjectArguments::Slot(slot), duty_type: duty_type.clone(),
            message_hash, hash_argument: "message_hashes", node_id: node_id.clone(), block_index, block_number,
            checkpoint_number, lease_ms, request_id: request_id.map(|id| id.0), wait_ms: Some(0), seen_position: None,
        })?;
        claim("acquire_duties", requests, seen_position)
    }

    /// Part of the procedure `acquire_attestations`, as `claim_duties` is of `acquire_duties`.
    fn claim_attestations(
        chain: String, validators: Vec<Option<String>>, source_epochs: Vec<Option<i64>>,
        target_epochs: Vec<Option<i64>>, signing_roots: Vec<Option<String>>, node_id: String, lease_ms: i32,
        request_id: Uuid, seen_position: String,
    ) -> () {
        let validators = required("validators", validators)?;
        let sources = required("source_epochs", source_epochs)?;
        let targets = required("target_epochs", target_epochs)?;
        let roots = required("signing_roots", signing_roots)?;
        same_length(&validators, "source_epochs", sources.len())?;
        same_length(&validators, "target_epochs", targets.len())?;
        same_length(&validators, "signing_roots", roots.len())?;
        for (source, target) in sources.iter().zip(&targets) {
            super::ethereum::refuse_source_after_target(*source, *target)?;
        }
        let requests = parse_each(validators, roots, |place, validator, message_hash| Arguments {
            chain: chain.clone(), validator,
            subject: SubjectArguments::Vote {
                source_epoch: sources.get(place).copied().flatten(), target_epoch: targets.get(place).copied().flatten(),
            },
            duty_type: Some(super::ethereum::ATTESTATION.to_owned()), message_hash, hash_argument: "signing_roots",
            node_id: node_id.clone(), block_index: Some(-1), block_number: None, checkpoint_number: None, lease_ms,
            request_id: request_id.map(|id| id.0), wait_ms: Some(0), seen_position: None,
        })?;
        claim("acquire_attestations", requests, seen_position)
    }

    /// Part of the procedures `acquire_duties` and `acquire_attestations`: the answers that this statement has committed, in the order
    /// of its requests. Raises 55000 where there are none.
    fn claimed() -> Vec<Acquisition> {
        held_batch::take()
    }
}

/// 22023 for lists that do not belong together, or are too long.
pub fn same_length<T>(validators: &[T], argument: &str, length: usize) -> Result<(), Error> {
    let fault =
        |message, hint: &str| Err(Error::argument(SqlState::INVALID_PARAMETER_VALUE, argument, message).hint(hint));
    if validators.len() != length {
        return fault(
            format!("{argument} has {length} elements where the first list has {}", validators.len()),
            "Give one of each for every duty, in the same order.",
        );
    }
    if length > MOST_REQUESTS {
        return fault(format!("{argument} has {length} elements"), "Give at most 100000 at once.");
    }
    Ok(())
}

/// The first fault is the batch's: a client that sends one knows less than it should of all.
fn parse_each(
    validators: Vec<Option<String>>,
    hashes: Vec<Option<String>>,
    arguments: impl Fn(usize, Option<String>, Option<String>) -> Arguments,
) -> Result<Vec<Request>, Error> {
    let role = server::caller();
    let pairs = validators.into_iter().zip(hashes).enumerate();
    pairs
        .map(|(place, (validator, hash))| {
            arguments(place, validator, hash).parse(role).map_err(|error| in_batch(error, place))
        })
        .collect()
}

/// Says which one it was.
pub fn in_batch(error: Error, place: usize) -> Error {
    let detail = error.detail.clone().unwrap_or_default();
    error.detail(format!("{detail} Number {} of the batch.", place + 1).trim_start().to_owned())
}

fn claim(procedure: &str, requests: Vec<Request>, seen_position: Option<String>) -> Result<(), Error> {
    held_batch::discard();
    held_batch::require_procedure(procedure)?;
    // What a refusal leaves behind is no promise: nobody waits for the disk, or for a standby that is gone.
    let may_be_asynchronous = server::nothing_written();
    let answers = answer(&requests, seen_position.as_deref())?;
    commit::asynchronously_if(may_be_asynchronous);
    held_batch::keep(answers);
    Ok(())
}

/// The gates are those of one request, `grant::answer`, in the same order.
fn answer(requests: &[Request], seen_position: Option<&str>) -> Result<Vec<Acquisition>, Error> {
    let all = |answer: Acquisition| Ok(vec![answer; requests.len()]);
    let Some(first) = requests.first() else {
        return Ok(Vec::new());
    };
    if transaction::on_standby() {
        return all(acquisition::on_standby());
    }
    if let Some(refusal) = storage::refusal() {
        return all(refusal);
    }
    let session = Session::open();
    if let Some(refusal) = grant::doubt(&session)? {
        return all(refusal);
    }
    let told = match seen_position {
        Some(seen) => grant::witness(&session, seen, server::now())?,
        None => Told::Nothing,
    };
    let entry = match (told, grant::look_up(&session, first)) {
        (Told::Unsettled(refusal), _) => return all(refusal),
        (Told::Loss, Err(_)) => return all(acquisition::gone_back()),
        (_, entry) => entry.map_err(|error| in_batch(error, 0))?,
    };
    if !entry.duty_type.protected {
        return all(acquisition::not_protected(&first.duty_type));
    }
    let Some(_held_to_the_end) = lock::share_alone(&session, entry.chain.lock)? else {
        return all(acquisition::held_up(
            "claims of this chain are not committed yet; they may be waiting for the standby",
        ));
    };
    let mut answers = plain_claims::acquire(&session, &entry, requests)?;
    let mut refusals = Refusals::default();
    for (place, answer) in answers.iter().enumerate() {
        if answer.is_some() {
            refusals.add(place, &entry, &requests[place])?;
        }
    }
    let others = (0..requests.len()).filter(|place| answers[*place].is_none()).collect();
    // Before the first of the memories below: it would end while the session holds on to it.
    session.connect();
    for place in in_order_of_keys(&session, &entry, requests, others)? {
        let mut memory = PgMemoryContexts::new("slashguard: one claim of a batch");
        // SAFETY: nothing that is made in it outlives the call.
        let answered = unsafe { memory.switch_to(|_| one_of_many(&session, &requests[place])) };
        let (entry, answer) = answered.map_err(|error| in_batch(error, place))?;
        refusals.add(place, &entry, &requests[place])?;
        answers[place] = Some(answer);
    }
    let answers: Vec<Acquisition> = answers.into_iter().flatten().collect();
    refusals.note(&session, requests, &answers)?;
    Ok(answers)
}

fn one_of_many(session: &Session, request: &Request) -> Result<(Entry, Acquisition), Error> {
    let entry = grant::look_up(session, request)?;
    let answer = grant::decide(session, &entry, request, true)?;
    Ok((entry, answer))
}

/// Rows of claims are taken over in the order of the key, as `record_signatures` takes them: two that meet on the same rows in two
/// orders would wait for each other. Those of one validator stay in the order that they were asked in.
fn in_order_of_keys(
    session: &Session,
    entry: &Entry,
    requests: &[Request],
    mut places: Vec<usize>,
) -> Result<Vec<usize>, Error> {
    let keys: Vec<Option<&[u8]>> = places.iter().map(|place| Some(&requests[*place].validator[..])).collect();
    let ids = registry::validator_ids(session, entry.chain.id, &keys)?;
    let mut key_of: HashMap<&[u8], (i64, Option<i32>)> = HashMap::with_capacity(places.len());
    for (place, id) in places.iter().zip(ids) {
        let slot = grant::wanted(entry, &requests[*place]).map_err(|error| in_batch(error, *place))?.slot;
        key_of.entry(&requests[*place].validator).or_insert((slot, id));
    }
    places.sort_by_key(|place| key_of.get(&requests[*place].validator[..]));
    Ok(places)
}

/// Whatever else is in it, a batch that grants is flushed.
pub fn commit_durably(require_standby: bool) {
    if require_standby {
        commit::durably_on_standby();
    } else {
        commit::durably();
    }
}
