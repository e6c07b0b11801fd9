//! Does the server keep what it says it wrote? Without fsync or full_page_writes a crash can lose any grant, or the table.

use crate::duty::acquisition::{self, Acquisition};
use crate::settings;
use pgrx::pg_sys;

/// The refusal of a server that may forget.
pub fn refusal() -> Option<Acquisition> {
    if settings::allow_unsafe_storage() {
        return None;
    }
    // SAFETY: plain reads of server settings.
    let (fsync, full_page_writes) = unsafe { (pg_sys::enableFsync, pg_sys::fullPageWrites) };
    if !fsync {
        Some(acquisition::unsafe_storage("fsync"))
    } else if !full_page_writes {
        Some(acquisition::unsafe_storage("full_page_writes"))
    } else {
        None
    }
}
