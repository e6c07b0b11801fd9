//! Two signed messages of one duty: blocks of one slot, or votes for one target.

use super::board::{Board, Signed};
use super::Finding;
use crate::attestations::history::Duty;
use std::collections::BTreeMap;

pub fn blocks(board: &Board) -> Vec<Finding> {
    doubles(board, "two blocks signed for one slot", |duty| match duty {
        Duty::Block { slot } => Some(slot),
        Duty::Vote { .. } => None,
    })
}

pub fn votes(board: &Board) -> Vec<Finding> {
    doubles(board, "two votes signed for one target", |duty| match duty {
        Duty::Block { .. } => None,
        Duty::Vote { target, .. } => Some(target),
    })
}

/// The signed messages of a validator are each listed once, so that any two in one place differ.
fn doubles(board: &Board, what: &str, place: fn(Duty) -> Option<i64>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for of in board.validators.values() {
        let mut places: BTreeMap<i64, Signed> = BTreeMap::new();
        for signed in of.signed() {
            let Some(place) = place(signed.message.duty) else {
                continue;
            };
            if let Some(first) = places.get(&place) {
                findings.push(Finding::new(what, &[first.event, signed.event]));
            } else {
                places.insert(place, signed);
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestations::checker::story::{block, vote, Story};
    use crate::attestations::history::{Answer, Message};

    fn found(story: &Story) -> (usize, usize) {
        let board = Board::new(&story.events, &[true]);
        (blocks(&board).len(), votes(&board).len())
    }

    fn both(first: Message, second: Message) -> Story {
        let mut story = Story::default();
        story.acquired(first, "a");
        story.acquired(second, "b");
        story
    }

    #[test]
    fn two_roots_of_one_duty_are_found() {
        assert_eq!(found(&both(block(7, 0), block(7, 1))), (1, 0));
        assert_eq!(found(&both(vote(1, 2, 0), vote(1, 2, 1))), (0, 1));
        assert_eq!(found(&both(vote(1, 2, 0), vote(0, 2, 0))), (0, 1));
    }

    #[test]
    fn a_takeover_and_other_duties_are_no_doubles() {
        for (first, second) in [
            (block(7, 0), block(7, 0)),
            (vote(1, 2, 0), vote(1, 2, 0)),
            (block(7, 0), block(8, 1)),
            (block(2, 0), vote(1, 2, 1)),
        ] {
            assert_eq!(found(&both(first, second)), (0, 0));
        }
    }

    #[test]
    fn what_was_given_up_is_no_double_and_both_events_are_named() {
        let mut story = Story::default();
        story.acquired(block(7, 0), "a");
        story.released(block(7, 0), "a", true, Answer::Released(true));
        story.acquired(block(7, 1), "b");
        assert_eq!(found(&story), (0, 0));
        story.recorded(block(7, 0), "a", "s");
        let board = Board::new(&story.events, &[true]);
        let Finding(shown) = &blocks(&board)[0];
        assert!(shown.contains("Record") && shown.contains("\"b\""), "{shown}");
    }
}
