//! ECDSA on secp256k1: public keys, and the one that a signature gives away.

use super::address::Address;
use super::keccak::keccak256;
use crate::duty::error::{Error, SqlState};
use crate::duty::hex_text;
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use k256::elliptic_curve::scalar::IsHigh;
use k256::NonZeroScalar;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// 64 bytes x, y; 65 bytes 04, x, y; or 33 bytes 02 or 03, x.
    pub fn parse(argument: &str, bytes: &[u8]) -> Result<Self, Error> {
        let key = match (bytes.len(), bytes.first()) {
            (64, _) => VerifyingKey::from_sec1_bytes(&[&[4], bytes].concat()),
            (65, Some(4)) | (33, Some(2 | 3)) => VerifyingKey::from_sec1_bytes(bytes),
            (65 | 33, _) => {
                return Err(not_a_key(argument, "begins with a byte that no such public key begins with")
                    .hint("65 bytes begin with 04, and 33 bytes with 02 or 03."))
            }
            (length, _) => return Err(hex_text::wrong_length(argument, length, "33, 64 or 65")),
        };
        key.map(Self).map_err(|_| {
            not_a_key(argument, "is not a point of secp256k1").hint("Compare the public key with its source.")
        })
    }

    /// The last 20 bytes of the hash of x and y.
    pub fn address(&self) -> Address {
        let point = self.0.to_sec1_point(false);
        let hash = keccak256(point.as_bytes().get(1..).unwrap_or_default());
        let mut address = [0; 20];
        address.copy_from_slice(&hash[12..]);
        address
    }
}

fn not_a_key(argument: &str, fault: &str) -> Error {
    Error::argument(SqlState::INVALID_TEXT_REPRESENTATION, argument, format!("{argument} {fault}"))
}

/// Why a signature is nobody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("r is 0 or not below the order of secp256k1")]
    R,
    #[error("s is 0 or not below the order of secp256k1")]
    S,
    /// Who has a signature can make a second one of it with the other s. Only the low one counts (EIP-2, EIP-2098).
    #[error("s is above half the order of secp256k1")]
    HighS,
    #[error("v is {0}, and must be 0, 1, 27 or 28")]
    V(u8),
    #[error("no public key has this signature of this digest")]
    NoKey,
}

/// The key that has signed: of 65 bytes r, s, v.
pub fn recover(digest: &[u8; 32], signature: &[u8; 65]) -> Result<PublicKey, Refused> {
    let (r, rest) = signature.split_at(32);
    let (s, v) = rest.split_at(32);
    let is_y_odd = match v {
        [0 | 27] => false,
        [1 | 28] => true,
        [other, ..] => return Err(Refused::V(*other)),
        [] => return Err(Refused::NoKey),
    };
    let r = NonZeroScalar::try_from(r).map_err(|_| Refused::R)?;
    let s = NonZeroScalar::try_from(s).map_err(|_| Refused::S)?;
    if s.is_high().into() {
        return Err(Refused::HighS);
    }
    let signature = Signature::from_scalars(r.to_bytes(), s.to_bytes()).map_err(|_| Refused::NoKey)?;
    VerifyingKey::recover_from_prehash(digest, &signature, RecoveryId::new(is_y_odd, false))
        .map(PublicKey)
        .map_err(|_| Refused::NoKey)
}

/// Who is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    Address(Address),
    Key(PublicKey),
}

impl Signer {
    /// A 20-byte address, or a public key of 33, 64 or 65 bytes.
    pub fn parse(argument: &str, bytes: &[u8]) -> Result<Self, Error> {
        match bytes.len() {
            20 => {
                let mut address = [0; 20];
                address.copy_from_slice(bytes);
                Ok(Self::Address(address))
            }
            33 | 64 | 65 => PublicKey::parse(argument, bytes).map(Self::Key),
            length => Err(hex_text::wrong_length(argument, length, "20, 33, 64 or 65")),
        }
    }

