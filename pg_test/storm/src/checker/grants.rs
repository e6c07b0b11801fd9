//! The invariant: for one duty, two different hashes are never granted.

use super::board::{grants, releases, signed, Board, Grant};
use super::lives::may_be_forgotten;
use super::{Finding, Terms};
use crate::history::{Answer, Call, Event, Key};
use std::collections::BTreeSet;

/// At most one finding for each key, so that their number is the number of keys granted twice.
pub fn double_grants(board: &Board, terms: &Terms) -> Vec<Finding> {
    board.keys.iter().filter_map(|(key, of_key)| double_grant(*key, of_key, terms.allows_freeing(*key))).collect()
}

fn double_grant(key: Key, of_key: &[&Event], may_free: bool) -> Option<Finding> {
    let granted = grants(of_key);
    let signed = signed(of_key);
    let hashes: BTreeSet<u8> = granted.iter().map(|g| g.hash).chain(signed.iter().map(|(_, hash)| *hash)).collect();
    if hashes.len() < 2 {
        return None;
    }
    let found = |what: &str, a: &Event, b: &Event| Some(Finding::new(Some(key), what, &[a, b]));
    for (i, (a, of_a)) in signed.iter().enumerate() {
        if let Some((b, _)) = signed[i..].iter().find(|(_, of_b)| of_a != of_b) {
            return found("two hashes are signed", a, b);
        }
        // A signature ends all freeing: a grant of another hash must lie before it, and have been freed by then.
        for grant in granted.iter().filter(|g| g.hash != *of_a) {
            if !(may_free && freed(of_key, &granted, grant, a)) {
                return found("one hash is signed, another granted", a, grant.event);
            }
        }
    }
    for (i, a) in granted.iter().enumerate() {
        for b in granted[i..].iter().filter(|b| b.hash != a.hash) {
            let either = freed(of_key, &granted, a, b.event) || freed(of_key, &granted, b, a.event);
            if !(may_free && either) {
                return found("two hashes are granted", a.event, b.event);
            }
        }
    }
    None
}

/// Could this grant have come first and been freed before the later call answered?
///
/// Only the holder's own word frees a claim, only while no second answer carries its token, and only a release that
/// began before the later answer can have been the reason for it.
fn freed(of_key: &[&Event], granted: &[Grant], first: &Grant, later: &Event) -> bool {
    let carriers = granted.iter().filter(|g| g.token == first.token).count();
    carriers == 1
        && !later.before(first.event)
        && releases(of_key, first.token).iter().any(|(release, certainly)| *certainly && release.start < later.end)
}

