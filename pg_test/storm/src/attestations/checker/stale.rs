//! A low watermark never falls.

use super::board::Board;
use super::Finding;
use crate::attestations::history::{Answer, Event, Message};
use std::collections::HashMap;

/// A message that was below the low watermark is not granted in a later call, unless a file said meanwhile that it is signed:
/// the same message may be signed again.
pub fn stale_stays_stale(board: &Board) -> Vec<Finding> {
    let mut findings = Vec::new();
    for of in board.validators.values() {
        let imported = |message: Message| of.imported.iter().any(|imported| imported.message == message);
        let mut stale: HashMap<Message, &Event> = HashMap::new();
        for asked in of.asked.iter().filter(|asked| is_below(asked.event)) {
            let first = stale.entry(asked.message).or_insert(asked.event);
            if asked.event.end < first.end {
                *first = asked.event;
            }
        }
        for grant in &of.grants {
            if let Some(first) = stale.get(&grant.message).filter(|first| first.before(grant.event)) {
                if !imported(grant.message) {
                    findings.push(Finding::new("stale first, granted later", &[first, grant.event]));
                }
            }
        }
    }
    findings
}

fn is_below(event: &Event) -> bool {
    matches!(&event.answer, Answer::Stale { cause: Some(cause) } if cause == "low_watermark")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestations::checker::story::{vote, Story};

    fn found(story: &Story) -> usize {
        stale_stays_stale(&Board::new(&story.events, &[true])).len()
    }

    #[test]
    fn a_grant_after_stale_is_found_and_one_before_it_is_none() {
        let mut story = Story::default();
        story.acquired(vote(1, 2, 0), "a");
        story.stale(vote(1, 2, 0));
        assert_eq!(found(&story), 0);
        story.acquired(vote(1, 2, 0), "b");
        assert_eq!(found(&story), 1);
    }

    #[test]
    fn what_a_file_brought_may_be_signed_again() {
        let mut story = Story::default();
        story.stale(vote(1, 2, 0));
        story.imported(&[vote(1, 2, 0)]);
        story.acquired(vote(1, 2, 0), "a");
        assert_eq!(found(&story), 0);
    }
}
