use super::*;
use k256::ecdsa::SigningKey;
use proptest::prelude::*;
use serde_json::{json, Value};
use std::sync::OnceLock;

fn secret(byte: u8) -> SigningKey {
    SigningKey::from_slice(&[byte; 32]).unwrap()
}

/// As a configuration has it: 128 hex digits.
fn public_key(secret: &SigningKey) -> String {
    hex::encode(&secret.verifying_key().to_sec1_point(false).as_bytes()[1..])
}

fn sign(secret: &SigningKey, digest: &[u8; 32]) -> String {
    let (signature, id) = secret.sign_prehash_recoverable(digest);
    format!("0x{}{:02x}", hex::encode(signature.to_bytes()), 27 + id.to_byte())
}

/// A message of the secret 0x0101.. as JSON, put together without anything of this module.
fn json(sequence: i64, timestamp: i64, payload: &[u8]) -> Value {
    let secret = secret(1);
    let hash = keccak256(payload);
    let mut signed = sequence.to_be_bytes().to_vec();
    signed.extend(timestamp.to_be_bytes());
    signed.extend(hash);
    json!({
        "sequence": sequence,
        "timestamp": timestamp,
        "message_type": {"type": "changeset"},
        "payload": STANDARD.encode(payload),
        "message_hash": format!("0x{}", hex::encode(hash)),
        "signature": sign(&secret, &keccak256(&signed)),
        "signer": format!("0x{}", hex::encode(Key::parse("key", &public_key(&secret)).unwrap().address())),
    })
}

/// One whose signature nobody looks at.
pub fn unsigned(sequence: i64, payload: u8) -> SignedMessage {
    SignedMessage {
        sequence,
        unix_seconds: 0,
        message_type: String::new(),
        payload: vec![payload],
        message_hash: [payload; 32],
        signature: [0; 65],
        signer: Key::parse("key", &"00".repeat(20)).unwrap(),
    }
}

fn signed(sequence: i64, timestamp: i64, payload: &[u8]) -> SignedMessage {
    SignedMessage::parse(&json(sequence, timestamp, payload).to_string()).unwrap()
}

fn sequencer() -> Key {
    Key::parse("key", &public_key(&secret(1))).unwrap()
}

/// Signed once: that takes longest.
fn base() -> Value {
    static BASE: OnceLock<Value> = OnceLock::new();
    BASE.get_or_init(|| json(7, 1_700_000_000, b"payload")).clone()
}

fn with(name: &str, value: Value) -> Result<Proof, Error> {
    let mut message = base();
    message[name] = value;
    SignedMessage::parse(&message.to_string())?.verify(&sequencer())
}

#[track_caller]
fn refused(name: &str, value: Value, code: SqlState) {
    let shown = value.to_string();
    let error = with(name, value).unwrap_err();
    assert_eq!(error.code, code, "{shown}: {error:?}");
    assert!(error.detail.as_deref().unwrap().starts_with("Argument: message."), "{error:?}");
    assert!(error.hint.is_some(), "{error:?}");
}

#[test]
fn a_message_verifies() {
    let message = signed(7, 1_700_000_000, b"payload");
    assert_eq!((message.sequence, message.unix_seconds), (7, 1_700_000_000));
    assert_eq!(message.message_type, "changeset");
    assert_eq!(message.payload, b"payload");
    let proof = message.verify(&sequencer()).unwrap();
    assert_eq!(proof.signer, sequencer().address());
    assert_eq!(proof.digest, message.digest());
    // The sequencer may be known by its address alone.
    let address = Key::parse("key", &hex::encode(sequencer().address())).unwrap();
    assert_eq!(message.verify(&address), Ok(proof));
}

