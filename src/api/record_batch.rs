//! Many signatures in one call and one commit. What SQL calls is a procedure: it lets `record_each` decide, commits, and fetches the
//! answers from `recorded`.

use super::batch::{in_batch, same_length};
use super::entry::{sql_functions, Recording};
use super::holder::require_own;
use super::record::{self, Recorded};
use crate::durability::{bell, commit, held_batch, transaction};
use crate::duty::error::{required, Error, SqlState};
use crate::duty::key::DutyKey;
use crate::duty::request::parse_signature;
use crate::duty::signature_scheme::SignatureScheme;
use crate::duty::token::LockToken;
use crate::ledger::signatures::{self, Delivery, PlainDelivery};
use crate::ledger::statement::Session;
use crate::ledger::{chains, counts, server};
use pgrx::PgMemoryContexts;
use std::collections::{HashMap, HashSet};

sql_functions! {
    /// Part of the procedure `record_signatures`: records each signature whose token holds its claim. The answers are kept until the
    /// commit.
    ///
    /// `lock_tokens`, `signatures`: one of each, at most 100,000, as `record_signature` takes them. One that is refused (SG005, SG006)
    /// is answered so, and is no refusal of the others. Raises 25006 on a standby, SG007 inside a transaction block, 22023 for lists
    /// of different lengths or a token of another database, 22P02 and 22004 for bad input; then nothing is recorded.
    fn record_each(lock_tokens: Vec<Option<String>>, signatures: Vec<Option<String>>) -> () {
        held_batch::discard();
        transaction::refuse_on_standby()?;
        held_batch::require_procedure("record_signatures")?;
        let tokens = required("lock_tokens", lock_tokens)?;
        let signatures = required("signatures", signatures)?;
        same_length(&tokens, "signatures", signatures.len())?;
        let may_be_asynchronous = server::nothing_written();
        let session = Session::open();
        let mut given = Vec::with_capacity(tokens.len());
        for (place, (token, signature)) in tokens.into_iter().zip(signatures).enumerate() {
            given.push(parse(&session, token, signature).map_err(|error| in_batch(error, place))?);
        }
        let answers = record_all(&session, &given)?;
        // Unless a chain wants its signatures flushed: then the commit is durable by now.
        commit::asynchronously_if(may_be_asynchronous);
        held_batch::keep(answers);
        Ok(())
    }

    /// Part of the procedure `record_signatures`: the answers that this statement has committed, in the order of its tokens. Raises
    /// 55000 where there are none.
    fn recorded() -> Vec<Recording> {
        held_batch::take()
    }
}

struct Given {
    token: LockToken,
    signature: Vec<u8>,
}

fn parse(session: &Session, token: Option<String>, signature: Option<String>) -> Result<Given, Error> {
    let token = LockToken::parse(&required("lock_token", token)?)?;
    let signature = parse_signature(&required("signature", signature)?, token.signature)?;
    require_own(session, &token)?;
    Ok(Given { token, signature })
}

fn record_all(session: &Session, given: &[Given]) -> Result<Vec<Recording>, Error> {
    let now = server::now();
    let chains = chains_of(session, given)?;
    let plain = record_plain(session, given, &chains, now)?;
    let mut answers: Vec<Option<Recording>> = Vec::new();
    answers.resize_with(given.len(), || None);
    let mut on_standby = false;
    // Before the first of the memories below: it would end while the session holds on to it.
    session.connect();
    for place in in_order_of_keys(given) {
        let Given { token, signature } = &given[place];
        bell::ring_after_commit(&token.key);
        if token.durable_record {
            commit::durably();
            on_standby |= chains.get(&token.key.chain_id).is_some_and(|chain| chain.require_standby);
        }
        if plain.contains(&place) {
            answers[place] = Some(Recording::at(now));
            continue;
        }
        let delivery = Delivery { signature, attestation: None, now };
        let memory = &mut PgMemoryContexts::new("slashguard: one signature of a batch");
        // SAFETY: nothing that is made in it outlives the call.
        let recorded = unsafe { memory.switch_to(|_| record::record_or_refuse(session, token, &delivery)) };
        answers[place] = Some(match recorded {
            Ok(Recorded::Now) => Recording::at(now),
            Ok(Recorded::Before(time)) => Recording::at(time),
            Err(error) if [SqlState::LOCK_LOST, SqlState::BAD_SIGNATURE, SqlState::HALTED].contains(&error.code) => {
                Recording::refused(&error)
            }
            Err(error) => return Err(in_batch(error, place)),
        });
    }
    if on_standby {
        // Whether the standby has what was recorded before is known only after one more commit.
        if let Some(first) = given.first() {
            counts::add(session, first.token.key.chain_id, first.token.key.duty_type_id, 0, "recorded_again")?;
        }
        commit::durably_on_standby();
    }
    Ok(answers.into_iter().flatten().collect())
}

/// Two batches that meet on the same claims take their rows in the same order: in two orders they would wait for each other. Those of
/// one claim stay in the order that they were given in.
fn in_order_of_keys(given: &[Given]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..given.len()).collect();
    places.sort_by_key(|place| {
        let key = &given[*place].token.key;
        (key.chain_id, key.slot, key.validator_id, key.duty_type_id, key.block_index)
    });
    places
}

/// What recording needs to know of a chain.
struct Chain {
    scheme: SignatureScheme,
    require_standby: bool,
}

fn chains_of(session: &Session, given: &[Given]) -> Result<HashMap<i32, Chain>, Error> {
    let ids: HashSet<i32> = given.iter().map(|given| given.token.key.chain_id).collect();
    let mut chains = HashMap::with_capacity(ids.len());
    for id in ids {
        if let Some(registered) = chains::with_id(session, id)? {
            let options = registered.chain.options;
            chains.insert(id, Chain { scheme: options.signature_scheme, require_standby: options.require_standby });
        }
    }
    Ok(chains)
}

/// Those that need no verification are written together, but for several of one claim: they are answered in their order. Answers
/// which were.
fn record_plain(
    session: &Session,
    given: &[Given],
    chains: &HashMap<i32, Chain>,
    now: i64,
) -> Result<HashSet<usize>, Error> {
    let mut deliveries: HashMap<DutyKey, usize> = HashMap::with_capacity(given.len());
    for given in given {
        *deliveries.entry(given.token.key).or_default() += 1;
    }
    let is_plain = |given: &Given| {
        let scheme = chains.get(&given.token.key.chain_id).map(|chain| chain.scheme);
        scheme == Some(SignatureScheme::None) && deliveries.get(&given.token.key) == Some(&1)
    };
    let plain: Vec<PlainDelivery> = in_order_of_keys(given)
        .into_iter()
        .filter(|place| is_plain(&given[*place]))
        .map(|place| PlainDelivery { place, token: &given[place].token, signature: &given[place].signature })
        .collect();
    signatures::write_plain(session, &plain, now)
}
