//! Values without parts: each type's word of 32 bytes.

use super::integer::{self, Range};
use super::json::Json;
use super::path::Path;
use crate::crypto::address;
use crate::crypto::keccak::keccak256;
use crate::duty::error::{Error, SqlState};
use crate::duty::hex_text;
use std::borrow::Cow;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Atomic {
    Address,
    Bool,
    Text,
    Bytes,
    /// `bytes1` to `bytes32`.
    FixedBytes(usize),
    Integer(Range),
}

impl Atomic {
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "address" => return Some(Self::Address),
            "bool" => return Some(Self::Bool),
            "string" => return Some(Self::Text),
            "bytes" => return Some(Self::Bytes),
            _ => {}
        }
        if let Some(length) = name.strip_prefix("bytes") {
            return size(length).filter(|length| *length <= 32).map(|length| Self::FixedBytes(length.into()));
        }
        let (signed, bits) = name
            .strip_prefix("uint")
            .map(|bits| (false, bits))
            .or(name.strip_prefix("int").map(|bits| (true, bits)))?;
        size(bits).filter(|bits| bits % 8 == 0 && *bits <= 256).map(|bits| Self::Integer(Range { signed, bits }))
    }

    pub fn word(self, json: Json, path: &Path) -> Result<[u8; 32], Error> {
        match self {
            Self::Bool => boolean(json, path),
            Self::Integer(range) => number(json, range, path),
            Self::Text => text(json, path, "a string", "Write a string.").map(|text| keccak256(text.as_bytes())),
            Self::Address => {
                let text =
                    text(json, path, "an address", "Write 20 bytes as a string of 0x and two hex digits a byte.")?;
                address::parse("the value", &text)
                    .map(|address| left_padded(&address))
                    .map_err(|error| path.locate(error))
            }
            Self::Bytes => bytes(json, path).map(|bytes| keccak256(&bytes)),
            Self::FixedBytes(length) => {
                let bytes = bytes(json, path)?;
                if bytes.len() != length {
                    return Err(path.locate(hex_text::wrong_length("the value", bytes.len(), &length.to_string())));
                }
                let mut word = [0; 32];
                word[..length].copy_from_slice(&bytes);
                Ok(word)
            }
        }
    }
}

/// 1 and above, without leading zeros.
fn size(digits: &str) -> Option<u16> {
    let is_plain = !digits.starts_with('0') && digits.bytes().all(|digit| digit.is_ascii_digit());
    digits.parse().ok().filter(|_| is_plain)
}

fn left_padded(address: &address::Address) -> [u8; 32] {
    let mut word = [0; 32];
    word[12..].copy_from_slice(address);
    word
}

fn boolean(json: Json, path: &Path) -> Result<[u8; 32], Error> {
    let mut word = [0; 32];
    word[31] = json
        .boolean()
        .ok_or_else(|| {
            path.malformed(format!("{} is not a bool", json.shown()), "Write true or false, without quotes.")
        })?
        .into();
    Ok(word)
}

fn number(json: Json, range: Range, path: &Path) -> Result<[u8; 32], Error> {
    let word = match (json.number(), json.text()) {
        (Some(number), _) => integer::from_json_number(number, range),
        (None, Some(text)) => integer::from_text(&text, range),
        (None, None) => Err(integer::Refused::Malformed),
    };
    word.map_err(|refused| match refused {
        integer::Refused::Malformed => path.malformed(
            format!("{} is not a whole number", json.shown()),
            "Write a JSON number, or a string of decimal digits, or one of 0x and hex digits.",
        ),
        integer::Refused::OutOfRange => path.fault(
            SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
            format!("{} is not in the range {}", json.shown(), range.shown()),
            "Is the type right, and the number?",
        ),
    })
}

fn bytes(json: Json, path: &Path) -> Result<Vec<u8>, Error> {
    let text = text(json, path, "a hex text", "Write the bytes as a string of 0x and two hex digits a byte.")?;
    hex_text::parse_any_length("the value", &text).map_err(|error| path.locate(error))
}

