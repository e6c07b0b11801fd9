//! The values of an interchange file that have no parts: numbers, hex texts and the version, each from its JSON text.
//!
//! The JSON text and not a parsed number, because a number beyond 64 bits would come as a rounded one.

use super::history::SigningRoot;
use crate::duty::error::{Error, SqlState};
use crate::duty::excerpt::cut;
use crate::duty::hex_text;
use std::borrow::Cow;

const VERSION: &str = "5";
/// A value of the file is shown no longer than this.
const LONGEST_VALUE: usize = 60;

/// A fault of the file. Its message lacks the path, which the reader puts before it.
pub fn fault(code: SqlState, message: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::argument(code, "interchange", message).hint(hint)
}

/// Decimal digits, as a string or a JSON integer.
pub fn number(json: &str) -> Result<i64, Error> {
    let digits = text(json).unwrap_or(Cow::Borrowed(json));
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(fault(
            SqlState::INVALID_TEXT_REPRESENTATION,
            format!("{} is not a whole number in decimal digits", shown(json)),
            "Write the number as a string of digits, without sign, blanks, fraction and exponent.",
        ));
    }
    digits.parse().map_err(|_| {
        fault(
            SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
            format!("{} is above {}", shown(json), i64::MAX),
            format!("No slot or epoch above {} can be kept. Was the number written by mistake?", i64::MAX),
        )
    })
}

/// An epoch all of whose slots can be kept.
pub fn epoch(json: &str, last_epoch: i64) -> Result<i64, Error> {
    let epoch = number(json)?;
    if epoch > last_epoch {
        return Err(fault(
            SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
            format!("epoch {epoch} has slots beyond {}", i64::MAX),
            format!("Give an epoch up to {last_epoch}, the last whose slots can be kept."),
        ));
    }
    Ok(epoch)
}

/// Exactly `N` bytes of hex text.
pub fn bytes<const N: usize>(json: &str) -> Result<[u8; N], Error> {
    let Some(text) = text(json) else {
        return Err(fault(
            SqlState::INVALID_TEXT_REPRESENTATION,
            format!("{} is not a hex text", shown(json)),
            format!("Write {N} bytes as a string of 0x and two hex digits a byte."),
        ));
    };
    hex_text::parse("the value", &text).map_err(|error| error.detail("Argument: interchange."))
}

/// A signing root, or null for none.
pub fn optional_root(json: &str) -> Result<Option<SigningRoot>, Error> {
    if json == "null" {
        return Ok(None);
    }
    bytes(json).map(Some)
}

pub fn format_version(json: &str) -> Result<(), Error> {
    if text(json).as_deref() == Some(VERSION) {
        return Ok(());
    }
    Err(fault(
        SqlState::INVALID_PARAMETER_VALUE,
        format!("the version is {}, and only \"{VERSION}\" is known", shown(json)),
        format!("Export the history in version {VERSION} of the format, with the version as a string."),
    ))
}

pub fn genesis_validators_root(json: &str, expected: &[u8; 32]) -> Result<(), Error> {
    let found = bytes::<32>(json)?;
    if found == *expected {
        return Ok(());
    }
    Err(fault(
        SqlState::IDENTITY_MISMATCH,
        format!("the file is for {}, and the chain is {}", hex_text::show(&found), hex_text::show(expected)),
        "Import the file into the chain that it was exported from. A root is never to be edited to make it fit.",
    ))
}

/// What a JSON string says. None for other values, and for escapes that stand for no character.
fn text(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(json).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

fn shown(json: &str) -> String {
    match json.as_bytes().first() {
        Some(b'{') => "an object".to_owned(),
        Some(b'[') => "an array".to_owned(),
        _ => cut(json, LONGEST_VALUE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_digits_in_a_string_or_bare() {
        for (json, value) in [
            ("0", 0),
            ("\"0\"", 0),
            ("\"007\"", 7),
            ("\"\\u0031\\u0032\"", 12),
            ("9223372036854775807", i64::MAX),
            ("\"9223372036854775807\"", i64::MAX),
        ] {
            assert_eq!(number(json), Ok(value), "{json}");
        }
    }

    #[test]
    fn a_number_has_no_sign_blank_fraction_or_exponent() {
        for json in [
            "-1",
            "-0",
            "1.0",
            "1e3",
            "1E3",
            "true",
            "null",
            "[]",
            "{}",
            "[1]",
            "\"\"",
            "\"+1\"",
            "\"-1\"",
            "\" 1\"",
            "\"1 \"",
            "\"1.0\"",
            "\"1e3\"",
            "\"0x1\"",
            "\"\u{661}\"",
            "\"1\\u0000\"",
            "\"\\ud800\"",
            "\"1_0\"",
        ] {
            let error = number(json).unwrap_err();
            assert_eq!(error.code, SqlState::INVALID_TEXT_REPRESENTATION, "{json}");
            assert!(error.hint.is_some());
        }
    }

    #[test]
    fn a_number_beyond_64_bits_is_out_of_range_however_long() {
        let long = "9".repeat(100_000);
        for digits in ["9223372036854775808", "18446744073709551616", &long] {
            for json in [digits.to_owned(), format!("\"{digits}\"")] {
                let error = number(&json).unwrap_err();
                assert_eq!(error.code, SqlState::NUMERIC_VALUE_OUT_OF_RANGE);
                assert!(error.message.len() < 120, "{}", error.message);
            }
        }
    }

    #[test]
    fn an_epoch_ends_at_the_last_one() {
        assert_eq!(epoch("\"9\"", 9), Ok(9));
        let error = epoch("10", 9).unwrap_err();
        assert_eq!(error.code, SqlState::NUMERIC_VALUE_OUT_OF_RANGE);
        assert_eq!(error.message, "epoch 10 has slots beyond 9223372036854775807");
    }

    #[test]
    fn a_root_that_is_null_is_none() {
        assert_eq!(optional_root("null"), Ok(None));
        assert_eq!(optional_root(&format!("\"0X{}\"", "aB".repeat(32))), Ok(Some([0xab; 32])));
        for json in ["\"\"", "\"null\"", "0", "false", "\"0x00\"", "\"\\udead\"", "[null]"] {
            let error = optional_root(json).unwrap_err();
            assert_eq!(error.code, SqlState::INVALID_TEXT_REPRESENTATION, "{json}");
            assert_eq!(error.detail.as_deref(), Some("Argument: interchange."));
            assert!(error.hint.is_some());
        }
    }

    #[test]
    fn only_the_string_5_is_a_version() {
        assert_eq!(format_version("\"5\""), Ok(()));
        for json in ["5", "\"4\"", "\"5.0\"", "\"05\"", "null", "[\"5\"]", "\"\""] {
            assert_eq!(format_version(json).unwrap_err().code, SqlState::INVALID_PARAMETER_VALUE, "{json}");
        }
        assert_eq!(format_version("\"4\"").unwrap_err().message, "the version is \"4\", and only \"5\" is known");
    }
}
