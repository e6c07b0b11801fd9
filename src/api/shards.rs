//! Shards: which ranges of validators this ledger owns, and how a range goes to another ledger.

use super::entry::{sql_functions, Uuid};
use super::recovery::settle;
use crate::durability::{commit, transaction};
use crate::duty::error::{required, Error, SqlState};
use crate::duty::handover::{chain_code, Handover};
use crate::duty::hex_text;
use crate::duty::rules::Rules;
use crate::duty::validator_range::ValidatorRange;
use crate::ledger::chains::{self, Registered};
use crate::ledger::shards::{self, Floor, Owned};
use crate::ledger::statement::Session;
use crate::ledger::{audit, clock_mark, handovers, identity, lock, server};
use serde_json::json;

sql_functions! {
    /// Says that this ledger owns the validators from `first_validator` to `last_validator`, both among them, by their bytes. From the
    /// first such word on, every validator of the chain outside its ranges is refused (`halted`).
    ///
    /// `receipt`: of `disown_validators` on the shard that had the range; needed where it had one. Below what was granted there nothing is
    /// granted here. `reason`: for the audit view. Without a receipt it is the operator's word that no other ledger grants anything
    /// there; on a chain that is sharded already, nothing is granted then that could have been granted elsewhere until now. Answers false
    /// where all of them are owned already. Raises 55000 where a part of them is owned already, for a receipt that was used, for a
    /// retired or frozen chain, without a receipt for a sharded chain that has no horizon, and without a receipt where a validator of the range is known as another shard's (a superuser may, with a
    /// reason); 22023 for a receipt of another range, chain or recipient, or changed on its way, for a range that ends before it begins,
    /// and for a bridge; 42704 for an unknown chain, 22P02 and 22004 for bad input, SG004 where the clock is not to be believed, 25006
    /// on a standby.
    fn own_validators(
        chain: String, first_validator: String, last_validator: String, receipt: String, reason: String,
    ) -> bool {
        transaction::refuse_on_standby()?;
        let handover = receipt.as_deref().map(Handover::parse).transpose()?;
        let session = Session::open();
        settle(&session)?;
        let (chain, range) = lock_range(&session, chain, first_validator, last_validator)?;
        refuse_closed(&chain, false)?;
        let owned = shards::owned(&session, chain.id)?;
        let ranges = ranges(owned.as_deref().unwrap_or_default());
        if range.is_covered_by(&ranges) {
            return Ok(false);
        }
        if let Some(other) = ranges.iter().find(|other| other.overlaps(&range)) {
            return Err(refused("first_validator", format!("a part of this range is owned already: {other}"))
                .hint("Give only what is not owned yet."));
        }
        let now = clock_mark::latest_of(&session, server::now())?;
        let floor = match &handover {
            Some(handover) => {
                check_handover(&session, &chain, &range, handover)?;
                Floor { slot: Some(handover.low_watermark).filter(|slot| *slot >= 0), source_epoch: handover.low_source_epoch }
            }
            None => floor_by_word(&session, &chain, &range, owned.is_some(), reason.as_deref(), now)?,
        };
        shards::shard(&session, &chain, now)?;
        shards::add(&session, &chain, &range, floor, handover.as_ref().map(|handover| handover.id), now)?;
        shards::open(&session, &chain, &range)?;
        shards::settle(&session, &chain, now)?;
        audit::write(&session, "own_validators", &chain.chain.name, &json!({
            "first_validator": hex_text::show(range.first()), "last_validator": hex_text::show(range.last()),
            "known": shards::count(&session, &chain, &range)?,
            "from": handover.map(|handover| show_id(&handover.giver)),
            "low_watermark": floor.slot, "low_source_epoch": floor.source_epoch, "reason": reason,
        }))?;
        Ok(true)
    }

    /// Gives a range of validators up: from now on each of them is refused here (`halted`). Answers the receipt by which the ledger
    /// `recipient` may own the range; null where there is none.
    ///
    /// `first_validator`, `last_validator`: a range that is owned, or a part of one; where no ranges were said yet, the rest is owned
    /// from now on. `recipient`: what `slashguard.ledger_id()` answers on the other shard. The same call again answers the same receipt.
    /// `reason`: for the audit view. Raises 55000 where a validator of the range is not frozen, a part of the range is not owned, or
    /// the chain is retired or, with a recipient, frozen; SG007 where the receipt could be read before the commit; 22023 for this very ledger as the
    /// recipient, a range that ends before it begins and a bridge; 42704 for an unknown chain, 22P02 and 22004 for bad input, SG004 where
    /// the clock is not to be believed, 25006 on a standby.
    fn disown_validators(
        chain: String, first_validator: String, last_validator: String, recipient: Uuid, reason: String,
    ) -> Option<String> {
        transaction::refuse_on_standby()?;
        transaction::require_promise("giving up a range")?;
        let session = Session::open();
        settle(&session)?;
        let (chain, range) = lock_range(&session, chain, first_validator, last_validator)?;
        if chain.chain.options.require_standby {
            commit::durably_on_standby();
        }
        refuse_closed(&chain, recipient.is_none())?;
        let ledger = chains::ledger(&session)?.ok_or_else(|| Error::internal("a chain without a ledger"))?;
        let recipient = recipient.map(|id| id.0);
        if recipient == Some(ledger.id) {
            return Err(Error::argument(SqlState::INVALID_PARAMETER_VALUE, "recipient", "recipient is this very ledger")
                .hint("Give what slashguard.ledger_id() answers on the shard that is to own the range."));
        }
        let owned = shards::owned(&session, chain.id)?;
        let before = match &owned {
            Some(owned) => ranges(owned),
            None => vec![ValidatorRange::whole(usize::try_from(chain.validator_bytes).unwrap_or_default())],
        };
        if !range.is_covered_by(&before) {
            if let Some(given) = given_before(&session, &chain, &range, &before, recipient)? {
                // Where a standby is required, its commit is waited for once more.
                audit::write(&session, "repeat_receipt", &chain.chain.name, &json!({
                    "first_validator": hex_text::show(range.first()), "last_validator": hex_text::show(range.last()),
                    "to": show_id(&given.recipient),
                }))?;
                return Ok(Some(given.show()));
            }
            return Err(not_all_owned());
        }
        if let Some(validator) = shards::any_not_frozen(&session, &chain, &range)? {
            return Err(refused("first_validator", format!("validator {validator} of this range is not frozen"))
                .hint("Call slashguard.freeze_validators, export the range's history, then give it up."));
        }
        let now = clock_mark::latest_of(&session, server::now())?;
        let given = match recipient {
            Some(recipient) => {
                let reach = handovers::reach(&session, &chain, &range, now)?;
                let floors = owned.iter().flatten().filter(|owned| owned.range.overlaps(&range));
                let reach = floors.fold(reach, |reach, owned| Floor {
                    slot: reach.slot.max(owned.floor.slot),
                    source_epoch: reach.source_epoch.max(owned.floor.source_epoch),
                });
                let handover = Handover {
                    id: server::random()?,
                    giver: ledger.id,
                    recipient,
                    chain_code: code_of(&chain),
                    range: range.clone(),
                    low_watermark: reach.slot.unwrap_or(-1),
                    low_source_epoch: reach.source_epoch,
                    given_at: now,
                };
                handovers::add(&session, &chain, &handover)?;
                Some(handover)
            }
            None => None,
        };
        give_up(&session, &chain, owned.as_deref(), &range, now)?;
        audit::write(&session, "disown_validators", &chain.chain.name, &json!({
            "first_validator": hex_text::show(range.first()), "last_validator": hex_text::show(range.last()),
            "known": shards::count(&session, &chain, &range)?,
            "to": recipient.map(|id| show_id(&id)),
            "low_watermark": given.as_ref().map(|given| given.low_watermark),
            "low_source_epoch": given.as_ref().and_then(|given| given.low_source_epoch), "reason": reason,
        }))?;
        Ok(given.map(|given| given.show()))
    }

    /// Freezes every validator of a range that was seen here: as `freeze` does with one. Answers how many were not frozen before.
    ///
    /// `reason`: for clients and the audit view. Raises 22023 for a range that ends before it begins and for a bridge, 42704 for an unknown chain,
    /// 22P02 and 22004 for bad input, SG004 where the clock is not to be believed, 25006 on a standby.
    fn freeze_validators(chain: String, first_validator: String, last_validator: String, reason: String) -> i64 {
        transaction::refuse_on_standby()?;
        let session = Session::open();
        settle(&session)?;
        let (chain, range) = lock_range(&session, chain, first_validator, last_validator)?;
        let frozen = shards::freeze(&session, &chain, &range, reason.as_deref(), server::now())?;
        write_audit_of_switch(&session, "freeze_validators", &chain, &range, frozen, reason)
    }

    /// Unfreezes every validator of a range: as `unfreeze` does with one. Answers how many were frozen.
    ///
    /// Raises 55000 where a part of the range is not owned here, 22023 for a range that ends before it begins and for a bridge, 42704 for
    /// an unknown chain, 22P02 and 22004 for bad input, SG004 where the clock is not to be believed, 25006 on a standby.
    fn unfreeze_validators(chain: String, first_validator: String, last_validator: String) -> i64 {
        transaction::refuse_on_standby()?;
        let session = Session::open();
        settle(&session)?;
        let (chain, range) = lock_range(&session, chain, first_validator, last_validator)?;
        if let Some(owned) = shards::owned(&session, chain.id)? {
            if !range.is_covered_by(&ranges(&owned)) {
                return Err(not_all_owned());
            }
        }
        let unfrozen = shards::unfreeze(&session, &chain, &range)?;
        write_audit_of_switch(&session, "unfreeze_validators", &chain, &range, unfrozen, None)
    }
}

