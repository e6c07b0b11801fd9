//! Signed votes of which one surrounds another.

use super::board::{Board, Signed};
use super::Finding;
use crate::attestations::history::Duty;

pub fn surrounds(board: &Board) -> Vec<Finding> {
    let mut findings = Vec::new();
    for of in board.validators.values() {
        let signed = of.signed();
        let votes: Vec<Vote> = signed.iter().enumerate().filter_map(|(number, signed)| vote(number, signed)).collect();
        for (outer, inner) in sweep(votes) {
            let events = [signed[outer].event, signed[inner].event];
            findings.push(Finding::new("the first signed vote surrounds the second", &events));
        }
    }
    findings
}

#[derive(Clone, Copy, Debug)]
struct Vote {
    source: i64,
    target: i64,
    number: usize,
}

fn vote(number: usize, signed: &Signed) -> Option<Vote> {
    match signed.message.duty {
        Duty::Vote { source, target } => Some(Vote { source, target, number }),
        Duty::Block { .. } => None,
    }
}

/// Every vote that surrounds another, with one that it surrounds.
///
/// Of the votes with an earlier target the one with the latest source is surrounded if any of them is. Votes for one target
/// do not surround each other, so they are all judged before any of them counts as earlier.
fn sweep(mut votes: Vec<Vote>) -> Vec<(usize, usize)> {
    votes.sort_by_key(|vote| vote.target);
    let mut pairs = Vec::new();
    let mut latest: Option<Vote> = None;
    for of_target in votes.chunk_by(|a, b| a.target == b.target) {
        if let Some(inner) = latest {
            let outer = of_target.iter().filter(|vote| vote.source < inner.source);
            pairs.extend(outer.map(|vote| (vote.number, inner.number)));
        }
        latest = latest.into_iter().chain(of_target.iter().copied()).max_by_key(|vote| vote.source);
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestations::checker::offence::{offence, Offence};
    use crate::attestations::checker::story::{vote as message, Story};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn found(pairs: &[(i64, i64)]) -> usize {
        let mut story = Story::default();
        for (number, (source, target)) in pairs.iter().enumerate() {
            story.acquired(message(*source, *target, 0), &number.to_string());
        }
        surrounds(&Board::new(&story.events, &[true])).len()
    }

    #[test]
    fn a_surround_is_found_whichever_was_signed_first() {
        assert_eq!(found(&[(2, 3), (1, 4)]), 1);
        assert_eq!(found(&[(1, 4), (2, 3)]), 1);
        assert_eq!(found(&[(1, 4), (2, 2)]), 1);
    }

    #[test]
    fn votes_that_touch_or_overlap_do_not_surround() {
        for pairs in [[(1, 4), (1, 3)], [(1, 4), (2, 4)], [(1, 2), (2, 3)], [(1, 3), (2, 4)], [(1, 2), (5, 9)]] {
            assert_eq!(found(&pairs), 0, "{pairs:?}");
        }
    }

    #[test]
    fn the_latest_source_may_lie_far_back() {
        assert_eq!(found(&[(8, 9), (1, 10), (2, 11), (7, 12), (8, 13)]), 3);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn the_sweep_finds_what_a_look_at_every_pair_finds(
            pairs in prop::collection::vec((0i64..12, 0i64..12, 0u8..2), 0..24)
        ) {
            let messages: Vec<_> = pairs.iter().map(|(source, target, root)| message(*source, *target, *root)).collect();
            let votes = pairs.iter().enumerate();
            let votes = votes.map(|(number, (source, target, _))| Vote { source: *source, target: *target, number });
            let swept = sweep(votes.collect());
            let mut outer = BTreeSet::new();
            for (i, first) in messages.iter().enumerate() {
                if messages.iter().any(|second| offence(first, second) == Some(Offence::Surrounds)) {
                    outer.insert(i);
                }
            }
            for (first, second) in &swept {
                prop_assert_eq!(offence(&messages[*first], &messages[*second]), Some(Offence::Surrounds));
            }
            prop_assert_eq!(swept.iter().map(|(first, _)| *first).collect::<BTreeSet<_>>(), outer);
        }
    }
}
