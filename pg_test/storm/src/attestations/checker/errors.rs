//! Errors are documented ones, each from the call it belongs to.

use super::board::Board;
use super::{Finding, Frees};
use crate::attestations::history::{Answer, Call, Duty, Event, Message};

pub fn documented(board: &Board) -> Vec<Finding> {
    let wrong = board.events.iter().filter(|event| !is_documented(event, board.frees));
    wrong.map(|event| Finding::new("no document promises this", &[event])).collect()
}

fn is_documented(event: &Event, frees: &Frees) -> bool {
    match (&event.call, &event.answer) {
        (_, Answer::Unexpected(_)) => false,
        (Call::Acquire { message, .. }, answer) if source_after_target(message) => match answer {
            Answer::Refused(code, _) => code == "22023",
            answer => *answer == Answer::Lost,
        },
        (Call::Acquire { .. }, Answer::Refused(..)) => false,
        (Call::Record { .. }, Answer::Refused(code, _)) => code == "SG005",
        (Call::Release { message, certainly_unsigned: true, .. }, answer) if !allows_freeing(message, frees) => {
            match answer {
                Answer::Refused(code, _) => code == "55000",
                answer => *answer == Answer::Lost,
            }
        }
        // A record for other data than what a node may be signing just now.
        (Call::Import(_), Answer::Refused(code, _)) => code == "55000",
        (_, Answer::Refused(..)) => false,
        _ => true,
    }
}

fn source_after_target(message: &Message) -> bool {
    matches!(message.duty, Duty::Vote { source, target } if source > target)
}

fn allows_freeing(message: &Message, frees: &Frees) -> bool {
    frees.get(usize::from(message.validator.chain)).copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestations::checker::story::{vote, Story};

    fn found(story: &Story, frees: bool) -> usize {
        documented(&Board::new(&story.events, &[frees])).len()
    }

    fn refused(code: &str) -> Answer {
        Answer::Refused(code.into(), "text".into())
    }

    #[test]
    fn a_source_after_its_target_is_bad_input_and_nothing_else() {
        let answers =
            [(refused("22023"), 0), (Answer::Lost, 0), (refused("XX000"), 1), (Answer::Stale { cause: None }, 1)];
        for (answer, expected) in answers {
            let mut story = Story::default();
            story.acquire(vote(9, 8, 0), answer);
            assert_eq!(found(&story, true), expected);
        }
        let mut story = Story::default();
        story.acquired(vote(9, 8, 0), "a");
        story.acquire(vote(8, 8, 0), refused("22023"));
        assert_eq!(found(&story, true), 2);
    }

    #[test]
    fn a_deadlock_is_found() {
        let mut story = Story::default();
        story.acquire(vote(1, 2, 0), refused("40P01"));
        story.imported(&[vote(1, 2, 0)]);
        story.last().answer = refused("40P01");
        story.add(Call::Cleanup("cleanup_old_duties"), refused("40P01"));
        assert_eq!(found(&story, true), 3);
    }

    #[test]
    fn a_file_is_refused_for_what_is_being_signed_and_for_nothing_else() {
        for (code, expected) in [("55000", 0), ("22023", 1), ("57014", 1)] {
            let mut story = Story::default();
            story.imported(&[vote(1, 2, 0)]);
            story.last().answer = refused(code);
            assert_eq!(found(&story, true), expected);
        }
    }

    #[test]
    fn a_chain_that_frees_nothing_says_so() {
        for (frees, answer, expected) in [
            (true, Answer::Released(true), 0),
            (false, Answer::Released(true), 1),
            (false, refused("55000"), 0),
            (true, refused("55000"), 1),
        ] {
            let mut story = Story::default();
            story.released(vote(1, 2, 0), "a", true, answer);
            assert_eq!(found(&story, frees), expected);
        }
    }

    #[test]
    fn a_lost_lock_is_documented_for_recordings_only() {
        let mut story = Story::default();
        story.recorded(vote(1, 2, 0), "a", "s");
        story.last().answer = refused("SG005");
        assert_eq!(found(&story, true), 0);
        story.released(vote(1, 2, 0), "a", false, refused("SG005"));
        assert_eq!(found(&story, true), 1);
    }
}
