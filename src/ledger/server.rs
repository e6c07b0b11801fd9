//! What the server knows: the time, who asks, randomness.

use crate::duty::clock::Timestamp;
use crate::duty::error::{Error, SqlState};
use crate::settings;
use crate::unguarded;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::ffi::CStr;

/// The ledger's time: the server's, shifted only where a superuser's test setting says so.
pub fn now() -> Timestamp {
    // SAFETY: reads the clock.
    unsafe { unguarded::GetCurrentTimestamp() }.saturating_add(settings::clock_offset())
}

/// The ledger's time as a timestamp without zone, in the session's zone: as CURRENT_TIMESTAMP is stored in such a column.
pub fn local_now() -> i64 {
    let time = pgrx::pg_sys::Datum::from(now());
    // SAFETY: the function takes and answers 64-bit values.
    unsafe { pgrx::direct_function_call_as_datum(pg_sys::timestamptz_timestamp, &[Some(time)]) }
        .map_or(0, |local| local.value() as i64)
}

/// The role that asks. Inside a SECURITY DEFINER function the current user is its owner; the outer one is the caller.
pub fn caller() -> u32 {
    // SAFETY: reads this backend's state.
    unsafe { unguarded::GetOuterUserId() }.to_u32()
}

/// Who asks: the login, and the role it has set if that is another.
pub fn caller_name() -> String {
    // SAFETY: reads this backend's state.
    let (login, role) = unsafe { (pg_sys::GetSessionUserId(), unguarded::GetOuterUserId()) };
    if login == role {
        role_name(login)
    } else {
        format!("{} as {}", role_name(login), role_name(role))
    }
}

fn role_name(role: pg_sys::Oid) -> String {
    // SAFETY: answers null for a role dropped meanwhile, else a palloc'd C string.
    unsafe {
        let name = pg_sys::GetUserNameFromId(role, true);
        if name.is_null() {
            "(dropped role)".to_owned()
        } else {
            std::ffi::CStr::from_ptr(name).to_string_lossy().into_owned()
        }
    }
}

/// The number of this backend among those alive; no two have the same at one time.
pub fn backend_place() -> i32 {
    // SAFETY: a plain read of a variable that is set when the backend starts.
    #[cfg(any(feature = "pg15", feature = "pg16"))]
    return unsafe { pg_sys::MyBackendId };
    #[cfg(any(feature = "pg17", feature = "pg18"))]
    return unsafe { pg_sys::MyProcNumber };
}

const SECRET_LENGTH: usize = 16;
/// One draw serves so many secrets: asking the random generator costs as much as a look-up in a table.
const SECRETS_A_DRAW: usize = 32;

thread_local! {
    static DRAWN: RefCell<Vec<[u8; SECRET_LENGTH]>> = const { RefCell::new(Vec::new()) };
}

/// Bytes that nobody can guess.
pub fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0_u8; N];
    // SAFETY: writes as many bytes as the array has.
    if unsafe { pg_sys::pg_strong_random(bytes.as_mut_ptr().cast(), N) } {
        return Ok(bytes);
    }
    Err(Error::new(SqlState::INTERNAL_ERROR, "the server has no random numbers to give")
        .hint("Nothing was granted. See whether the system's random device works."))
}

/// 16 bytes nobody can guess, never the same twice.
pub fn secret() -> Result<[u8; SECRET_LENGTH], Error> {
    if let Some(secret) = DRAWN.with_borrow_mut(Vec::pop) {
        return Ok(secret);
    }
    let drawn = random::<{ SECRET_LENGTH * SECRETS_A_DRAW }>()?;
    let (secrets, _) = drawn.as_chunks::<SECRET_LENGTH>();
    let (first, rest) = secrets.split_first().ok_or_else(|| Error::internal("a draw without secrets"))?;
    DRAWN.set(rest.to_vec());
    Ok(*first)
}

/// Where this database is.
pub struct Place {
    pub system_identifier: i64,
    pub timeline: i32,
    pub database_oid: u32,
}

/// The database that this backend is connected to.
pub fn database_oid() -> u32 {
    // SAFETY: a plain read of a variable that is set when the backend starts.
    unsafe { pg_sys::MyDatabaseId }.to_u32()
}

