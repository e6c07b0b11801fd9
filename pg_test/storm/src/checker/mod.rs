//! Judges a storm by what its clients were told, without a look into the tables.
//!
//! Clients share one monotonic clock, so of two calls that did not overlap it is known which came first. Of calls
//! that overlapped nothing is assumed: a check speaks only where every possible order breaks the promise.

pub mod board;
pub mod causes;
pub mod errors;
pub mod grants;
pub mod leases;
pub mod lives;
pub mod requests;
pub mod signatures;
pub mod tokens;
pub mod watermarks;

#[cfg(test)]
pub mod story;

use crate::history::{Event, Key};
use board::Board;

/// What the checker must be told about the chains to judge them.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// By chain number: may `release_duty(.., certainly_unsigned => true)` free a slot for other data?
    pub frees: Vec<bool>,
    /// By chain number: is a signature on disk before `record_signature` answers?
    pub records_durably: Vec<bool>,
    /// Whether a standby that lagged was promoted, so that a later life may lack anything that an earlier one told.
    pub lagging: bool,
    /// Whether clients may ask a standby.
    pub standbys: bool,
}

impl Terms {
    pub fn allows_freeing(&self, key: Key) -> bool {
        self.frees.get(key.chain as usize).copied().unwrap_or(false)
    }

    pub fn records_durably(&self, key: Key) -> bool {
        self.records_durably.get(key.chain as usize).copied().unwrap_or(false)
    }
}

/// One broken promise: the duty it concerns and the events that show it.
#[derive(Clone, Debug)]
pub struct Finding {
    pub key: Option<Key>,
    pub what: String,
}

impl Finding {
    pub fn new(key: Option<Key>, what: impl Into<String>, events: &[&Event]) -> Self {
        let mut what = what.into();
        for event in events {
            what.push_str(&format!("\n  {event}"));
        }
        Finding { key, what }
    }
}

pub struct Verdict {
    pub name: &'static str,
    pub findings: Vec<Finding>,
}

type Check = fn(&Board, &Terms) -> Vec<Finding>;

pub const CHECKS: [(&str, Check); 12] = [
    ("no key was granted two hashes", grants::double_grants),
    ("a signed duty is never granted again", grants::signed_stays_signed),
    ("no two leases of one key overlap", leases::overlaps),
    ("whoever is told to wait is told a lease that runs", leases::waits),
    ("every signature given was recorded for that key and hash", signatures::recorded_before),
    ("all callers of a duty get the same signature", signatures::same_for_all),
    ("every grant has a token of its own", tokens::unique),
    ("a former holder's token neither extends nor releases", tokens::dead_after_takeover),
    ("a retried request gets its own claim back", requests::retries),
    ("what was stale is never granted again", watermarks::stale_stays_stale),
    ("a conflict or a wait has another call as its cause", causes::causes),
    ("only documented errors, and nothing for a forged token", errors::documented),
];

pub fn judge(events: &[Event], terms: &Terms) -> Vec<Verdict> {
    let board = Board::new(events);
    CHECKS.iter().map(|(name, check)| Verdict { name, findings: check(&board, terms) }).collect()
}

#[cfg(test)]
mod tests {
    use super::story::Story;
    use super::*;

    #[test]
    fn an_ordinary_life_breaks_no_promise() {
        let mut story = Story::default();
        story.acquired(1, "a", 100_000);
        story.in_progress(1, 100_000);
        story.conflict(2);
        story.recorded(1, "a", "s");
        story.already_signed(1, "s");
        story.conflict(2);
        story.stale(1);
        for verdict in judge(&story.events, &Terms::default()) {
            assert!(verdict.findings.is_empty(), "{}: {:?}", verdict.name, verdict.findings);
        }
    }

    #[test]
    fn a_finding_shows_its_events() {
        let mut story = Story::default();
        story.acquired(1, "a", 100_000);
        story.acquired(2, "b", 100_000);
        let verdicts = judge(&story.events, &Terms::default());
        let shown = &verdicts[0].findings[0].what;
        assert!(shown.contains("\"a\"") && shown.contains("\"b\""), "{shown}");
    }
}
