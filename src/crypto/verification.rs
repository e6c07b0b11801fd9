//! Whether a signature is what a chain's scheme wants of a validator.

use super::address::Address;
use super::eip191::personal_digest;
use super::secp256k1::{recover, Refused};
use super::{bls12_381, ed25519};
use crate::duty::error::{Error, SqlState};
use crate::duty::hex_text;
use crate::duty::signature_scheme::SignatureScheme;

/// What a secp256k1 signer signs of a message hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// The EIP-191 personal message of it.
    Personal,
    Itself,
}

impl Signed {
    fn digest(self, message_hash: &[u8; 32]) -> [u8; 32] {
        match self {
            Self::Personal => personal_digest(message_hash),
            Self::Itself => *message_hash,
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Personal => Self::Itself,
            Self::Itself => Self::Personal,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Personal => "the EIP-191 personal message of the hash",
            Self::Itself => "the hash itself",
        }
    }
}

/// Is this the validator's signature of the message hash?
///
/// `scheme`: the chain's. `validator`: 20 bytes of an address, or 32 or 48 of a public key, as the scheme has them. `signature`: 65,
/// 64 or 96 bytes. `first`: what scheme `either` tries first, because recovering a key is most of the work; it answers what verified.
/// SG006 where it does not verify.
pub fn check(
    scheme: SignatureScheme,
    validator: &[u8],
    message_hash: &[u8; 32],
    signature: &[u8],
    first: Signed,
) -> Result<Signed, Error> {
    let verified = match scheme {
        SignatureScheme::None => true,
        SignatureScheme::Either => {
            return check_secp256k1(&[first, first.other()], validator, message_hash, signature);
        }
        SignatureScheme::Eip191 => return check_secp256k1(&[Signed::Personal], validator, message_hash, signature),
        SignatureScheme::Digest => return check_secp256k1(&[Signed::Itself], validator, message_hash, signature),
        SignatureScheme::Ed25519 => match (validator.try_into(), signature.try_into()) {
            (Ok(key), Ok(signature)) => ed25519::has_signed(key, message_hash, signature),
            _ => false,
        },
        SignatureScheme::Bls12381 => match (validator.try_into(), signature.try_into()) {
            (Ok(key), Ok(signature)) => bls12_381::has_signed(key, message_hash, signature),
            _ => false,
        },
    };
    if verified {
        return Ok(first);
    }
    Err(does_not_verify(format!("it is not one of {} over the message hash", hex_text::show(validator)))
        .hint("Is the message hash the root that was signed, and the key the one that is set for this validator?"))
}

fn check_secp256k1(
    tried: &[Signed],
    validator: &[u8],
    message_hash: &[u8; 32],
    signature: &[u8],
) -> Result<Signed, Error> {
    let (Ok(address), Ok(signature)) = (<&Address>::try_from(validator), <&[u8; 65]>::try_from(signature)) else {
        return Err(does_not_verify("a validator of this scheme is an address, and its signature has 65 bytes"));
    };
    let mut recovered = Vec::with_capacity(tried.len());
    for signed in tried {
        match recover(&signed.digest(message_hash), signature).map(|key| key.address()) {
            Ok(signer) if signer == *address => return Ok(*signed),
            Ok(signer) => recovered.push(format!("of {} it is {}'s", signed.name(), hex_text::show(&signer))),
            Err(Refused::NoKey) => recovered.push(format!("of {} it is nobody's", signed.name())),
            // The same for every digest.
            Err(refused) => return Err(does_not_verify(refused)),
        }
    }
    Err(does_not_verify(format!("it is not one of {}", hex_text::show(address)))
        .detail(format!("Argument: signature. Taken as one {}.", recovered.join(", ")))
        .hint("Is the message hash the one that was signed, and the chain's signature_scheme the signer's?"))
}

