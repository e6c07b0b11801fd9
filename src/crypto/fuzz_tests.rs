//! Everything here that reads what a client sends, with inputs that nobody thought of.

use super::secp256k1::PublicKey;
use super::signer::Signer;
use super::{address, bls12_381, ed25519, eip712, secp256k1};
use crate::fuzz::dice::Dice;
use crate::fuzz::json::{self, Format};
use crate::fuzz::{change, every_case};
use ed25519_dalek::Signer as _;
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[test]
fn addresses() {
    every_case("addresses", |dice| {
        let valid = address::checksummed(&dice.bytes());
        let text = change::text(dice, &[&valid, &valid.to_lowercase()]);
        if let Ok(address) = address::parse("address", &text) {
            let shown = address::checksummed(&address);
            assert!(shown.eq_ignore_ascii_case(&text));
            assert_eq!(address::parse("address", &shown), Ok(address));
        }
    });
}

#[test]
fn public_keys_and_signers() {
    every_case("public_keys_and_signers", |dice| {
        let secret = k256::ecdsa::SigningKey::from_slice(&dice.bytes::<32>()).unwrap();
        let compressed = secret.verifying_key().to_sec1_point(true);
        let whole = secret.verifying_key().to_sec1_point(false);
        let bytes = change::bytes(dice, &[compressed.as_bytes(), whole.as_bytes(), &whole.as_bytes()[1..]]);
        if let Ok(key) = PublicKey::parse("public_key", &bytes) {
            let x = if bytes.len() == 64 { &bytes[..32] } else { &bytes[1..33] };
            // The other form of what was read is the same key.
            let even = [&[2], x].concat();
            let odd = [&[3], x].concat();
            assert!([even, odd].iter().any(|form| PublicKey::parse("public_key", form) == Ok(key)));
        }
        if let Ok(signer) = Signer::parse("signer", &bytes) {
            let signature = dice.bytes::<65>();
            assert_eq!(
                signer.has_signed("signature", &dice.bytes(), &signature).ok(),
                (bytes.len() != 32 && bytes.len() != 48).then_some(false)
            );
        }
    });
}

/// v says the same in both of its forms.
fn one_form(mut signature: [u8; 65]) -> [u8; 65] {
    if [27, 28].contains(&signature[64]) {
        signature[64] -= 27;
    }
    signature
}

/// Either the digest or the signature, as one of two is enough.
fn changed<const N: usize>(dice: &mut Dice, digest: &[u8; 32], signature: &[u8; N]) -> ([u8; 32], [u8; N]) {
    match dice.below(8) {
        0 => (change::array(dice, digest), *signature),
        1 => (change::array(dice, digest), change::array(dice, signature)),
        _ => (*digest, change::array(dice, signature)),
    }
}

#[test]
fn signatures_of_secp256k1() {
    every_case("signatures_of_secp256k1", |dice| {
        let secret = k256::ecdsa::SigningKey::from_slice(&dice.bytes::<32>()).unwrap();
        let digest = dice.bytes();
        let (rs, id) = secret.sign_prehash_recoverable(&digest);
        let signature: [u8; 65] = [&rs.to_bytes()[..], &[27 + id.to_byte()]].concat().try_into().unwrap();
        let public = secret.verifying_key().to_sec1_point(true);
        let signer = secp256k1::Signer::parse("signer", public.as_bytes()).unwrap();
        assert!(signer.has_signed(&digest, &signature));
        let (other_digest, mut other) = changed(dice, &digest, &signature);
        match dice.below(8) {
            0 => other[64] = signature[64],
            // The second signature that anybody can make of it.
            1 => {
                other = signature;
                other[32..64].copy_from_slice(&(-*rs.s()).to_bytes());
                other[64] = 55 - other[64];
            }
            _ => {}
        }
        let same = other_digest == digest && one_form(other) == one_form(signature);
        assert_eq!(signer.has_signed(&other_digest, &other), same, "{other:02x?}");
    });
}

#[test]
fn signatures_of_ed25519() {
    every_case("signatures_of_ed25519", |dice| {
        let secret = ed25519_dalek::SigningKey::from_bytes(&dice.bytes());
        let (key, digest) = (secret.verifying_key().to_bytes(), dice.bytes());
        let signature = secret.sign(&digest).to_bytes();
        let (other_digest, other) = changed(dice, &digest, &signature);
        let other_key = if dice.one_in(4) { change::array(dice, &key) } else { key };
        let same = (other_digest, other, other_key) == (digest, signature, key);
        assert_eq!(ed25519::has_signed(&other_key, &other_digest, &other), same, "{other_key:02x?} {other:02x?}");
    });
}

