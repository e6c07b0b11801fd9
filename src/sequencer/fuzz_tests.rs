//! The reading of keys and messages with inputs that nobody thought of.

use super::key::Key;
use super::message::SignedMessage;
use crate::crypto::keccak::{keccak256, keccak256_of};
use crate::fuzz::json::{self, Format};
use crate::fuzz::{change, every_case};
use k256::ecdsa::SigningKey;
use serde_json::{json, Value};

const WORDS: [&str; 17] = [
    "sequence",
    "timestamp",
    "message_type",
    "type",
    "payload",
    "message_hash",
    "signature",
    "signer",
    "changeset",
    "7",
    "0x",
    "0x0102",
    "AQI=",
    "9223372036854775807",
    "9223372036854775808",
    "1.0",
    "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf",
];

fn point(secret: &SigningKey) -> String {
    hex::encode(&secret.verifying_key().to_sec1_point(false).as_bytes()[1..])
}

/// A message as a sequencer sends it. `payload`: the bytes 1, 2.
fn message(secret: &SigningKey, sequence: i64, timestamp: i64, payload: &str) -> Value {
    let hash = keccak256(&[1, 2]);
    let digest = keccak256_of(&[&sequence.to_be_bytes(), &timestamp.to_be_bytes(), &hash]);
    let (signature, id) = secret.sign_prehash_recoverable(&digest);
    json!({
        "sequence": sequence,
        "timestamp": timestamp.to_string(),
        "message_type": {"type": "changeset"},
        "payload": payload,
        "message_hash": format!("0x{}", hex::encode(hash)),
        "signature": format!("0x{}{:02x}", hex::encode(signature.to_bytes()), id.to_byte()),
        "signer": point(secret),
    })
}

#[test]
fn sequencer_keys() {
    let points: Vec<String> = (1..=16).map(|byte| point(&SigningKey::from_slice(&[byte; 32]).unwrap())).collect();
    every_case("sequencer_keys", move |dice| {
        let point = &points[dice.below(points.len())];
        let text = change::text(
            dice,
            &[point, &format!("0x04{point}"), &point[..40], "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"],
        );
        if let Ok(key) = Key::parse("key", &text) {
            let shown = hex::encode(key.bytes());
            assert!(text.to_lowercase().ends_with(&shown));
            assert_eq!(Key::parse("key", &shown), Ok(key.clone()));
            assert_eq!(Key::from_stored(key.bytes()), Ok(key));
        }
    });
}

#[test]
fn sequencer_messages() {
    let secret = SigningKey::from_slice(&[1; 32]).unwrap();
    let sequencer = Key::parse("key", &point(&secret)).unwrap();
    // One sequence and one timestamp each, so that nothing of one message vouches for another.
    let valid = vec![
        message(&secret, 7, 1_700_000_000, "0x0102"),
        message(&secret, 7, 1_700_000_000, "AQI="),
        message(&secret, 0, i64::MAX, "AQI="),
    ];
    for message in &valid {
        assert!(SignedMessage::parse(&message.to_string()).and_then(|message| message.verify(&sequencer)).is_ok());
    }
    let format = Format { valid, words: &WORDS, nests: &[["{\"message_type\":", "\"a\"", "}"]] };
    every_case("sequencer_messages", move |dice| {
        let text = json::text(dice, &format);
        match SignedMessage::parse(&text) {
            Ok(message) => {
                assert!(message.sequence >= 0 && message.unix_seconds >= 0);
                assert_eq!(keccak256(&message.payload), message.message_hash);
                if message.verify(&sequencer).is_ok() {
                    assert!(
                        [(7, 1_700_000_000), (0, i64::MAX)].contains(&(message.sequence, message.unix_seconds)),
                        "{text}"
                    );
                    assert_eq!(message.payload, [1, 2]);
                }
            }
            Err(error) => assert!(error.hint.is_some() && error.message.len() < 1000, "{error:?}"),
        }
    });
}
