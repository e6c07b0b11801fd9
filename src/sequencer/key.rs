//! Who a sequencer is: a public key, or the address of one.

use crate::crypto::address::{self, Address};
use crate::crypto::secp256k1::{PublicKey, Signer};
use crate::duty::error::Error;
use crate::duty::hex_text;

/// A public key of 64 bytes (x, y), or an address of 20.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    bytes: Vec<u8>,
    signer: Signer,
    address: Address,
}

impl Key {
    /// 128 hex digits (a public key) or 40 (an address: in any one letter case, or in mixed case with the right checksum),
    /// with or without `0x`. The 04 that some write before a public key may stand there. 22P02 for anything else.
    pub fn parse(argument: &str, text: &str) -> Result<Self, Error> {
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
        let text = format!("0x{digits}");
        let bytes = hex_text::parse_any_length(argument, &text)?;
        match (bytes.len(), bytes.split_first()) {
            (20, _) => address::parse(argument, &text).map(Self::of_address),
            (64, _) => Self::of_public_key(argument, &bytes),
            (65, Some((4, point))) => Self::of_public_key(argument, point),
            (length, _) => Err(hex_text::wrong_length(argument, length, "20 or 64")
                .hint("Give a public key, which has 128 hex digits, or its address, which has 40.")),
        }
    }

    /// As `bytes` gives it.
    pub fn from_stored(bytes: &[u8]) -> Result<Self, Error> {
        let key = match <Address>::try_from(bytes) {
            Ok(address) => Ok(Self::of_address(address)),
            Err(_) => Self::of_public_key("public_key", bytes),
        };
        key.map_err(|_| Error::internal("a sequencer's key on record is none"))
    }

    fn of_address(address: Address) -> Self {
        Self { bytes: address.to_vec(), signer: Signer::Address(address), address }
    }

    fn of_public_key(argument: &str, point: &[u8]) -> Result<Self, Error> {
        let key = PublicKey::parse(argument, point)?;
        Ok(Self { bytes: point.to_vec(), signer: Signer::Key(key), address: key.address() })
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn address(&self) -> Address {
        self.address
    }

    pub fn is(&self, key: &PublicKey) -> bool {
        match self.signer {
            Signer::Address(address) => key.address() == address,
            Signer::Key(expected) => *key == expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duty::error::SqlState;
    use proptest::prelude::*;

    // The key 1: its public key is the generator.
    const POINT: &str = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\
                         483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
    const ADDRESS: &str = "7E5F4552091A69125d5DfCb7b8C2659029395Bdf";

    #[test]
    fn a_key_has_several_spellings() {
        let public = PublicKey::parse("key", &hex::decode(POINT).unwrap()).unwrap();
        for text in [POINT.to_owned(), format!("0x{POINT}"), format!("0x04{POINT}"), POINT.to_uppercase()] {
            let key = Key::parse("key", &text).unwrap();
            assert_eq!(hex::encode(key.bytes()), POINT);
            assert_eq!(key.address(), public.address());
            assert!(key.is(&public));
            assert_eq!(Key::from_stored(key.bytes()).unwrap(), key);
        }
        for text in [ADDRESS.to_owned(), format!("0x{ADDRESS}"), format!("0X{}", ADDRESS.to_lowercase())] {
            let key = Key::parse("key", &text).unwrap();
            assert_eq!(key.bytes(), public.address());
            assert!(key.is(&public));
            assert_eq!(Key::from_stored(key.bytes()).unwrap(), key);
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let wrong_checksum = ADDRESS.replace('E', "e");
        let compressed = format!("02{}", &POINT[..64]);
        let of_no_point = "00".repeat(64);
        let x_only = &POINT[..64];
        for text in ["", "0x", "0x0x", "04", "key", &wrong_checksum, &compressed, &of_no_point, x_only] {
            let error = Key::parse("key", text).unwrap_err();
            assert_eq!(error.code, SqlState::INVALID_TEXT_REPRESENTATION, "{text}");
            assert_eq!(error.detail.as_deref(), Some("Argument: key."));
            assert!(error.hint.is_some());
        }
        assert_eq!(Key::from_stored(&[0; 64]).unwrap_err().code, SqlState::INTERNAL_ERROR);
        assert_eq!(Key::from_stored(&[]).unwrap_err().code, SqlState::INTERNAL_ERROR);
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text: String, digits in "[0-9a-fA-F]{0,140}") {
            let _ = Key::parse("key", &text);
            let _ = Key::parse("key", &format!("0x{text}"));
            let _ = Key::parse("key", &digits);
        }
    }
}
