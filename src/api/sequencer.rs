//! The log of what a chain's sequencer has signed.

use super::cleanup::parse_batch_size;
use super::entry::{form_composite, sql_functions, Answer, JsonText};
use crate::durability::{commit, standby, storage, transaction};
use crate::duty::acquisition;
use crate::duty::error::{required, Error, SqlState};
use crate::duty::hex_text;
use crate::ledger::chains::{self, Registered};
use crate::ledger::sequencer::{self, Sequencer};
use crate::ledger::statement::Session;
use crate::ledger::{audit, lock, replication, server};
use crate::sequencer::acceptance::{self, Acceptance};
use crate::sequencer::key::Key;
use crate::sequencer::log::{self, BeyondLog, Verdict};
use crate::sequencer::message::{Proof, SignedMessage};
use pgrx::{pg_sys, IntoDatum};
use serde_json::json;

sql_functions! {
    /// Says whose messages `accept_signed_message` takes for a chain. Answers false where that key is set already;
    /// written to the audit view.
    ///
    /// `public_key`: 128 hex digits, the uncompressed public key of 64 bytes, or 40, its address; with or without `0x`.
    /// Former keys are kept beside what was verified with them. Raises 42704 for an unknown chain, 55000 for a retired
    /// one, 22P02 and 22004 for bad input, SG007 in repeatable read and serializable, 25006 on a standby.
    fn set_sequencer(chain: String, public_key: String) -> bool {
        transaction::refuse_on_standby()?;
        transaction::require_fresh_snapshots("a change of the sequencer")?;
        let chain = required("chain", chain)?;
        let key = Key::parse("public_key", &required("public_key", public_key)?)?;
        let session = Session::open();
        let registered = chains::named(&session, &chain)?;
        refuse_retired(&registered)?;
        // After messages under way.
        lock::wait_for(sequencer::log_lock(registered.id));
        let former = sequencer::of_chain(&session, registered.id)?.map(|sequencer| sequencer.key);
        if former.as_ref() == Some(&key) {
            return Ok(false);
        }
        commit::durably();
        sequencer::set_key(&session, registered.id, &key, &server::caller_name(), server::now())?;
        audit::write(&session, "set_sequencer", &chain, &json!({
            "public_key": hex_text::show(key.bytes()),
            "address": hex_text::show(&key.address()),
            "former_public_key": former.map(|former| hex_text::show(former.bytes())),
        }))?;
        Ok(true)
    }

    /// Puts a message of the chain's sequencer on record, in one of four outcomes: `accepted`; `already_accepted`, where
    /// the same payload is on record for its sequence; `equivocation`, where another one is: both are kept as evidence
    /// and this one is refused; `stale`, where the log has forgotten what it accepted for that sequence.
    ///
    /// `message`: a signed message as `verify_signed_message` takes it. It may be part of a transaction with other work:
    /// then it is accepted if that commits, which waits for the disk. Raises what `verify_signed_message` raises, SG006
    /// among it, and nothing is written; 42704 for an unknown chain; 55000 for a retired one or one without a sequencer;
    /// SG004 while the chain is frozen or held by an operator's change, its standby is missing, the server may forget or
    /// another one may write here; SG007 in repeatable read and serializable; 55P03 where another transaction with a
    /// message of this chain is open for two seconds; 25006 on a standby.
    fn accept_signed_message(chain: String, message: JsonText) -> Acceptance {
        transaction::refuse_on_standby()?;
        transaction::require_fresh_snapshots("accepting a message")?;
        let chain = required("chain", chain)?;
        let message = SignedMessage::parse(&required("message", message)?.0)?;
        let session = Session::open();
        let registered = chains::named(&session, &chain)?;
        // Before any lock: this takes longest, and whoever is not the sequencer makes nobody wait.
        let early = sequencer_of(&session, &registered)?;
        let mut proof = message.verify(&early.key)?;
        let registered = look_at_open(&session, &registered)?;
        commit::answer_after_commit();
        lock::wait_for(sequencer::log_lock(registered.id));
        let sequencer = sequencer_of(&session, &registered)?;
        if sequencer.key != early.key {
            proof = message.verify(&sequencer.key)?;
        }
        let answer = put_on_record(&session, &registered, &sequencer, &message, &proof)?;
        if registered.chain.options.require_standby {
            commit::durably_on_standby();
        } else {
            commit::durably();
        }
        Ok(answer)
    }

    /// Closes the log below `before_sequence`: nothing is accepted there any more, because what was accepted cannot be
    /// compared with it. Then deletes one batch of the messages there. Answers how many went; 0: nothing is left.
    /// Evidence stays; written to the audit view.
    ///
    /// `before_sequence`: at most one past the last message on record. `batch_size`: 1 to 1,000,000 messages. Raises
    /// 42704 for an unknown chain, 55000 for one without a sequencer, 22023 and 22004 for bad input, SG007 in repeatable
    /// read and serializable, 25006 on a standby.
    fn forget_sequencer_messages(chain: String, before_sequence: i64, batch_size: i32) -> i64 {
        transaction::refuse_on_standby()?;
        transaction::require_fresh_snapshots("a cleanup of messages")?;
        let chain = required("chain", chain)?;
        let before = required("before_sequence", before_sequence)?;
        let batch_size = parse_batch_size(batch_size)?;
        let session = Session::open();
        let registered = chains::named(&session, &chain)?;
        lock::wait_for(sequencer::log_lock(registered.id));
        let sequencer = sequencer_of(&session, &registered)?;
        let (first, last) = sequencer::ends(&session, registered.id, sequencer.forgotten_before)?;
        let bound = log::bound_to_raise(before, sequencer.forgotten_before, first, last).map_err(|log| beyond(&chain, log))?;
        commit::durably();
        if let Some(bound) = bound {
            sequencer::raise_bound(&session, registered.id, bound)?;
            audit::write(&session, "forget_sequencer_messages", &chain, &json!({
                "before_sequence": bound, "formerly": sequencer.forgotten_before,
            }))?;
        }
        sequencer::delete(&session, registered.id, before, i64::from(batch_size))
    }
}

