//! Whoever waits in the server for a signature is woken when it is committed. Only where the library is preloaded by the server
//! (shared_preload_libraries), because it takes shared memory; elsewhere waiters look again and again.

use crate::duty::key::DutyKey;
use pgrx::lwlock::PgLwLock;
use pgrx::{pg_guard, pg_sys, PGRXSharedMemory};
use std::cell::Cell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};

/// Duties that share a bell wake each other's waiters without need.
const BELLS: usize = 1024;
const WORDS: usize = BELLS / 64;

#[derive(Clone, Copy)]
struct Bells([pg_sys::ConditionVariable; BELLS]);

// SAFETY: condition variables are made to be shared between Postgres' processes.
unsafe impl PGRXSharedMemory for Bells {}

impl Default for Bells {
    fn default() -> Self {
        // SAFETY: all zeros is a value of it, which Postgres then sets as it wants it. Nothing in it points to itself.
        let mut bell: pg_sys::ConditionVariable = unsafe { std::mem::zeroed() };
        unsafe { pg_sys::ConditionVariableInit(&mut bell) };
        Self([bell; BELLS])
    }
}

// SAFETY: made once, under a name of its own.
static SHARED: PgLwLock<Bells> = unsafe { PgLwLock::new(c"slashguard_bells") };
static IS_HUNG: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Which bells this transaction rings when it has committed.
    static TO_RING: Cell<[u64; WORDS]> = const { Cell::new([0; WORDS]) };
}

/// Asks for the shared memory, where the server loads the library at its start.
#[allow(unexpected_cfgs, reason = "pgrx' macro asks for versions of Postgres that this crate does not know")]
pub fn hang() {
    // SAFETY: a plain read of the postmaster's variable.
    if unsafe { pg_sys::process_shared_preload_libraries_in_progress } {
        pgrx::pg_shmem_init!(SHARED);
        IS_HUNG.store(true, Ordering::Relaxed);
    }
}

/// Whether waiters are woken.
pub fn is_hung() -> bool {
    IS_HUNG.load(Ordering::Relaxed)
}

fn number(key: &DutyKey) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish() as usize % BELLS
}

fn bell(number: usize) -> *mut pg_sys::ConditionVariable {
    // Where it is in shared memory never changes; the bell has a lock of its own.
    (&raw const SHARED.share().0[number % BELLS]).cast_mut()
}

/// What others wait for becomes true with this transaction's commit.
pub fn ring_after_commit(key: &DutyKey) {
    if is_hung() {
        let number = number(key);
        let mut to_ring = TO_RING.get();
        to_ring[number / 64] |= 1 << (number % 64);
        TO_RING.set(to_ring);
    }
}

/// The transaction has committed, and others see it.
pub fn ring() {
    let to_ring = TO_RING.take();
    for (word, bits) in to_ring.into_iter().enumerate().filter(|(_, bits)| *bits != 0) {
        for bit in (0..64).filter(|bit| bits & (1 << bit) != 0) {
            // SAFETY: the bell lives as long as the server.
            unsafe { pg_sys::ConditionVariableBroadcast(bell(word * 64 + bit)) };
        }
    }
}

/// The transaction has not committed: nothing became true.
pub fn forget() {
    TO_RING.set([0; WORDS]);
}

/// A place beside a duty's bell. It is left when this goes.
pub struct Listening(usize);

impl Listening {
    /// From now on no ringing is missed: what is looked at after this need not be looked at again before it rings.
    pub fn to(key: &DutyKey) -> Option<Self> {
        let number = is_hung().then(|| number(key))?;
        // SAFETY: as above.
        unsafe { pg_sys::ConditionVariablePrepareToSleep(bell(number)) };
        Some(Self(number))
    }

    /// Sleeps until it rings or `milliseconds` are over, and may wake without either. A cancel or a shutdown ends it with an error.
    pub fn sleep(&self, milliseconds: i64) {
        // SAFETY: as above.
        unsafe {
            pg_sys::ConditionVariableTimedSleep(bell(self.0), milliseconds.max(1), pg_sys::PG_WAIT_EXTENSION);
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // After an error Postgres itself leaves the bell when it aborts the transaction.
        if !std::thread::panicking() {
            // SAFETY: does nothing where Postgres has left the bell by itself.
            unsafe { pg_sys::ConditionVariableCancelSleep() };
        }
    }
}
