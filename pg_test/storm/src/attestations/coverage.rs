//! Did the storm do anything? A history in which nothing happened breaks no promise either.

use super::checker::board::{Board, Grant};
use super::checker::Frees;
use super::history::{Answer, Call, Duty, Event, Message};
use crate::storm::coverage::{seen, Seen};
use std::collections::{BTreeSet, HashMap};

/// The least counts are far below what a slow machine reaches; they are there to notice a storm that misses its point.
pub fn coverage(events: &[Event], frees: &Frees) -> Vec<Seen> {
    let board = Board::new(events, frees);
    let answers = |wanted: fn(&Answer) -> bool| count(events, |event| wanted(&event.answer));
    let conflicts = |cause: &str| {
        count(events, |event| matches!(&event.answer, Answer::Conflict { cause: Some(said) } if said == cause))
    };
    let stale = |cause: &str| {
        count(events, |event| matches!(&event.answer, Answer::Stale { cause: Some(said) } if said == cause))
    };
    let acquired = |block: bool| {
        count(events, |event| {
            let is_block = asked(event).is_some_and(|message| matches!(message.duty, Duty::Block { .. }));
            is_block == block && matches!(event.answer, Answer::Acquired { .. })
        })
    };
    vec![
        seen("votes acquired", acquired(false), 200),
        seen("blocks acquired", acquired(true), 50),
        seen("already_signed", answers(|a| matches!(a, Answer::AlreadySigned { .. })), 50),
        seen("in_progress", answers(|a| *a == Answer::InProgress), 50),
        seen("conflict: double_vote", conflicts("double_vote"), 50),
        seen("conflict: double_proposal", conflicts("double_proposal"), 20),
        seen("conflict: surrounds", conflicts("surrounds"), 20),
        seen("conflict: surrounded", conflicts("surrounded"), 20),
        seen("stale: low_watermark", stale("low_watermark"), 20),
        seen("halted", answers(|a| matches!(a, Answer::Halted { .. })), 20),
        seen("sources after their targets refused", count(events, refused_as_input), 20),
        seen("signatures recorded", answers(|a| *a == Answer::Recorded), 100),
        seen("locks lost (SG005)", refused(events, "SG005"), 5),
        seen("claims released", answers(|a| *a == Answer::Released(true)), 50),
        seen("unsigned releases refused (55000)", refused(events, "55000"), 10),
        seen("takeovers", takeovers(&board), 20),
        seen("releases that freed a duty for another message", freed(&board), 5),
        seen("grants answered again to a retry", retried(&board), 10),
        seen("replies lost", answers(|a| *a == Answer::Lost), 10),
        seen("claims cleaned up", cleaned(events), 50),
        seen("maintenance runs", count(events, |event| event.call == Call::Cleanup("run_maintenance")), 1),
        seen("imports", answers(|a| *a == Answer::Imported), 3),
        seen("strict refusals", count(events, is_strict_refusal), 50),
    ]
}

fn count(events: &[Event], wanted: impl Fn(&Event) -> bool) -> i64 {
    events.iter().filter(|event| wanted(event)).count() as i64
}

fn asked(event: &Event) -> Option<Message> {
    match event.call {
        Call::Acquire { message, .. } => Some(message),
        _ => None,
    }
}

fn refused_as_input(event: &Event) -> bool {
    asked(event).is_some() && matches!(&event.answer, Answer::Refused(code, _) if code == "22023")
}

fn refused(events: &[Event], code: &str) -> i64 {
    count(events, |event| matches!(&event.answer, Answer::Refused(said, _) if said == code))
}

fn is_strict_refusal(event: &Event) -> bool {
    let refusal = matches!(
        event.answer,
        Answer::Conflict { .. } | Answer::InProgress | Answer::Stale { .. } | Answer::Halted { .. }
    );
    refusal && matches!(event.call, Call::Acquire { strict: true, .. })
}

fn cleaned(events: &[Event]) -> i64 {
    let rows = events.iter().map(|event| match event.answer {
        Answer::Cleaned(rows) => rows,
        _ => 0,
    });
    rows.sum()
}

/// Grants of a message that another token held before.
fn takeovers(board: &Board) -> i64 {
    let mut count = 0;
    for of in board.validators.values() {
        let mut first: HashMap<Message, Grant> = HashMap::new();
        for grant in &of.grants {
            let known = *first.entry(grant.message).or_insert(*grant);
            count += i64::from(known.token != grant.token && known.event.before(grant.event));
        }
    }
    count
}

/// Grants for a duty whose claim for another message was given up before.
fn freed(board: &Board) -> i64 {
    let mut count = 0;
    for of in board.validators.values() {
        let mut given_up: HashMap<Duty, Grant> = HashMap::new();
        for grant in &of.grants {
            let known = given_up.get(&grant.message.duty);
            let follows = |known: &Grant| known.message != grant.message && known.event.before(grant.event);
            count += i64::from(known.is_some_and(follows));
            if grant.given_up.is_some() {
                given_up.insert(grant.message.duty, *grant);
            }
        }
    }
    count
}

fn retried(board: &Board) -> i64 {
    let again =
        |grants: &Vec<Grant>| grants.len() - grants.iter().map(|grant| grant.token).collect::<BTreeSet<_>>().len();
    board.validators.values().map(|of| again(&of.grants)).sum::<usize>() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestations::checker::story::{vote, Story};

    fn counted(story: &Story, what: &str) -> i64 {
        let all = coverage(&story.events, &[true]);
        all.iter().find(|seen| seen.what == what).map(|seen| seen.count).expect("known")
    }

    #[test]
    fn nothing_is_not_enough() {
        assert!(coverage(&[], &[true]).iter().all(|seen| !seen.enough()));
    }

    #[test]
    fn takeovers_retries_and_freed_duties_are_told_apart() {
        let mut story = Story::default();
        story.acquired(vote(1, 2, 0), "a");
        story.acquired(vote(1, 2, 0), "a");
        story.acquired(vote(1, 2, 0), "b");
        story.acquired(vote(2, 3, 0), "c");
        story.released(vote(2, 3, 0), "c", true, Answer::Released(true));
        story.acquired(vote(2, 3, 1), "d");
        assert_eq!(counted(&story, "takeovers"), 1);
        assert_eq!(counted(&story, "grants answered again to a retry"), 1);
        assert_eq!(counted(&story, "releases that freed a duty for another message"), 1);
        assert_eq!(counted(&story, "votes acquired"), 5);
        assert_eq!(counted(&story, "blocks acquired"), 0);
    }

    #[test]
    fn each_cause_is_counted_by_itself() {
        let mut story = Story::default();
        story.conflict(vote(1, 4, 0), "surrounds");
        story.conflict(vote(1, 4, 0), "surrounds");
        story.conflict(vote(2, 3, 0), "surrounded");
        story.stale(vote(0, 1, 0));
        assert_eq!(counted(&story, "conflict: surrounds"), 2);
        assert_eq!(counted(&story, "conflict: surrounded"), 1);
        assert_eq!(counted(&story, "conflict: double_vote"), 0);
        assert_eq!(counted(&story, "stale: low_watermark"), 1);
    }
}
