//! Changes of valid inputs, byte by byte.

use super::dice::Dice;
use std::ops::Range;

/// What stands in texts that are read here, and what breaks those who read them.
const WORDS: [&str; 43] = [
    "0x",
    "0X",
    "0x0",
    "sgt1_",
    "sgp1_",
    "sgr1_",
    ":",
    ",",
    "\"",
    "\\",
    "\\\"",
    "{",
    "}",
    "[",
    "]",
    "{}",
    "[]",
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-1",
    "1.5",
    "1e999",
    "1E-999",
    "1e99999999999999999999",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "\\u0000",
    "\\ud800",
    "\\udc00",
    "\u{0}",
    "\u{e9}",
    "\u{fffd}",
    "\u{10ffff}",
    " ",
    "\n",
    "\u{feff}",
    "//",
    "+1",
    "00",
];

/// Pieces that nest, or go on and on.
const REPEATED: [&str; 8] = ["[", "{\"a\":", "]", "}", "9", "0", "[]", "\\"];

/// One of the valid inputs, changed a few times; or noise.
pub fn bytes(dice: &mut Dice, valid: &[&[u8]]) -> Vec<u8> {
    if dice.one_in(16) {
        return noise(dice);
    }
    let mut input = dice.pick(valid).to_vec();
    for _ in 0..=dice.size(3) {
        change(dice, &mut input, valid);
    }
    input
}

/// The same of texts. What is no UTF-8 never gets as far as a function: Postgres refuses it.
pub fn text(dice: &mut Dice, valid: &[&str]) -> String {
    let valid: Vec<&[u8]> = valid.iter().map(|text| text.as_bytes()).collect();
    String::from_utf8_lossy(&bytes(dice, &valid)).into_owned()
}

/// The same of what has as many bytes as it must have.
pub fn array<const N: usize>(dice: &mut Dice, valid: &[u8; N]) -> [u8; N] {
    let mut changed = *valid;
    match dice.below(8) {
        0 => changed = dice.bytes(),
        1 => changed.fill(dice.pick(&[0, 0xff])),
        2 => {
            let at = range(dice, N);
            changed[at].fill(dice.pick(&[0, 0xff]));
        }
        3 => {
            let (from, to) = (range(dice, N), dice.below(N));
            let end = from.end.min(from.start + N - to);
            changed.copy_within(from.start..end, to);
        }
        _ => {
            for _ in 0..=dice.size(3) {
                changed[dice.below(N)] ^= 1 << dice.below(8);
            }
        }
    }
    changed
}

fn noise(dice: &mut Dice) -> Vec<u8> {
    let length = dice.size(400);
    let mut noise = dice.octets(length);
    match dice.below(3) {
        0 => {}
        1 => noise.iter_mut().for_each(|byte| *byte = b' ' + *byte % 95),
        _ => noise.iter_mut().for_each(|byte| *byte = b"0123456789abcdefABCDEFx"[usize::from(*byte) % 23]),
    }
    if dice.one_in(2) {
        noise.splice(0..0, dice.pick(&WORDS).bytes());
    }
    noise
}

fn change(dice: &mut Dice, input: &mut Vec<u8>, valid: &[&[u8]]) {
    let at = match dice.below(6) {
        0 => 0,
        1 => input.len(),
        _ => dice.below(input.len() + 1),
    };
    let piece = range(dice, input.len());
    match dice.below(12) {
        0 | 1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        2 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = dice.number() as u8;
            }
        }
        3 => input.truncate(at),
        4 => drop(input.drain(piece)),
        5 => {
            let copy = input[piece].to_vec();
            input.splice(at..at, copy);
        }
        6 => {
            let other = dice.pick(valid);
            input.truncate(at);
            input.extend_from_slice(&other[dice.below(other.len() + 1)..]);
        }
        7 | 8 => drop(input.splice(at..at, dice.pick(&WORDS).bytes())),
        9 => drop(input.splice(piece, dice.pick(&WORDS).bytes())),
        10 => {
            let many = if dice.one_in(20) { dice.size(20_000) } else { dice.size(50) };
            let repeated = dice.pick(&REPEATED).repeat(many);
            input.splice(at..at, repeated.bytes());
        }
        _ => input[piece].iter_mut().for_each(|byte| {
            *byte = if byte.is_ascii_lowercase() { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() }
        }),
    }
}

fn range(dice: &mut Dice, length: usize) -> Range<usize> {
    let start = dice.below(length + 1);
    start..start + dice.size(length - start)
}
