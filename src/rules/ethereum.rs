//! Ethereum: which blocks and attestations may not be signed beside those on record.
//!
//! Source of the rules: EIP-3076, section "Conditions", here "condition 1" to "condition 5", and what is slashable by the
//! consensus specification's `is_slashable_attestation_data` and `process_proposer_slashing`.

use crate::duty::vote::{SignedVote, Vote};

/// A vote that no validator may cast: the specification's state transition takes none whose source is after its target.
pub fn source_after_target(vote: Vote) -> bool {
    vote.source_epoch > vote.target_epoch
}

/// Condition 1, of two blocks for one slot: other data, or data that is not known.
pub fn double_proposal(signing_root: &[u8; 32], earlier: Option<&[u8; 32]>) -> bool {
    earlier != Some(signing_root)
}

/// Condition 3, two votes for one target: other data, or data that is not known. A signing root stands for its source, too: the
/// same one with another source is a mistake of somebody's, and not the same vote.
pub fn double_vote(vote: Vote, signing_root: &[u8; 32], earlier: &SignedVote) -> bool {
    vote.target_epoch == earlier.vote.target_epoch
        && (vote != earlier.vote || earlier.signing_root.as_ref() != Some(signing_root))
}

/// Condition 3: the vote begins before an earlier one and ends after it.
pub fn surrounds(vote: Vote, earlier: Vote) -> bool {
    vote.source_epoch < earlier.source_epoch && earlier.target_epoch < vote.target_epoch
}

/// Condition 3: the vote begins after an earlier one and ends before it.
pub fn is_surrounded(vote: Vote, earlier: Vote) -> bool {
    surrounds(earlier, vote)
}

/// Condition 2, but for a block that is signed again.
pub fn slot_at_or_below_low_watermark(slot: i64, low_watermark: i64) -> bool {
    slot <= low_watermark
}

/// Condition 4.
pub fn source_below_low_watermark(vote: Vote, low_watermark: i64) -> bool {
    vote.source_epoch < low_watermark
}

/// Condition 5, but for a vote that is cast again.
pub fn target_at_or_below_low_watermark(vote: Vote, low_watermark: i64) -> bool {
    vote.target_epoch <= low_watermark
}

/// Which part of condition 3 an earlier vote stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surround {
    Surrounds(SignedVote),
    IsSurrounded(SignedVote),
}

/// The votes on record next to a new one by target: the last before it and the first after it.
///
/// The last before it may be left out where its target is not after the new vote's source: it cannot be surrounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Neighbours {
    pub before: Option<SignedVote>,
    pub after: Option<SignedVote>,
}

/// Condition 3 but for double votes, beside all that is on record above the low watermark.
///
/// Two neighbours stand for all of it: of votes of which none surrounds another, one with a later target has no earlier
/// source. So if any vote before is surrounded, the last one is, and if any after surrounds, the first one does. Where imported
/// history has votes that surround others, each vote on record is asked about as if it were the neighbour.
pub fn surround(vote: Vote, neighbours: &Neighbours) -> Option<Surround> {
    if let Some(earlier) = neighbours.before.filter(|earlier| surrounds(vote, earlier.vote)) {
        return Some(Surround::Surrounds(earlier));
    }
    neighbours.after.filter(|earlier| is_surrounded(vote, earlier.vote)).map(Surround::IsSurrounded)
}

/// What history that came from elsewhere forbids beyond its records. Each may be unknown, and each only rises.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LowWatermarks {
    /// Condition 2, for blocks.
    pub block_slot: Option<i64>,
    /// Condition 4.
    pub source_epoch: Option<i64>,
    /// Condition 5.
    pub target_epoch: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vote(source_epoch: i64, target_epoch: i64) -> Vote {
        Vote { source_epoch, target_epoch }
    }

    fn signed(source_epoch: i64, target_epoch: i64) -> SignedVote {
        SignedVote { vote: vote(source_epoch, target_epoch), signing_root: Some([1; 32]) }
    }

    #[test]
    fn only_the_same_known_root_is_no_double() {
        assert!(!double_proposal(&[1; 32], Some(&[1; 32])));
        assert!(double_proposal(&[1; 32], Some(&[2; 32])));
        assert!(double_proposal(&[1; 32], None));
        assert!(!double_vote(vote(1, 2), &[1; 32], &signed(1, 2)));
        assert!(double_vote(vote(1, 2), &[2; 32], &signed(1, 2)));
        assert!(double_vote(vote(0, 2), &[2; 32], &signed(1, 2)));
        assert!(double_vote(vote(0, 2), &[1; 32], &signed(1, 2)));
        assert!(double_vote(vote(1, 2), &[1; 32], &SignedVote { signing_root: None, ..signed(1, 2) }));
        assert!(!double_vote(vote(1, 3), &[2; 32], &signed(1, 2)));
    }

    #[test]
    fn a_surround_is_strict_on_both_sides() {
        assert!(surrounds(vote(1, 10), vote(2, 9)));
        for earlier in [vote(1, 9), vote(2, 10), vote(1, 10), vote(0, 11), vote(0, 9), vote(2, 11)] {
            assert!(!surrounds(vote(1, 10), earlier), "{earlier:?}");
        }
        assert!(is_surrounded(vote(2, 9), vote(1, 10)));
        assert!(!is_surrounded(vote(1, 10), vote(2, 9)));
    }

    #[test]
    fn watermarks_are_below_for_sources_and_at_for_slots_and_targets() {
        assert!(slot_at_or_below_low_watermark(5, 5));
        assert!(!slot_at_or_below_low_watermark(6, 5));
        assert!(source_below_low_watermark(vote(4, 9), 5));
        assert!(!source_below_low_watermark(vote(5, 9), 5));
        assert!(target_at_or_below_low_watermark(vote(4, 9), 9));
        assert!(!target_at_or_below_low_watermark(vote(4, 9), 8));
    }

    #[test]
    fn the_neighbour_that_stands_in_the_way_is_named() {
        let neighbours = Neighbours { before: Some(signed(3, 5)), after: Some(signed(4, 9)) };
        assert_eq!(surround(vote(3, 7), &neighbours), None);
        assert_eq!(surround(vote(4, 7), &neighbours), None);
        assert_eq!(surround(vote(2, 7), &neighbours), Some(Surround::Surrounds(signed(3, 5))));
        assert_eq!(surround(vote(5, 7), &neighbours), Some(Surround::IsSurrounded(signed(4, 9))));
        assert_eq!(surround(vote(5, 7), &Neighbours::default()), None);
    }
}