#[test]
fn signatures_of_bls12_381() {
    // Made once, as making one takes as long as a hundred of the cases in which the signature is no point.
    let secret = blst::min_pk::SecretKey::key_gen(&[7; 32], &[]).unwrap();
    let (key, digest) = (secret.sk_to_pk().to_bytes(), [0xab; 32]);
    let signature = secret.sign(&digest, b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_", &[]).to_bytes();
    assert!(bls12_381::has_signed(&key, &digest, &signature));
    every_case("signatures_of_bls12_381", move |dice| {
        let (other_digest, other) = if dice.one_in(20) {
            changed(dice, &digest, &signature)
        } else {
            (digest, change::array(dice, &signature))
        };
        let other_key = if dice.one_in(4) { change::array(dice, &key) } else { key };
        let same = (other_digest, other, other_key) == (digest, signature, key);
        assert_eq!(bls12_381::has_signed(&other_key, &other_digest, &other), same, "{other_key:02x?} {other:02x?}");
    });
}

const WORDS: [&str; 37] = [
    "types",
    "primaryType",
    "domain",
    "message",
    "EIP712Domain",
    "name",
    "version",
    "chainId",
    "verifyingContract",
    "salt",
    "type",
    "Mail",
    "Person",
    "Node",
    "All",
    "from",
    "to",
    "wallet",
    "contents",
    "left",
    "Person[]",
    "Person[2][]",
    "Node[]",
    "uint8",
    "uint256",
    "int8",
    "bytes",
    "bytes4",
    "bytes32",
    "string",
    "address",
    "bool",
    "uint8[18446744073709551616]",
    "uint8[0]",
    "0x00000001",
    "115792089237316195423570985008687907853269984665640564039457584007913129639936",
    "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826",
];

/// A type of so many dimensions, and a value that has as many or about as many.
fn nested_arrays(dice: &mut Dice) -> String {
    let dimensions = dice.size(2000);
    let depth = if dice.one_in(2) { dimensions } else { dice.size(2000) };
    let kind = format!("uint8{}", "[]".repeat(dimensions));
    let types = json!({"A": [{"name": "a", "type": kind}]});
    let value = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    format!("{{\"types\": {types}, \"primaryType\": \"A\", \"domain\": {{}}, \"message\": {{\"a\": {value}}}}}")
}

#[test]
fn typed_data() {
    let field = |name: &str, kind: &str| json!({"name": name, "type": kind});
    let domain = json!({"name": "Ether Mail", "version": "1", "chainId": 1, "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"});
    let person = json!({"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"});
    let valid = vec![
        json!({
            "types": {"Person": [field("name", "string"), field("wallet", "address")],
                      "Mail": [field("from", "Person"), field("to", "Person[2][]"), field("contents", "string")]},
            "primaryType": "Mail", "domain": domain,
            "message": {"from": person, "to": [[person, person], [person, person]], "contents": "Hello"},
        }),
        json!({
            "types": {"Node": [field("left", "Node"), field("all", "Node[]"), field("n", "int8")]},
            "primaryType": "Node", "domain": {"salt": format!("0x{}", "11".repeat(32))},
            "message": {"left": {"left": null, "all": [], "n": -128}, "all": [null, {"left": null, "all": [], "n": "0x7f"}], "n": 0},
        }),
        json!({
            "types": {"All": [field("a", "uint256"), field("b", "int256"), field("c", "bool"), field("d", "bytes"), field("e", "bytes4"),
                              field("f", "uint8[2]"), field("g", "string[]")]},
            "primaryType": "All", "domain": {},
            "message": {"a": "115792089237316195423570985008687907853269984665640564039457584007913129639935", "b": -1, "c": true,
                        "d": "0x00ff", "e": "0x01020304", "f": [0, 255], "g": ["", "\u{e9}"]},
        }),
    ];
    assert!(valid.iter().all(|data| eip712::digest(&data.to_string()).is_ok()));
    let nests = &[["{\"left\":", "null", ",\"all\":[],\"n\":0}"], ["{\"n\":0,\"left\":null,\"all\":[", "", "]}"]];
    let format = Format { valid, words: &WORDS, nests };
    every_case("typed_data", move |dice| {
        let text = if dice.one_in(50) { nested_arrays(dice) } else { json::text(dice, &format) };
        if let Err(error) = eip712::digest(&text) {
            assert!(error.hint.is_some() && error.detail.is_some());
            assert!(error.message.len() < 6000, "{}", error.message);
        }
        // Parts are read as they are written: a tree would not keep the digits of long numbers.
        if let Ok(parts) = serde_json::from_str::<BTreeMap<String, &RawValue>>(&text) {
            let part = |name: &str| parts.get(name).map_or("{}", |part| part.get());
            let _ = eip712::digest_of_parts(part("domain"), part("types"), part("message"));
        }
    });
}
