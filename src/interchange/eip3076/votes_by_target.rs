//! Votes in the order of their targets, to find one that surrounds another without looking at all of them.

use crate::duty::vote::Vote;
use crate::rules::ethereum::surrounds;

#[derive(Debug, Default)]
pub struct VotesByTarget {
    votes: Vec<Vote>,
    /// For each place, where up to it the vote with the latest source stands.
    latest_source_before: Vec<usize>,
    /// For each place, where from it on the vote with the earliest source stands.
    earliest_source_after: Vec<usize>,
}

impl VotesByTarget {
    pub fn new(votes: impl Iterator<Item = Vote>) -> Self {
        let mut votes: Vec<Vote> = votes.collect();
        votes.sort_unstable_by_key(|vote| (vote.target_epoch, vote.source_epoch));
        let latest_source_before =
            running(0..votes.len(), |one, best| votes[one].source_epoch > votes[best].source_epoch);
        let mut earliest_source_after =
            running((0..votes.len()).rev(), |one, best| votes[one].source_epoch < votes[best].source_epoch);
        earliest_source_after.reverse();
        Self { votes, latest_source_before, earliest_source_after }
    }

    /// One that `vote` surrounds. If it surrounds any that end before it, then also the one that begins last.
    pub fn inside(&self, vote: Vote) -> Option<Vote> {
        let end = self.votes.partition_point(|earlier| earlier.target_epoch < vote.target_epoch);
        let best = self.votes[*self.latest_source_before[..end].last()?];
        surrounds(vote, best).then_some(best)
    }

    /// One that surrounds `vote`. If any that end after it do, then also the one that begins first.
    pub fn around(&self, vote: Vote) -> Option<Vote> {
        let start = self.votes.partition_point(|later| later.target_epoch <= vote.target_epoch);
        let best = self.votes[*self.earliest_source_after[start..].first()?];
        surrounds(best, vote).then_some(best)
    }

    pub fn beside(&self, vote: Vote) -> Option<Vote> {
        self.inside(vote).or_else(|| self.around(vote))
    }

    /// Whether any of them surrounds another.
    pub fn any_surrounds(&self) -> bool {
        self.votes.iter().any(|vote| self.inside(*vote).is_some())
    }
}

/// The best of all places up to each.
fn running(places: impl Iterator<Item = usize>, better: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut best = None;
    places
        .map(|place| {
            let so_far = best.filter(|best| !better(place, *best)).unwrap_or(place);
            best = Some(so_far);
            so_far
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn votes() -> impl Strategy<Value = Vec<Vote>> {
        let vote = (0..8_i64, 0..8_i64).prop_map(|(source_epoch, target_epoch)| Vote { source_epoch, target_epoch });
        prop::collection::vec(vote, 0..12)
    }

    proptest! {
        #[test]
        fn finds_a_surround_where_looking_at_all_does(votes in votes(), others in votes()) {
            let by_target = VotesByTarget::new(votes.iter().copied());
            for other in others {
                let inside = by_target.inside(other);
                prop_assert_eq!(inside.is_some(), votes.iter().any(|vote| surrounds(other, *vote)));
                prop_assert!(inside.is_none_or(|vote| votes.contains(&vote) && surrounds(other, vote)));
                let around = by_target.around(other);
                prop_assert_eq!(around.is_some(), votes.iter().any(|vote| surrounds(*vote, other)));
                prop_assert!(around.is_none_or(|vote| votes.contains(&vote) && surrounds(vote, other)));
            }
            let any = votes.iter().any(|one| votes.iter().any(|other| surrounds(*one, *other)));
            prop_assert_eq!(by_target.any_surrounds(), any);
        }
    }
}
