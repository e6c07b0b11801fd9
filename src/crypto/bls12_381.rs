//! BLS signatures on BLS12-381, as Ethereum's consensus has them: public keys in G1, signatures in G2.

use blst::min_pk::{PublicKey, Signature};
use blst::BLST_ERROR;

/// The ciphersuite of Ethereum's consensus (phase 0, `beacon-chain.md`, "BLS signatures").
const CIPHERSUITE: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// Has this key given this signature (draft-irtf-cfrg-bls-signature, CoreVerify)? `public_key`: a compressed point of G1.
/// `message`: the bytes that were signed; in Ethereum the 32 of the signing root. `signature`: a compressed point of G2.
///
/// False also for a key that is none, and for a signature that is no point, not in the subgroup, or infinity.
pub fn has_signed(public_key: &[u8; 48], message: &[u8], signature: &[u8; 96]) -> bool {
    let Some(key) = key(public_key) else { return false };
    // Not only the pairing's business: beside the subgroup a signature would have a second form.
    let Ok(signature) = Signature::sig_validate(signature, true) else { return false };
    // Key and signature are in their groups, as was seen above; it need not be seen again.
    signature.verify(false, message, CIPHERSUITE, &[], &key, false) == BLST_ERROR::BLST_SUCCESS
}

/// Whether somebody can have the secret of this key (KeyValidate): a point in its one encoding, in the subgroup, and not
/// infinity, whose secret is 0 and with which anybody has signed everything.
pub fn is_key(public_key: &[u8; 48]) -> bool {
    key(public_key).is_some()
}