fn sequencer_of(session: &Session, chain: &Registered) -> Result<Sequencer, Error> {
    sequencer::of_chain(session, chain.id)?.ok_or_else(|| {
        Error::argument(
            SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
            "chain",
            format!("chain \"{}\" has no sequencer", chain.chain.name),
        )
        .hint("Say who it is with slashguard.set_sequencer.")
    })
}

fn refuse_retired(chain: &Registered) -> Result<(), Error> {
    if !chain.retired {
        return Ok(());
    }
    Err(Error::argument(
        SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
        "chain",
        format!("chain \"{}\" is retired", chain.chain.name),
    )
    .hint("A retired chain is closed for good."))
}

/// The chain, neither retired nor frozen, and able to keep what it takes. After operators' changes under way; but its lock is not held
/// until the commit, or a client's open transaction would keep operators from a freeze. No receipt vouches for the log.
fn look_at_open(session: &Session, chain: &Registered) -> Result<Registered, Error> {
    let halted = |what: String| {
        Error::new(SqlState::HALTED, what).detail("Nothing was accepted.").hint("Hand the message in again later.")
    };
    let name = &chain.chain.name;
    match lock::share(session, chain.lock)? {
        Some(lock) => lock.give_back(),
        None => return Err(halted(format!("an operator's change to chain \"{name}\" is under way"))),
    }
    let chain = chains::with_id(session, chain.id)?.ok_or_else(|| Error::internal("a chain vanished"))?;
    refuse_retired(&chain)?;
    if chain.frozen {
        return Err(halted(format!("chain \"{name}\" is frozen")));
    }
    if let Some(refusal) = storage::refusal().or(replication::refusal(session, server::now())?) {
        return Err(halted(refusal.reason));
    }
    if chain.chain.options.require_standby && !standby::is_connected() {
        return Err(halted(acquisition::no_standby(name).reason));
    }
    Ok(chain)
}

fn put_on_record(
    session: &Session,
    chain: &Registered,
    sequencer: &Sequencer,
    message: &SignedMessage,
    proof: &Proof,
) -> Result<Acceptance, Error> {
    let on_record = sequencer::on_record(session, chain.id, message.sequence)?;
    let verdict = log::judge(message, sequencer.forgotten_before, on_record.as_ref());
    if let (Verdict::Forgotten, Some(bound)) = (verdict, sequencer.forgotten_before) {
        sequencer::touch(session, chain.id)?;
        return Ok(acceptance::stale(message, bound));
    }
    let neighbours = sequencer::neighbours(session, chain.id, message.sequence, sequencer.forgotten_before)?;
    let gaps = neighbours.gaps(message.sequence);
    let now = server::now();
    match (verdict, on_record) {
        (Verdict::New, None) => {
            sequencer::add(session, chain.id, sequencer.key_id, message, now)?;
            sequencer::set_missing(session, chain.id, neighbours.range_of(), gaps)?;
            Ok(acceptance::accepted(message, proof, gaps))
        }
        (Verdict::Same, Some(on_record)) => {
            sequencer::touch(session, chain.id)?;
            Ok(acceptance::already_accepted(message, &on_record, gaps))
        }
        (Verdict::Equivocation, Some(on_record)) => {
            let evidence = sequencer::keep_evidence(session, chain.id, sequencer.key_id, message, now)?;
            Ok(acceptance::equivocation(message, &on_record, gaps, &evidence))
        }
        _ => Err(Error::internal("a message was judged without what is on record")),
    }
}

fn beyond(chain: &str, BeyondLog(end): BeyondLog) -> Error {
    let refused = |message: String| Error::argument(SqlState::INVALID_PARAMETER_VALUE, "before_sequence", message);
    match end {
        None => refused(format!("chain \"{chain}\" has no message on record")).hint("There is nothing to forget."),
        Some(end) => refused(format!("the log of chain \"{chain}\" ends before sequence {end}"))
            .hint(format!("Nothing was forgotten. Give at most {end}: what has not come yet is not to be closed.")),
    }
}

/// Fields of `slashguard.acceptance`, in the order of its declaration.
const ACCEPTANCE_FIELDS: usize = 6;

impl Answer for Acceptance {
    #[cfg(test)]
    const SQL: &'static str = "slashguard.acceptance";
    unsafe fn datum(self, fcinfo: pg_sys::FunctionCallInfo) -> Option<pg_sys::Datum> {
        let fields: [Option<pg_sys::Datum>; ACCEPTANCE_FIELDS] = [
            self.outcome.name().into_datum(),
            self.sequence.into_datum(),
            self.missing.map(|range| range.first).into_datum(),
            self.missing.map(|range| range.last).into_datum(),
            self.reason.into_datum(),
            pgrx::JsonB(self.details).into_datum(),
        ];
        unsafe { form_composite(fcinfo, fields) }
    }
}
