//! A lease belongs to its holder alone until its last moment, unless the holder gives it up.
//!
//! The server's clock decides leases, so it is asked along with every answer: a claim that was told at a time when the
//! earlier holder's lease, as told to that holder, still ran was given away too early.

use super::board::{grants, releases, Board, Grant};
use super::{Finding, Terms};
use crate::history::{Answer, Call, Event, Key, ServerTime};

pub fn overlaps(board: &Board, _: &Terms) -> Vec<Finding> {
    board.keys.iter().filter_map(|(key, of_key)| overlap(*key, of_key)).collect()
}

fn overlap(key: Key, of_key: &[&Event]) -> Option<Finding> {
    let granted = grants(of_key);
    let holders: Vec<Holder> = granted.iter().map(|g| Holder::new(of_key, *g)).collect();
    for (i, a) in holders.iter().enumerate() {
        for b in holders[i + 1..].iter() {
            if a.grant.token != b.grant.token && !(a.made_way_for(b) || b.made_way_for(a)) {
                return Some(Finding::new(
                    Some(key),
                    "two tokens hold one key at once",
                    &[a.grant.event, b.grant.event],
                ));
            }
        }
    }
    None
}

/// A grant, and all that is known about how long its token held.
struct Holder<'a> {
    grant: Grant<'a>,
    released: Vec<&'a Event>,
    /// Every answer that told this token's lease.
    told: Vec<(&'a Event, ServerTime)>,
    /// Extensions whose answer nobody saw.
    untold: Vec<&'a Event>,
}

impl<'a> Holder<'a> {
    fn new(of_key: &[&'a Event], grant: Grant<'a>) -> Self {
        let mut told = Vec::new();
        let mut untold = Vec::new();
        for event in of_key {
            match (&event.call, &event.answer) {
                (Call::Acquire { .. }, Answer::Acquired { token, expires, .. }) if token == grant.token => {
                    told.push((*event, *expires))
                }
                (Call::Extend { token, .. }, Answer::Extended(Some(expires))) if token == grant.token => {
                    told.push((*event, *expires))
                }
                (Call::Extend { token, .. }, Answer::Lost) if token == grant.token => untold.push(*event),
                _ => {}
            }
        }
        Holder {
            grant,
            released: releases(of_key, grant.token).into_iter().map(|(release, _)| release).collect(),
            told,
            untold,
        }
    }

    /// Could this grant have come first, and be over when the later one was made?
    fn made_way_for(&self, later: &Holder) -> bool {
        let event = later.grant.event;
        if event.before(self.grant.event) {
            return false;
        }
        let given_up = |release: &&Event| release.start < event.end;
        self.released.iter().any(given_up)
            || self.untold.iter().any(|extension| extension.start < event.end)
            || later.grant.stamp.told >= self.least_expiry(event)
    }

    /// The earliest end that this token's lease can have had while the later call ran: an answer counts unless another
    /// one, also over before the later call, came certainly after it.
    fn least_expiry(&self, later: &Event) -> ServerTime {
        let possible = self.told.iter().filter(|(event, _)| {
            event.start < later.end && !self.told.iter().any(|(newer, _)| event.before(newer) && newer.before(later))
        });
        possible.map(|(_, expires)| *expires).min().unwrap_or(self.grant.expires)
    }
}

/// Whoever is told `in_progress` is told the end of a lease, and it lies after the question.
pub fn waits(board: &Board, _: &Terms) -> Vec<Finding> {
    board
        .events
        .iter()
        .filter(|event| match &event.answer {
            Answer::InProgress { expires: Some(expires), stamp: Some(stamp) } => *expires <= stamp.began,
            Answer::InProgress { expires: None, stamp: Some(_) } => true,
            _ => false,
        })
        .map(|event| Finding::new(event.call.key(), "no lease runs", &[event]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::story::Story;

    fn overlapping(story: &Story) -> usize {
        overlaps(&Board::new(&story.events), &Terms::default()).len()
    }

    #[test]
    fn an_early_takeover_is_found() {
        let mut story = Story::default();
        story.acquired(1, "a", 100);
        story.acquired(1, "b", 100);
        assert_eq!(overlapping(&story), 1);
    }

    #[test]
    fn a_takeover_at_the_lease_s_end_is_fine() {
        let mut story = Story::default();
        story.acquired(1, "a", 25);
        story.acquired(1, "b", 100); // told at 25
        assert_eq!(overlapping(&story), 0);
        story.acquired(1, "c", 100);
        assert_eq!(overlapping(&story), 1);
    }

    #[test]
    fn calls_that_overlap_are_judged_by_both_orders() {
        let mut story = Story::default();
        story.acquired(1, "a", 100);
        story.acquired(1, "b", 12); // its lease ends before the other answer is told
        story.events[0].end = 30;
        let Answer::Acquired { stamp, .. } = &mut story.events[0].answer else { panic!("a grant") };
        stamp.told = 28;
        assert_eq!(overlapping(&story), 0, "b first, then a, is a possible order");
        story.events[0].end = 15;
        assert_eq!(overlapping(&story), 1, "now a was certainly first");
    }

    #[test]
    fn a_release_makes_way_and_one_answered_false_does_not() {
        for (answer, found) in [(true, 0), (false, 1)] {
            let mut story = Story::default();
            story.acquired(1, "a", 1000);
            story.released("a", false, answer);
            story.acquired(1, "b", 1000);
            assert_eq!(overlapping(&story), found);
        }
    }

    #[test]
    fn a_release_by_another_token_makes_no_way() {
        let mut story = Story::default();
        story.acquired(1, "a", 1000);
        story.released("z", false, true);
        story.acquired(1, "b", 1000);
        assert_eq!(overlapping(&story), 1);
    }

    #[test]
    fn an_extension_counts() {
        let mut story = Story::default();
        story.acquired(1, "a", 25);
        story.extended("a", Some(500));
        story.acquired(1, "b", 1000);
        assert_eq!(overlapping(&story), 1);
    }

    #[test]
    fn an_extension_that_may_have_come_too_late_does_not() {
        let mut story = Story::default();
        story.acquired(1, "a", 25);
        story.extended("a", Some(500));
        story.last().end = 32; // the takeover began before this was answered
        story.acquired(1, "b", 1000);
        assert_eq!(overlapping(&story), 0);
    }

    #[test]
    fn the_same_token_twice_is_one_holder() {
        let mut story = Story::default();
        story.acquired(1, "a", 1000);
        story.acquired(1, "a", 1000);
        assert_eq!(overlapping(&story), 0);
    }

    #[test]
    fn waiting_for_a_lease_that_is_over_is_found() {
        let found = |expires| {
            let mut story = Story::default();
            story.in_progress(1, expires);
            waits(&Board::new(&story.events), &Terms::default()).len()
        };
        assert_eq!(found(10), 1);
        assert_eq!(found(11), 0);
    }
}
