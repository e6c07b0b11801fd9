//! Operators' switches: freeze, unfreeze, watermarks. Each is written to the audit view: who, when, why.

use super::entry::sql_functions;
use super::recovery::{check_source_epoch, require_slots, settle};
use crate::durability::{commit, transaction};
use crate::duty::error::{required, Error, SqlState};
use crate::duty::hex_text;
use crate::duty::receipt::Receipt;
use crate::duty::request::parse_validator;
use crate::ledger::chains::{self, Registered};
use crate::ledger::statement::Session;
use crate::ledger::{audit, clock_mark, identity, lock, registry, server, shards, switches};
use serde_json::json;

sql_functions! {
    /// Stops a chain, or one of its validators: waits for claims under way, then nothing is granted until `unfreeze`.
    /// Signatures of claims that are held may still be recorded, and signed duties are still answered.
    ///
    /// `validator`: hex text, or null for the whole chain. `reason`: for clients and the audit view. Answers a receipt for a
    /// chain, null for a validator: a ledger that is promoted, restored or copied in this state, and is given its receipt at
    /// the unfreeze, has provably lost nothing and is not quarantined. Freezing again answers the same receipt. Raises 42704
    /// for an unknown chain, 22P02 and 22004 for bad input, SG004 where the clock is not to be believed, 25006 on a standby.
    fn freeze(chain: String, validator: String, reason: String) -> Option<String> {
        transaction::refuse_on_standby()?;
        let session = Session::open();
        settle(&session)?;
        let target = Target::lock(&session, chain, validator)?;
        let now = server::now();
        if let Some(validator) = target.validator_id {
            let frozen = switches::freeze_validator(&session, &target.chain, validator, reason.as_deref(), now)?;
            target.write_audit(&session, "freeze", &json!({ "reason": reason, "was_frozen": !frozen }))?;
            return Ok(None);
        }
        let frozen = switches::freeze(&session, &target.chain, server::random()?, reason.as_deref(), now)?;
        target.write_audit(&session, "freeze", &json!({ "reason": reason, "was_frozen": !frozen }))?;
        let freeze = switches::freeze_of(&session, &target.chain)?
            .ok_or_else(|| Error::internal("a chain is not frozen after its freeze"))?;
        let ledger = target.ledger(&session)?;
        let receipt = Receipt {
            ledger: ledger.id,
            chain_id: target.chain.id,
            freeze_id: freeze.id,
            frozen_at: freeze.at,
        };
        Ok(Some(receipt.show(&ledger.seal_keys.current)))
    }

    /// Ends a freeze. Answers false where there was none.
    ///
    /// `receipt`: of this freeze, as `freeze` answered it. Needed only where the ledger was moved, promoted or restored
    /// meanwhile: without it the chain is quarantined, with it signing goes on at once. Raises 22P02 for a malformed receipt,
    /// 22023 for one of another ledger or chain, 55000 for one of an earlier freeze and for a validator outside the ranges that this
    /// ledger owns, 42704 for an unknown chain, 22P02 and 22004 for bad input, SG004 where the clock is not to be believed, 25006 on a standby.
    fn unfreeze(chain: String, validator: String, receipt: String) -> bool {
        transaction::refuse_on_standby()?;
        let session = Session::open();
        // The doubt there is, also where nobody has met it yet.
        settle(&session)?;
        let target = Target::lock(&session, chain, validator)?;
        if let Some(validator) = target.validator_id {
            if receipt.is_some() {
                return Err(bad_receipt("a validator's freeze has no receipt")
                    .hint("Leave receipt null."));
            }
            if shards::is_elsewhere(&session, validator)? {
                let name = hex_text::show(target.validator.as_deref().unwrap_or_default());
                return Err(super::shards::not_owned(&target.chain, "validator", &name));
            }
            let unfrozen = switches::unfreeze_validator(&session, &target.chain, validator)?;
            target.write_audit(&session, "unfreeze", &json!({ "was_frozen": unfrozen }))?;
            return Ok(unfrozen);
        }
        let freeze = switches::freeze_of(&session, &target.chain)?;
        if let Some(receipt) = &receipt {
            check_receipt(&session, &target, receipt, freeze.as_ref())?;
        }
        let Some(freeze) = freeze else {
            return Ok(false);
        };
        let now = clock_mark::latest_of(&session, server::now())?;
        switches::unfreeze(&session, &target.chain)?;
        // Ranges and validators may have come back from a dump that was not whole.
        shards::settle(&session, &target.chain, now)?;
        if receipt.is_some() {
            // A receipt says nothing of what came after its freeze: should this be a copy from before an unfreeze, the nodes'
            // later positions still raise the alarm.
            switches::nothing_lost(&session, &target.chain, freeze.at)?;
        } else if let Some(doubt) = &freeze.doubt {
            let slot = identity::last_slot_that_may_be_granted(&target.chain, now);
            identity::quarantine(&session, &target.chain, doubt, slot, now)?;
        }
        target.write_audit(&session, "unfreeze", &json!({
            "doubt": freeze.doubt, "receipt": receipt.is_some(),
        }))?;
        Ok(true)
    }

    /// Raises the low watermark of a chain or of one of its validators: at or below `slot` nothing new is granted any more.
    ///
    /// `slot`: 0 or above. `validator`: hex text, or null for the whole chain. `reason`: for the audit view. `source_epoch`: for
    /// chains with epochs, no attestation with an earlier source is granted any more; null: the slot's epoch. Answers false where
    /// it stood there or above. Raises 42704 for an unknown chain, 22023, 22P02 and 22004 for bad input, SG004 where the clock is not
    /// to be believed, 25006 on a standby.
    fn raise_low_watermark(chain: String, slot: i64, validator: String, reason: String, source_epoch: i64) -> bool {
        transaction::refuse_on_standby()?;
        let slot = not_negative(required("slot", slot)?)?;
        let session = Session::open();
        settle(&session)?;
        let target = Target::lock(&session, chain, validator)?;
        require_slots(&target.chain)?;
        check_source_epoch(&target.chain, source_epoch)?;
        let source_epoch = source_epoch.or_else(|| target.epoch_of(slot));
        let raised =
            switches::raise_low_watermark(&session, &target.chain, target.validator_id, slot, source_epoch)?;
        if raised {
            let mut details = json!({ "slot": slot, "reason": reason });
            if let Some(source_epoch) = source_epoch {
                details["source_epoch"] = source_epoch.into();
            }
            target.write_audit(&session, "raise_low_watermark", &details)?;
        }
        Ok(raised)
    }

    /// Lowers a low watermark again, for superusers: what was signed at the slots that open may be unknown here.
    ///
    /// `slot`: the new watermark; null takes it away. With it go those of the epochs, to the slot's epoch, and for a validator those
    /// of its imported history. `reason`: must be given. Never below what is cleaned up. Answers false where they stood there or
    /// below. Raises 42501 for anybody but a superuser, 55000 below what is cleaned up or for a retired chain, 42704 for an unknown
    /// chain, 22023, 22P02, 22004 for bad input, SG004 where the clock is not to be believed, 25006 on a standby.
    fn lower_low_watermark(chain: String, slot: i64, validator: String, reason: String) -> bool {
        transaction::refuse_on_standby()?;
        if !server::caller_is_superuser() {
            return Err(Error::new(SqlState::INSUFFICIENT_PRIVILEGE, "only a superuser may lower a low watermark")
                .hint("What it covers may have been signed. If it was raised by mistake, ask a superuser."));
        }
        let slot = slot.map(not_negative).transpose()?;
        let reason = required("reason", reason)?;
        let session = Session::open();
        settle(&session)?;
        let target = Target::lock(&session, chain, validator)?;
        require_slots(&target.chain)?;
        if target.validator_id.is_none() {
            if let Some(cleaned) = target.chain.cleaned_slot.filter(|cleaned| slot.is_none_or(|slot| slot < *cleaned)) {
                return Err(Error::argument(
                    SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
                    "slot",
                    format!("history up to slot {cleaned} is deleted; the low watermark stays at or above it"),
                )
                .hint("Nothing was changed."));
            }
        }
        let epoch = slot.and_then(|slot| target.epoch_of(slot));
        if !switches::has_low_watermark_above(&session, &target.chain, target.validator_id, slot, epoch)? {
            return Ok(false);
        }
        // First: the trigger that keeps watermarks from falling looks for it.
        target.write_audit(&session, "lower_low_watermark", &json!({ "slot": slot, "reason": reason }))?;
        switches::lower_low_watermark(&session, &target.chain, target.validator_id, slot, epoch)
    }

    /// Sets the high watermark of a chain or of one of its validators: at or above `slot` nothing is granted. For planned
    /// migrations.
    ///
    /// `slot`: 0 or above; null takes it away. `validator`: hex text, or null for the whole chain. `reason`: for the audit
    /// view. Answers false where it stood there. Raises 42704 for an unknown chain, 22023, 22P02 and 22004 for bad input, SG004
    /// where the clock is not to be believed, 25006 on a standby.
    fn set_high_watermark(chain: String, slot: i64, validator: String, reason: String) -> bool {
        transaction::refuse_on_standby()?;
        let slot = slot.map(not_negative).transpose()?;
        let session = Session::open();
        settle(&session)?;
        let target = Target::lock(&session, chain, validator)?;
        require_slots(&target.chain)?;
        let set = switches::set_high_watermark(&session, &target.chain, target.validator_id, slot)?;
        if set {
            target.write_audit(&session, "set_high_watermark", &json!({ "slot": slot, "reason": reason }))?;
        }
        Ok(set)
    }
}

