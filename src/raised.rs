//! How an error of ours leaves Rust with its own SQLSTATE: from a frame that holds nothing to drop, because Postgres jumps
//! out of it.

use crate::duty::error::Error;
use pgrx::pg_sys;
use std::ffi::{c_char, c_int};

/// An error in memory of Postgres.
#[derive(Clone, Copy)]
pub struct Raised {
    code: c_int,
    message: *const c_char,
    detail: *const c_char,
    hint: *const c_char,
}

impl Raised {
    pub fn keep(error: &Error) -> Self {
        Self {
            code: error.code.packed(),
            message: keep_text(&error.message),
            detail: error.detail.as_deref().map_or(std::ptr::null(), keep_text),
            hint: error.hint.as_deref().map_or(std::ptr::null(), keep_text),
        }
    }

    /// Raises the error.
    ///
    /// SAFETY: neither the caller nor its callers up to Postgres hold anything to drop.
    pub unsafe fn raise(self) -> ! {
        // Declared here and not taken from pgrx, whose wrapper would catch the error and lose its code.
        unsafe extern "C-unwind" {
            fn errstart(level: c_int, domain: *const c_char) -> bool;
            fn errcode(code: c_int) -> c_int;
            fn errmsg(format: *const c_char, ...) -> c_int;
            fn errdetail(format: *const c_char, ...) -> c_int;
            fn errhint(format: *const c_char, ...) -> c_int;
            fn errfinish(file: *const c_char, line: c_int, function: *const c_char);
        }
        const TEXT: *const c_char = c"%s".as_ptr();
        unsafe {
            errstart(pgrx::PgLogLevel::ERROR as c_int, std::ptr::null());
            errcode(self.code);
            errmsg(TEXT, self.message);
            if !self.detail.is_null() {
                errdetail(TEXT, self.detail);
            }
            if !self.hint.is_null() {
                errhint(TEXT, self.hint);
            }
            errfinish(c"slashguard".as_ptr(), 0, c"raise".as_ptr());
        }
        unreachable!("an error returned")
    }
}

/// A C string in the current memory context, which ends with the statement.
fn keep_text(text: &str) -> *const c_char {
    // SAFETY: the buffer is one byte longer than the text. A zero byte cannot be in it: Postgres' text has none.
    unsafe {
        let buffer = pg_sys::palloc(text.len() + 1).cast::<u8>();
        std::ptr::copy_nonoverlapping(text.as_ptr(), buffer, text.len());
        *buffer.add(text.len()) = 0;
        buffer.cast()
    }
}