    pub fn has_signed(&self, digest: &[u8; 32], signature: &[u8; 65]) -> bool {
        match (recover(digest, signature), self) {
            (Ok(key), Self::Address(address)) => key.address() == *address,
            (Ok(key), Self::Key(expected)) => key == *expected,
            (Err(_), _) => false,
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::crypto::eip191::personal_digest;
    use k256::ecdsa::SigningKey;
    use proptest::prelude::*;

    const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    /// Half of it, rounded down: the greatest s that counts.
    const HALF: &str = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    fn signature(r: &str, s: &str, v: u8) -> [u8; 65] {
        bytes(&format!("{r}{s}{v:02x}"))
    }

    /// The hash of a word as a secret.
    pub fn key(word: &[u8]) -> SigningKey {
        SigningKey::from_slice(&keccak256(word)).unwrap()
    }

    /// The key of EIP-712's and EIP-191's examples.
    fn cow() -> SigningKey {
        key(b"cow")
    }

    pub fn address_of(key: &SigningKey) -> Address {
        PublicKey(*key.verifying_key()).address()
    }

    pub fn sign(key: &SigningKey, digest: &[u8; 32]) -> [u8; 65] {
        let (signature, id) = key.sign_prehash_recoverable(digest);
        let signature = signature.to_bytes();
        [&signature[..], &[27 + id.to_byte()]].concat().try_into().unwrap()
    }

    #[test]
    fn the_signature_of_eip_712s_example() {
        let digest = bytes("be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");
        let signature = signature(
            "4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d",
            "07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b91562",
            28,
        );
        let address = bytes("cd2a3d9f938e13cd947ec05abc7fe734df8dd826");
        assert_eq!(recover(&digest, &signature).unwrap().address(), address);
        assert_eq!(recover(&digest, &signature).unwrap(), PublicKey(*cow().verifying_key()));
        assert!(Signer::Address(address).has_signed(&digest, &signature));
        assert!(!Signer::Address([0; 20]).has_signed(&digest, &signature));
    }

    /// web3.js' documentation of eth.accounts.sign and recover.
    #[test]
    fn a_personal_message_of_another_library() {
        let digest = personal_digest(b"Some data");
        assert_eq!(hex::encode(digest), "1da44b586eb0729ff70a73c326926f6ed5a25f5b056e7f47fbc6e58d86871655");
        let signature = signature(
            "b91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd",
            "6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a029",
            28,
        );
        let address = recover(&digest, &signature).unwrap().address();
        assert_eq!(hex::encode(address), "2c7536e3605d9c16a7a3d7b1898e529396a65c23");
    }

    #[test]
    fn every_form_of_a_key_has_the_same_address() {
        // The key 1: its public key is the generator.
        let x = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
        let y = "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
        for key in [format!("{x}{y}"), format!("04{x}{y}"), format!("02{x}")] {
            let key = PublicKey::parse("public_key", &hex::decode(key).unwrap()).unwrap();
            assert_eq!(hex::encode(key.address()), "7e5f4552091a69125d5dfcb7b8c2659029395bdf");
        }
        let other = PublicKey::parse("public_key", &hex::decode(format!("03{x}")).unwrap()).unwrap();
        assert_ne!(hex::encode(other.address()), "7e5f4552091a69125d5dfcb7b8c2659029395bdf");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let zeros = |first: u8, length: usize| {
            let mut key = vec![0; length];
            key[0] = first;
            key
        };
        for key in [
            vec![],
            vec![0],
            zeros(0, 32),
            zeros(0, 64),
            zeros(4, 65),
            zeros(6, 65),
            zeros(7, 65),
            zeros(2, 65),
            zeros(4, 33),
            zeros(5, 33),
            zeros(0, 33),
            vec![0xff; 33],
            [vec![2], vec![0xff; 32]].concat(),
            vec![0; 66],
        ] {
            let error = PublicKey::parse("public_key", &key).unwrap_err();
            assert_eq!(error.code, SqlState::INVALID_TEXT_REPRESENTATION, "{key:?}");
            assert_eq!(error.detail.as_deref(), Some("Argument: public_key."));
            assert!(error.hint.is_some());
        }
    }

    #[test]
    fn a_signature_has_one_form() {
        let zero = "00".repeat(32);
        let one = format!("{}01", "00".repeat(31));
        let digest = keccak256(b"");
        assert_eq!(recover(&digest, &signature(&zero, &one, 27)), Err(Refused::R));
        assert_eq!(recover(&digest, &signature(ORDER, &one, 27)), Err(Refused::R));
        assert_eq!(recover(&digest, &signature(&"ff".repeat(32), &one, 27)), Err(Refused::R));
        assert_eq!(recover(&digest, &signature(&one, &zero, 27)), Err(Refused::S));
        assert_eq!(recover(&digest, &signature(&one, ORDER, 27)), Err(Refused::S));
        assert!(recover(&digest, &signature(&one, HALF, 27)).is_ok());
        let above = format!("{}a1", &HALF[..62]);
        assert_eq!(recover(&digest, &signature(&one, &above, 27)), Err(Refused::HighS));
        // No point has x = 5.
        let five = format!("{}05", "00".repeat(31));
        assert_eq!(recover(&digest, &signature(&five, &one, 27)), Err(Refused::NoKey));
        for v in 0..=255 {
            let recovered = recover(&digest, &signature(&one, &one, v));
            match v {
                0 | 1 | 27 | 28 => assert!(recovered.is_ok(), "{v}"),
                _ => assert_eq!(recovered, Err(Refused::V(v))),
            }
        }
    }

    /// The other signature that verifies for who counts high ones.
    pub fn high_twin(low: &[u8; 65]) -> [u8; 65] {
        let s = NonZeroScalar::try_from(&low[32..64]).unwrap();
        let mut high = *low;
        high[32..64].copy_from_slice(&(-*s).to_bytes());
        high[64] = if low[64] == 27 { 28 } else { 27 };
        high
    }

    #[test]
    fn the_high_twin_of_a_signature_does_not_verify() {
        let digest = keccak256(b"twin");
        let low = sign(&cow(), &digest);
        let high = high_twin(&low);
        assert_eq!(recover(&digest, &high), Err(Refused::HighS));
        let signer = Signer::Key(PublicKey(*cow().verifying_key()));
        assert!(signer.has_signed(&digest, &low));
        assert!(!signer.has_signed(&digest, &high));
    }

    proptest! {
        #[test]
        fn who_signs_is_recovered(secret: [u8; 32], digest: [u8; 32], other: [u8; 32], bit in 0..512_usize) {
            let Ok(key) = SigningKey::from_slice(&secret) else { return Ok(()) };
            let public = PublicKey(*key.verifying_key());
            let mut signature = sign(&key, &digest);
            for signer in [Signer::Key(public), Signer::Address(public.address())] {
                prop_assert!(signer.has_signed(&digest, &signature));
                prop_assert!(other == digest || !signer.has_signed(&other, &signature));
            }
            signature[64] -= 27;
            prop_assert_eq!(recover(&digest, &signature), Ok(public));
            signature[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!Signer::Key(public).has_signed(&digest, &signature));
        }

        #[test]
        fn no_bytes_are_a_panic(
            digest: [u8; 32],
            signature in prop::collection::vec(any::<u8>(), 64),
            v in 0..4_u8,
            key in prop::collection::vec(any::<u8>(), 0..70),
        ) {
            let v = [0, 1, 27, 255][usize::from(v)];
            let signature: [u8; 65] = [signature, vec![v]].concat().try_into().unwrap();
            let _ = recover(&digest, &signature);
            let _ = Signer::parse("signer", &key);
            for first in [2, 3, 4] {
                let _ = Signer::parse("signer", &[&[first], &key[..]].concat());
            }
        }
    }
}
