//! Can the server's clock be believed? Quarantines, leases and the horizon go by it, so a clock that went back or leapt grants
//! nothing.

use crate::duty::acquisition::{Acquisition, Outcome};
use crate::duty::clock::{Duration, Timestamp};
use serde_json::json;

/// Clocks are corrected by less than this all the time. Microseconds.
const TOLERANCE: Duration = 5 * 1_000_000;
/// A ledger that was asleep for longer is woken by the operator's word. Microseconds.
const LONGEST_LEAP: Duration = 24 * 3_600 * 1_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockDoubt {
    Behind,
    FarAhead,
}

/// What is wrong with `now`, if `latest` is the latest time that the ledger has seen.
pub fn doubt(now: Timestamp, latest: Timestamp) -> Option<ClockDoubt> {
    if now < latest.saturating_sub(TOLERANCE) {
        Some(ClockDoubt::Behind)
    } else if now > latest.saturating_add(LONGEST_LEAP) {
        Some(ClockDoubt::FarAhead)
    } else {
        None
    }
}

/// The times as people read them.
pub fn refusal(doubt: ClockDoubt, now: &str, latest: &str) -> Acquisition {
    let (reason, mut details) = match doubt {
        ClockDoubt::Behind => (
            format!(
                "the server's clock says {now}, but this ledger has seen {latest}; nothing is granted until the clock \
                 has caught up. If the later time was the wrong one, slashguard.confirm_clock says so"
            ),
            json!({ "cause": "clock_behind" }),
        ),
        ClockDoubt::FarAhead => (
            format!(
                "the server's clock says {now}, more than a day after the last time that this ledger has seen, {latest}. \
                 If the clock is right, slashguard.confirm_clock says so"
            ),
            json!({ "cause": "clock_ahead" }),
        ),
    };
    details["server_time"] = now.into();
    details["latest_time"] = latest.into();
    let mut answer = Acquisition::new(Outcome::Halted, reason);
    answer.details = Some(details);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_corrections_are_no_doubt() {
        assert_eq!(doubt(1_000, 1_000), None);
        assert_eq!(doubt(1_000, 1_000 + TOLERANCE), None);
        assert_eq!(doubt(1_000, 1_001 + TOLERANCE), Some(ClockDoubt::Behind));
        assert_eq!(doubt(1_000 + LONGEST_LEAP, 1_000), None);
        assert_eq!(doubt(1_001 + LONGEST_LEAP, 1_000), Some(ClockDoubt::FarAhead));
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        assert_eq!(doubt(i64::MIN, i64::MAX), Some(ClockDoubt::Behind));
        assert_eq!(doubt(i64::MAX, i64::MIN), Some(ClockDoubt::FarAhead));
        assert_eq!(doubt(i64::MAX, i64::MAX), None);
        assert_eq!(doubt(i64::MIN, i64::MIN), None);
    }

    #[test]
    fn the_reason_has_both_times() {
        for kind in [ClockDoubt::Behind, ClockDoubt::FarAhead] {
            let answer = refusal(kind, "noon", "midnight");
            assert_eq!(answer.outcome, Outcome::Halted);
            assert!(answer.reason.contains("noon") && answer.reason.contains("midnight"));
        }
    }
}
