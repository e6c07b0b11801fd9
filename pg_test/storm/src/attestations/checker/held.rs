//! What was given up unsigned is no signature, but while it was held it might have become one.

use super::board::{Board, Grant};
use super::offence::offence;
use super::Finding;

/// Nothing slashable beside a claim is granted between its grant and the call that gave it up.
pub fn held(board: &Board) -> Vec<Finding> {
    let mut findings = Vec::new();
    for of in board.validators.values() {
        for grant in &of.grants {
            let Some(given_up) = grant.given_up else {
                continue;
            };
            let from = of.grants.partition_point(|other| other.event.start <= grant.event.end);
            let within = of.grants[from..].iter().take_while(|other| other.event.start < given_up.start);
            let beside =
                |other: &&Grant| other.event.before(given_up) && offence(&other.message, &grant.message).is_some();
            if let Some(other) = within.clone().find(beside) {
                let what = "the second was granted while the first was held";
                findings.push(Finding::new(what, &[grant.event, other.event, given_up]));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestations::checker::story::{vote, Story};
    use crate::attestations::history::Answer;

    fn found(story: &Story) -> usize {
        held(&Board::new(&story.events, &[true])).len()
    }

    #[test]
    fn a_grant_beside_a_held_claim_is_found() {
        for other in [vote(4, 8, 1), vote(3, 9, 0), vote(5, 7, 0)] {
            let mut story = Story::default();
            story.acquired(vote(4, 8, 0), "a");
            story.acquired(other, "b");
            story.released(vote(4, 8, 0), "a", true, Answer::Released(true));
            assert_eq!(found(&story), 1, "{other:?}");
        }
    }

    #[test]
    fn a_grant_after_the_release_is_none_and_one_in_doubt_is_not_judged() {
        let mut story = Story::default();
        story.acquired(vote(4, 8, 0), "a");
        story.released(vote(4, 8, 0), "a", true, Answer::Released(true));
        story.acquired(vote(4, 8, 1), "b");
        assert_eq!(found(&story), 0);
        story.events[2].start = 17;
        assert_eq!(found(&story), 0);
        story.events[2].end = 18;
        assert_eq!(found(&story), 1);
    }
}
