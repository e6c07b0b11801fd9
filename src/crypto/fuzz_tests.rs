//! Everything here that reads what a client sends, with inputs that nobody thought of.

use super::keccak::keccak256;
use super::secp256k1::PublicKey;
use super::signer::Signer;
use super::{address, bls12_381, ed25519, eip712, secp256k1};
use crate::fuzz::dice::Dice;
use crate::fuzz::json::{self, Format};
use crate::fuzz::{change, every_case};
use ed25519_dalek::Signer as _;
use k256::ecdsa::SigningKey;
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

/// Secrets; what they sign is made once, as that takes longer than most of the cases.
fn secrets() -> impl Iterator<Item = [u8; 32]> {
    (1..=16).map(|byte| [byte; 32])
}

fn bls_secret(seed: &[u8; 32]) -> blst::min_pk::SecretKey {
    blst::min_pk::SecretKey::key_gen(seed, &[]).unwrap()
}

#[test]
fn public_keys_and_signers() {
    let forms = |secret: [u8; 32]| {
        let key = SigningKey::from_slice(&secret).unwrap();
        let whole = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
        let x_and_y = whole[1..].to_vec();
        let compressed = key.verifying_key().to_sec1_point(true).as_bytes().to_vec();
        let ed25519 = ed25519_dalek::SigningKey::from_bytes(&secret).verifying_key().to_bytes().to_vec();
        let bls12_381 = bls_secret(&secret).sk_to_pk().to_bytes().to_vec();
        [whole, x_and_y, compressed, ed25519, bls12_381]
    };
    let valid: Vec<Vec<u8>> = secrets().flat_map(forms).collect();
    assert!(valid.iter().all(|key| Signer::parse("signer", key).is_ok()));
    every_case("public_keys_and_signers", move |dice| {
        let (one, other) = (dice.below(valid.len()), dice.below(valid.len()));
        let bytes = change::bytes(dice, &[&valid[one], &valid[other]]);
        if let Ok(key) = PublicKey::parse("public_key", &bytes) {
            let x = if bytes.len() == 64 { &bytes[..32] } else { &bytes[1..33] };
            // What was read can be written in another form.
            let forms = [[&[2], x].concat(), [&[3], x].concat()];
            assert!(forms.iter().any(|form| PublicKey::parse("public_key", form) == Ok(key)));
        }
        if let Ok(signer) = Signer::parse("signer", &bytes) {
            let needed =
                [(32, 64), (48, 96)].into_iter().find(|(key, _)| *key == bytes.len()).map_or(65, |(_, long)| long);
            let length = dice.pick(&[0, 64, 65, 96]);
            let answer = signer.has_signed("signature", &dice.bytes(), &dice.octets(length));
            assert_eq!(answer.ok(), (length == needed).then_some(false));
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
    let sign = |secret: [u8; 32]| {
        let (key, digest) = (SigningKey::from_slice(&secret).unwrap(), keccak256(&secret));
        let (rs, id) = key.sign_prehash_recoverable(&digest);
        let signature: [u8; 65] = [&rs.to_bytes()[..], &[27 + id.to_byte()]].concat().try_into().unwrap();
        // The second signature that anybody can make of it.
        let high_s =
            [&rs.r().to_bytes()[..], &(-*rs.s()).to_bytes(), &[28 - id.to_byte()]].concat().try_into().unwrap();
        let public = key.verifying_key().to_sec1_point(true);
        (secp256k1::Signer::parse("signer", public.as_bytes()).unwrap(), digest, signature, high_s)
    };
    let signed: Vec<_> = secrets().map(sign).collect();
    assert!(signed.iter().all(|(signer, digest, signature, _)| signer.has_signed(digest, signature)));
    every_case("signatures_of_secp256k1", move |dice| {
        let (signer, digest, signature, high_s) = dice.pick(&signed);
        let (other_digest, mut other) = changed(dice, &digest, &signature);
        match dice.below(8) {
            0 => other[64] = signature[64],
            1 => other = high_s,
            _ => {}
        }
        let same = other_digest == digest && one_form(other) == one_form(signature);
        assert_eq!(signer.has_signed(&other_digest, &other), same, "{other:02x?}");
    });
}

#[test]
fn signatures_of_ed25519() {
    let sign = |secret: [u8; 32]| {
        let (key, digest) = (ed25519_dalek::SigningKey::from_bytes(&secret), keccak256(&secret));
        (key.verifying_key().to_bytes(), digest, key.sign(&digest).to_bytes())
    };
    let signed: Vec<_> = secrets().map(sign).collect();
    assert!(signed.iter().all(|(key, digest, signature)| ed25519::has_signed(key, digest, signature)));
    every_case("signatures_of_ed25519", move |dice| {
        let (key, digest, signature) = dice.pick(&signed);
        let (other_digest, other) = changed(dice, &digest, &signature);
        let other_key = if dice.one_in(4) { change::array(dice, &key) } else { key };
        let same = (other_digest, other, other_key) == (digest, signature, key);
        assert_eq!(ed25519::has_signed(&other_key, &other_digest, &other), same, "{other_key:02x?} {other:02x?}");
    });
}

#[test]
fn signatures_of_bls12_381() {
    let sign = |secret: [u8; 32]| {
        let (key, digest) = (bls_secret(&secret), keccak256(&secret));
        let signature = key.sign(&digest, b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_", &[]).to_bytes();
        (key.sk_to_pk().to_bytes(), digest, signature)
    };
    let signed: Vec<_> = secrets().map(sign).collect();
    assert!(signed.iter().all(|(key, digest, signature)| bls12_381::has_signed(key, digest, signature)));
    every_case("signatures_of_bls12_381", move |dice| {
        let (key, digest, signature) = dice.pick(&signed);
        // Another digest comes as far as the pairing, which takes as long as fifty of the other cases.
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
