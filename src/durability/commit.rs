//! How the transaction commits. A claim is flushed whatever the session, role or database says.

use super::{held_answer, one_claim, outermost, transaction};
use crate::ledger::server;
use pgrx::pg_sys;
use std::cell::Cell;

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

/// This statement promises nothing: no need to wait for the disk. Only for a plain SELECT that has written nothing before;
/// any other may carry writes of the caller's own, which would be drawn in.
pub fn asynchronously() {
    if MODE.get() == Mode::Unchanged
        && outermost::is_plain_select()
        && !transaction::in_block_or_pipeline()
        && server::nothing_written()
    {
        MODE.set(Mode::Asynchronous);
    }
}

/// The last moment before the commit is the only one that counts: a later call in the same statement can lower
/// synchronous_commit again, and a SET clause of the function is undone when it returns.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn at_transaction_event(event: pg_sys::XactEvent::Type, _argument: *mut std::ffi::c_void) {
    match event {
        pg_sys::XactEvent::XACT_EVENT_PRE_COMMIT => unsafe { before_commit() },
        pg_sys::XactEvent::XACT_EVENT_COMMIT => {
            forget();
            held_answer::send();
        }
        pg_sys::XactEvent::XACT_EVENT_ABORT | pg_sys::XactEvent::XACT_EVENT_PREPARE => {
            forget();
            held_answer::discard();
        }
        _ => {}
    }
}

fn forget() {
    MODE.set(Mode::Unchanged);
    one_claim::forget();
    outermost::forget();
}

unsafe fn before_commit() {
    // "on" waits for the standby's flush too; only remote_apply is more.
    let flushed_everywhere = pg_sys::SyncCommitLevel::SYNCHRONOUS_COMMIT_REMOTE_FLUSH as i32;
    match MODE.get() {
        Mode::Durable if unsafe { pg_sys::synchronous_commit } < flushed_everywhere => unsafe {
            set_synchronous_commit(c"on");
        },
        Mode::Asynchronous => unsafe { set_synchronous_commit(c"off") },
        _ => {}
    }
}

/// Until the end of the transaction. Assigning the variable is not enough: Postgres would not restore it.
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
