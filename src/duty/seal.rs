//! Text that only this ledger can have given out: fields in hex, and a code over them that takes the ledger's key to make.

use super::error::{Error, SqlState};
use super::hex_text;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub const KEY_LENGTH: usize = 32;
/// Half of an HMAC-SHA256: as many bits as a token's secret has.
const CODE_LENGTH: usize = 16;

/// A ledger's key. In the ledger's own row, which no role but the owner reads.
pub type Key = [u8; KEY_LENGTH];

/// The keys of a ledger. One that was moved or copied has a key of its own from then on, so that what it gives out means nothing
/// to its original; what was given out before, it still knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    pub current: Key,
    pub former: Vec<Key>,
}

/// What kind of text it is: no kind is taken for another, because the prefix is under the code as well.
#[derive(Clone, Copy)]
pub struct Kind {
    pub prefix: &'static str,
    /// The SQL argument that it comes back in.
    pub argument: &'static str,
}

pub fn show(kind: Kind, key: &Key, fields: &[u8]) -> String {
    hex_text::with_prefix(kind.prefix, &[fields, &code(kind, key, fields)[..CODE_LENGTH]])
}

/// Sixteen bytes that stand for a text, and that nobody can make without the key.
pub fn stand_in(prefix: &'static str, key: &Key, text: &str) -> [u8; CODE_LENGTH] {
    let code = code(Kind { prefix, argument: "" }, key, text.as_bytes());
    let mut shortened = [0; CODE_LENGTH];
    shortened.copy_from_slice(&code[..CODE_LENGTH]);
    shortened
}

/// The fields of a text that `show` made with one of these keys.
///
/// 22P02 where it cannot be such a text, 22023 where it was not given out by this ledger, or was changed. The text is in
/// neither.
pub fn parse<const N: usize>(kind: Kind, keys: &Keys, text: &str) -> Result<[u8; N], Error> {
    let malformed = || {
        Error::argument(SqlState::INVALID_TEXT_REPRESENTATION, kind.argument, format!("{} is malformed", kind.argument))
            .hint(format!("Give the {} as it was answered, or null.", kind.argument))
    };
    let digits = text.strip_prefix(kind.prefix).ok_or_else(malformed)?;
    let bytes = hex_text::decode(digits).map_err(|_| malformed())?;
    if bytes.len() != N + CODE_LENGTH {
        return Err(malformed());
    }
    let (fields, given) = bytes.split_at(N);
    let fields: [u8; N] = fields.try_into().map_err(|_| malformed())?;
    let made_with = |key: &Key| mac(kind, key, &fields).verify_truncated_left(given).is_ok();
    if made_with(&keys.current) || keys.former.iter().any(made_with) {
        Ok(fields)
    } else {
        Err(foreign(kind))
    }
}

/// 22023: another ledger's, or changed.
pub fn foreign(kind: Kind) -> Error {
    Error::argument(
        SqlState::INVALID_PARAMETER_VALUE,
        kind.argument,
        format!("{} was not given out by this ledger", kind.argument),
    )
    .hint("Hand it back to the database that gave it out, unchanged.")
}

fn code(kind: Kind, key: &Key, fields: &[u8]) -> [u8; 32] {
    mac(kind, key, fields).finalize().into_bytes().into()
}

fn mac(kind: Kind, key: &Key, fields: &[u8]) -> Hmac<Sha256> {
    // HMAC fills a key up with zeros to a block of its hash; a block needs no check of its length.
    let mut block = [0_u8; 64];
    block[..KEY_LENGTH].copy_from_slice(key);
    Hmac::<Sha256>::new(&block.into()).chain_update(kind.prefix).chain_update(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KIND: Kind = Kind { prefix: "sgt_", argument: "seen" };

    fn only(current: Key) -> Keys {
        Keys { current, former: Vec::new() }
    }

    proptest! {
        #[test]
        fn what_was_shown_is_read(key: Key, fields: [u8; 9]) {
            prop_assert_eq!(parse::<9>(KIND, &only(key), &show(KIND, &key, &fields)), Ok(fields));
        }

        #[test]
        fn what_was_given_out_before_a_move_is_read(former: Key, current: Key, fields: [u8; 9]) {
            let keys = Keys { current, former: vec![[7; 32], former] };
            prop_assert_eq!(parse::<9>(KIND, &keys, &show(KIND, &former, &fields)), Ok(fields));
        }

        #[test]
        fn a_changed_digit_is_noticed(key: Key, fields: [u8; 9], place in 0_usize..50) {
            let mut text = show(KIND, &key, &fields).into_bytes();
            let place = KIND.prefix.len() + place;
            text[place] = if text[place] == b'0' { b'1' } else { b'0' };
            let error = parse::<9>(KIND, &only(key), std::str::from_utf8(&text).unwrap()).unwrap_err();
            prop_assert_eq!(error.code, SqlState::INVALID_PARAMETER_VALUE);
        }

        #[test]
        fn another_ledger_or_kind_is_foreign(key: Key, other: Key, fields: [u8; 9]) {
            prop_assume!(key != other);
            let text = show(KIND, &key, &fields);
            prop_assert_eq!(parse::<9>(KIND, &only(other), &text).unwrap_err().code, SqlState::INVALID_PARAMETER_VALUE);
            let kind = Kind { prefix: "sgt_0", ..KIND };
            prop_assert!(parse::<9>(kind, &only(key), &text.replacen("sgt_", "sgt_0", 1)).is_err());
        }

        #[test]
        fn anything_else_is_malformed(key: Key, text in ".{0,120}") {
            prop_assert_eq!(parse::<9>(KIND, &only(key), &text).unwrap_err().code, SqlState::INVALID_TEXT_REPRESENTATION);
        }
    }
}
