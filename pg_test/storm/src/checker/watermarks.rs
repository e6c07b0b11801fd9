//! A low watermark only rises: what was once refused as stale is never granted again.

use super::board::{grants, Board};
use super::{Finding, Terms};
use crate::history::{Answer, Event};
use std::collections::BTreeMap;

/// A slot that was refused, and the refusal.
type Refused<'a> = (i64, &'a Event);

/// At or below a slot that was stale for a validator and duty type, no later call for them acquires anything.
pub fn stale_stays_stale(board: &Board, _: &Terms) -> Vec<Finding> {
    let mut stale: BTreeMap<(u8, u8, u8), Vec<Refused>> = BTreeMap::new();
    for (key, of_key) in &board.keys {
        let of_duty = stale.entry((key.chain, key.validator, key.duty)).or_default();
        of_duty.extend(of_key.iter().filter(|event| event.answer == Answer::Stale).map(|event| (key.slot, *event)));
    }
    for of_duty in stale.values_mut() {
        keep_earliest_at_or_above(of_duty);
    }
    let mut findings = Vec::new();
    for (key, of_key) in &board.keys {
        let of_duty = &stale[&(key.chain, key.validator, key.duty)];
        let at = of_duty.partition_point(|(slot, _)| *slot < key.slot);
        let Some((_, refused)) = of_duty.get(at) else {
            continue;
        };
        if let Some(grant) = grants(of_key).iter().find(|g| refused.before(g.event)) {
            let what = "granted at or below a slot that was stale before";
            findings.push(Finding::new(Some(*key), what, &[refused, grant.event]));
        }
    }
    findings
}

/// Sorted by slot; each entry then carries the refusal that ended first of all at its slot or above.
fn keep_earliest_at_or_above(stale: &mut [Refused]) {
    stale.sort_by_key(|(slot, event)| (*slot, event.end));
    for i in (1..stale.len()).rev() {
        if stale[i].1.end < stale[i - 1].1.end {
            stale[i - 1].1 = stale[i].1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::story::{Story, KEY};
    use crate::history::{Call, Key};

    fn revived(story: &Story) -> usize {
        stale_stays_stale(&Board::new(&story.events), &Terms::default()).len()
    }

    fn set_key(story: &mut Story, changed: Key) {
        if let Call::Acquire { key, .. } = &mut story.last().call {
            *key = changed;
        }
    }

    #[test]
    fn a_grant_after_stale_is_found() {
        let mut story = Story::default();
        story.stale(1);
        story.acquired(2, "a", 100);
        assert_eq!(revived(&story), 1);
    }

    #[test]
    fn a_grant_before_or_beside_it_is_fine() {
        let mut story = Story::default();
        story.acquired(1, "a", 15);
        story.stale(1);
        story.acquired(1, "b", 100);
        story.events[1].end = 30; // overlaps the second grant
        assert_eq!(revived(&story), 0);
    }

    #[test]
    fn the_watermark_covers_lower_slots_of_the_same_duty_only() {
        for (changed, found) in [
            (Key { slot: 6, ..KEY }, 1),
            (Key { slot: 7, index: 1, ..KEY }, 1),
            (Key { slot: 8, ..KEY }, 0),
            (Key { validator: 1, ..KEY }, 0),
        ] {
            let mut story = Story::default();
            story.stale(1);
            story.acquired(1, "a", 100);
            set_key(&mut story, changed);
            assert_eq!(revived(&story), found, "{changed:?}");
        }
    }

    #[test]
    fn of_several_refusals_the_one_that_proves_most_counts() {
        let mut story = Story::default();
        for slot in [9, 7, 8] {
            story.stale(1);
            set_key(&mut story, Key { slot, ..KEY });
        }
        story.acquired(1, "a", 100);
        story.last().start = 16; // after the first refusal, which was for a higher slot
        assert_eq!(revived(&story), 1);
    }
}
