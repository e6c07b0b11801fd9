//! A token is one claim's, and dies with it.

use super::board::{grants, Board, Grant};
use super::lives::may_be_forgotten;
use super::{Finding, Terms};
use crate::history::{Answer, Call, Event, Key};
use std::collections::HashMap;

/// Two answers carry one token only where the same request asked twice.
pub fn unique(board: &Board, _: &Terms) -> Vec<Finding> {
    let mut first_with: HashMap<&str, (Key, Grant)> = HashMap::new();
    let mut findings = Vec::new();
    for (key, of_key) in &board.keys {
        for grant in grants(of_key) {
            let (first_key, first) = *first_with.entry(grant.token).or_insert((*key, grant));
            let same = first_key == *key && first.hash == grant.hash;
            let again = grant.request.is_some() && grant.request == first.request;
            if first.event.start != grant.event.start && !(same && again) {
                let what = "two claims with one token";
                findings.push(Finding::new(Some(*key), what, &[first.event, grant.event]));
            }
        }
    }
    findings
}

/// Once another token was granted for the key, or the holder released it, the old one does nothing any more. A crash may
/// undo a release that was not flushed, and then the token is its holder's again.
pub fn dead_after_takeover(board: &Board, terms: &Terms) -> Vec<Finding> {
    board.keys.iter().filter_map(|(key, of_key)| alive_after_death(board, terms, *key, of_key)).collect()
}

fn alive_after_death(board: &Board, terms: &Terms, key: Key, of_key: &[&Event]) -> Option<Finding> {
    let granted = grants(of_key);
    for event in of_key {
        let Some(token) = token_at_work(event) else {
            continue;
        };
        let Some(own) = granted.iter().find(|g| g.token == token) else {
            continue;
        };
        let certainly_before = |death: &Event| death.before(event) && !may_be_forgotten(board, terms, death, event);
        let taken_over =
            granted.iter().find(|g| g.token != token && own.event.before(g.event) && certainly_before(g.event));
        if let Some(taken) = taken_over {
            let what = "a token still works after a takeover";
            return Some(Finding::new(Some(key), what, &[own.event, taken.event, event]));
        }
        let released = of_key.iter().find(|other| {
            matches!(&other.call, Call::Release { token: of, .. } if of == token)
                && other.answer == Answer::Released(true)
                && certainly_before(other)
        });
        if let Some(release) = released {
            let what = "a token still works after its release";
            return Some(Finding::new(Some(key), what, &[own.event, release, event]));
        }
    }
    None
}

/// The token that this answer says is the key's holder.
fn token_at_work(event: &Event) -> Option<&str> {
    match (&event.call, &event.answer) {
        (Call::Acquire { .. }, Answer::Acquired { token, .. })
        | (Call::Extend { token, .. }, Answer::Extended(Some(_)))
        | (Call::Release { token, .. }, Answer::Released(true)) => Some(token),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::story::{Story, KEY};

    fn shared(story: &Story) -> usize {
        unique(&Board::new(&story.events), &Terms::default()).len()
    }

    fn undead(story: &Story) -> usize {
        dead_after_takeover(&Board::new(&story.events), &Terms::default()).len()
    }

    #[test]
    fn one_token_for_two_callers_is_found() {
        let mut story = Story::default();
        story.acquired(1, "a", 100);
        story.acquired(1, "a", 100);
        assert_eq!(shared(&story), 1);
    }

    #[test]
    fn a_retried_request_may_see_its_token_again() {
        let mut story = Story::default();
        for request in ["r", "r"] {
            story.acquired(1, "a", 100);
            story.requested(request);
        }
        assert_eq!(shared(&story), 0);
        story.requested("q");
        assert_eq!(shared(&story), 1);
    }

    #[test]
    fn one_token_for_two_keys_is_found() {
        let mut story = Story::default();
        for slot in [7, 8] {
            story.acquired(1, "a", 100);
            story.requested("r");
            if let Call::Acquire { key, .. } = &mut story.last().call {
                *key = Key { slot, ..KEY };
            }
        }
        assert_eq!(shared(&story), 1);
    }

    #[test]
    fn an_extension_after_a_takeover_is_found() {
        let mut story = Story::default();
        story.acquired(1, "a", 15);
        story.acquired(1, "b", 100);
        story.extended("a", None);
        story.released("a", false, false);
        assert_eq!(undead(&story), 0);
        story.extended("a", Some(900));
        assert_eq!(undead(&story), 1);
    }

    #[test]
    fn a_release_after_a_takeover_is_found() {
        let mut story = Story::default();
        story.acquired(1, "a", 15);
        story.acquired(1, "b", 100);
        story.released("a", false, true);
        assert_eq!(undead(&story), 1);
        story.events[1].end = 32; // overlaps the release: the release may have come first
        assert_eq!(undead(&story), 0);
    }

    #[test]
    fn a_crash_may_undo_a_release_and_no_takeover() {
        let mut story = Story::default();
        story.acquired(1, "a", 15);
        story.released("a", false, true);
        story.life = 1;
        story.extended("a", Some(900));
        assert_eq!(undead(&story), 0);

        let mut story = Story::default();
        story.acquired(1, "a", 15);
        story.acquired(1, "b", 100);
        story.life = 1;
        story.extended("a", Some(900));
        assert_eq!(undead(&story), 1);
    }

    #[test]
    fn an_old_token_that_comes_back_is_found() {
        let mut story = Story::default();
        story.acquired(1, "a", 15);
        story.acquired(1, "b", 25);
        story.acquired(1, "a", 100);
        assert_eq!(undead(&story), 1);
    }

    #[test]
    fn a_second_release_is_found() {
        let mut story = Story::default();
        story.acquired(1, "a", 15);
        story.released("a", false, true);
        assert_eq!(undead(&story), 0);
        story.released("a", true, true);
        assert_eq!(undead(&story), 1);
    }
}
