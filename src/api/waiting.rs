//! Waiting in the server for another node's signature.

use crate::durability::bell::Listening;
use crate::duty::clock::{Timestamp, MICROSECONDS_PER_MILLISECOND};
use crate::duty::key::DutyKey;
use crate::ledger::lock::{self, Lock, LockName};
use crate::ledger::server;
use crate::settings;

/// Looks are frequent at first and seldom in the end. Microseconds.
const FIRST_LOOK: i64 = 1_000;
const LONGEST_LOOK: i64 = 20_000;
/// Who is woken looks only in case what it waits for came about in another way, such as a cleanup. Microseconds.
const LOOK_OF_LISTENER: i64 = 500_000;

/// A place among the callers that wait in the server. There are few, so that waiters cannot hold every pooled connection.
pub struct Waiting {
    _place: Lock,
    next_look: i64,
    listening: Option<Listening>,
    /// Whether the record was looked at since it listens.
    has_looked: bool,
}

impl Waiting {
    /// Takes a place. None: all of them are taken.
    pub fn begin(ledger_table: u32, key: &DutyKey) -> Option<Self> {
        let places = settings::max_waiters();
        let first = server::backend_place();
        let place = (0..places)
            .map(|step| (first + step).rem_euclid(places))
            .find_map(|row| lock::try_exclude(LockName { table: ledger_table, row }))?;
        Some(Self { _place: place, next_look: FIRST_LOOK, listening: Listening::to(key), has_looked: false })
    }

    /// Sleeps until it is time for the next look, or until `deadline`. `lease_until`: when the claim may be taken over.
    pub fn look_later(mut self, deadline: Timestamp, lease_until: Timestamp) -> Self {
        let now = server::now();
        let left = deadline.saturating_sub(now);
        if let Some(listening) = &self.listening {
            // Once more before the first sleep: what came about while nobody listened did not ring.
            if self.has_looked {
                let lease = lease_until.saturating_sub(now).max(0).saturating_add(MICROSECONDS_PER_MILLISECOND);
                listening.sleep(left.min(lease).min(LOOK_OF_LISTENER) / MICROSECONDS_PER_MILLISECOND);
            }
            self.has_looked = true;
            return self;
        }
        server::sleep(self.next_look.min(left));
        Self { next_look: (self.next_look * 2).min(LONGEST_LOOK), ..self }
    }
}
