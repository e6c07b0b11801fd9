//! How the transaction commits. A claim is flushed whatever the session, role or database says.

use super::{bell, disconnect, held_answer, held_batch, one_claim, outermost, standby, transaction};
use crate::duty::error::{Error, SqlState};
use crate::ledger::server;
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::c_int;

const ASYNCHRONOUS: c_int = pg_sys::SyncCommitLevel::SYNCHRONOUS_COMMIT_OFF as c_int;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// As the session has it.
    Unchanged,
    /// Flushed here, and on the synchronous standby if one is configured.
    Durable,
    /// Nothing in it is a promise; losing it costs at most a repetition.
    Asynchronous,
}

thread_local! {
    static MODE: Cell<Mode> = const { Cell::new(Mode::Unchanged) };
    /// Whether the answer may leave only when a synchronous standby has what it vouches for.
    static ON_STANDBY: Cell<bool> = const { Cell::new(false) };
    /// Whether there was anything to commit, and so a commit to wait for.
    static HAS_WRITTEN: Cell<bool> = const { Cell::new(false) };
    /// What synchronous_commit is again after an asynchronous commit.
    static SYNCHRONOUS_BEFORE: Cell<Option<c_int>> = const { Cell::new(None) };
    /// The end of what a statement that promises nothing had written by itself.
    static OWN_WRITES_END: Cell<u64> = const { Cell::new(0) };
}

/// Installs the transaction callback.
pub fn watch() {
    // SAFETY: the callback is a function of this library, which is never unloaded.
    unsafe { pg_sys::RegisterXactCallback(Some(at_transaction_event), std::ptr::null_mut()) };
}

/// This transaction grants something.
pub fn durably() {
    MODE.set(Mode::Durable);
    // SAFETY: sets a flag of the current transaction.
    unsafe { pg_sys::ForceSyncCommit() };
}

/// What this statement answers beside a claim is a promise, too, and leaves after its commit where it is a transaction of its
/// own.
pub fn answer_after_commit() {
    if outermost::is_plain_select() && !transaction::in_block_or_pipeline() {
        held_answer::keep_rows_of_statement();
    }
}

/// The same of a statement that changes rows of a protected table, down to its success.
pub fn answer_change_after_commit() {
    if outermost::is_plain_change() && !transaction::in_block_or_pipeline() {
        held_answer::keep_until_commit();
    }
}

/// This transaction vouches for something of a chain that requires a synchronous standby. It must write something, or there
/// is no commit to wait for.
pub fn durably_on_standby() {
    durably();
    ON_STANDBY.set(true);
}

/// Whether this statement may commit without waiting for the disk, should it promise nothing. Only a plain SELECT, or an INSERT
/// into a protected table, that has written nothing before; any other may carry writes of the caller's own, which would be drawn
/// in.
pub fn may_be_asynchronous() -> bool {
    (outermost::is_plain_select() || held_answer::is_kept_until_commit())
        && !transaction::in_block_or_pipeline()
        && server::nothing_written()
}

/// This statement promises nothing: no need to wait for the disk, unless something else is written after it. `allowed`: what
/// `may_be_asynchronous` said before it wrote anything.
pub fn asynchronously_if(allowed: bool) {
    if allowed && MODE.get() == Mode::Unchanged {
        MODE.set(Mode::Asynchronous);
        OWN_WRITES_END.set(written_until());
    }
}

/// The end of this transaction's last record in the write-ahead log; 0 where there is none.
fn written_until() -> u64 {
    // SAFETY: a plain read of this backend's variable.
    unsafe { pg_sys::XactLastRecEnd }
}

/// The last moment before the commit is the only one that counts: a later call in the same statement can lower
/// synchronous_commit again, and a SET clause of the function is undone when it returns.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn at_transaction_event(event: pg_sys::XactEvent::Type, _argument: *mut std::ffi::c_void) {
    match event {
        pg_sys::XactEvent::XACT_EVENT_PRE_COMMIT => unsafe { before_commit() },
        // Whoever sends a batch's first part by itself in a pipeline can go on with BEGIN. Prepared, it would keep the chain's lock for
        // as long as it lies there, and nobody would be granted anything.
        pg_sys::XactEvent::XACT_EVENT_PRE_PREPARE if held_batch::awaits_commit() => {
            pgrx::ereport!(
                ERROR,
                pgrx::PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
                "cannot PREPARE a transaction that has decided a batch of claims"
            );
        }
        pg_sys::XactEvent::XACT_EVENT_COMMIT => {
            restore_synchronous_commit();
            if ON_STANDBY.get() && !(HAS_WRITTEN.get() && standby::has_last_commit()) {
                held_answer::discard();
                held_batch::discard();
                disconnect::with(&not_on_standby());
            }
            forget();
            held_answer::send();
            held_batch::committed();
            bell::ring();
        }
        pg_sys::XactEvent::XACT_EVENT_ABORT | pg_sys::XactEvent::XACT_EVENT_PREPARE => {
            restore_synchronous_commit();
            forget();
            held_answer::discard();
            held_batch::discard();
            bell::forget();
        }
        _ => {}
    }
}

/// The wait for the standby was cancelled, or synchronous_standby_names was emptied in the middle of it.
fn not_on_standby() -> Error {
    Error::new(
        SqlState::OUTCOME_UNKNOWN,
        "the claim is committed here, but the synchronous standby has not confirmed it",
    )
    .detail("The wait for it was cancelled or switched off. A failover could lose the claim, so it is not answered.")
    .hint("Do not sign. Connect and ask again with the same request_id and message hash.")
}

fn forget() {
    MODE.set(Mode::Unchanged);
    ON_STANDBY.set(false);
    one_claim::forget();
    held_answer::forget();
    outermost::forget();
}

unsafe fn before_commit() {
    // "on" waits for the standby's flush too; only remote_apply is more.
    let flushed_everywhere = pg_sys::SyncCommitLevel::SYNCHRONOUS_COMMIT_REMOTE_FLUSH as i32;
    HAS_WRITTEN.set(written_until() != 0);
    match MODE.get() {
        Mode::Durable if unsafe { pg_sys::synchronous_commit } < flushed_everywhere => unsafe {
            set_synchronous_commit(c"on");
        },
        Mode::Asynchronous if OWN_WRITES_END.get() == written_until() => unsafe { commit_asynchronously() },
        _ => {}
    }
}

/// For this commit, which looks at the variable and at nothing that belongs to it. Restored when the transaction has ended: a
/// setting of it that ends with the transaction makes Postgres go through all its settings then.
unsafe fn commit_asynchronously() {
    let before = unsafe { pg_sys::synchronous_commit };
    if before > ASYNCHRONOUS {
        SYNCHRONOUS_BEFORE.set(Some(before));
        unsafe { pg_sys::synchronous_commit = ASYNCHRONOUS };
    }
}

fn restore_synchronous_commit() {
    if let Some(before) = SYNCHRONOUS_BEFORE.take() {
        // SAFETY: this backend's own variable.
        unsafe { pg_sys::synchronous_commit = before };
    }
}

/// Until the end of the transaction. Assigning the variable is not enough: what the wait for a standby goes by is assigned with it.
unsafe fn set_synchronous_commit(value: &std::ffi::CStr) {
    unsafe {
        pg_sys::set_config_option(
            c"synchronous_commit".as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_LOCAL,
            true,
            0,
            false,
        );
    }
}
