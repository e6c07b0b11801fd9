//! One statement, one claim. `SELECT (f(..)).*` calls `f` once a column: the first answer serves them all.

use super::transaction;
use crate::duty::acquisition::Acquisition;
use crate::duty::error::Error;
use crate::duty::request::Request;
use crate::settings;
use crate::unguarded;
use std::cell::RefCell;

struct Answered {
    /// Tells statements apart where a test lets several of them share a transaction.
    statement: i64,
    request: Request,
    answer: Acquisition,
    /// The same statement has given its claim up: what was answered is not so any more.
    given_up: bool,
}

thread_local! {
    static ANSWERED: RefCell<Option<Answered>> = const { RefCell::new(None) };
}

/// The answer this statement has had to the same request. SG007 if it has asked for another claim.
pub fn recall(request: &Request) -> Result<Option<Acquisition>, Error> {
    ANSWERED.with_borrow(|answered| match answered {
        Some(answered) if answered.statement == current_statement() => {
            if answered.request == *request && !answered.given_up {
                Ok(Some(answered.answer.clone()))
            } else if settings::allow_transaction_blocks() {
                Ok(None)
            } else {
                Err(transaction::second_claim())
            }
        }
        _ => Ok(None),
    })
}

/// Whether this statement has asked for a claim, so that its rows may carry the answer.
pub fn asked() -> bool {
    !settings::allow_transaction_blocks() && ANSWERED.with_borrow(Option::is_some)
}

pub fn remember(request: Request, answer: &Acquisition) {
    let statement = current_statement();
    ANSWERED.set(Some(Answered { statement, request, answer: answer.clone(), given_up: false }));
}

/// The statement has released a claim.
pub fn give_up() {
    ANSWERED.with_borrow_mut(|answered| {
        if let Some(answered) = answered {
            answered.given_up = true;
        }
    });
}

/// At the end of the transaction, whichever way it ends.
pub fn forget() {
    ANSWERED.set(None);
}

fn current_statement() -> i64 {
    // SAFETY: a plain read of this backend's variable.
    unsafe { unguarded::GetCurrentStatementStartTimestamp() }
}