/// What a switch is about, with no claim of the chain under way until the end of this transaction. To be locked after `settle`,
/// because claims settle first, then lock.
struct Target {
    chain: Registered,
    validator: Option<Vec<u8>>,
    validator_id: Option<i32>,
}

impl Target {
    fn lock(session: &Session, chain: Option<String>, validator: Option<String>) -> Result<Self, Error> {
        let name = required("chain", chain)?;
        let validator = validator.as_deref().map(parse_validator).transpose()?;
        commit::durably();
        lock::exclude(chains::named(session, &name)?.lock);
        // As it is now that nobody else changes it.
        let chain = chains::named(session, &name)?;
        let validator_id = match &validator {
            Some(key) => Some(registry::validator_for_switch(
                session,
                &chain,
                key,
                clock_mark::latest_of(session, server::now())?,
            )?),
            None => None,
        };
        Ok(Self { chain, validator, validator_id })
    }

    /// The epoch of a slot, where the chain has epochs.
    fn epoch_of(&self, slot: i64) -> Option<i64> {
        self.chain.chain.options.epochs.map(|epochs| epochs.epoch_of(slot))
    }

    fn write_audit(&self, session: &Session, action: &str, details: &serde_json::Value) -> Result<(), Error> {
        let mut details = details.clone();
        if let (Some(validator), Some(details)) = (&self.validator, details.as_object_mut()) {
            details.insert("validator".to_owned(), hex_text::show(validator).into());
        }
        audit::write(session, action, &self.chain.chain.name, &details)
    }

