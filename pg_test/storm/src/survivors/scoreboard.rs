//! What has happened so far, counted while it happens.

use crate::history::{Answer, Event, Life};
use crate::storm::connection::Why;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::Mutex;
use std::time::Duration;

#[derive(Default)]
pub struct Scoreboard {
    pub over: AtomicBool,
    /// Whether clients shall hold what they never commit, and how many do.
    pub holding: AtomicBool,
    pub held: AtomicU64,
    pub calls: AtomicU64,
    pub acquired: AtomicU64,
    recorded: AtomicU64,
    conflicts: AtomicU64,
    stale: AtomicU64,
    halted: AtomicU64,
    lost: AtomicU64,
    /// Claims that were refused because the ledger may have lost grants.
    pub quarantined: AtomicU64,
    /// Lives that granted something.
    lives: Mutex<BTreeSet<Life>>,
}

impl Scoreboard {
    pub fn note(&self, events: &[Event], why: &Why) {
        self.calls.fetch_add(events.len() as u64, Relaxed);
        if why.cause.as_deref() == Some("quarantine") {
            self.quarantined.fetch_add(1, Relaxed);
        }
        for event in events {
            let place = match &event.answer {
                Answer::Acquired { .. } => {
                    self.lives.lock().expect("nobody panics while it holds the lives").insert(event.life);
                    &self.acquired
                }
                Answer::Recorded => &self.recorded,
                Answer::Conflict => &self.conflicts,
                Answer::Stale => &self.stale,
                Answer::Halted => &self.halted,
                Answer::Lost => &self.lost,
                _ => continue,
            };
            place.fetch_add(1, Relaxed);
        }
    }

    pub fn show(&self, elapsed: Duration) {
        println!(
            "{:4} s: {} calls, {} acquired by {} lives, {} recorded, {} conflicts, {} stale, {} halted, {} replies lost",
            elapsed.as_secs(),
            self.calls.load(Relaxed),
            self.acquired.load(Relaxed),
            self.lives.lock().expect("nobody panics while it holds the lives").len(),
            self.recorded.load(Relaxed),
            self.conflicts.load(Relaxed),
            self.stale.load(Relaxed),
            self.halted.load(Relaxed),
            self.lost.load(Relaxed)
        );
    }
}
