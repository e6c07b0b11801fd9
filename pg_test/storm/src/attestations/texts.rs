//! The texts that stand for the small numbers of a history.

use super::history::{Duty, Message, Validator};
use crate::dice::{mix, Dice};

pub const CHAINS: [&str; 2] = ["attestations-freeing", "attestations-pinning"];
/// By chain number: whether `certainly_unsigned` may free a duty.
pub const FREES: [bool; 2] = [true, false];
/// Of each chain.
pub const VALIDATORS: u8 = 5;

pub fn genesis_validators_root(chain: u8) -> String {
    format!("0x{}", hex(u64::from(chain) + 1, 32))
}

pub fn public_key(validator: Validator) -> String {
    format!("0x{}", hex(mix(100 + u64::from(validator.number)) ^ u64::from(validator.chain), 48))
}

/// In any letter case: a root is one message however it is spelt.
pub fn signing_root(message: Message, dice: &mut Dice) -> String {
    let digits = hex(number(message), 32);
    match dice.below(4) {
        0 => format!("0x{}", digits.to_uppercase()),
        _ => format!("0x{digits}"),
    }
}

/// A BLS signature of one message is always the same; nodes that sign with other shares of a key may differ.
pub fn signature(message: Message, dice: &mut Dice) -> String {
    format!("0x{}", hex(number(message) ^ mix(3000 + dice.below(3)), 96))
}

fn number(message: Message) -> u64 {
    let Message { validator, duty, root } = message;
    let (kind, source, place) = match duty {
        Duty::Block { slot } => (1, 0, slot),
        Duty::Vote { source, target } => (2, source, target),
    };
    let root = root.map_or(0, |root| u64::from(root) + 1);
    let parts = [u64::from(validator.chain), u64::from(validator.number), kind, source as u64, place as u64, root];
    parts.iter().fold(0, |sum, part| mix(sum ^ mix(*part + 1)))
}

/// This many bytes as lower-case hex without 0x, the same ones for the same number.
fn hex(number: u64, bytes: usize) -> String {
    let words = (0..).map(|i| format!("{:016x}", mix(number.wrapping_add(i << 32))));
    words.take(bytes.div_ceil(8)).collect::<String>()[..bytes * 2].to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestations::checker::story::{block, vote, VALIDATOR};

    #[test]
    fn texts_have_the_lengths_of_their_kinds() {
        let mut dice = Dice::new(1);
        assert_eq!(public_key(VALIDATOR).len(), 98);
        assert_eq!(signing_root(vote(1, 2, 0), &mut dice).len(), 66);
        assert_eq!(signature(vote(1, 2, 0), &mut dice).len(), 194);
        assert_eq!(genesis_validators_root(1).len(), 66);
    }

    #[test]
    fn other_messages_other_roots() {
        let mut dice = Dice::new(1);
        let mut root = |message| signing_root(message, &mut dice).to_lowercase();
        let first = root(vote(1, 2, 0));
        assert_eq!(first, root(vote(1, 2, 0)));
        for other in [vote(1, 2, 1), vote(0, 2, 0), vote(1, 3, 0), block(2, 0)] {
            assert_ne!(first, root(other), "{other:?}");
        }
    }
}
