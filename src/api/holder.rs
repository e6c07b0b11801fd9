//! What a claim's holder does with its token beside recording its signature: release, extend.

use super::entry::{sql_functions, Timestamptz};
use crate::durability::{bell, commit, one_claim, transaction};
use crate::duty::error::{required, Error, SqlState};
use crate::duty::request::parse_lease;
use crate::duty::token::LockToken;
use crate::ledger::chains::{self, Registered};
use crate::ledger::claims;
use crate::ledger::statement::Session;
use crate::ledger::{counts, known_names, lock, server};
use crate::rules::one_message;

sql_functions! {
    /// Gives the claim up. Its message hash stays pinned: any node may take the duty over with the same hash at once.
    ///
    /// `certainly_unsigned`: the holder knows that no signature exists and none can still come. Then, if the chain allows it
    /// and no other answer ever carried this claim, the slot is free for other data. Answers false where the token does not
    /// hold its claim. Raises 55000 where the chain does not allow unsigned release, SG007 for one in a transaction block, SG004 where an operator's change to the chain is
    /// under way, 22P02, 22004, 22023 for bad input.
    fn release_duty(lock_token: String, certainly_unsigned: bool) -> bool {
        transaction::refuse_on_standby()?;
        let token = LockToken::parse(&required("lock_token", lock_token)?)?;
        let certainly_unsigned = required("certainly_unsigned", certainly_unsigned)?;
        let session = Session::open();
        let chain = chain_of(&session, &token)?;
        if certainly_unsigned && !chain.chain.options.allow_unsigned_release {
            return Err(Error::argument(
                SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
                "certainly_unsigned",
                format!("chain \"{}\" does not allow unsigned release", chain.chain.name),
            )
            .hint("Release without certainly_unsigned, or set the chain's option allow_unsigned_release."));
        }
        if certainly_unsigned {
            transaction::require_own_transaction("a release of what is certainly unsigned")?;
        }
        let may_be_asynchronous = commit::may_be_asynchronous();
        let now = server::now();
        let mut event = "freed";
        let mut node = None;
        // An import may just be learning that the message was signed elsewhere.
        let _chain_lock = match certainly_unsigned {
            true => Some(lock::share(&session, chain.lock)?.ok_or_else(chain_is_held)?),
            false => None,
        };
        let pinned = claims::read(&session, &token.key)?;
        if certainly_unsigned && pinned.is_some_and(|claim| one_message::may_be_freed(&claim, &token.secret)) {
            node = claims::free(&session, &token, now, &server::caller_name(), claims::CERTAINLY_UNSIGNED)?;
        }
        if node.is_none() {
            event = "released";
            node = claims::release(&session, &token, now)?;
        }
        let Some(node) = node else {
            return Ok(false);
        };
        one_claim::give_up();
        bell::ring_after_commit(&token.key);
        counts::add(&session, token.key.chain_id, token.key.duty_type_id, node, event)?;
        commit::asynchronously_if(may_be_asynchronous);
        Ok(true)
    }

    /// Moves the end of the lease to `lease_ms` from now, never back, and answers it. NULL where the token does not hold its
    /// claim. `lease_ms`: 1 to a day. Raises 22P02, 22004, 22023 for bad input.
    fn extend_lease(lock_token: String, lease_ms: i32) -> Option<Timestamptz> {
        transaction::refuse_on_standby()?;
        let token = LockToken::parse(&required("lock_token", lock_token)?)?;
        let lease = parse_lease(lease_ms)?;
        let session = Session::open();
        require_own(&session, &token)?;
        let until = server::now().saturating_add(lease);
        Ok(claims::extend(&session, &token, until)?.map(Timestamptz))
    }
}

fn chain_is_held() -> Error {
    Error::new(SqlState::HALTED, "an operator's change to this chain is under way")
        .detail("Nothing was released.")
        .hint("Ask again.")
}

/// 22023 for a token that another database gave out.
pub fn require_own(session: &Session, token: &LockToken) -> Result<(), Error> {
    if known_names::ledger(session)?.is_some_and(|ledger| ledger.id == token.ledger) {
        return Ok(());
    }
    Err(Error::argument(SqlState::INVALID_PARAMETER_VALUE, "lock_token", "lock_token is of another database")
        .hint("Hand a token back to the database that gave it out."))
}

/// The chain of a token that this ledger gave out.
pub fn chain_of(session: &Session, token: &LockToken) -> Result<Registered, Error> {
    require_own(session, token)?;
    chains::with_id(session, token.key.chain_id)?.ok_or_else(|| {
        Error::argument(SqlState::INVALID_PARAMETER_VALUE, "lock_token", "lock_token is of a chain that is not here")
            .hint("Give the lock_token of an acquired claim as it was answered.")
    })
}