fn key(bytes: &[u8; 48]) -> Option<PublicKey> {
    PublicKey::key_validate(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use blst::min_pk::SecretKey;
    use proptest::prelude::*;

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    /// Secret, public key, and the signatures of 32 bytes 00, 56 and ab: the sign and verify cases of Ethereum's consensus
    /// tests (ethereum/bls12-381-tests), computed again with py_ecc 8.0.0, which these cases were made with.
    const ETHEREUM: [[&str; 5]; 3] = [
        [
            "263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3",
            "a491d1b0ecd9bb917989f0e74f0dea0422eac4a873e5e2644f368dffb9a6e20fd6e10c1b77654d067c0618f6e5a7f79a",
            "b6ed936746e01f8ecf281f020953fbf1f01debd5657c4a383940b020b26507f6076334f91e2366c96e9ab279fb5158090352ea1c5b0c9274504f4f0e7053af24802e51e4568d164fe986834f41e55c8e850ce1f98458c0cfc9ab380b55285a55",
            "882730e5d03f6b42c3abc26d3372625034e1d871b65a8a6b900a56dae22da98abbe1b68f85e49fe7652a55ec3d0591c20767677e33e5cbb1207315c41a9ac03be39c2e7668edc043d6cb1d9fd93033caa8a1c5b0e84bedaeb6c64972503a43eb",
            "91347bccf740d859038fcdcaf233eeceb2a436bcaaee9b2aa3bfb70efe29dfb2677562ccbea1c8e061fb9971b0753c240622fab78489ce96768259fc01360346da5b9f579e5da0d941e4c6ba18a0e64906082375394f337fa1af2b7127b0d121",
        ],
        [
            "47b8192d77bf871b62e87859d653922725724a5c031afeabc60bcef5ff665138",
            "b301803f8b5ac4a1133581fc676dfedc60d891dd5fa99028805e5ea5b08d3491af75d0707adab3b70c6a6a580217bf81",
            "b23c46be3a001c63ca711f87a005c200cc550b9429d5f4eb38d74322144f1b63926da3388979e5321012fb1a0526bcd100b5ef5fe72628ce4cd5e904aeaa3279527843fae5ca9ca675f4f51ed8f83bbf7155da9ecc9663100a885d5dc6df96d9",
            "af1390c3c47acdb37131a51216da683c509fce0e954328a59f93aebda7e4ff974ba208d9a4a2a2389f892a9d418d618418dd7f7a6bc7aa0da999a9d3a5b815bc085e14fd001f6a1948768a3f4afefc8b8240dda329f984cb345c6363272ba4fe",
            "9674e2228034527f4c083206032b020310face156d4a4685e2fcaec2f6f3665aa635d90347b6ce124eb879266b1e801d185de36a0a289b85e9039662634f2eea1e02e670bc7ab849d006a70b2f93b84597558a05b879c8d445f387a5d5b653df",
        ],
        [
            "328388aff0d4a5b7dc9205abd374e7e98f3cd9f3418edb4eafda5fb16473d216",
            "b53d21a4cfd562c469cc81514d4ce5a6b577d8403d32a394dc265dd190b47fa9f829fdd7963afdf972e5e77854051f6f",
            "948a7cb99f76d616c2c564ce9bf4a519f1bea6b0a624a02276443c245854219fabb8d4ce061d255af5330b078d5380681751aa7053da2c98bae898edc218c75f07e24d8802a17cd1f6833b71e58f5eb5b94208b4d0bb3848cecb075ea21be115",
            "a4efa926610b8bd1c8330c918b7a5e9bf374e53435ef8b7ec186abf62e1b1f65aeaaeb365677ac1d1172a1f5b44b4e6d022c252c58486c0a759fbdc7de15a756acc4d343064035667a594b4c2a6f0b0b421975977f297dba63ee2f63ffe47bb6",
            "ae82747ddeefe4fd64cf9cedb9b04ae3e8a43420cd255e3c7cd06a8d88b7c7f8638543719981c5d16fa3527c468c25f0026704a6951bde891360c7e8d12ddee0559004ccdbe6046b55bae1b257ee97f7cdb955773d7cf29adf3ccbb9975e4eb9",
        ],
    ];

    const MESSAGES: [[u8; 32]; 3] = [[0; 32], [0x56; 32], [0xab; 32]];

    /// The first byte of a compressed point says so (80), that it is infinity (40), and which of two y it has (20).
    fn point<const N: usize>(first: u8, last: u8) -> [u8; N] {
        let mut point = [0; N];
        point[0] = first;
        point[N - 1] = last;
        point
    }

    #[test]
    fn the_vectors_of_ethereums_consensus() {
        for (number, [secret, public, signatures @ ..]) in ETHEREUM.into_iter().enumerate() {
            let public = bytes(public);
            assert!(is_key(&public));
            let secret = SecretKey::from_bytes(&bytes::<32>(secret)).unwrap();
            for (message, signature) in MESSAGES.iter().zip(signatures) {
                let signature = bytes(signature);
                assert_eq!(secret.sign(message, CIPHERSUITE, &[]).to_bytes(), signature);
                assert!(has_signed(&public, message, &signature));
                assert!(!has_signed(&public, &[1; 32], &signature));
                assert!(!has_signed(&bytes(ETHEREUM[(number + 1) % 3][1]), message, &signature));
                // "verify_tampered_signature_case": the last four bytes are ff.
                let mut tampered = signature;
                tampered[92..].fill(0xff);
                assert!(!has_signed(&public, message, &tampered));
            }
        }
    }

    #[test]
    fn another_ciphersuite_is_another_signature() {
        let [secret, public, ..] = ETHEREUM[0];
        let secret = SecretKey::from_bytes(&bytes::<32>(secret)).unwrap();
        let signature = secret.sign(&MESSAGES[0], b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_", &[]).to_bytes();
        assert!(!has_signed(&bytes(public), &MESSAGES[0], &signature));
    }

    /// "verify_infinity_pubkey_and_infinity_signature": the pairing alone would take it for every message.
    #[test]
    fn infinity_has_signed_nothing() {
        let [_, public, signature, ..] = ETHEREUM[0];
        for message in MESSAGES {
            assert!(!has_signed(&point(0xc0, 0), &message, &point(0xc0, 0)));
            assert!(!has_signed(&bytes(public), &message, &point(0xc0, 0)));
            assert!(!has_signed(&point(0xc0, 0), &message, &bytes(signature)));
        }
        for first in [0xc0, 0xe0, 0x40, 0x60] {
            assert!(!is_key(&point(first, 0)));
            assert!(!is_key(&point(first, 1)));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(!is_key(&[0; 48]));
        assert!(!is_key(&[0xff; 48]));
        // x = 4, like 0, is on the curve and outside the subgroup; x = 1 is not on the curve.
        assert!(PublicKey::uncompress(&point::<48>(0x80, 4)).is_ok());
        for first in [0x80, 0xa0] {
            for x in [0, 1, 4] {
                assert!(!is_key(&point(first, x)));
            }
        }
        // Only the compressed form of a key is one.
        let mut key: [u8; 48] = bytes(ETHEREUM[0][1]);
        key[0] &= 0x7f;
        assert!(!is_key(&key));
    }

    #[test]
    fn a_coordinate_is_below_the_prime() {
        let prime: [u8; 48] =
            bytes("1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab");
        // x = 4 is a point; so it would be 4 beyond the prime.
        let mut beyond = prime;
        beyond[47] += 4;
        beyond[0] |= 0x80;
        assert!(PublicKey::uncompress(&point::<48>(0x80, 4)).is_ok());
        assert!(PublicKey::uncompress(&beyond).is_err());
        assert!(!is_key(&beyond));
    }

    #[test]
    fn a_signature_is_in_its_subgroup_and_has_one_form() {
        let [_, public, signature, ..] = ETHEREUM[0];
        let (public, signature): ([u8; 48], [u8; 96]) = (bytes(public), bytes(signature));
        // x = 2 is on the curve and outside the subgroup.
        assert!(Signature::uncompress(&point::<96>(0x80, 2)).is_ok());
        assert!(Signature::sig_validate(&point::<96>(0x80, 2), true).is_err());
        assert!(!has_signed(&public, &MESSAGES[0], &point(0x80, 2)));
        assert!(!has_signed(&public, &MESSAGES[0], &point(0xa0, 2)));
        for flag in [0x80, 0x40, 0x20] {
            let mut other = signature;
            other[0] ^= flag;
            assert!(!has_signed(&public, &MESSAGES[0], &other));
            let mut other = signature;
            other[48] ^= flag;
            assert!(!has_signed(&public, &MESSAGES[0], &other));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_flipped_bit_verifies(seed: [u8; 32], message: [u8; 32], place in 0..(48 + 32 + 96) * 8_usize) {
            let secret = SecretKey::key_gen(&seed, &[]).unwrap();
            let signature = secret.sign(&message, CIPHERSUITE, &[]).to_bytes();
            let public = secret.sk_to_pk().to_bytes();
            prop_assert!(has_signed(&public, &message, &signature));
            let mut all = [&public[..], &message, &signature].concat();
            all[place / 8] ^= 1 << (place % 8);
            let (public, rest) = all.split_at(48);
            let (message, signature) = rest.split_at(32);
            prop_assert!(!has_signed(public.try_into().unwrap(), message, signature.try_into().unwrap()));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(x: [u8; 48], message: Vec<u8>, y: [[u8; 48]; 2]) {
            prop_assert!(!has_signed(&x, &message, &y.concat().try_into().unwrap()));
        }
    }
}