/// 55000 for a validator that another shard may be granting to.
pub fn not_owned(chain: &Registered, argument: &str, validator: &str) -> Error {
    refused(
        argument,
        format!("validator {validator} is outside the ranges of chain \"{}\" that this ledger owns", chain.chain.name),
    )
    .hint("Ask the shard that owns it. slashguard.owned_ranges has the ranges of this one.")
}

fn not_all_owned() -> Error {
    refused("first_validator", "not all of this range is owned here".to_owned())
        .hint("slashguard.owned_ranges has what is.")
}

fn refused(argument: &str, message: String) -> Error {
    Error::argument(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, argument, message)
}

fn show_id(id: &[u8; 16]) -> String {
    pgrx::Uuid::from_bytes(*id).to_string()
}

fn code_of(chain: &Registered) -> [u8; 16] {
    chain_code(chain.chain.rules.name(), &chain.chain.identity)
}

fn ranges(owned: &[Owned]) -> Vec<ValidatorRange> {
    owned.iter().map(|owned| owned.range.clone()).collect()
}

/// The chain and the range, with no claim of the chain under way until the end of this transaction. To be called after `settle`.
fn lock_range(
    session: &Session,
    chain: Option<String>,
    first: Option<String>,
    last: Option<String>,
) -> Result<(Registered, ValidatorRange), Error> {
    let name = required("chain", chain)?;
    let (first, last) = (required("first_validator", first)?, required("last_validator", last)?);
    commit::durably();
    lock::exclude(chains::named(session, &name)?.lock);
    // As it is now that nobody else changes it.
    let chain = chains::named(session, &name)?;
    if chain.chain.rules == Rules::Bridge {
        return Err(Error::argument(
            SqlState::INVALID_PARAMETER_VALUE,
            "chain",
            format!("chain \"{name}\" is a bridge, which is not sharded"),
        )
        .hint("Its daily limit and its quorum count over all of its signers: keep them in one database."));
    }
    let parse = |argument: &str, text: &str| {
        let key = hex_text::parse_any_length(argument, text)?;
        hex_text::check_length(argument, &key, chain.validator_bytes)?;
        Ok::<_, Error>(key)
    };
    let range = ValidatorRange::new(parse("first_validator", &first)?, parse("last_validator", &last)?);
    let range = range.ok_or_else(|| {
        Error::argument(
            SqlState::INVALID_PARAMETER_VALUE,
            "last_validator",
            "last_validator comes before first_validator",
        )
        .hint("Give the range's first validator first, by its bytes.")
    })?;
    Ok((chain, range))
}

