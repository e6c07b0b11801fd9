//! What the client's own statement carries.

use pgrx::{pg_sys, FromDatum};
use std::ffi::CStr;

/// Shorter ones could be part of anything.
const SHORTEST: usize = 16;

/// Whether the statement has this text among its parameters or in its words: whoever sent it knows the text. A row's own value that
/// a statement only meets in the table is in neither.
pub fn carries(text: &str) -> bool {
    // SAFETY: asked while a statement of the client's runs.
    text.len() >= SHORTEST && unsafe { is_parameter(text) || is_in_words(text) }
}

unsafe fn is_parameter(text: &str) -> bool {
    unsafe {
        let Some(portal) = pg_sys::ActivePortal.as_ref() else {
            return false;
        };
        let Some(parameters) = portal.portalParams.as_ref() else {
            return false;
        };
        // Those of functions are fetched one by one, and are not the client's.
        if parameters.paramFetch.is_some() {
            return false;
        }
        let first = parameters.params.as_ptr();
        (0..parameters.numParams.max(0) as usize).any(|number| {
            let parameter = &*first.add(number);
            let is_text = matches!(parameter.ptype, pg_sys::TEXTOID | pg_sys::VARCHAROID | pg_sys::BPCHAROID);
            is_text && !parameter.isnull && String::from_datum(parameter.value, false).as_deref() == Some(text)
        })
    }
}

unsafe fn is_in_words(text: &str) -> bool {
    unsafe {
        let words = pg_sys::debug_query_string;
        !words.is_null() && CStr::from_ptr(words).to_bytes().windows(text.len()).any(|part| part == text.as_bytes())
    }
}
