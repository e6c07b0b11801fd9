//! Integers of up to 256 bits, from the ways in which JSON has them.

use crate::duty::hex_text;

/// Enough for every number of 256 bits.
const MOST_DECIMAL_DIGITS: usize = 78;
const MOST_HEX_DIGITS: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    Malformed,
    OutOfRange,
}

/// The range of a type: `uint8` is `{signed: false, bits: 8}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    pub signed: bool,
    pub bits: u16,
}

impl Range {
    pub fn shown(self) -> String {
        let Self { signed, bits } = self;
        if signed {
            format!("-2^{0} to 2^{0}-1", bits - 1)
        } else {
            format!("0 to 2^{bits}-1")
        }
    }
}

/// A JSON number. jsonb holds `1.0` for the same number as `1`, so a fraction of zeros is none.
pub fn from_json_number(text: &str, range: Range) -> Result<[u8; 32], Refused> {
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0') => whole,
        Some(_) => return Err(Refused::Malformed),
        None => text,
    };
    let (negative, digits) = sign(whole);
    word(negative, decimal(digits)?, range)
}

/// Decimal digits or `0x` and hex digits, either with a minus.
pub fn from_text(text: &str, range: Range) -> Result<[u8; 32], Refused> {
    let (negative, digits) = sign(text);
    let magnitude = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => hexadecimal(digits)?,
        None => decimal(digits)?,
    };
    word(negative, magnitude, range)
}

fn sign(text: &str) -> (bool, &str) {
    text.strip_prefix('-').map_or((false, text), |digits| (true, digits))
}

fn decimal(digits: &str) -> Result<[u8; 32], Refused> {
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Refused::Malformed);
    }
    let digits = digits.trim_start_matches('0');
    if digits.len() > MOST_DECIMAL_DIGITS {
        return Err(Refused::OutOfRange);
    }
    let mut value = [0_u8; 32];
    for digit in digits.bytes() {
        let mut carry = u16::from(digit - b'0');
        for byte in value.iter_mut().rev() {
            let [high, low] = (u16::from(*byte) * 10 + carry).to_be_bytes();
            *byte = low;
            carry = u16::from(high);
        }
        if carry > 0 {
            return Err(Refused::OutOfRange);
        }
    }
    Ok(value)
}

fn hexadecimal(digits: &str) -> Result<[u8; 32], Refused> {
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(Refused::Malformed);
    }
    let digits = digits.trim_start_matches('0');
    if digits.len() > MOST_HEX_DIGITS {
        return Err(Refused::OutOfRange);
    }
    let value = hex_text::decode(&format!("{digits:0>64}")).ok().and_then(|value| value.try_into().ok());
    value.ok_or(Refused::Malformed)
}

/// The number in 32 bytes, big end first, a negative one as its two's complement.
fn word(negative: bool, magnitude: [u8; 32], range: Range) -> Result<[u8; 32], Refused> {
    let significant = significant_bits(&magnitude);
    if !negative {
        let most = range.bits - u16::from(range.signed);
        return if significant <= most { Ok(magnitude) } else { Err(Refused::OutOfRange) };
    }
    // The least number of a type has one bit more than all others, and that is its only one.
    let is_least = significant == range.bits && magnitude.iter().map(|byte| byte.count_ones()).sum::<u32>() == 1;
    if significant > 0 && !(range.signed && (significant < range.bits || is_least)) {
        return Err(Refused::OutOfRange);
    }
    let mut word = magnitude.map(|byte| !byte);
    for byte in word.iter_mut().rev() {
        let (sum, carries) = byte.overflowing_add(1);
        *byte = sum;
        if !carries {
            break;
        }
    }
    Ok(word)
}

