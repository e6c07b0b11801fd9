//! The synchronous standby: is one connected, and does it have what was committed?

use pgrx::pg_sys;

/// Whether as many synchronous standbys stream as synchronous_standby_names asks for, at least one, and nothing but standbys.
pub fn is_connected() -> bool {
    // SAFETY: the configuration is this backend's; the list is a copy that Postgres makes and we free.
    unsafe {
        let Some(configured) = pg_sys::SyncRepConfig.as_ref() else {
            return false;
        };
        let mut candidates: *mut pg_sys::SyncRepStandbyData = std::ptr::null_mut();
        let streaming = pg_sys::SyncRepGetCandidateStandbys(&mut candidates);
        if candidates.is_null() {
            return false;
        }
        let all_physical = (0..streaming.max(0) as usize).all(|number| is_physical((*candidates.add(number)).pid));
        pg_sys::pfree(candidates.cast());
        configured.num_sync >= 1 && streaming >= configured.num_sync && all_physical
    }
}

/// A receiver of logical changes confirms as well, but nobody can be promoted from it. Its sender is in a database.
unsafe fn is_physical(sender: i32) -> bool {
    unsafe { pg_sys::BackendPidGetProc(sender).as_ref() }
        .is_some_and(|process| process.databaseId == pg_sys::InvalidOid)
}

/// Whether the synchronous standbys have flushed all of the transaction that this backend has just committed.
///
/// Postgres ends the wait for them with success when it is cancelled, and when synchronous_standby_names is emptied. But
/// this position moves only when they have really confirmed it.
pub fn has_last_commit() -> bool {
    // SAFETY: shared memory that exists as long as the server; a position is read whole.
    unsafe {
        let confirmed = &raw const (*pg_sys::WalSndCtl).lsn[pg_sys::SYNC_REP_WAIT_FLUSH as usize];
        confirmed.read_volatile() >= pg_sys::XactLastCommitEnd
    }
}
