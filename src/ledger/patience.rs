//! Waiting for what another transaction holds, but not for ever. A claim whose commit waits for a standby that is gone keeps
//! its locks; whoever meets them must be told so.

use crate::duty::error::Error;
use pgrx::pg_sys;
use pgrx::{PgSqlErrorCode, PgTryBuilder};
use std::panic::AssertUnwindSafe;

/// Runs `work` in a subtransaction. None where it waited for a lock for longer than lock_timeout: what it wrote is undone.
///
/// For what is seldom done or has to wait already: a subtransaction costs more than a claim's own look-ups.
pub fn wait_for<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<Option<T>, Error> {
    let subtransaction = Subtransaction::begin();
    PgTryBuilder::new(AssertUnwindSafe(|| work().map(Some)))
        .catch_when(PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE, |_| Ok(None))
        .catch_others(|cause| {
            // Postgres would take an internal subtransaction that is left open for a savepoint of the client's.
            subtransaction.undo();
            cause.rethrow()
        })
        .execute()
        .inspect(|done| match done {
            Some(_) => subtransaction.keep(),
            None => subtransaction.undo(),
        })
        .inspect_err(|_| subtransaction.undo())
}

/// What must be as it was after a subtransaction.
struct Subtransaction {
    memory: pg_sys::MemoryContext,
    owner: pg_sys::ResourceOwner,
}

impl Subtransaction {
    fn begin() -> Self {
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
