//! Who is asked about, in any scheme: the length of an address or a public key says which it is.

use super::{bls12_381, ed25519, secp256k1};
use crate::duty::error::{Error, SqlState};
use crate::duty::hex_text;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    Secp256k1(secp256k1::Signer),
    Ed25519([u8; 32]),
    Bls12381([u8; 48]),
}

impl Signer {
    /// secp256k1: an address of 20 bytes, or a public key of 33, 64 or 65. ed25519: a public key of 32 bytes. BLS12-381: one of
    /// 48. 22P02 for other lengths, and for a public key that is none.
    pub fn parse(argument: &str, bytes: &[u8]) -> Result<Self, Error> {
        let key = match bytes.len() {
            20 | 33 | 64 | 65 => return secp256k1::Signer::parse(argument, bytes).map(Self::Secp256k1),
            32 => bytes.try_into().ok().filter(ed25519::is_key).map(Self::Ed25519).ok_or("ed25519"),
            48 => bytes.try_into().ok().filter(bls12_381::is_key).map(Self::Bls12381).ok_or("BLS12-381"),
            length => return Err(hex_text::wrong_length(argument, length, "20, 32, 33, 48, 64 or 65")),
        };
        key.map_err(|scheme| {
            let message = format!("{argument} is not a public key of {scheme}");
            Error::argument(SqlState::INVALID_TEXT_REPRESENTATION, argument, message)
                .hint("Compare the public key with its source. Nobody signs with this one.")
        })
    }

    /// Of the 32 bytes of the digest, as they are. 22P02 for a signature that is not as long as this signer's are.
    pub fn has_signed(&self, argument: &str, digest: &[u8; 32], signature: &[u8]) -> Result<bool, Error> {
        Ok(match self {
            Self::Secp256k1(signer) => signer.has_signed(digest, exactly(argument, signature, OF_SECP256K1)?),
            Self::Ed25519(key) => ed25519::has_signed(key, digest, exactly(argument, signature, OF_ED25519)?),
            Self::Bls12381(key) => bls12_381::has_signed(key, digest, exactly(argument, signature, OF_BLS12_381)?),
        })
    }
}

const OF_SECP256K1: &str = "the signer is of secp256k1, whose signatures are r, s and v";
const OF_ED25519: &str = "a signer of 32 bytes is a public key of ed25519";
const OF_BLS12_381: &str = "a signer of 48 bytes is a public key of BLS12-381";

fn exactly<'a, const N: usize>(argument: &str, bytes: &'a [u8], because: &str) -> Result<&'a [u8; N], Error> {
    bytes.try_into().map_err(|_| {
        hex_text::wrong_length(argument, bytes.len(), &N.to_string())
            .hint(format!("Give {N} bytes, leading zeros included: {because}."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGEST: [u8; 32] = [7; 32];

    fn signer(text: &str) -> Result<Signer, Error> {
        Signer::parse("signer", &hex::decode(text).unwrap())
    }

    /// One of each scheme, and how long its signatures are.
    fn signers() -> [(Signer, usize); 3] {
        [
            (signer(&"ab".repeat(20)).unwrap(), 65),
            (signer("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a").unwrap(), 64),
            (
                signer(
                    "a491d1b0ecd9bb917989f0e74f0dea0422eac4a873e5e2644f368dffb9a6e20fd6e10c1b77654d067c0618f6e5a7f79a",
                )
                .unwrap(),
                96,
            ),
        ]
    }

    #[test]
    fn a_signature_is_as_long_as_its_signers_are() {
        for (signer, needed) in signers() {
            for length in 0..200 {
                let answer = signer.has_signed("signature", &DIGEST, &vec![0; length]);
                if length == needed {
                    assert_eq!(answer, Ok(false));
                } else {
                    let error = answer.unwrap_err();
                    assert_eq!(error.code, SqlState::INVALID_TEXT_REPRESENTATION);
                    assert_eq!(error.message, format!("signature has {length} bytes where {needed} are needed"));
                    assert!(error.hint.is_some());
                }
            }
        }
    }

    #[test]
    fn a_length_that_no_signer_has_is_refused() {
        for length in (0..200).filter(|length| ![20, 32, 33, 48, 64, 65].contains(length)) {
            let error = Signer::parse("signer", &vec![0; length]).unwrap_err();
            assert_eq!(error.message, format!("signer has {length} bytes where 20, 32, 33, 48, 64 or 65 are needed"));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for (length, scheme) in [(32, "ed25519"), (48, "BLS12-381")] {
            for byte in [0, 0xff] {
                let error = Signer::parse("signer", &vec![byte; length]).unwrap_err();
                assert_eq!(error.code, SqlState::INVALID_TEXT_REPRESENTATION);
                assert_eq!(error.message, format!("signer is not a public key of {scheme}"));
                assert_eq!(error.detail.as_deref(), Some("Argument: signer."));
                assert!(error.hint.is_some());
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(
            length in prop::sample::select(vec![20_usize, 32, 33, 48, 64, 65]),
            bytes in prop::collection::vec(any::<u8>(), 65),
            signature in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            if let Ok(signer) = Signer::parse("signer", &bytes[..length]) {
                prop_assert_ne!(signer.has_signed("signature", &DIGEST, &signature), Ok(true));
            }
        }
    }
}