#[test]
fn every_spelling_is_the_same_message() {
    let message = signed(7, 1_700_000_000, b"payload");
    let signature = message.signature;
    let mut low_v = signature;
    low_v[64] -= 27;
    for (name, value) in [
        ("sequence", json!("7")),
        ("sequence", json!("007")),
        ("timestamp", json!("1700000000")),
        ("payload", json!(format!("0x{}", hex::encode(b"payload")))),
        ("payload", json!(format!("0X{}", hex::encode_upper(b"payload")))),
        ("message_type", json!("withdrawal")),
        ("message_type", json!({"type": "of tomorrow", "more": [1, {}]})),
        ("message_type", json!("")),
        ("signature", json!(format!("0x{}", hex::encode_upper(signature)))),
        ("signature", json!(format!("0x{}", hex::encode(low_v)))),
        ("signer", json!(public_key(&secret(1)))),
        ("signer", json!(crate::crypto::address::checksummed(&sequencer().address()))),
        ("another", json!({"deep": [[[]]]})),
    ] {
        assert_eq!(with(name, value.clone()), message.verify(&sequencer()), "{name}: {value}");
    }
    // As jsonb has 7.0.
    let text = json(7, 1_700_000_000, b"payload").to_string().replace("\"sequence\":7", "\"sequence\":7.00");
    assert_eq!(SignedMessage::parse(&text).unwrap(), message);
}

#[test]
fn what_is_malformed_names_its_field() {
    const MALFORMED: SqlState = SqlState::INVALID_TEXT_REPRESENTATION;
    const OUT_OF_RANGE: SqlState = SqlState::NUMERIC_VALUE_OUT_OF_RANGE;
    for name in ["sequence", "timestamp"] {
        for value in
            [json!(null), json!(true), json!([7]), json!(""), json!(" 7"), json!("+7"), json!("0x7"), json!(7.5)]
        {
            refused(name, value, MALFORMED);
        }
        for value in [json!(-1), json!("-1"), json!(u64::MAX), json!("9223372036854775808"), json!("9".repeat(400))] {
            refused(name, value, OUT_OF_RANGE);
        }
    }
    for name in ["payload", "message_hash", "signature", "signer", "message_type"] {
        for value in [json!(null), json!(7), json!(false), json!(["0x"])] {
            refused(name, value, MALFORMED);
        }
    }
    for value in ["cGF5bG9hZA", "cGF5bG9hZA=", "cGF5bG9hZB==", "cGF5\nbG9hZA==", "0x7", "0xz", "-_==", "\u{e9}"] {
        refused("payload", json!(value), MALFORMED);
    }
    for name in ["message_hash", "signature", "signer"] {
        for value in [json!(""), json!("0x"), json!("0x00"), json!("message"), json!(format!("0x{}", "00".repeat(66)))]
        {
            refused(name, value, MALFORMED);
        }
    }
    refused("message_type", json!({"type": 7}), MALFORMED);
    refused("message_type", json!({"kind": "changeset"}), SqlState::INVALID_PARAMETER_VALUE);
    refused("message_type", json!("a".repeat(101)), SqlState::INVALID_PARAMETER_VALUE);
    let mixed = crate::crypto::address::checksummed(&sequencer().address()).replace('a', "A");
    refused("signer", json!(mixed), MALFORMED);
}

#[test]
fn what_is_missing_is_named() {
    let whole = json(7, 1_700_000_000, b"payload");
    for name in ["sequence", "timestamp", "message_type", "payload", "message_hash", "signature", "signer"] {
        let mut message = whole.clone();
        message.as_object_mut().unwrap().remove(name);
        let error = SignedMessage::parse(&message.to_string()).unwrap_err();
        assert_eq!(error.code, SqlState::INVALID_PARAMETER_VALUE);
        assert_eq!(error.message, format!("message.{name} is missing"));
    }
    for text in ["null", "[]", "7", "\"message\"", "true", ""] {
        let error = SignedMessage::parse(text).unwrap_err();
        assert_eq!(error.code, SqlState::INVALID_TEXT_REPRESENTATION, "{text}");
        assert_eq!(error.detail.as_deref(), Some("Argument: message."));
    }
}

