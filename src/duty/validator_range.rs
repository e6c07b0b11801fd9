//! Ranges of validators, by their bytes. A shard owns such ranges; all validators of a chain are of one length.

use super::hex_text;
use std::fmt;

/// From one validator to another, both of them in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidatorRange {
    first: Vec<u8>,
    last: Vec<u8>,
}

impl ValidatorRange {
    /// None where the first comes after the last, or is of another length.
    pub fn new(first: Vec<u8>, last: Vec<u8>) -> Option<Self> {
        (first.len() == last.len() && first <= last).then_some(Self { first, last })
    }

    /// All validators of that length.
    pub fn whole(length: usize) -> Self {
        Self { first: vec![0x00; length], last: vec![0xFF; length] }
    }

    pub fn first(&self) -> &[u8] {
        &self.first
    }

    pub fn last(&self) -> &[u8] {
        &self.last
    }

    pub fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// What is left of it without the other: nothing, one range or two.
    pub fn without(&self, other: &Self) -> Vec<Self> {
        if !self.overlaps(other) {
            return vec![self.clone()];
        }
        let before = previous(&other.first).and_then(|last| Self::new(self.first.clone(), last));
        let after = next(&other.last).and_then(|first| Self::new(first, self.last.clone()));
        before.into_iter().chain(after).collect()
    }

    /// Whether each of its validators is in one of the others.
    pub fn is_covered_by(&self, others: &[Self]) -> bool {
        let mut left = vec![self.clone()];
        for other in others {
            left = left.iter().flat_map(|range| range.without(other)).collect();
        }
        left.is_empty()
    }
}

impl fmt::Display for ValidatorRange {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{} to {}", hex_text::show(&self.first), hex_text::show(&self.last))
    }
}

/// None: there is none after it.
fn next(bytes: &[u8]) -> Option<Vec<u8>> {
    let place = bytes.iter().rposition(|byte| *byte != 0xFF)?;
    let mut next = bytes.to_vec();
    next[place] += 1;
    next[place + 1..].fill(0x00);
    Some(next)
}

/// None: there is none before it.
fn previous(bytes: &[u8]) -> Option<Vec<u8>> {
    let place = bytes.iter().rposition(|byte| *byte != 0x00)?;
    let mut previous = bytes.to_vec();
    previous[place] -= 1;
    previous[place + 1..].fill(0xFF);
    Some(previous)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range(first: &[u8], last: &[u8]) -> ValidatorRange {
        ValidatorRange::new(first.to_vec(), last.to_vec()).unwrap()
    }

    #[test]
    fn a_range_has_two_ends_of_one_length_in_order() {
        assert!(ValidatorRange::new(vec![1], vec![0]).is_none());
        assert!(ValidatorRange::new(vec![1], vec![1, 0]).is_none());
        assert!(ValidatorRange::new(vec![1], vec![1]).is_some());
        assert_eq!(range(&[0, 1], &[0, 0xAB]).to_string(), "0x0001 to 0x00ab");
    }

    #[test]
    fn what_is_left_ends_beside_what_is_gone() {
        let whole = ValidatorRange::whole(2);
        assert_eq!(whole.without(&range(&[0x80, 0x00], &[0xFF, 0xFF])), [range(&[0, 0], &[0x7F, 0xFF])]);
        assert_eq!(whole.without(&range(&[0, 0], &[0x7F, 0xFF])), [range(&[0x80, 0x00], &[0xFF, 0xFF])]);
        assert_eq!(
            whole.without(&range(&[1, 0], &[1, 0xFF])),
            [range(&[0, 0], &[0, 0xFF]), range(&[2, 0], &[0xFF, 0xFF])]
        );
        assert_eq!(whole.without(&whole), []);
    }

    fn any_range() -> impl Strategy<Value = ValidatorRange> {
        (any::<u16>(), any::<u16>())
            .prop_map(|(one, other)| range(&one.min(other).to_be_bytes(), &one.max(other).to_be_bytes()))
    }

    fn has(range: &ValidatorRange, key: u16) -> bool {
        let key = key.to_be_bytes();
        range.first() <= &key[..] && &key[..] <= range.last()
    }

    proptest! {
        #[test]
        fn a_validator_is_left_where_it_is_not_gone(own in any_range(), gone in any_range(), key: u16) {
            let left = own.without(&gone);
            prop_assert_eq!(left.iter().any(|range| has(range, key)), has(&own, key) && !has(&gone, key));
            prop_assert!(left.iter().all(|range| !range.overlaps(&gone)));
            prop_assert!(left.len() < 2 || !left[0].overlaps(&left[1]));
        }

        #[test]
        fn ranges_overlap_where_they_share_a_validator(one in any_range(), other in any_range()) {
            let share = has(&one, u16::from_be_bytes([other.first()[0], other.first()[1]]))
                || has(&other, u16::from_be_bytes([one.first()[0], one.first()[1]]));
            prop_assert_eq!(one.overlaps(&other), share);
            prop_assert_eq!(other.overlaps(&one), share);
        }

        #[test]
        fn what_is_covered_has_no_validator_outside(own in any_range(), others in prop::collection::vec(any_range(), 0..4), key: u16) {
            if own.is_covered_by(&others) {
                prop_assert!(!has(&own, key) || others.iter().any(|other| has(other, key)));
            } else {
                prop_assert!(!others.contains(&own));
            }
        }

        #[test]
        fn its_parts_cover_it(own in any_range(), gone in any_range()) {
            let mut parts = own.without(&gone);
            parts.push(gone);
            prop_assert!(own.is_covered_by(&parts));
        }
    }
}