/// Once a signature is on record, a later call for its hash gets it, and one for other data a conflict.
///
/// A crash may undo a recording that was not flushed. Then the claim is its holder's again or anybody's, with the same
/// hash: that the hash is another's now is never excused.
pub fn signed_stays_signed(board: &Board, terms: &Terms) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, of_key) in &board.keys {
        let mut signed = signed(of_key);
        signed.sort_by_key(|(event, _)| event.end);
        for event in of_key {
            let Call::Acquire { hash, .. } = &event.call else {
                continue;
            };
            let broken = signed.iter().take_while(|(first, _)| first.before(event)).find(|(first, signed_hash)| {
                match &event.answer {
                    Answer::Acquired { .. } | Answer::InProgress { .. } => {
                        !may_be_forgotten(board, terms, first, event)
                    }
                    Answer::Conflict => hash == signed_hash,
                    _ => false,
                }
            });
            if let Some((first, _)) = broken {
                findings.push(Finding::new(Some(*key), "signed, and then not", &[first, event]));
                break;
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::story::Story;

    fn doubles(story: &Story, may_free: bool) -> usize {
        let terms = Terms { frees: vec![may_free], ..Terms::default() };
        double_grants(&Board::new(&story.events), &terms).len()
    }

    #[test]
    fn two_hashes_are_found() {
        let mut story = Story::default();
        story.acquired(1, "a", 50);
        story.acquired(2, "b", 500);
        assert_eq!(doubles(&story, false), 1);
        assert_eq!(doubles(&story, true), 1);
    }

    #[test]
    fn a_takeover_of_the_same_hash_is_no_double_grant() {
        let mut story = Story::default();
        story.acquired(1, "a", 5);
        story.acquired(1, "b", 500);
        assert_eq!(doubles(&story, false), 0);
    }

    #[test]
    fn a_plain_release_frees_nothing() {
        let mut story = Story::default();
        story.acquired(1, "a", 50);
        story.released("a", false, true);
        story.acquired(2, "b", 500);
        assert_eq!(doubles(&story, true), 1);
    }

    #[test]
    fn a_certain_release_frees_where_the_chain_allows_it() {
        let mut story = Story::default();
        story.acquired(1, "a", 50);
        story.released("a", true, true);
        story.acquired(2, "b", 500);
        assert_eq!(doubles(&story, true), 0);
        assert_eq!(doubles(&story, false), 1);
    }

    #[test]
    fn a_release_answered_false_frees_nothing() {
        let mut story = Story::default();
        story.acquired(1, "a", 50);
        story.released("a", true, false);
        story.acquired(2, "b", 500);
        assert_eq!(doubles(&story, true), 1);
    }

    #[test]
    fn a_release_whose_answer_was_lost_may_have_freed() {
        let mut story = Story::default();
        story.acquired(1, "a", 50);
        story.released("a", true, true);
        story.last().answer = Answer::Lost;
        story.acquired(2, "b", 500);
        assert_eq!(doubles(&story, true), 0);
    }

    #[test]
    fn a_release_that_came_later_excuses_nothing() {
        let mut story = Story::default();
        story.acquired(1, "a", 50);
        story.acquired(2, "b", 500);
        story.released("a", true, true);
        assert_eq!(doubles(&story, true), 1);
    }

    #[test]
    fn the_later_one_s_release_excuses_nothing() {
        let mut story = Story::default();
        story.acquired(1, "a", 50);
        story.acquired(2, "b", 500);
        story.released("b", true, true);
        assert_eq!(doubles(&story, true), 1);
    }

    #[test]
    fn a_claim_taken_over_is_not_freed_by_its_last_holder() {
        let mut story = Story::default();
        story.acquired(1, "a", 5);
        story.acquired(1, "b", 50);
        story.released("b", true, true);
        story.acquired(2, "c", 500);
        assert_eq!(doubles(&story, true), 1);
    }

    #[test]
    fn a_claim_answered_twice_is_not_freed() {
        let mut story = Story::default();
        story.acquired(1, "a", 500);
        story.acquired(1, "a", 500);
        story.released("a", true, true);
        story.acquired(2, "b", 900);
        assert_eq!(doubles(&story, true), 1);
    }

    #[test]
    fn freed_and_granted_to_and_fro_is_fine() {
        let mut story = Story::default();
        for (hash, token) in [(1, "a"), (2, "b"), (1, "c"), (3, "d")] {
            story.acquired(hash, token, 900);
            story.released(token, true, true);
        }
        story.acquired(2, "e", 900);
        story.recorded(2, "e", "s");
        story.already_signed(2, "s");
        assert_eq!(doubles(&story, true), 0);
    }

    #[test]
    fn a_recorded_signature_cannot_be_freed() {
        let mut story = Story::default();
        story.acquired(1, "a", 900);
        story.recorded(1, "a", "s");
        story.released("a", true, true);
        story.acquired(2, "b", 900);
        assert_eq!(doubles(&story, true), 1);
        story.released("b", true, true);
        assert_eq!(doubles(&story, true), 1);
    }

    #[test]
    fn a_signature_handed_out_beside_another_grant_is_found() {
        let mut story = Story::default();
        story.acquired(1, "a", 900);
        story.already_signed(2, "s");
        assert_eq!(doubles(&story, true), 1);
    }

    #[test]
    fn two_signed_hashes_are_found() {
        let mut story = Story::default();
        story.already_signed(1, "s");
        story.already_signed(2, "t");
        assert_eq!(doubles(&story, true), 1);
    }

    #[test]
    fn granting_after_signing_is_found() {
        let mut story = Story::default();
        story.acquired(1, "a", 900);
        story.recorded(1, "a", "s");
        story.acquired(1, "b", 900);
        let terms = Terms::default();
        assert_eq!(signed_stays_signed(&Board::new(&story.events), &terms).len(), 1);
        story.events[2].start = story.events[1].end; // overlapping: nobody knows the order
        assert!(signed_stays_signed(&Board::new(&story.events), &terms).is_empty());
    }

    #[test]
    fn a_crash_may_undo_the_last_signatures_and_nothing_else() {
        let unsigned = |story: &Story| signed_stays_signed(&Board::new(&story.events), &Terms::default()).len();
        let mut story = Story::default();
        story.acquired(1, "a", 900);
        story.recorded(1, "a", "s");
        story.life = 1;
        story.acquired(1, "b", 900);
        assert_eq!(unsigned(&story), 0);
        assert_eq!(doubles(&story, false), 0);
        story.acquired(2, "c", 900);
        assert_eq!(doubles(&story, false), 1, "a crash excuses no other hash");

        let mut story = Story::default();
        story.acquired(1, "a", 900);
        story.recorded(1, "a", "s");
        story.life = 1;
        story.conflict(1);
        assert_eq!(unsigned(&story), 1, "its own hash is still pinned");

        let mut story = Story::default();
        story.recorded(1, "a", "s");
        story.acquired(1, "b", 900);
        if let Call::Acquire { key, .. } = &mut story.last().call {
            key.slot += 1;
        }
        story.life = 1;
        story.in_progress(1, 900);
        assert_eq!(unsigned(&story), 1, "a grant came after it, so it was flushed");
    }

    #[test]
    fn a_standby_that_lagged_excuses_no_double_grant() {
        let mut story = Story::default();
        story.acquired(1, "a", 50);
        story.life = 1;
        story.acquired(2, "b", 500);
        let terms = Terms { lagging: true, ..Terms::default() };
        assert_eq!(double_grants(&Board::new(&story.events), &terms).len(), 1);
    }

    #[test]
    fn the_signed_hash_itself_is_no_conflict() {
        let mut story = Story::default();
        story.acquired(1, "a", 900);
        story.recorded(1, "a", "s");
        story.conflict(2);
        let terms = Terms::default();
        assert!(signed_stays_signed(&Board::new(&story.events), &terms).is_empty());
        story.conflict(1);
        assert_eq!(signed_stays_signed(&Board::new(&story.events), &terms).len(), 1);
    }
}
