//! ed25519 (RFC 8032), as strictly as it can be verified: what every other verifier takes or refuses for one reason or another
//! is refused here. A signer of the standard makes nothing of that kind.

use ed25519_dalek::{Signature, VerifyingKey};

/// Has this key given this signature (RFC 8032, section 5.1.7)? `message`: the bytes that were signed, of any number.
/// `signature`: R and S.
///
/// False also for a key that is none, for S not below the order of the group, and for R of small order or not in its one
/// encoding: with these, anybody could make a second signature of one, or one that verifies for many messages.
pub fn has_signed(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    key(public_key).is_some_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
}

/// Whether somebody can have the secret of this key: a point in its one encoding, and not of small order.
pub fn is_key(public_key: &[u8; 32]) -> bool {
    key(public_key).is_some()
}

fn key(bytes: &[u8; 32]) -> Option<VerifyingKey> {
    let key = VerifyingKey::from_bytes(bytes).ok()?;
    // Reading a point takes y beyond the prime, too, as another spelling of a smaller one.
    let is_canonical = key.to_edwards().compress().as_bytes() == bytes;
    (is_canonical && !key.is_weak()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};
    use proptest::prelude::*;

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    /// Adds two numbers whose least byte comes first.
    fn sum(one: &[u8; 32], other: &[u8; 32]) -> [u8; 32] {
        let mut carry = 0;
        std::array::from_fn(|place| {
            let digit = u16::from(one[place]) + u16::from(other[place]) + carry;
            carry = digit >> 8;
            digit.to_le_bytes()[0]
        })
    }

    /// The order of the group, least byte first (RFC 8032, section 5.1).
    const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

    /// RFC 8032, section 7.1: secret, public key, message, signature of tests 1, 2, 3 and SHA(abc).
    const RFC8032: [[&str; 4]; 4] = [
        [
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ],
        [
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ],
        [
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ],
        [
            "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
        ],
    ];

    #[test]
    fn the_vectors_of_the_rfc() {
        for [secret, public, message, signature] in RFC8032 {
            let (public, message, signature) = (bytes(public), hex::decode(message).unwrap(), bytes(signature));
            assert!(is_key(&public));
            assert!(has_signed(&public, &message, &signature));
            assert!(!has_signed(&public, &[&message[..], b"\0"].concat(), &signature));
            assert_eq!(SigningKey::from_bytes(&bytes(secret)).sign(&message).to_bytes(), signature);
            for [_, other, _, _] in RFC8032.iter().filter(|other| bytes::<32>(other[1]) != public) {
                assert!(!has_signed(&bytes(other), &message, &signature));
            }
        }
    }

    #[test]
    fn the_second_signature_that_can_be_made_of_one_does_not_verify() {
        for [_, public, message, signature] in RFC8032 {
            let mut other: [u8; 64] = bytes(signature);
            let s = other[32..].try_into().unwrap();
            other[32..].copy_from_slice(&sum(&s, &bytes(ORDER)));
            assert!(!has_signed(&bytes(public), &hex::decode(message).unwrap(), &other));
        }
    }

    /// The points whose multiple by 8 is nothing, in every encoding that some verifier takes: y is 1, -1, 0, or one of two
    /// with order 8; each with either sign, and beyond the prime where there is room.
    fn of_small_order() -> Vec<[u8; 32]> {
        let encodings = [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ];
        let mut points: Vec<[u8; 32]> = encodings.into_iter().map(bytes).collect();
        for mut point in points.clone() {
            point[31] |= 0x80;
            points.push(point);
        }
        points
    }

    /// With such a key R = S = 0 verifies for every eighth message at least, where it is taken.
    #[test]
    fn nobody_signs_with_a_point_of_small_order() {
        for public in of_small_order() {
            assert!(!is_key(&public), "{public:02x?}");
            for r in of_small_order() {
                let signature: [u8; 64] = [r, [0; 32]].concat().try_into().unwrap();
                for message in 0..8_u8 {
                    assert!(!has_signed(&public, &[message], &signature));
                }
            }
        }
    }

    #[test]
    fn a_key_has_one_encoding() {
        // y = 3 is a point, not of small order, and so would be 3 beyond the prime.
        let mut key = [0; 32];
        key[0] = 3;
        assert!(is_key(&key));
        let prime = bytes("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
        assert!(!is_key(&sum(&key, &prime)));
        // No point has y = 2.
        key[0] = 2;
        assert!(!is_key(&key));
        assert!(!has_signed(&key, b"", &[0; 64]));
    }

    proptest! {
        #[test]
        fn no_flipped_bit_verifies(secret: [u8; 32], message: [u8; 32], place in 0..(32 + 32 + 64) * 8_usize) {
            let key = SigningKey::from_bytes(&secret);
            let signature = key.sign(&message).to_bytes();
            let public = key.verifying_key().to_bytes();
            prop_assert!(has_signed(&public, &message, &signature));
            let mut all = [&public[..], &message, &signature].concat();
            all[place / 8] ^= 1 << (place % 8);
            let (public, rest) = all.split_at(32);
            let (message, signature) = rest.split_at(32);
            prop_assert!(!has_signed(public.try_into().unwrap(), message, signature.try_into().unwrap()));
        }

        #[test]
        fn no_bytes_are_a_panic(public: [u8; 32], message: Vec<u8>, r: [u8; 32], s: [u8; 32]) {
            let signature = [r, s].concat().try_into().unwrap();
            prop_assert!(!has_signed(&public, &message, &signature));
        }
    }
}
