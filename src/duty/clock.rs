//! A chain's clock: which slot it is. The database's time is the only clock that counts.

use super::error::{Error, SqlState};

/// Microseconds since 2000-01-01 00:00 UTC, Postgres' own `timestamptz`.
pub type Timestamp = i64;
/// Microseconds.
pub type Duration = i64;

pub const MICROSECONDS_PER_MILLISECOND: i64 = 1_000;
const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

/// Genesis and slot duration. Never changed once the chain is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    pub genesis: Timestamp,
    /// At least one microsecond.
    pub slot_duration: Duration,
}

impl Clock {
    /// The slot that `time` lies in; below zero before genesis.
    pub fn slot_at(&self, time: Timestamp) -> i64 {
        time.saturating_sub(self.genesis).div_euclid(self.slot_duration.max(1))
    }

    /// The last slot that had ended `age` ago; -1 or below where none had.
    pub fn last_slot_older_than(&self, now: Timestamp, age: Duration) -> i64 {
        self.slot_at(now.saturating_sub(age)).saturating_sub(1)
    }
}

/// The current slot, by the chain's clock. Without one nobody can tell what is past: then doubt is about every slot.
pub fn current_slot(clock: Option<&Clock>, now: Timestamp) -> i64 {
    clock.map_or(i64::MAX, |clock| clock.slot_at(now))
}

/// An interval in microseconds. A month has no fixed length, so intervals with months are refused (22023).
pub fn interval_to_duration(argument: &str, months: i32, days: i32, microseconds: i64) -> Result<Duration, Error> {
    if months != 0 {
        return Err(Error::argument(
            SqlState::INVALID_PARAMETER_VALUE,
            argument,
            format!("{argument} is given in months or years, which have no fixed length"),
        )
        .hint("Give it in days, hours, minutes or seconds."));
    }
    i64::from(days)
        .checked_mul(MICROSECONDS_PER_DAY)
        .and_then(|from_days| from_days.checked_add(microseconds))
        .ok_or_else(|| {
            Error::argument(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, argument, format!("{argument} is too long"))
                .hint("Give a shorter interval.")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK: Clock = Clock { genesis: 1_000_000, slot_duration: 12_000_000 };

    #[test]
    fn slots_begin_at_genesis() {
        assert_eq!(CLOCK.slot_at(1_000_000), 0);
        assert_eq!(CLOCK.slot_at(999_999), -1);
        assert_eq!(CLOCK.slot_at(12_999_999), 0);
        assert_eq!(CLOCK.slot_at(13_000_000), 1);
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        for genesis in [i64::MIN, 0, i64::MAX] {
            for time in [i64::MIN, 0, i64::MAX] {
                let clock = Clock { genesis, slot_duration: 1 };
                assert_eq!(clock.slot_at(time), time.saturating_sub(genesis));
            }
        }
    }

    #[test]
    fn the_current_slot_is_never_old() {
        assert_eq!(CLOCK.last_slot_older_than(13_000_000, 0), 0);
        assert_eq!(CLOCK.last_slot_older_than(12_999_999, 0), -1);
        assert_eq!(CLOCK.last_slot_older_than(37_000_000, 12_000_000), 1);
    }

    #[test]
    fn months_have_no_length() {
        assert!(interval_to_duration("max_age", 1, 0, 0).is_err());
        assert!(interval_to_duration("max_age", 0, i32::MAX, i64::MAX).is_err());
        assert_eq!(interval_to_duration("max_age", 0, 1, 5), Ok(86_400_000_005));
    }
}