fn significant_bits(magnitude: &[u8; 32]) -> u16 {
    let mut bits = 256;
    for byte in magnitude {
        if *byte != 0 {
            // At most 8.
            return bits - byte.leading_zeros() as u16;
        }
        bits -= 8;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const U8: Range = Range { signed: false, bits: 8 };
    const I8: Range = Range { signed: true, bits: 8 };
    const U256: Range = Range { signed: false, bits: 256 };
    const I256: Range = Range { signed: true, bits: 256 };
    const MOST: &str = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    const HALF: &str = "57896044618658097711785492504343953926634992332820282019728792003956564819968";

    fn shown(word: Result<[u8; 32], Refused>) -> Result<String, Refused> {
        word.map(hex::encode)
    }

    #[test]
    fn the_ends_of_a_range() {
        let last = |byte: u8| {
            let mut word = [0; 32];
            word[31] = byte;
            Ok(word)
        };
        let minus = |byte: u8| {
            let mut word = [0xff; 32];
            word[31] = byte;
            Ok(word)
        };
        for (text, range, word) in [
            ("0", U8, last(0)),
            ("-0", U8, last(0)),
            ("255", U8, last(255)),
            ("0xff", U8, last(255)),
            ("256", U8, Err(Refused::OutOfRange)),
            ("-1", U8, Err(Refused::OutOfRange)),
            ("127", I8, last(127)),
            ("128", I8, Err(Refused::OutOfRange)),
            ("-1", I8, minus(255)),
            ("-0x80", I8, minus(0x80)),
            ("-128", I8, minus(0x80)),
            ("-129", I8, Err(Refused::OutOfRange)),
            ("-256", I8, Err(Refused::OutOfRange)),
        ] {
            assert_eq!(from_text(text, range), word, "{text}");
        }
        assert_eq!(from_text(MOST, U256), Ok([0xff; 32]));
        assert_eq!(from_text(MOST, I256), Err(Refused::OutOfRange));
        assert_eq!(from_text(HALF, I256), Err(Refused::OutOfRange));
        assert_eq!(shown(from_text(&format!("-{HALF}"), I256)), Ok(format!("80{}", "00".repeat(31))));
        assert_eq!(from_text(&format!("-{MOST}"), I256), Err(Refused::OutOfRange));
        let beyond = format!("{}6", &MOST[..77]);
        assert_eq!(from_text(&beyond, U256), Err(Refused::OutOfRange));
        assert_eq!(from_text(&"9".repeat(100_000), U256), Err(Refused::OutOfRange));
        assert_eq!(from_text(&format!("{}{MOST}", "0".repeat(1000)), U256), Ok([0xff; 32]));
        assert_eq!(from_text(&format!("0x{}", "f".repeat(65)), U256), Err(Refused::OutOfRange));
        assert_eq!(from_text(&format!("0x000{}", "F".repeat(64)), U256), Ok([0xff; 32]));
    }

    #[test]
    fn what_is_no_integer() {
        for text in ["", "-", "--1", "+1", " 1", "1 ", "1.0", "1e3", "0x", "0xg", "-0x", "0x-1", "x1", "1_0", "\u{661}"]
        {
            assert_eq!(from_text(text, I256), Err(Refused::Malformed), "{text}");
        }
        for text in ["1.5", "1.", "1e3", "1.0e1", "0x1", "-1.01"] {
            assert_eq!(from_json_number(text, I256), Err(Refused::Malformed), "{text}");
        }
        assert_eq!(from_json_number("1.000", U8), from_text("1", U8));
        assert_eq!(from_json_number("-1.0", I8), from_text("-1", I8));
    }

    proptest! {
        #[test]
        fn a_number_of_128_bits_is_as_the_machine_has_it(value: i128) {
            let word = from_text(&value.to_string(), I256).unwrap();
            prop_assert_eq!(&word[16..], &value.to_be_bytes());
            prop_assert_eq!(&word[..16], [if value < 0 { 0xff } else { 0 }; 16]);
            let sign = if value < 0 { "-" } else { "" };
            prop_assert_eq!(from_text(&format!("{sign}0x{:x}", value.unsigned_abs()), I256), Ok(word));
            prop_assert_eq!(from_json_number(&value.to_string(), I256), Ok(word));
        }

        #[test]
        fn a_range_is_that_of_its_bits(value: i64, bytes in 1..=8_u16) {
            let bits = 8 * bytes;
            let most = i128::from(u64::MAX >> (64 - bits));
            let value = i128::from(value) >> (64 - bits);
            let text = value.to_string();
            prop_assert_eq!(from_text(&text, Range { signed: false, bits }).is_ok(), (0..=most).contains(&value));
            let half = (most + 1) / 2;
            prop_assert_eq!(from_text(&text, Range { signed: true, bits }).is_ok(), (-half..half).contains(&value));
        }

        #[test]
        fn no_text_is_a_panic(text: String, digits in "-?(0x)?[0-9a-f.]{0,100}") {
            for range in [U8, I8, U256, I256] {
                for text in [&text, &digits] {
                    let _ = from_text(text, range);
                    let _ = from_json_number(text, range);
                }
            }
        }
    }
}
