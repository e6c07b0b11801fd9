//! Locks that no client can take or hold: object locks on slashguard's own tables, where advisory locks are anybody's.

use super::patience;
use super::server;
use super::statement::Session;
use crate::duty::error::Error;
use crate::duty::key::DutyKey;
use pgrx::pg_sys;
use std::hash::{DefaultHasher, Hash, Hasher};

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

/// The lock of one duty. Keys that share a hash share a lock, and wait for each other without need.
pub fn duty(key: &DutyKey) -> LockName {
    LockName { table: server::table_oid(c"claim"), row: short_hash(key) }
}

/// The lock of one validator's attestations: each must be held against all others.
pub fn votes(validator_id: i32) -> LockName {
    LockName { table: server::table_oid(c"validator"), row: validator_id }
}

/// The lock of one witness: of a node, for a chain.
pub fn witness(chain_id: i32, node_id: i32) -> LockName {
    LockName { table: server::table_oid(c"witness"), row: short_hash(&(chain_id, node_id)) }
}

/// The lock of what one recipient is granted: the sum of a day must not grow while it is held against the limit.
pub fn recipient(chain_id: i32, recipient: &[u8; 20]) -> LockName {
    LockName { table: server::table_oid(c"withdrawal"), row: short_hash(&(chain_id, recipient)) }
}

fn short_hash(of: &impl Hash) -> i32 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish() as i32
}

/// Claims hold their chain's lock beside each other; whatever must not have a claim under way takes it exclusively. None: not got
/// within lock_timeout.
pub fn share(session: &Session, name: LockName) -> Result<Option<Lock>, Error> {
    Lock::new(name, pg_sys::RowExclusiveLock as i32).take_patiently(session)
}

/// A chain's lock for many claims at once: one lock instead of one a duty, which are more than a server has room for. None: not got
/// within lock_timeout.
pub fn share_alone(session: &Session, name: LockName) -> Result<Option<Lock>, Error> {
    Lock::new(name, pg_sys::ShareRowExclusiveLock as i32).take_patiently(session)
}

/// Waits for lock_timeout at most.
pub fn exclude_patiently(session: &Session, name: LockName) -> Result<Option<Lock>, Error> {
    Lock::new(name, pg_sys::ExclusiveLock as i32).take_patiently(session)
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

    fn take_patiently(self, session: &Session) -> Result<Option<Self>, Error> {
        if self.take(true) {
            return Ok(Some(self));
        }
        // SAFETY: the lock shall belong to the statement, not to the subtransaction that waits for it.
        let owner = unsafe { pg_sys::CurrentResourceOwner };
        let taken = patience::wait_for(session, || {
            unsafe { pg_sys::CurrentResourceOwner = owner };
            self.take(false);
            Ok(())
        })?;
        Ok(taken.map(|()| self))
    }

    /// Before the end of the transaction, so that nobody waits for a caller that only waits itself.
    pub fn give_back(self) {
        // SAFETY: taken by `take` and given back once.
        unsafe { pg_sys::LockRelease(&self.tag, self.mode, false) };
    }
}
