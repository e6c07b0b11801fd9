//! Answers of many claims at once, kept from the statement that decides to the one that hands them out. In between lies the commit:
//! a procedure decides, commits, and only then fetches what it answers.

use super::transaction;
use crate::duty::error::{Error, SqlState};
use crate::unguarded;
use pgrx::pg_sys;
use std::any::Any;
use std::cell::RefCell;

struct Batch {
    /// Whose they are: the client's statement that asked. A pooled connection serves another client next.
    statement: i64,
    committed: bool,
    answers: Box<dyn Any>,
}

thread_local! {
    static BATCH: RefCell<Option<Batch>> = const { RefCell::new(None) };
}

/// SG007 where the answers could not be handed out after a commit of their own.
pub fn require_procedure(procedure: &str) -> Result<(), Error> {
    transaction::require_fresh_snapshots("a batch")?;
    // SAFETY: both read this backend's transaction state.
    let is_alone = unsafe { !pg_sys::IsTransactionBlock() && pg_sys::GetCurrentTransactionNestLevel() == 1 };
    if is_alone {
        return Ok(());
    }
    Err(Error::new(SqlState::UNSAFE_TRANSACTION, "a batch cannot be asked for inside a transaction block")
        .detail("It commits before it answers.")
        .hint(format!("Send CALL slashguard.{procedure}(..) as a statement of its own, in autocommit.")))
}

/// Keeps the answers of this statement. None before is handed out any more.
pub fn keep<T: 'static>(answers: Vec<T>) {
    BATCH.set(Some(Batch { statement: current_statement(), committed: false, answers: Box::new(answers) }));
}

/// The answers that this statement has committed. 55000 where there are none.
pub fn take<T: 'static>() -> Result<Vec<T>, Error> {
    BATCH
        .take()
        .filter(|batch| batch.committed && batch.statement == current_statement())
        .and_then(|batch| batch.answers.downcast().ok())
        .map(|answers| *answers)
        .ok_or_else(|| {
            Error::new(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, "this statement has committed no batch")
                .hint("Call the procedure: it decides, commits and answers.")
        })
}

/// Whether the transaction under way has decided a batch.
pub fn awaits_commit() -> bool {
    BATCH.with_borrow(|batch| batch.as_ref().is_some_and(|batch| !batch.committed))
}

/// The transaction has committed.
pub fn committed() {
    BATCH.with_borrow_mut(|batch| {
        if let Some(batch) = batch {
            batch.committed = true;
        }
    });
}

/// The transaction has not committed, or not where it has to be: nothing was answered.
pub fn discard() {
    BATCH.set(None);
}

fn current_statement() -> i64 {
    // SAFETY: a plain read of this backend's variable.
    unsafe { unguarded::GetCurrentStatementStartTimestamp() }
}