fn text<'t>(json: Json<'t>, path: &Path, kind: &str, hint: &str) -> Result<Cow<'t, str>, Error> {
    json.text().ok_or_else(|| path.malformed(format!("{} is not {kind}", json.shown()), hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(kind: &str, json: &str) -> Result<String, Error> {
        let path = Path::root("message", "message");
        Atomic::named(kind).unwrap().word(Json::parse(json, &path).unwrap(), &path).map(hex::encode)
    }

    #[test]
    fn names_of_types() {
        for width in (8..=256).step_by(8) {
            for (name, signed) in [(format!("uint{width}"), false), (format!("int{width}"), true)] {
                assert_eq!(Atomic::named(&name), Some(Atomic::Integer(Range { signed, bits: width })));
            }
        }
        for length in 1..=32 {
            assert_eq!(Atomic::named(&format!("bytes{length}")), Some(Atomic::FixedBytes(length)));
        }
        for name in [
            "",
            "uint",
            "int",
            "byte",
            "bytes0",
            "bytes33",
            "bytes01",
            "bytes+1",
            "bytes99999999",
            "uint0",
            "uint7",
            "uint08",
            "uint264",
            "uint+8",
            "int-8",
            "uint 8",
            "Bool",
            "function",
            "ufixed128x18",
            "uint8[]",
        ] {
            assert_eq!(Atomic::named(name), None, "{name}");
        }
    }

    #[test]
    fn words() {
        let zeros = |bytes: usize| "00".repeat(bytes);
        assert_eq!(word("bool", "true"), Ok(format!("{}01", zeros(31))));
        assert_eq!(word("bool", "false"), Ok(zeros(32)));
        assert_eq!(
            word("address", &format!("\"0x{}\"", "aB".repeat(20).to_lowercase())),
            Ok(format!("{}{}", zeros(12), "ab".repeat(20)))
        );
        assert_eq!(word("bytes2", "\"0xABcd\""), Ok(format!("abcd{}", zeros(30))));
        assert_eq!(word("bytes32", &format!("\"0x{}\"", "ab".repeat(32))), Ok("ab".repeat(32)));
        assert_eq!(word("bytes", "\"0x\""), Ok(hex::encode(keccak256(b""))));
        assert_eq!(word("bytes", "\"0x616263\""), Ok(hex::encode(keccak256(b"abc"))));
        assert_eq!(word("string", "\"abc\""), Ok(hex::encode(keccak256(b"abc"))));
        assert_eq!(word("string", "\"\\u00e9\""), Ok(hex::encode(keccak256("\u{e9}".as_bytes()))));
        assert_eq!(word("uint8", "\"0x0f\""), Ok(format!("{}0f", zeros(31))));
        assert_eq!(word("int8", "-1"), Ok("ff".repeat(32)));
    }

    #[test]
    fn faults_have_their_code_and_a_mend() {
        for (kind, json, code) in [
            ("bool", "1", "22P02"),
            ("bool", "\"true\"", "22P02"),
            ("bool", "null", "22P02"),
            ("address", "null", "22P02"),
            ("address", "\"0x00\"", "22P02"),
            ("address", "\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD\"", "22P02"),
            ("address", "12", "22P02"),
            ("bytes2", "\"0xab\"", "22P02"),
            ("bytes2", "\"abcd\"", "22P02"),
            ("bytes", "\"0xabc\"", "22P02"),
            ("bytes", "\"abc\"", "22P02"),
            ("bytes", "[1]", "22P02"),
            ("string", "1", "22P02"),
            ("string", "null", "22P02"),
            ("string", "\"\\udead\"", "22P02"),
            ("uint8", "256", "22003"),
            ("uint8", "\"-1\"", "22003"),
            ("uint8", "1.5", "22P02"),
            ("uint8", "\"1.0\"", "22P02"),
            ("uint8", "\"\"", "22P02"),
            ("uint8", "true", "22P02"),
            ("uint8", "null", "22P02"),
            ("uint8", "[]", "22P02"),
        ] {
            let error = word(kind, json).unwrap_err();
            assert_eq!(error.code.0, code, "{kind} {json}");
            assert!(error.message.starts_with("message: "), "{}", error.message);
            assert_eq!(error.detail.as_deref(), Some("Argument: message."));
            assert!(error.hint.is_some());
        }
    }
}
