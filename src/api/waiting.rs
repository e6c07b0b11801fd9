//! Waiting in the server for another node's signature.

use crate::duty::clock::Timestamp;
use crate::ledger::lock::{self, Lock, LockName};
use crate::ledger::server;
use crate::settings;

/// Looks are frequent at first and seldom in the end. Microseconds.
const FIRST_LOOK: i64 = 1_000;
const LONGEST_LOOK: i64 = 20_000;

/// A place among the callers that wait in the server. There are few, so that waiters cannot hold every pooled connection.
pub struct Waiting {
    _place: Lock,
    next_look: i64,
}

impl Waiting {
    /// Takes a place. None: all of them are taken.
    pub fn begin(ledger_table: u32) -> Option<Self> {
        let places = settings::max_waiters();
        let first = server::backend_place();
        (0..places)
            .map(|step| (first + step).rem_euclid(places))
            .find_map(|row| lock::try_exclude(LockName { table: ledger_table, row }))
            .map(|place| Self { _place: place, next_look: FIRST_LOOK })
    }

    /// Sleeps until it is time for the next look, or until `deadline`.
    pub fn look_later(self, deadline: Timestamp) -> Self {
        let left = deadline.saturating_sub(server::now());
        server::sleep(self.next_look.min(left));
        Self { next_look: (self.next_look * 2).min(LONGEST_LOOK), ..self }
    }
}
