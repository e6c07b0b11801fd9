//! A client that must not get its answer, because what it vouches for is not where it has to be, though it is committed.
//! No error can be raised after a commit: the server would panic. So the client is told why, and then nothing any more.

use super::client_messages::{put, CommMethods, PqCommMethods};
use crate::duty::error::Error;
use pgrx::pg_sys;
use std::ffi::{c_char, c_int};

const ERROR_RESPONSE: c_char = b'E' as c_char;

/// Swallows everything: the client gets no further byte.
static SILENT: CommMethods = CommMethods {
    comm_reset: Some(no_reset),
    flush: Some(nothing_to_flush),
    flush_if_writable: Some(nothing_to_flush),
    is_send_pending: Some(nothing_pending),
    put_message: Some(swallow),
    put_message_noblock: Some(swallow_too),
};

/// Sends `error` as the connection's last message and ends this backend as soon as the commit is over.
pub fn with(error: &Error) {
    // SAFETY: single-threaded, and the tables are static. The client need not read: nothing here waits for it.
    unsafe {
        if pg_sys::whereToSendOutput == pg_sys::CommandDest::DestRemote {
            put(ERROR_RESPONSE, &fatal_message(error));
            if let Some(flush) = (*PqCommMethods).flush_if_writable {
                flush();
            }
        }
        PqCommMethods = &raw const SILENT;
        pg_sys::ProcDiePending = 1;
        pg_sys::InterruptPending = 1;
    }
    // The server's own words for the end of a backend name an administrator.
    pgrx::log!("slashguard ends this connection: {error}");
}

/// An ErrorResponse of the frontend/backend protocol, version 3: fields with a type byte each, then a zero byte.
fn fatal_message(error: &Error) -> Vec<u8> {
    let mut message = Vec::new();
    let mut field = |kind: u8, text: &str| {
        message.push(kind);
        message.extend(text.bytes().filter(|byte| *byte != 0));
        message.push(0);
    };
    field(b'S', "FATAL");
    field(b'V', "FATAL");
    field(b'C', error.code.0);
    field(b'M', &error.message);
    if let Some(detail) = &error.detail {
        field(b'D', detail);
    }
    if let Some(hint) = &error.hint {
        field(b'H', hint);
    }
    message.push(0);
    message
}

unsafe extern "C-unwind" fn no_reset() {}

unsafe extern "C-unwind" fn nothing_to_flush() -> c_int {
    0
}

unsafe extern "C-unwind" fn nothing_pending() -> bool {
    false
}

unsafe extern "C-unwind" fn swallow(_kind: c_char, _bytes: *const c_char, _length: usize) -> c_int {
    0
}

unsafe extern "C-unwind" fn swallow_too(_kind: c_char, _bytes: *const c_char, _length: usize) {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duty::error::SqlState;

    #[test]
    fn the_last_message_is_an_error_response() {
        let error = Error::new(SqlState::OUTCOME_UNKNOWN, "why").detail("what").hint("how");
        assert_eq!(fatal_message(&error), b"SFATAL\0VFATAL\0C08007\0Mwhy\0Dwhat\0Hhow\0\0");
    }
}
