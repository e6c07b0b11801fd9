//! Hex text: `0x`, any letter case in, lower case out, strict length.

use super::error::{Error, SqlState};

/// Exactly `N` bytes from `0x` and `2 N` hex digits. 22P02 for anything else.
pub fn parse<const N: usize>(argument: &str, text: &str) -> Result<[u8; N], Error> {
    let bytes = parse_any_length(argument, text)?;
    let length = bytes.len();
    bytes.try_into().map_err(|_| wrong_length(argument, length, &N.to_string()))
}

/// Bytes of any length from `0x` and an even number of hex digits. 22P02 for anything else.
pub fn parse_any_length(argument: &str, text: &str) -> Result<Vec<u8>, Error> {
    let malformed = |message: String, hint: &str| {
        Err(Error::argument(SqlState::INVALID_TEXT_REPRESENTATION, argument, message).hint(hint))
    };
    let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) else {
        return malformed(
            format!("{argument} does not begin with 0x"),
            "Write the bytes as hex text: 0x and two digits a byte.",
        );
    };
    match decode(digits) {
        Ok(bytes) => Ok(bytes),
        Err(Malformed::OddLength) => malformed(
            format!("{argument} has an odd number of hex digits"),
            "Write two digits a byte, leading zeros included.",
        ),
        Err(Malformed::NotADigit) => malformed(
            format!("{argument} has a character that is not a hex digit"),
            "Only 0-9, a-f and A-F may follow 0x.",
        ),
    }
}

/// The error for bytes that are well-formed but not as many as needed.
pub fn wrong_length(argument: &str, length: usize, expected: &str) -> Error {
    Error::argument(
        SqlState::INVALID_TEXT_REPRESENTATION,
        argument,
        format!("{argument} has {length} bytes where {expected} are needed"),
    )
    .hint(format!("Give {expected} bytes as hex text, leading zeros included."))
}

/// 22P02 for bytes that are not as many as needed.
pub fn check_length(argument: &str, bytes: &[u8], needed: i32) -> Result<(), Error> {
    if bytes.len() as i32 == needed {
        Ok(())
    } else {
        Err(wrong_length(argument, bytes.len(), &needed.to_string()))
    }
}

/// `0x` and lower-case digits.
pub fn show(bytes: &[u8]) -> String {
    with_prefix("0x", &[bytes])
}

/// A prefix and the lower-case digits of all parts. At once: a letter at a time is a good part of what an answer costs.
pub fn with_prefix(prefix: &str, parts: &[&[u8]]) -> String {
    let mut text = prefix.as_bytes().to_vec();
    for part in parts {
        let start = text.len();
        text.resize(start + 2 * part.len(), b'0');
        // As long as it has to be, so it does not fail.
        let _ = faster_hex::hex_encode(part, &mut text[start..]);
    }
    String::from_utf8(text).unwrap_or_default()
}

/// Why digits are not bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    OddLength,
    NotADigit,
}

/// The bytes of an even number of digits, without prefix.
pub fn decode(digits: &str) -> Result<Vec<u8>, Malformed> {
    if !digits.len().is_multiple_of(2) {
        return Err(Malformed::OddLength);
    }
    let mut bytes = vec![0; digits.len() / 2];
    faster_hex::hex_decode(digits.as_bytes(), &mut bytes).map_err(|_| Malformed::NotADigit)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_is_not_strict_hex() {
        for text in ["", "0x", "00", "0x0", "0x000", "0xzz", "0x00 ", " 0x00", "0x0000", "x00", "0x\u{e9}"] {
            let error = parse::<1>("message_hash", text).unwrap_err();
            assert_eq!(error.code, SqlState::INVALID_TEXT_REPRESENTATION, "{text:?}");
            assert_eq!(error.detail.as_deref(), Some("Argument: message_hash."));
            assert!(error.hint.is_some());
        }
    }

    /// The library takes many digits at a time, and differently by how many there are.
    fn by_another_library(text: &str) -> Option<Vec<u8>> {
        hex::decode(text).ok()
    }

    proptest! {
        #[test]
        fn reads_and_shows_as_another_library_does(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let digits = hex::encode(&bytes);
            prop_assert_eq!(decode(&digits), Ok(bytes.clone()));
            prop_assert_eq!(with_prefix("", &[&bytes]), digits);
        }

        #[test]
        fn a_character_that_is_no_digit_is_noticed_anywhere(
            digits in "[0-9a-fA-F]{1,300}", place: proptest::sample::Index, other in any::<char>(),
        ) {
            let place = place.index(digits.len());
            let text = format!("{}{other}{}", &digits[..place], &digits[place + 1..]);
            prop_assert_eq!(decode(&text).ok(), by_another_library(&text));
        }

        #[test]
        fn any_letter_case_reads_as_the_same_bytes(bytes: [u8; 32]) {
            let lower = show(&bytes);
            let upper = lower.to_uppercase();
            prop_assert_eq!(parse::<32>("message_hash", &lower).unwrap(), bytes);
            prop_assert_eq!(parse::<32>("message_hash", &upper).unwrap(), bytes);
        }
    }
}
