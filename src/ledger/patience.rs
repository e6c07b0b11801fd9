//! Waiting for what another transaction holds, but not for ever. A claim whose commit waits for a standby that is gone keeps
//! its locks; whoever meets them must be told so.

use super::statement::Session;
use crate::duty::error::Error;
use pgrx::pg_sys;
use pgrx::{PgSqlErrorCode, PgTryBuilder};
use std::panic::AssertUnwindSafe;

/// Runs `work` in a subtransaction. None where it waited for a lock for longer than lock_timeout: what it wrote is undone.
///
/// For what is seldom done or has to wait already: a subtransaction costs more than a claim's own look-ups.
pub fn wait_for<T>(session: &Session, work: impl FnOnce() -> Result<T, Error>) -> Result<Option<T>, Error> {
    wait_and_keep_if(session, work, |_| true)
}

/// The same for a change of one row; the inner None where there was nothing to change. Then nothing is left of it: Postgres
/// locks a row that somebody else has changed meanwhile before it looks whether the row still qualifies, and whoever goes
/// on to wait for something else would keep that lock.
pub fn change<T>(
    session: &Session,
    work: impl FnOnce() -> Result<Option<T>, Error>,
) -> Result<Option<Option<T>>, Error> {
    wait_and_keep_if(session, work, Option::is_some)
}

/// Runs `work` in a subtransaction that is undone where it answers an error of ours. One of Postgres' own goes on its way.
pub fn undo_on_error<T>(session: &Session, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    keep_if(session, work, |_| true)
}

/// Runs `work` in a subtransaction, and undoes it unless its answer is to be kept.
pub fn keep_if<T>(
    session: &Session,
    work: impl FnOnce() -> Result<T, Error>,
    is_to_be_kept: impl FnOnce(&T) -> bool,
) -> Result<T, Error> {
    let subtransaction = Subtransaction::begin(session);
    PgTryBuilder::new(AssertUnwindSafe(work))
        .catch_others(|cause| {
            subtransaction.undo();
            cause.rethrow()
        })
        .execute()
        .inspect(|answer| if is_to_be_kept(answer) { subtransaction.keep() } else { subtransaction.undo() })
        .inspect_err(|_| subtransaction.undo())
}

fn wait_and_keep_if<T>(
    session: &Session,
    work: impl FnOnce() -> Result<T, Error>,
    is_to_be_kept: impl FnOnce(&T) -> bool,
) -> Result<Option<T>, Error> {
    let subtransaction = Subtransaction::begin(session);
    PgTryBuilder::new(AssertUnwindSafe(|| work().map(Some)))
        .catch_when(PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE, |_| Ok(None))
        // Whoever is waited for waits for this transaction, such as an import for a validator that it has registered.
        .catch_when(PgSqlErrorCode::ERRCODE_T_R_DEADLOCK_DETECTED, |_| Ok(None))
        .catch_others(|cause| {
            // Postgres would take an internal subtransaction that is left open for a savepoint of the client's.
            subtransaction.undo();
            cause.rethrow()
        })
        .execute()
        .inspect(|done| match done {
            Some(done) if is_to_be_kept(done) => subtransaction.keep(),
            _ => subtransaction.undo(),
        })
        .inspect_err(|_| subtransaction.undo())
}

/// What must be as it was after a subtransaction.
struct Subtransaction {
    memory: pg_sys::MemoryContext,
    owner: pg_sys::ResourceOwner,
}

impl Subtransaction {
    fn begin(session: &Session) -> Self {
        session.connect();
        // SAFETY: inside a transaction, as every SQL function is. The caller's memory context stays the current one.
        unsafe {
            let before = Self { memory: pg_sys::CurrentMemoryContext, owner: pg_sys::CurrentResourceOwner };
            pg_sys::BeginInternalSubTransaction(std::ptr::null());
            pg_sys::CurrentMemoryContext = before.memory;
            before
        }
    }

    fn keep(&self) {
        // SAFETY: begun by `begin` and ended once.
        unsafe { pg_sys::ReleaseCurrentSubTransaction() };
        self.restore();
    }

    fn undo(&self) {
        // SAFETY: as above.
        unsafe { pg_sys::RollbackAndReleaseCurrentSubTransaction() };
        self.restore();
    }

    fn restore(&self) {
        // SAFETY: both belong to the surrounding statement.
        unsafe {
            pg_sys::CurrentMemoryContext = self.memory;
            pg_sys::CurrentResourceOwner = self.owner;
        }
    }
}
