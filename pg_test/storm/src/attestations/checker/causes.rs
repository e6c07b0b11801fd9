//! Nobody is refused for nothing: a conflict needs a message it is slashable beside, a wait another call for the same one.

use super::board::{Asked, Board, OfValidator};
use super::offence::offence;
use super::Finding;
use crate::attestations::history::{Answer, Event, Message};

pub fn causes(board: &Board) -> Vec<Finding> {
    let mut findings = Vec::new();
    for of in board.validators.values() {
        for asked in &of.asked {
            let explained = match &asked.event.answer {
                Answer::Conflict { cause } => is_beside(of, asked, |message| {
                    offence(&asked.message, message)
                        .is_some_and(|offence| cause.as_deref().is_none_or(|cause| cause == offence.cause()))
                }),
                Answer::InProgress => is_beside(of, asked, |message| *message == asked.message),
                _ => true,
            };
            if !explained {
                findings.push(Finding::new("refused without a cause", &[asked.event]));
            }
        }
    }
    findings
}

/// Another message, granted, imported, or in a call whose answer nobody saw, begun in time. The causes are mostly recent.
fn is_beside(of: &OfValidator, refused: &Asked, fits: impl Fn(&Message) -> bool) -> bool {
    let in_time = |event: &Event| event.start < refused.event.end;
    let granted = &of.asked[..of.asked.partition_point(|other| in_time(other.event))];
    let imported = &of.imported[..of.imported.partition_point(|other| in_time(other.event))];
    granted
        .iter()
        .rev()
        .any(|other| matches!(other.event.answer, Answer::Acquired { .. } | Answer::Lost) && fits(&other.message))
        || imported.iter().any(|other| other.event.answer == Answer::Imported && fits(&other.message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestations::checker::story::{block, vote, Story};

    fn found(story: &Story) -> usize {
        causes(&Board::new(&story.events, &[true])).len()
    }

    #[test]
    fn a_conflict_needs_a_cause_of_its_own_kind() {
        for (granted, refused, cause, expected) in [
            (vote(4, 8, 0), vote(4, 8, 1), "double_vote", 0),
            (vote(4, 8, 0), vote(3, 9, 0), "surrounds", 0),
            (vote(4, 8, 0), vote(5, 7, 0), "surrounded", 0),
            (block(7, 0), block(7, 1), "double_proposal", 0),
            (vote(4, 8, 0), vote(3, 9, 0), "surrounded", 1),
            (vote(4, 8, 0), vote(4, 8, 0), "double_vote", 1),
            (vote(4, 8, 0), vote(8, 9, 0), "surrounds", 1),
            (block(7, 0), block(8, 1), "double_proposal", 1),
        ] {
            let mut story = Story::default();
            story.acquired(granted, "a");
            story.conflict(refused, cause);
            assert_eq!(found(&story), expected, "{refused:?} {cause}");
        }
    }

    #[test]
    fn what_came_later_is_no_cause_and_a_record_of_a_file_is_one() {
        let mut story = Story::default();
        story.conflict(vote(4, 8, 1), "double_vote");
        story.acquired(vote(4, 8, 0), "a");
        assert_eq!(found(&story), 1);

        let mut story = Story::default();
        story.imported(&[vote(4, 8, 0)]);
        story.conflict(vote(4, 8, 1), "double_vote");
        assert_eq!(found(&story), 0);
    }

    #[test]
    fn a_wait_needs_another_call_for_the_same_message() {
        for (other, expected) in [(vote(4, 8, 0), 0), (vote(4, 8, 1), 1)] {
            let mut story = Story::default();
            story.acquired(vote(4, 8, 0), "a");
            story.acquire(other, Answer::InProgress);
            assert_eq!(found(&story), expected);
        }
    }
}