fn does_not_verify(why: impl std::fmt::Display) -> Error {
    Error::argument(SqlState::BAD_SIGNATURE, "signature", format!("signature does not verify: {why}"))
        .hint("Nothing was recorded, and the claim stays. Record the signature that the signer made.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::keccak::keccak256;
    use crate::crypto::secp256k1::tests::{address_of, high_twin, key, sign};
    use proptest::prelude::*;

    const HASH: [u8; 32] = [0xaa; 32];

    fn verifies(scheme: SignatureScheme, validator: &[u8], signature: &[u8]) -> bool {
        let answers = [Signed::Personal, Signed::Itself]
            .map(|first| check(scheme, validator, &HASH, signature, first).map_err(|error| error.code));
        assert_eq!(answers[0].is_ok(), answers[1].is_ok(), "the order must not decide");
        assert!(answers.iter().all(|answer| !matches!(answer, Err(code) if *code != SqlState::BAD_SIGNATURE)));
        answers[0].is_ok()
    }

    #[test]
    fn a_scheme_takes_its_own_digest() {
        let signer = key(b"cow");
        let validator = address_of(&signer);
        let personal = sign(&signer, &personal_digest(&HASH));
        let itself = sign(&signer, &HASH);
        for (scheme, takes_personal, takes_itself) in [
            (SignatureScheme::Either, true, true),
            (SignatureScheme::Eip191, true, false),
            (SignatureScheme::Digest, false, true),
            (SignatureScheme::None, true, true),
        ] {
            assert_eq!(verifies(scheme, &validator, &personal), takes_personal, "{scheme:?}");
            assert_eq!(verifies(scheme, &validator, &itself), takes_itself, "{scheme:?}");
        }
        let either = |first, signature: &[u8]| check(SignatureScheme::Either, &validator, &HASH, signature, first);
        assert_eq!(either(Signed::Itself, &personal), Ok(Signed::Personal));
        assert_eq!(either(Signed::Personal, &itself), Ok(Signed::Itself));
    }

    #[test]
    fn what_is_not_the_validators_is_refused_with_whose_it_is() {
        let signer = key(b"cow");
        let other = address_of(&key(b"calf"));
        let signature = sign(&signer, &HASH);
        let error = check(SignatureScheme::Either, &other, &HASH, &signature, Signed::Itself).unwrap_err();
        assert_eq!(error.code, SqlState::BAD_SIGNATURE);
        assert!(error
            .detail
            .unwrap()
            .contains(&format!("of the hash itself it is {}'s", hex_text::show(&address_of(&signer)))));
        assert!(error.hint.is_some());
    }

    #[test]
    fn forms_that_no_signer_makes_are_refused() {
        let signer = key(b"cow");
        let validator = address_of(&signer);
        let good = sign(&signer, &HASH);
        assert!(verifies(SignatureScheme::Digest, &validator, &good));
        let mut without_27 = good;
        without_27[64] -= 27;
        assert!(verifies(SignatureScheme::Digest, &validator, &without_27));
        assert!(!verifies(SignatureScheme::Digest, &validator, &high_twin(&good)));
        for v in [2, 3, 26, 29, 255] {
            let mut other = good;
            other[64] = v;
            assert!(!verifies(SignatureScheme::Digest, &validator, &other), "{v}");
        }
        let mut other_parity = good;
        other_parity[64] ^= 27 ^ 28;
        assert!(!verifies(SignatureScheme::Either, &validator, &other_parity));
        for scheme in [SignatureScheme::Either, SignatureScheme::Ed25519, SignatureScheme::Bls12381] {
            for (validator, signature) in [(&validator[..], &good[..64]), (&[0; 48], &[0; 96]), (&[0; 32], &[0; 64])] {
                assert!(!verifies(scheme, validator, signature), "{scheme:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic_or_a_signature(
            validator in prop::collection::vec(any::<u8>(), 0..50),
            signature in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            for scheme in SignatureScheme::ALL {
                prop_assert_eq!(verifies(scheme, &validator, &signature), scheme == SignatureScheme::None);
            }
        }

        #[test]
        fn a_changed_bit_is_noticed(seed: [u8; 8], bit in 0_usize..512) {
            let signer = key(&seed);
            let mut signature = sign(&signer, &HASH);
            prop_assert!(verifies(SignatureScheme::Either, &address_of(&signer), &signature));
            signature[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!verifies(SignatureScheme::Either, &address_of(&signer), &signature));
            let other = keccak256(&seed);
            prop_assert!(check(SignatureScheme::Either, &address_of(&signer), &other, &signature, Signed::Itself).is_err());
        }
    }
}
