//! A statement that claims answers one short row, and nothing of it leaves the server while the statement runs.
//!
//! Rows go to the client through a buffer of 8 kB that is sent whenever it is full, committed or not. So between the
//! executor and the client stands a receiver that holds back the row of a claim until the run is over, and refuses a second
//! row or a long one: what is short stays in the buffer until the commit.

use super::{commit, one_claim};
use crate::duty::error::{Error, SqlState};
use crate::raised::Raised;
use pgrx::pg_sys;
use std::cell::UnsafeCell;

/// Bytes. As text a row may be twice as long, and stays below the buffer's 8 kB with all that goes before it.
const LONGEST_ROW: usize = 3_000;

#[repr(C)]
struct OneRow {
    /// First, because Postgres knows a receiver by the address of this part.
    receiver: pg_sys::DestReceiver,
    client: *mut pg_sys::DestReceiver,
    /// The row of a claim, copied.
    held: *mut pg_sys::TupleTableSlot,
}

thread_local! {
    static ONE_ROW: UnsafeCell<OneRow> = const {
        UnsafeCell::new(OneRow {
            receiver: pg_sys::DestReceiver {
                receiveSlot: Some(receive),
                rStartup: Some(start),
                rShutdown: Some(shut_down),
                rDestroy: None,
                mydest: pg_sys::CommandDest::DestNone,
            },
            client: std::ptr::null_mut(),
            held: std::ptr::null_mut(),
        })
    };
}

/// A receiver to stand before `client` for the length of one run.
///
/// SAFETY: `client` lives as long as the run. There is one outermost run at a time, so one receiver suffices.
pub unsafe fn before(client: *mut pg_sys::DestReceiver) -> *mut pg_sys::DestReceiver {
    let one_row = ONE_ROW.with(UnsafeCell::get);
    unsafe {
        (*one_row).receiver.mydest = (*client).mydest;
        (*one_row).client = client;
        (*one_row).held = std::ptr::null_mut();
        &raw mut (*one_row).receiver
    }
}

// The three below are frames without anything to drop: errors of the client's receiver may jump over them.

unsafe extern "C-unwind" fn start(
    this: *mut pg_sys::DestReceiver,
    operation: std::ffi::c_int,
    description: pg_sys::TupleDesc,
) {
    unsafe {
        let client = (*this.cast::<OneRow>()).client;
        if let Some(start) = (*client).rStartup {
            start(client, operation, description);
        }
    }
}

unsafe extern "C-unwind" fn receive(slot: *mut pg_sys::TupleTableSlot, this: *mut pg_sys::DestReceiver) -> bool {
    unsafe {
        let one_row = this.cast::<OneRow>();
        if !one_claim::asked() {
            return pass_on(slot, (*one_row).client);
        }
        let held = pg_sys::panic::pgrx_extern_c_guard(|| hold(slot, (*one_row).held));
        match held {
            Ok(held) => (*one_row).held = held,
            Err(refused) => refused.raise(),
        }
        true
    }
}

unsafe extern "C-unwind" fn shut_down(this: *mut pg_sys::DestReceiver) {
    unsafe {
        let one_row = this.cast::<OneRow>();
        let client = (*one_row).client;
        let held = (*one_row).held;
        if !held.is_null() {
            pg_sys::panic::pgrx_extern_c_guard(commit::in_silence);
            pass_on(held, client);
            (*one_row).held = std::ptr::null_mut();
            pg_sys::panic::pgrx_extern_c_guard(|| pg_sys::ExecDropSingleTupleTableSlot(held));
        }
        if let Some(shut_down) = (*client).rShutdown {
            shut_down(client);
        }
    }
}

unsafe fn pass_on(slot: *mut pg_sys::TupleTableSlot, client: *mut pg_sys::DestReceiver) -> bool {
    unsafe { (*client).receiveSlot.is_none_or(|receive| receive(slot, client)) }
}

/// A copy of the row, if it is the first and short.
///
/// SAFETY: called by the executor, in the memory and with the resource owner of the query.
unsafe fn hold(
    slot: *mut pg_sys::TupleTableSlot,
    held_before: *mut pg_sys::TupleTableSlot,
) -> Result<*mut pg_sys::TupleTableSlot, Raised> {
    if !held_before.is_null() {
        return Err(refusal("a statement that asks for a claim may return one row only"));
    }
    unsafe {
        let held = pg_sys::MakeSingleTupleTableSlot((*slot).tts_tupleDescriptor, &raw const pg_sys::TTSOpsVirtual);
        if let Some(copy) = pg_sys::TTSOpsVirtual.copyslot {
            copy(held, slot);
        }
        if length(held) > LONGEST_ROW {
            return Err(refusal("a statement that asks for a claim may return a short row only"));
        }
        Ok(held)
    }
}

/// The row's length in bytes, with what is compressed or stored elsewhere in full.
///
/// SAFETY: `row` is a virtual slot, so that its values are there.
unsafe fn length(row: *const pg_sys::TupleTableSlot) -> usize {
    unsafe {
        let description = (*row).tts_tupleDescriptor;
        (0..(*description).natts)
            .filter(|column| !*(*row).tts_isnull.add(*column as usize))
            .map(|column| {
                let value = *(*row).tts_values.add(column as usize);
                match pg_sys::get_typlen(pg_sys::SPI_gettypeid(description, column + 1)) {
                    -1 => pg_sys::toast_raw_datum_size(value),
                    -2 => std::ffi::CStr::from_ptr(value.cast_mut_ptr()).count_bytes(),
                    fixed => fixed as usize,
                }
            })
            .sum()
    }
}

fn refusal(message: &str) -> Raised {
    Raised::keep(
        &Error::new(SqlState::UNSAFE_TRANSACTION, message)
            .detail("More would leave the server before the claim is committed. Nothing was granted.")
            .hint("Send SELECT * FROM slashguard.try_acquire_duty(..) by itself."),
    )
}