/// Not to be asked on a standby, which has no timeline of its own.
pub fn place() -> Place {
    // SAFETY: reads shared state and a variable of this backend.
    unsafe {
        Place {
            system_identifier: pg_sys::GetSystemIdentifier() as i64,
            timeline: pg_sys::GetWALInsertionTimeLine() as i32,
            database_oid: database_oid(),
        }
    }
}

/// When the postmaster was started: a crash of one backend leaves it, a new start of the server does not.
pub fn started_at() -> Timestamp {
    // SAFETY: set before any backend is started.
    unsafe { pg_sys::PgStartTime }
}

/// Where the write-ahead log ends now.
pub fn wal_end() -> u64 {
    // SAFETY: reads shared state; not to be asked on a standby.
    unsafe { unguarded::GetXLogInsertRecPtr() }
}

/// A time as people read it, in the session's time zone.
pub fn show_time(time: Timestamp) -> String {
    // SAFETY: answers a static buffer, copied at once.
    unsafe { std::ffi::CStr::from_ptr(pg_sys::timestamptz_to_str(time)) }.to_string_lossy().into_owned()
}

/// Whether the role that asks is a superuser.
pub fn caller_is_superuser() -> bool {
    // SAFETY: look-ups in Postgres' own caches.
    unsafe { pg_sys::superuser_arg(unguarded::GetOuterUserId()) }
}

/// The id that rows written now get as their xmin; of the subtransaction where there is one.
pub fn transaction_id() -> u32 {
    // SAFETY: gives this transaction an id if it has none.
    unsafe { pg_sys::GetCurrentTransactionId() }.into_inner()
}

/// Whether this transaction has written nothing so far, so that all it sees is committed.
pub fn nothing_written() -> bool {
    // SAFETY: reads this backend's transaction state.
    unsafe { unguarded::GetTopTransactionIdIfAny() == pg_sys::InvalidTransactionId }
}

thread_local! {
    /// Tables of slashguard's that were looked up, until Postgres says that one of them has changed.
    static TABLES: RefCell<Vec<(&'static CStr, u32)>> = const { RefCell::new(Vec::new()) };
}

/// The oid of one of slashguard's tables; 0 where there is none.
pub fn table_oid(name: &'static CStr) -> u32 {
    let known = TABLES.with_borrow(|tables| tables.iter().find(|known| known.0 == name).map(|known| known.1));
    if let Some(oid) = known {
        return oid;
    }
    // SAFETY: look-ups in Postgres' own caches.
    let oid = unsafe {
        let schema = pg_sys::get_namespace_oid(c"slashguard".as_ptr(), true);
        pg_sys::get_relname_relid(name.as_ptr(), schema).to_u32()
    };
    if oid != 0 {
        TABLES.with_borrow_mut(|tables| tables.push((name, oid)));
    }
    oid
}

/// A table has changed, or its name; all may have where `oid` is 0. Called in the middle of anything, so it neither raises nor
/// allocates.
pub fn forget_table(oid: pg_sys::Oid) {
    let _ = TABLES.try_with(|tables| {
        if let Ok(mut tables) = tables.try_borrow_mut() {
            tables.retain(|known| oid != pg_sys::InvalidOid && known.1 != oid.to_u32());
        }
    });
}

/// Sleeps until `microseconds` are over or somebody wakes this backend. A cancel or a shutdown ends it with an error.
pub fn sleep(microseconds: i64) {
    let milliseconds = (microseconds / 1_000).clamp(1, 1_000);
    // SAFETY: the latch is this backend's own.
    unsafe {
        pg_sys::WaitLatch(
            pg_sys::MyLatch,
            (pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH) as i32,
            milliseconds,
            pg_sys::PG_WAIT_EXTENSION,
        );
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    pgrx::check_for_interrupts!();
}

/// Words for whoever sits at the other end.
pub fn notice(words: &str) {
    pgrx::notice!("{words}");
}

/// The same where they must not be missed.
pub fn warning(words: &str) {
    pgrx::warning!("{words}");
}
