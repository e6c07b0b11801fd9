//! The answer to a claim leaves the server after the commit, never before it and never without it.
//!
//! Postgres hands rows to the client through a buffer of 8 kB that is sent whenever it is full, and with every message and
//! error, committed or not. So between the executor and the client stands a receiver: once the statement has asked for a
//! claim, what it would put into that buffer is kept, sent when the transaction has committed (and the standby has
//! answered), and thrown away when it has not.

use super::client_messages::{put, CommMethods, PqCommMethods};
use super::{one_claim, transaction};
use crate::duty::error::{Error, SqlState};
use crate::raised::Raised;
use pgrx::pg_sys;
use std::cell::{Cell, RefCell, UnsafeCell};
use std::ffi::{c_char, c_int};

/// Bytes. An answer has less than two thousand; whoever asks for more with it asks for something else.
const LONGEST_ANSWER: usize = 1 << 16;
/// Bytes. Signatures may be recorded many in a statement, and each is answered with a time.
const LONGEST_ANSWER_TO_RECORDS: usize = 1 << 24;
/// The type of the protocol's message with a row.
const DATA_ROW: c_char = b'D' as c_char;
/// That of the message that says: there are more rows, and the transaction goes on.
const PORTAL_SUSPENDED: c_char = b's' as c_char;

#[repr(C)]
struct Receiver {
    /// First, because Postgres knows a receiver by the address of this part.
    receiver: pg_sys::DestReceiver,
    client: *mut pg_sys::DestReceiver,
}

const NO_METHODS: CommMethods = CommMethods {
    comm_reset: None,
    flush: None,
    flush_if_writable: None,
    is_send_pending: None,
    put_message: None,
    put_message_noblock: None,
};

thread_local! {
    static RECEIVER: UnsafeCell<Receiver> = const {
        UnsafeCell::new(Receiver {
            receiver: pg_sys::DestReceiver {
                receiveSlot: Some(receive),
                rStartup: Some(start),
                rShutdown: Some(shut_down),
                rDestroy: None,
                mydest: pg_sys::CommandDest::DestNone,
            },
            client: std::ptr::null_mut(),
        })
    };
    /// Postgres' own methods, with a `put_message` that keeps rows.
    static KEEPING: UnsafeCell<CommMethods> = const { UnsafeCell::new(NO_METHODS) };
    static ORIGINAL: Cell<*const CommMethods> = const { Cell::new(std::ptr::null()) };
    static KEPT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
    /// Whether the statement vouches for something beside a claim.
    static VOUCHES: Cell<bool> = const { Cell::new(false) };
    /// Whether all rows are kept from now to the end of the transaction, because no receiver of ours stands before the client.
    static TO_THE_END: Cell<bool> = const { Cell::new(false) };
}

/// A receiver to stand before `client` for the length of one run.
///
/// SAFETY: `client` lives as long as the run. There is one outermost run at a time, so one receiver suffices.
pub unsafe fn before(client: *mut pg_sys::DestReceiver) -> *mut pg_sys::DestReceiver {
    let receiver = RECEIVER.with(UnsafeCell::get);
    unsafe {
        (*receiver).receiver.mydest = (*client).mydest;
        (*receiver).client = client;
        &raw mut (*receiver).receiver
    }
}

/// The rows of this statement are kept as well, although it asks for no claim. Only for a statement that is a transaction of its
/// own: in a block its rows belong before its end.
pub fn keep_rows_of_statement() {
    VOUCHES.set(true);
}

/// Every row is kept until the commit from now on. For a statement that changes rows: Postgres runs it to its end, and only then
/// sends what it returned, past the executor.
pub fn keep_until_commit() {
    if !TO_THE_END.replace(true) {
        keep_rows();
    }
}

pub fn is_kept_until_commit() -> bool {
    TO_THE_END.get()
}

/// At the end of the transaction.
pub fn forget() {
    VOUCHES.set(false);
    TO_THE_END.set(false);
    stop_keeping();
}

