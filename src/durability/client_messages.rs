//! The table of functions through which Postgres talks to the client. Exchanging it is how rows are kept until the commit, and
//! how a client is left without an answer.

use std::ffi::{c_char, c_int};

/// `PQcommMethods` of libpq/libpq.h, the same from Postgres 14 to 18.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CommMethods {
    pub comm_reset: Option<unsafe extern "C-unwind" fn()>,
    pub flush: Option<unsafe extern "C-unwind" fn() -> c_int>,
    pub flush_if_writable: Option<unsafe extern "C-unwind" fn() -> c_int>,
    pub is_send_pending: Option<unsafe extern "C-unwind" fn() -> bool>,
    pub put_message: Option<PutMessage>,
    pub put_message_noblock: Option<unsafe extern "C-unwind" fn(c_char, *const c_char, usize)>,
}

pub type PutMessage = unsafe extern "C-unwind" fn(c_char, *const c_char, usize) -> c_int;

unsafe extern "C" {
    pub static mut PqCommMethods: *const CommMethods;
}

/// Puts one message of the protocol into the buffer, which grows as it must: a client that does not read holds nobody up here,
/// where locks are still held.
///
/// SAFETY: called where Postgres itself could send one. It does not raise; a broken connection is noticed later.
pub unsafe fn put(kind: c_char, bytes: &[u8]) {
    unsafe {
        if let Some(put_message) = (*PqCommMethods).put_message_noblock {
            put_message(kind, bytes.as_ptr().cast(), bytes.len());
        }
    }
}