/// 55000 for a chain that is closed. `frozen_too`: one that is frozen may pass.
fn refuse_closed(chain: &Registered, frozen_too: bool) -> Result<(), Error> {
    let name = &chain.chain.name;
    if chain.retired {
        return Err(refused("chain", format!("chain \"{name}\" is retired"))
            .hint("Nothing is granted for it any more, on whatever shard."));
    }
    if chain.frozen && !frozen_too {
        return Err(refused("chain", format!("chain \"{name}\" is frozen"))
            .detail("Argument: chain. The receipt of its freeze vouches for what was owned then.")
            .hint("Unfreeze the chain first. To hold single validators meanwhile, freeze those."));
    }
    Ok(())
}

/// 22023 for a receipt that is not for this, 55000 for one that was used.
fn check_handover(
    session: &Session,
    chain: &Registered,
    range: &ValidatorRange,
    handover: &Handover,
) -> Result<(), Error> {
    let bad = |message: String| Error::argument(SqlState::INVALID_PARAMETER_VALUE, "receipt", message);
    let ledger = chains::ledger(session)?.ok_or_else(|| Error::internal("a chain without a ledger"))?;
    if handover.recipient != ledger.id {
        return Err(bad(format!("receipt is for the ledger {}", show_id(&handover.recipient)))
            .hint("Only that shard may own the range. slashguard.ledger_id() answers who this one is."));
    }
    if handover.chain_code != code_of(chain) {
        return Err(bad("receipt is of another chain".to_owned()).hint("Give the receipt of this chain's range."));
    }
    if handover.range != *range {
        return Err(bad(format!("receipt is for the range {}", handover.range)).hint("Give that range."));
    }
    if shards::is_used(session, handover.id)? {
        return Err(refused("receipt", "receipt was used before".to_owned()).hint(
            "The range has moved on since. Its shard now gives a receipt of its own when it is given up there.",
        ));
    }
    Ok(())
}

