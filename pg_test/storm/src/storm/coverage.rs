//! Did the storm do anything? A history in which nothing happened breaks no promise either.

use crate::checker::board::{grants, Board, Grant};
use crate::history::{Answer, Call, Event};
use std::collections::BTreeSet;

/// Something a storm must have seen, how often it did, and how often at least.
pub struct Seen {
    pub what: &'static str,
    pub count: i64,
    pub at_least: i64,
}

impl Seen {
    pub fn enough(&self) -> bool {
        self.count >= self.at_least
    }
}

pub fn seen(what: &'static str, count: i64, at_least: i64) -> Seen {
    Seen { what, count, at_least }
}

/// The least counts are far below what a slow machine reaches; they are there to notice a storm that misses its point.
pub fn coverage(events: &[Event]) -> Vec<Seen> {
    let board = Board::new(events);
    let answers = |wanted: fn(&Answer) -> bool| count(events, |event| wanted(&event.answer));
    let mut all = vec![
        seen("duties fought for", board.keys.len() as i64, 1000),
        seen("acquired", answers(|a| matches!(a, Answer::Acquired { .. })), 500),
        seen("already_signed", answers(|a| matches!(a, Answer::AlreadySigned { .. })), 100),
        seen("in_progress", answers(|a| matches!(a, Answer::InProgress { .. })), 100),
        seen("conflict", answers(|a| *a == Answer::Conflict), 200),
        seen("stale", answers(|a| *a == Answer::Stale), 50),
        seen("halted", answers(|a| *a == Answer::Halted), 20),
        seen("signatures recorded", answers(|a| *a == Answer::Recorded), 200),
        seen("locks lost (SG005)", locks_lost(events), 20),
        seen("leases extended", answers(|a| matches!(a, Answer::Extended(Some(_)))), 50),
        seen("extensions refused", answers(|a| *a == Answer::Extended(None)), 20),
        seen("claims released", answers(|a| *a == Answer::Released(true)), 100),
        seen("releases refused", answers(|a| *a == Answer::Released(false)), 20),
        seen("takeovers", takeovers(&board), 50),
        seen("releases that freed a duty for other data", freed(&board), 5),
        seen("grants answered again to a retry", retried(&board), 20),
        seen("signatures waited for in the server", waited(events), 3),
        seen("replies lost", answers(|a| *a == Answer::Lost), 10),
        seen("forged tokens refused", count(events, |e| e.call == Call::Forged), 20),
        seen("old rows cleaned up", cleaned(events, "cleanup_old_duties"), 100),
        seen("stuck claims opened", cleaned(events, "cleanup_stuck_duties"), 20),
        seen("maintenance runs", count(events, |e| e.call == Call::Cleanup("run_maintenance")), 5),
    ];
    all.extend(strict_refusals(events));
    all
}

pub fn count(events: &[Event], wanted: impl Fn(&Event) -> bool) -> i64 {
    events.iter().filter(|event| wanted(event)).count() as i64
}

fn locks_lost(events: &[Event]) -> i64 {
    count(events, |event| {
        matches!(&event.call, Call::Record { .. })
            && matches!(&event.answer, Answer::Refused(code, _) if code == "SG005")
    })
}

/// Grants of a message that another token held before.
pub fn takeovers(board: &Board) -> i64 {
    board.keys.values().map(|of_key| later_grants(of_key, |a, b| a == b)).sum()
}

/// Grants that followed one of another message: only a freeing release makes that possible, or a broken promise.
fn freed(board: &Board) -> i64 {
    board.keys.values().map(|of_key| later_grants(of_key, |a, b| a != b)).sum()
}

fn later_grants(of_key: &[&Event], hashes: fn(u8, u8) -> bool) -> i64 {
    let granted = grants(of_key);
    let follows = |later: &&Grant| {
        granted.iter().any(|first| {
            first.event.before(later.event) && first.token != later.token && hashes(first.hash, later.hash)
        })
    };
    granted.iter().filter(follows).count() as i64
}

pub fn retried(board: &Board) -> i64 {
    let again = |of_key: &Vec<&Event>| {
        let granted = grants(of_key);
        granted.len() - granted.iter().map(|grant| grant.token).collect::<BTreeSet<_>>().len()
    };
    board.keys.values().map(again).sum::<usize>() as i64
}

/// A signature that came later than the first look at the ledger can have found it.
fn waited(events: &[Event]) -> i64 {
    count(events, |event| match (&event.call, &event.answer) {
        (Call::Acquire { wait_ms, .. }, Answer::AlreadySigned { stamp, .. }) => {
            *wait_ms > 0 && stamp.told - stamp.began >= 1000
        }
        _ => false,
    })
}

fn cleaned(events: &[Event], by: &str) -> i64 {
    let rows = events.iter().map(|event| match (&event.call, &event.answer) {
        (Call::Cleanup(name), Answer::Cleaned(rows)) if *name == by => *rows,
        _ => 0,
    });
    rows.sum()
}

fn strict_refusals(events: &[Event]) -> [Seen; 4] {
    let strictly = |wanted: fn(&Answer) -> bool| {
        count(events, |event| matches!(event.call, Call::Acquire { strict: true, .. }) && wanted(&event.answer))
    };
    [
        seen("strict: SG001 conflict", strictly(|a| *a == Answer::Conflict), 20),
        seen("strict: SG002 in progress", strictly(|a| matches!(a, Answer::InProgress { .. })), 10),
        seen("strict: SG003 stale", strictly(|a| *a == Answer::Stale), 10),
        seen("strict: SG004 halted", strictly(|a| *a == Answer::Halted), 3),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::story::Story;

    fn counted(story: &Story, what: &str) -> i64 {
        let all = coverage(&story.events);
        all.iter().find(|seen| seen.what == what).map(|seen| seen.count).expect("known")
    }

    #[test]
    fn nothing_is_not_enough() {
        assert!(coverage(&[]).iter().all(|seen| !seen.enough()));
    }

    #[test]
    fn takeovers_retries_and_freed_duties_are_told_apart() {
        let mut story = Story::default();
        story.acquired(1, "a", 15);
        story.acquired(1, "a", 15);
        story.acquired(1, "b", 100);
        story.released("b", true, true);
        story.acquired(2, "c", 100);
        assert_eq!(counted(&story, "takeovers"), 1);
        assert_eq!(counted(&story, "grants answered again to a retry"), 1);
        assert_eq!(counted(&story, "releases that freed a duty for other data"), 1);
        assert_eq!(counted(&story, "acquired"), 4);
    }
}
