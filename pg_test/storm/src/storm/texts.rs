//! The texts that stand for the small numbers of a history.

use crate::dice::{mix, Dice};
use crate::history::{Hash, Key};

pub const CHAINS: [&str; 2] = ["storm-freeing", "storm-pinning"];
pub const VALIDATORS: u8 = 6;
pub const DUTIES: [&str; 5] =
    ["BLOCK_PROPOSAL", "CHECKPOINT_PROPOSAL", "ATTESTATION", "ATTESTATIONS_AND_SIGNERS", "GOVERNANCE_VOTE"];
pub const BLOCK_PROPOSAL: u8 = 0;
pub const ATTESTATION: u8 = 2;

/// What Aztec calls an attestation today: another name of the same duty, so of the same key.
pub const ATTESTATION_TODAY: &str = "CHECKPOINT_ATTESTATION";

pub fn identity(chain: u8) -> String {
    format!("31337:0x{}", hex(u64::from(chain) + 1, 20))
}

/// In any letter case: an address is one key however it is spelt.
pub fn validator(key: Key, dice: &mut Dice) -> String {
    any_case(hex(100 + u64::from(key.validator), 20), dice)
}

pub fn duty(key: Key, dice: &mut Dice) -> &'static str {
    if key.duty == ATTESTATION && dice.chance(50) {
        ATTESTATION_TODAY
    } else {
        DUTIES[key.duty as usize]
    }
}

pub fn message_hash(key: Key, hash: Hash, dice: &mut Dice) -> String {
    any_case(hex(number(key) ^ mix(1000 + u64::from(hash)), 32), dice)
}

/// 65 bytes that end in a recovery id. Different calls deliver different signatures for one message, as signers
/// without deterministic nonces do.
pub fn signature(key: Key, hash: Hash, dice: &mut Dice) -> String {
    let salt = dice.below(3);
    salted(key, hash, salt, dice)
}

/// A signature that nobody with a token of his own delivers.
pub fn forged_signature(key: Key, dice: &mut Dice) -> String {
    salted(key, 0, 100, dice)
}

fn salted(key: Key, hash: Hash, salt: u64, dice: &mut Dice) -> String {
    let v = ["00", "01", "1b", "1c"][dice.below(4) as usize];
    format!("0x{}{v}", hex(number(key) ^ mix(2000 + u64::from(hash)) ^ mix(3000 + salt), 64))
}

fn number(key: Key) -> u64 {
    let parts = [
        u64::from(key.chain),
        u64::from(key.validator),
        u64::from(key.duty),
        key.slot as u64,
        u64::from(key.index as u16),
    ];
    parts.iter().fold(0, |sum, part| mix(sum ^ mix(*part + 1)))
}

/// This many bytes as lower-case hex without 0x, the same ones for the same number.
fn hex(number: u64, bytes: usize) -> String {
    let words = (0..).map(|i| format!("{:016x}", mix(number.wrapping_add(i << 32))));
    words.take(bytes.div_ceil(8)).collect::<String>()[..bytes * 2].to_string()
}

fn any_case(digits: String, dice: &mut Dice) -> String {
    match dice.below(4) {
        0 => format!("0x{}", digits.to_uppercase()),
        _ => format!("0x{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key { chain: 0, validator: 1, duty: 0, slot: 7, index: 0 };

    #[test]
    fn texts_have_the_lengths_of_their_kinds() {
        let mut dice = Dice::new(1);
        assert_eq!(validator(KEY, &mut dice).len(), 42);
        assert_eq!(message_hash(KEY, 1, &mut dice).len(), 66);
        assert_eq!(signature(KEY, 1, &mut dice).len(), 132);
        assert_eq!(identity(1).len(), "31337:0x".len() + 40);
    }

    #[test]
    fn other_numbers_other_texts() {
        let mut dice = Dice::new(1);
        let mut hash = |key, hash| message_hash(key, hash, &mut dice).to_lowercase();
        let first = hash(KEY, 1);
        assert_eq!(first, hash(KEY, 1));
        assert_ne!(first, hash(KEY, 2));
        assert_ne!(first, hash(Key { slot: 8, ..KEY }, 1));
        assert_ne!(first, hash(Key { chain: 1, ..KEY }, 1));
    }
}
