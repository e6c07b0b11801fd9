//! The operator's word against the ledger's doubt.

use super::entry::sql_functions;
use crate::durability::{commit, transaction};
use crate::duty::error::{required, Error, SqlState};
use crate::ledger::chains::Registered;
use crate::ledger::statement::Session;
use crate::ledger::{audit, chains, clock_mark, identity, server};
use serde_json::json;

sql_functions! {
    /// The operator's word that nothing above `slot` was granted and lost (null: nothing at all): the quarantine ends there,
    /// and so does the wait for witnesses after a restart.
    ///
    /// For chains whose quarantine would last too long. Answers false where there was neither; written to the audit view.
    /// `source_epoch`, for chains with epochs and beside a slot: no attestation with a later source was granted and lost; null: the
    /// slot's epoch. Raises 42704 for an unknown chain, 22023 for a negative slot or epoch, an epoch without a slot or for a chain
    /// that has none, SG004 where the clock is not to be believed, 25006 on a standby.
    fn confirm_recovery(chain: String, slot: i64, source_epoch: i64) -> bool {
        transaction::refuse_on_standby()?;
        let chain = required("chain", chain)?;
        if slot.is_some_and(|slot| slot < 0) {
            return Err(Error::argument(SqlState::INVALID_PARAMETER_VALUE, "slot", "slot is negative")
                .hint("Give the last slot that may have been granted and lost, or null."));
        }
        let session = Session::open();
        // The word is about the doubt there is, also where nobody has met it yet.
        settle(&session)?;
        let registered = chains::named(&session, &chain)?;
        check_source_epoch(&registered, source_epoch)?;
        if slot.is_some() {
            require_slots(&registered)?;
        }
        if slot.is_none() && source_epoch.is_some() {
            return Err(Error::argument(
                SqlState::INVALID_PARAMETER_VALUE,
                "source_epoch",
                "source_epoch is given without a slot",
            )
            .hint("Give the last slot that may have been granted and lost, too."));
        }
        commit::durably();
        let now = clock_mark::latest_of(&session, server::now())?;
        let confirmed = chains::confirm_recovery(&session, &registered, slot, source_epoch, now)?;
        if confirmed {
            audit::write(&session, "confirm_recovery", &chain, &json!({ "slot": slot, "source_epoch": source_epoch }))?;
        }
        Ok(confirmed)
    }

    /// The operator's word that the server's clock is right now, although it leapt or went back.
    ///
    /// After a leap of more than a day any maintainer may say so. Back, only a superuser: the ledger forgets the later time it
    /// has seen. `reason`: for the audit view. Answers false where the clock was believed anyway. Raises 42501 for a clock
    /// that went back and a caller who is no superuser, 25006 on a standby.
    fn confirm_clock(reason: String) -> bool {
        transaction::refuse_on_standby()?;
        let session = Session::open();
        let now = server::now();
        let Some(latest) = clock_mark::in_doubt(&session, now)? else {
            return Ok(false);
        };
        if now < latest && !server::caller_is_superuser() {
            return Err(Error::new(
                SqlState::INSUFFICIENT_PRIVILEGE,
                "only a superuser may say that the later time was wrong",
            )
            .detail(format!("The clock says {}, this ledger has seen {}.", server::show_time(now), server::show_time(latest)))
            .hint("Mend the clock or wait until it has caught up, or call confirm_clock as a superuser."));
        }
        commit::durably();
        // While the mark still says when this ledger was alive last: its witnesses are told by that.
        if let Some(refusal) = identity::check(&session, now)? {
            refusal.or_raise()?;
        }
        if now < latest {
            // What was granted by the later time lies ahead from now on.
            for registered in chains::all(&session)? {
                let reach = identity::last_slot_that_may_be_granted(&registered, latest);
                chains::remember_reach(&session, registered.id, reach)?;
            }
        }
        audit::write(&session, "confirm_clock", "", &json!({
            "from": server::show_time(latest), "to": server::show_time(now), "reason": reason,
        }))?;
        clock_mark::set(&session, now)
    }
}

/// 22023 for an epoch that cannot be, or of a chain that has none.
pub fn check_source_epoch(chain: &Registered, source_epoch: Option<i64>) -> Result<(), Error> {
    let Some(source_epoch) = source_epoch else {
        return Ok(());
    };
    let bad = |what: &str| Err(Error::argument(SqlState::INVALID_PARAMETER_VALUE, "source_epoch", what));
    if chain.chain.options.epochs.is_none() {
        bad("a chain of these rules has no epochs").map_err(|error: Error| error.hint("Leave source_epoch null."))
    } else if source_epoch < 0 {
        bad("source_epoch is negative").map_err(|error: Error| error.hint("Give an epoch of 0 or above."))
    } else {
        Ok(())
    }
}

/// 22023 for a chain that counts no slots.
pub fn require_slots(chain: &Registered) -> Result<(), Error> {
    if chain.chain.clock.is_some() {
        return Ok(());
    }
    Err(Error::argument(SqlState::INVALID_PARAMETER_VALUE, "slot", "a chain of these rules has no slots")
        .hint("For a bridge call slashguard.freeze, or slashguard.confirm_recovery without a slot."))
}

/// Meets the doubt that the next claim would meet. SG004 where that cannot be done now.
pub fn settle(session: &Session) -> Result<(), Error> {
    let now = server::now();
    let refusal = match clock_mark::refusal(session, now)? {
        Some(refusal) => Some(refusal),
        None => identity::check(session, now)?,
    };
    match refusal {
        Some(refusal) => refusal.or_raise().map(|_| ()),
        None => Ok(()),
    }
}
