//! What a validator is slashed for, of two messages.

use crate::attestations::history::{Duty, Message};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offence {
    DoubleProposal,
    DoubleVote,
    /// The first vote surrounds the second.
    Surrounds,
    /// The second vote surrounds the first.
    Surrounded,
}

impl Offence {
    /// The word of the details for it.
    pub fn cause(self) -> &'static str {
        match self {
            Offence::DoubleProposal => "double_proposal",
            Offence::DoubleVote => "double_vote",
            Offence::Surrounds => "surrounds",
            Offence::Surrounded => "surrounded",
        }
    }
}

/// What the first message commits beside the second. One whose root is not known may be any.
pub fn offence(first: &Message, second: &Message) -> Option<Offence> {
    if first.validator != second.validator {
        return None;
    }
    let differ = first != second || first.root.is_none();
    match (first.duty, second.duty) {
        (Duty::Block { slot }, Duty::Block { slot: other }) => {
            (slot == other && differ).then_some(Offence::DoubleProposal)
        }
        (Duty::Vote { source: s1, target: t1 }, Duty::Vote { source: s2, target: t2 }) => {
            if t1 == t2 {
                differ.then_some(Offence::DoubleVote)
            } else if s1 < s2 && t2 < t1 {
                Some(Offence::Surrounds)
            } else if s2 < s1 && t1 < t2 {
                Some(Offence::Surrounded)
            } else {
                None
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestations::checker::story::{block, vote, VALIDATOR};
    use crate::attestations::history::Validator;

    #[test]
    fn a_surround_is_strict_on_both_sides() {
        assert_eq!(offence(&vote(1, 10, 0), &vote(2, 9, 0)), Some(Offence::Surrounds));
        assert_eq!(offence(&vote(2, 9, 0), &vote(1, 10, 0)), Some(Offence::Surrounded));
        for other in [vote(1, 9, 0), vote(0, 9, 0), vote(2, 11, 0), vote(1, 12, 0)] {
            assert_eq!(offence(&vote(1, 10, 0), &other), None, "{other:?}");
        }
    }

    #[test]
    fn the_same_message_is_no_double_unless_its_root_is_unknown() {
        let unknown = Message { root: None, ..vote(1, 2, 0) };
        assert_eq!(offence(&vote(1, 2, 0), &vote(1, 2, 0)), None);
        for other in [vote(1, 2, 1), vote(0, 2, 0), unknown] {
            assert_eq!(offence(&vote(1, 2, 0), &other), Some(Offence::DoubleVote));
        }
        assert_eq!(offence(&unknown, &unknown), Some(Offence::DoubleVote));
        assert_eq!(offence(&block(7, 0), &block(7, 1)), Some(Offence::DoubleProposal));
        assert_eq!(offence(&block(7, 0), &block(7, 0)), None);
    }

    #[test]
    fn blocks_votes_and_validators_do_not_meet() {
        let other = Validator { number: 1, ..VALIDATOR };
        assert_eq!(offence(&block(7, 0), &vote(7, 7, 1)), None);
        assert_eq!(offence(&block(7, 0), &block(8, 1)), None);
        assert_eq!(offence(&block(7, 0), &Message { validator: other, ..block(7, 1) }), None);
    }
}
