//! Locks that no client can take or hold: object locks on slashguard's own tables, where advisory locks are anybody's.

use pgrx::pg_sys;

/// A lock of the current transaction; it ends with the transaction unless given back.
pub struct Lock {
    tag: pg_sys::LOCKTAG,
    mode: i32,
}

/// Which rows of a table a lock stands for. The table's oid keeps the kinds apart.
#[derive(Clone, Copy)]
pub struct LockName {
    /// The oid of one of slashguard's tables.
    pub table: u32,
    pub row: i32,
}

/// Claims hold their chain's lock shared; whatever must not have a claim under way takes it exclusively.
pub fn share(name: LockName) -> Lock {
    let lock = Lock::new(name, pg_sys::ShareLock as i32);
    lock.take(false);
    lock
}

/// Waits until no claim of the chain is under way.
pub fn exclude(name: LockName) -> Lock {
    let lock = Lock::new(name, pg_sys::AccessExclusiveLock as i32);
    lock.take(false);
    lock
}

/// An exclusive lock, when whoever has it gives it back.
pub fn wait_for(name: LockName) {
    Lock::new(name, pg_sys::ExclusiveLock as i32).take(false);
}

/// An exclusive lock if nobody has it.
pub fn try_exclude(name: LockName) -> Option<Lock> {
    let lock = Lock::new(name, pg_sys::ExclusiveLock as i32);
    lock.take(true).then_some(lock)
}

impl Lock {
    fn new(name: LockName, mode: i32) -> Self {
        Self {
            tag: pg_sys::LOCKTAG {
                // SAFETY: a plain read.
                locktag_field1: unsafe { pg_sys::MyDatabaseId }.to_u32(),
                locktag_field2: name.table,
                locktag_field3: name.row as u32,
                locktag_field4: 0,
                locktag_type: pg_sys::LockTagType::LOCKTAG_OBJECT as u8,
                locktag_lockmethodid: pg_sys::DEFAULT_LOCKMETHOD as u8,
            },
            mode,
        }
    }

    fn take(&self, no_waiting: bool) -> bool {
        // SAFETY: the tag is well-formed; Postgres copies it.
        let result = unsafe { pg_sys::LockAcquire(&self.tag, self.mode, false, no_waiting) };
        result != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL
    }

    /// Before the end of the transaction, so that nobody waits for a caller that only waits itself.
    pub fn give_back(self) {
        // SAFETY: taken by `take` and given back once.
        unsafe { pg_sys::LockRelease(&self.tag, self.mode, false) };
    }
}