/// The transaction has committed: what it answered may be read.
pub fn send() {
    // SAFETY: a plain read. Whoever is terminated while it waits for the standby answers nobody any more.
    let has_client = unsafe { pg_sys::whereToSendOutput } == pg_sys::CommandDest::DestRemote;
    for row in KEPT.take() {
        if has_client {
            // SAFETY: at the end of a statement that has rows to send.
            unsafe { put(DATA_ROW, &row) };
        }
    }
}

/// The transaction has not committed: nothing was answered.
pub fn discard() {
    TO_THE_END.set(false);
    stop_keeping();
    KEPT.take();
}

// The frames below have nothing to drop: an error in the client's receiver, such as that of a type's output function, may
// jump over them. What it leaves diverted is put back by the next message, which is the error's own.

unsafe extern "C-unwind" fn start(this: *mut pg_sys::DestReceiver, operation: c_int, description: pg_sys::TupleDesc) {
    unsafe {
        let client = (*this.cast::<Receiver>()).client;
        if let Some(start) = (*client).rStartup {
            start(client, operation, description);
        }
    }
}

unsafe extern "C-unwind" fn receive(slot: *mut pg_sys::TupleTableSlot, this: *mut pg_sys::DestReceiver) -> bool {
    unsafe {
        let client = (*this.cast::<Receiver>()).client;
        let Some(receive) = (*client).receiveSlot else {
            return false;
        };
        if TO_THE_END.get() || !one_claim::asked() && !VOUCHES.get() {
            return receive(slot, client);
        }
        keep_rows();
        let more = receive(slot, client);
        stop_keeping();
        if kept_bytes() > longest_answer() {
            too_long().raise();
        }
        more
    }
}

unsafe extern "C-unwind" fn shut_down(this: *mut pg_sys::DestReceiver) {
    unsafe {
        let client = (*this.cast::<Receiver>()).client;
        if let Some(shut_down) = (*client).rShutdown {
            shut_down(client);
        }
    }
}

fn keep_rows() {
    let keeping = KEEPING.with(UnsafeCell::get);
    // SAFETY: single-threaded; the table that Postgres points to is static.
    unsafe {
        let original = PqCommMethods;
        ORIGINAL.set(original);
        *keeping = CommMethods { put_message: Some(keep), ..*original };
        PqCommMethods = keeping;
    }
}

fn stop_keeping() {
    let keeping = KEEPING.with(UnsafeCell::get);
    // SAFETY: as above.
    unsafe {
        if std::ptr::eq(PqCommMethods, keeping) {
            PqCommMethods = ORIGINAL.get();
        }
    }
}

unsafe extern "C-unwind" fn keep(kind: c_char, bytes: *const c_char, length: usize) -> c_int {
    if kind == DATA_ROW {
        let row = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), length) }.to_vec();
        KEPT.with_borrow_mut(|kept| kept.push(row));
        if TO_THE_END.get() && kept_bytes() > longest_answer() {
            unsafe { too_long().raise() };
        }
        return 0;
    }
    if TO_THE_END.get() {
        if kind == PORTAL_SUSPENDED {
            // The client took some of the rows and goes on in a transaction that may never commit.
            unsafe { Raised::keep(&transaction::row_limit()).raise() };
        }
        let original = ORIGINAL.get();
        return unsafe { (*original).put_message.map_or(-1, |put_message| put_message(kind, bytes, length)) };
    }
    stop_keeping();
    unsafe { (*PqCommMethods).put_message.map_or(-1, |put_message| put_message(kind, bytes, length)) }
}

fn kept_bytes() -> usize {
    KEPT.with_borrow(|kept| kept.iter().map(Vec::len).sum())
}

fn longest_answer() -> usize {
    if one_claim::asked() {
        LONGEST_ANSWER
    } else {
        LONGEST_ANSWER_TO_RECORDS
    }
}

fn too_long() -> Raised {
    Raised::keep(
        &Error::new(
            SqlState::UNSAFE_TRANSACTION,
            "a statement whose answer waits for its commit returns too much beside it",
        )
        .detail("Nothing was granted or recorded.")
        .hint("Send the call of slashguard's function by itself."),
    )
}