    fn ledger(&self, session: &Session) -> Result<chains::Ledger, Error> {
        chains::ledger(session)?.ok_or_else(|| Error::internal("a chain without a ledger"))
    }
}

fn check_receipt(
    session: &Session,
    target: &Target,
    receipt: &str,
    freeze: Option<&switches::Freeze>,
) -> Result<(), Error> {
    let ledger = target.ledger(session)?;
    let receipt = Receipt::parse(receipt, &ledger.seal_keys)?;
    if receipt.ledger != ledger.id || receipt.chain_id != target.chain.id {
        return Err(
            bad_receipt("receipt is of another chain").hint("Give the receipt that freeze answered for this chain.")
        );
    }
    if freeze.is_none_or(|freeze| freeze.id != receipt.freeze_id) {
        return Err(Error::argument(
            SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
            "receipt",
            "receipt is void: the chain was unfrozen after that freeze",
        )
        .detail("Claims may have been granted since, and lost.")
        .hint("Unfreeze without a receipt: a ledger in doubt is then quarantined."));
    }
    Ok(())
}

fn bad_receipt(message: &str) -> Error {
    Error::argument(SqlState::INVALID_PARAMETER_VALUE, "receipt", message)
}

fn not_negative(slot: i64) -> Result<i64, Error> {
    if slot < 0 {
        return Err(Error::argument(SqlState::INVALID_PARAMETER_VALUE, "slot", "slot is negative")
            .hint("Give a slot of 0 or above."));
    }
    Ok(slot)
}