/// Without a receipt: what may have been granted elsewhere until now is unknown.
fn floor_by_word(
    session: &Session,
    chain: &Registered,
    range: &ValidatorRange,
    is_sharded: bool,
    reason: Option<&str>,
    now: i64,
) -> Result<Floor, Error> {
    let whose = match shards::any_elsewhere(session, chain, range)? {
        Some(validator) => Some(format!("validator {validator} of this range is another shard's")),
        None if handovers::any_within(session, chain, range)? => {
            Some("a part of this range was given up to another shard".to_owned())
        }
        None => None,
    };
    if let Some(message) = whose.filter(|_| !(server::caller_is_superuser() && reason.is_some())) {
        return Err(refused("receipt", message).hint(
            "Give the receipt of disown_validators on that shard. If that shard is lost for good, a superuser may own its range with \
             a reason.",
        ));
    }
    // Until now this ledger owned all of them.
    if !is_sharded {
        return Ok(Floor::default());
    }
    let slot = identity::last_slot_that_may_be_granted(chain, now);
    if slot == i64::MAX {
        return Err(refused(
            "receipt",
            "this chain has, or had, no horizon: anything may have been granted elsewhere".to_owned(),
        )
        .hint("Give the receipt of disown_validators on the shard that had the range."));
    }
    Ok(Floor { slot: Some(slot), source_epoch: chain.chain.options.epochs.map(|epochs| epochs.epoch_of(slot)) })
}

/// The handover that was given for this very range, where none of it is owned by now. 55000 where it was given to another ledger.
fn given_before(
    session: &Session,
    chain: &Registered,
    range: &ValidatorRange,
    owned: &[ValidatorRange],
    recipient: Option<[u8; 16]>,
) -> Result<Option<Handover>, Error> {
    let (Some(recipient), false) = (recipient, owned.iter().any(|owned| owned.overlaps(range))) else {
        return Ok(None);
    };
    let Some(mut given) = handovers::last_of(session, chain, range)? else {
        return Ok(None);
    };
    if given.recipient != recipient {
        return Err(refused(
            "recipient",
            format!("this range was given up to the ledger {}", show_id(&given.recipient)),
        )
        .hint("Let that shard own it, and give it up there."));
    }
    given.chain_code = code_of(chain);
    Ok(Some(given))
}

fn give_up(
    session: &Session,
    chain: &Registered,
    owned: Option<&[Owned]>,
    range: &ValidatorRange,
    now: i64,
) -> Result<(), Error> {
    shards::shard(session, chain, now)?;
    let keep = |rest: Vec<ValidatorRange>, floor: Floor| -> Result<(), Error> {
        rest.iter().try_for_each(|rest| shards::add(session, chain, rest, floor, None, now))
    };
    match owned {
        None => {
            let whole = ValidatorRange::whole(usize::try_from(chain.validator_bytes).unwrap_or_default());
            keep(whole.without(range), Floor::default())?;
        }
        Some(owned) => {
            for owned in owned.iter().filter(|owned| owned.range.overlaps(range)) {
                shards::close(session, owned, now)?;
                keep(owned.range.without(range), owned.floor)?;
            }
        }
    }
    shards::settle(session, chain, now)
}

fn write_audit_of_switch(
    session: &Session,
    action: &str,
    chain: &Registered,
    range: &ValidatorRange,
    changed: u64,
    reason: Option<String>,
) -> Result<i64, Error> {
    let mut details = json!({
        "first_validator": hex_text::show(range.first()), "last_validator": hex_text::show(range.last()), "changed": changed,
    });
    if let Some(reason) = reason {
        details["reason"] = reason.into();
    }
    audit::write(session, action, &chain.chain.name, &details)?;
    Ok(i64::try_from(changed).unwrap_or(i64::MAX))
}
