//! How the transaction commits. A claim is flushed whatever the session, role or database says.

use super::{one_claim, outermost, transaction};
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

/// This statement promises nothing: no need to wait for the disk. Does nothing where the caller's own writes would be
/// drawn in: in a transaction block, or when something has been written before.
pub fn asynchronously() {
    if MODE.get() == Mode::Unchanged && !transaction::in_block_or_pipeline() && server::nothing_written() {
        MODE.set(Mode::Asynchronous);
    }
}

/// The last moment before the commit is the only one that counts: a later call in the same statement can lower
/// synchronous_commit again, and a SET clause of the function is undone when it returns.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn at_transaction_event(event: pg_sys::XactEvent::Type, _argument: *mut std::ffi::c_void) {
    match event {
        pg_sys::XactEvent::XACT_EVENT_PRE_COMMIT => unsafe { before_commit() },
        pg_sys::XactEvent::XACT_EVENT_COMMIT
        | pg_sys::XactEvent::XACT_EVENT_ABORT
        | pg_sys::XactEvent::XACT_EVENT_PREPARE => {
            MODE.set(Mode::Unchanged);
            one_claim::forget();
            outermost::forget();
        }
        _ => {}
    }
}

unsafe fn before_commit() {
    // "on" waits for the standby's flush too; only remote_apply is more.
    let flushed_everywhere = pg_sys::SyncCommitLevel::SYNCHRONOUS_COMMIT_REMOTE_FLUSH as i32;
    match MODE.get() {
        Mode::Durable if unsafe { pg_sys::synchronous_commit } < flushed_everywhere => unsafe {
            set_for_this_transaction(c"synchronous_commit", c"on");
        },
        Mode::Asynchronous => unsafe { set_for_this_transaction(c"synchronous_commit", c"off") },
        _ => {}
    }
}

/// A message to the client sends off what is in the buffer before it. So between the answer and the commit the server says
/// nothing but errors.
pub fn in_silence() {
    unsafe { set_for_this_transaction(c"client_min_messages", c"error") };
}

/// Until the end of the transaction. Assigning the variable is not enough: Postgres would not restore it.
unsafe fn set_for_this_transaction(name: &std::ffi::CStr, value: &std::ffi::CStr) {
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
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
