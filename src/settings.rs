//! Server settings. All are for superusers: each of them weakens or shifts a gate.

use pgrx::{pg_sys, GucContext, GucFlags, GucRegistry, GucSetting};

static ALLOW_TRANSACTION_BLOCKS: GucSetting<bool> = GucSetting::<bool>::new(false);
static ALLOW_UNSAFE_STORAGE: GucSetting<bool> = GucSetting::<bool>::new(false);
static CLOCK_OFFSET: GucSetting<i32> = GucSetting::<i32>::new(0);
static MAX_WAITERS: GucSetting<i32> = GucSetting::<i32>::new(-1);

/// A century, in seconds.
const GREATEST_CLOCK_OFFSET: i32 = 2_147_483_000;

pub fn define() {
    GucRegistry::define_bool_guc(
        c"slashguard.allow_transaction_blocks",
        c"Lets tests claim duties inside a transaction. Unsafe: an answer can then be read before it is durable.",
        c"",
        &ALLOW_TRANSACTION_BLOCKS,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"slashguard.allow_unsafe_storage",
        c"Lets test clusters grant with fsync or full_page_writes off. Unsafe: a crash can then lose grants.",
        c"",
        &ALLOW_UNSAFE_STORAGE,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"slashguard.clock_offset",
        c"Shifts the ledger's clock for tests.",
        c"The view slashguard.chains shows it.",
        &CLOCK_OFFSET,
        -GREATEST_CLOCK_OFFSET,
        GREATEST_CLOCK_OFFSET,
        GucContext::Suset,
        GucFlags::UNIT_S,
    );
    GucRegistry::define_int_guc(
        c"slashguard.max_waiters",
        c"How many callers may wait in the server at once for another node's signature (wait_ms).",
        c"-1: a quarter of max_connections. Whoever finds no place is answered at once.",
        &MAX_WAITERS,
        -1,
        i32::from(u16::MAX),
        GucContext::Suset,
        GucFlags::default(),
    );
    // SAFETY: the name is a static C string; Postgres copies it.
    unsafe { pg_sys::MarkGUCPrefixReserved(c"slashguard".as_ptr()) };
}

pub fn allow_transaction_blocks() -> bool {
    ALLOW_TRANSACTION_BLOCKS.get()
}

pub fn allow_unsafe_storage() -> bool {
    ALLOW_UNSAFE_STORAGE.get()
}

/// Microseconds.
pub fn clock_offset() -> i64 {
    i64::from(CLOCK_OFFSET.get()) * 1_000_000
}

pub fn max_waiters() -> i32 {
    match MAX_WAITERS.get() {
        // SAFETY: a plain read of a variable that is fixed at server start.
        -1 => unsafe { pg_sys::MaxConnections / 4 }.max(1),
        waiters => waiters,
    }
}