#[test]
fn what_is_not_the_sequencers_is_refused() {
    let other = json(7, 1_700_000_000, b"another");
    // Each alone is what somebody else could have changed on the way.
    for (name, value) in [
        ("sequence", json!(8)),
        ("timestamp", json!(1_700_000_001)),
        ("payload", other["payload"].clone()),
        ("message_hash", other["message_hash"].clone()),
        ("signature", other["signature"].clone()),
        ("signature", json!(format!("0x{}", "00".repeat(65)))),
        ("signature", json!(sign(&secret(2), &signed(7, 1_700_000_000, b"payload").digest()))),
        ("signer", json!(public_key(&secret(2)))),
    ] {
        refused(name, value, SqlState::BAD_SIGNATURE);
    }
    let stranger = Key::parse("key", &public_key(&secret(2))).unwrap();
    let error = signed(7, 0, b"").verify(&stranger).unwrap_err();
    assert_eq!(error.code, SqlState::BAD_SIGNATURE);
    // A whole message of somebody else's.
    let message = signed(7, 1_700_000_000, b"payload");
    let forged = SignedMessage { signer: stranger, ..message };
    assert_eq!(forged.verify(&sequencer()).unwrap_err().code, SqlState::BAD_SIGNATURE);
}

/// Three bytes in four characters: "0x00" is base64 as well, of other bytes.
#[test]
fn a_payload_that_reads_as_hex_and_as_base64_is_what_was_hashed() {
    let as_base64 = STANDARD.decode("0x00").unwrap();
    for payload in [as_base64, vec![0]] {
        let mut message = json(7, 1_700_000_000, &payload);
        message["payload"] = json!("0x00");
        assert_eq!(SignedMessage::parse(&message.to_string()).unwrap().payload, payload);
    }
}

#[test]
fn a_payload_has_a_greatest_length() {
    let too_long = vec![7_u8; LONGEST_PAYLOAD + 1];
    for text in [STANDARD.encode(&too_long), format!("0x{}", hex::encode(&too_long)), "A".repeat(3 * LONGEST_PAYLOAD)] {
        let error = payload(&text, &[0; 32]).unwrap_err();
        assert_eq!(error.code, SqlState::INVALID_PARAMETER_VALUE);
        assert!(error.message.starts_with("message.payload is longer"), "{error:?}");
    }
}

proptest! {
    #[test]
    fn whoever_signs_is_told_apart(
        first in 1..=3_u8,
        second in 1..=3_u8,
        sequence in 0..=i64::MAX,
        timestamp in 0..=i64::MAX,
        payload in prop::collection::vec(any::<u8>(), 0..200),
        bit in 0..512_usize,
    ) {
        let key = secret(first);
        let mut message = json(sequence, timestamp, &payload);
        let digest = SignedMessage::parse(&message.to_string()).unwrap().digest();
        message["signer"] = json!(public_key(&key));
        message["signature"] = json!(sign(&key, &digest));
        let mut message = SignedMessage::parse(&message.to_string()).unwrap();
        prop_assert_eq!(&message.payload, &payload);
        let expected = Key::parse("key", &public_key(&secret(second))).unwrap();
        prop_assert_eq!(message.verify(&expected).is_ok(), first == second);
        let own = Key::parse("key", &public_key(&key)).unwrap();
        prop_assert_eq!(message.verify(&own).unwrap().digest, digest);
        message.signature[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(message.verify(&own).unwrap_err().code, SqlState::BAD_SIGNATURE);
    }

    #[test]
    fn no_json_is_a_panic(text: String, name in "(sequence|timestamp|message_type|payload|message_hash|signature|signer)", value: String) {
        let _ = SignedMessage::parse(&text);
        let _ = with(&name, json!(value));
        let _ = with(&name, json!(format!("0x{value}")));
        let _ = with(&name, json!({ "type": value }));
        let mut message = base().to_string();
        if let Some((place, _)) = message.char_indices().nth(value.len() * 7 % message.len()) {
            message.replace_range(place..=place, "\"");
        }
        let _ = SignedMessage::parse(&message);
    }

    #[test]
    fn any_digits_are_a_number_or_refused(digits in "-?[0-9]{0,25}(\\.[0-9]{0,3})?") {
        let text = base().to_string().replace("\"sequence\":7", &format!("\"sequence\":{digits}"));
        let _ = SignedMessage::parse(&text);
    }
}
