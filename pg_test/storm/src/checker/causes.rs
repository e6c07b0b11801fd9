//! Nobody is refused for nothing: a conflict needs other data, a wait needs another call for the same data.

use super::board::Board;
use super::{Finding, Terms};
use crate::history::{Answer, Call, Event, Hash};

pub fn causes(board: &Board, _: &Terms) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, of_key) in &board.keys {
        for event in of_key {
            let Call::Acquire { hash, .. } = &event.call else {
                continue;
            };
            let explained = match &event.answer {
                Answer::Conflict => has_cause(of_key, event, |other| other != *hash),
                Answer::InProgress { .. } => has_cause(of_key, event, |other| other == *hash),
                _ => true,
            };
            if !explained {
                findings.push(Finding::new(Some(*key), "refused without a cause", &[event]));
            }
        }
    }
    findings
}

/// Another call, begun in time, that was granted such a hash or whose answer nobody saw.
fn has_cause(of_key: &[&Event], refused: &Event, fits: impl Fn(Hash) -> bool) -> bool {
    of_key.iter().any(|other| {
        let Call::Acquire { hash, .. } = &other.call else {
            return false;
        };
        fits(*hash) && other.start < refused.end && matches!(other.answer, Answer::Acquired { .. } | Answer::Lost)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::story::Story;

    fn unexplained(story: &Story) -> usize {
        causes(&Board::new(&story.events), &Terms::default()).len()
    }

    #[test]
    fn a_conflict_with_nothing_is_found() {
        let mut story = Story::default();
        story.conflict(1);
        assert_eq!(unexplained(&story), 1);
        story.acquire(2, Answer::Lost);
        assert_eq!(unexplained(&story), 1, "what came later is no cause");
        story.conflict(1);
        assert_eq!(unexplained(&story), 1, "the second conflict has one");
    }

    #[test]
    fn the_same_data_is_no_conflict() {
        let mut story = Story::default();
        story.acquired(1, "a", 100);
        story.conflict(1);
        assert_eq!(unexplained(&story), 1);
    }

    #[test]
    fn waiting_for_other_data_is_found() {
        for (hash, found) in [(1, 0), (2, 1)] {
            let mut story = Story::default();
            story.acquired(1, "a", 100);
            story.in_progress(hash, 100);
            assert_eq!(unexplained(&story), found);
        }
    }
}
