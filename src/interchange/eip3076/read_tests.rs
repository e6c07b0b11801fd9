//! Tests of reading: what is taken, and where each fault is said to stand.

use super::history::{Attestation, Block, History, Place};
use super::read::read;
use crate::duty::error::{Error, SqlState};
use crate::duty::vote::{SignedVote, Vote};
use serde_json::{json, Value};

const CHAIN: [u8; 32] = [7; 32];
pub const LAST_EPOCH: i64 = i64::MAX / 32;
const MALFORMED: SqlState = SqlState::INVALID_TEXT_REPRESENTATION;
const TOO_HIGH: SqlState = SqlState::NUMERIC_VALUE_OUT_OF_RANGE;

pub fn hex(byte: u8, length: usize) -> String {
    format!("0x{}", hex::encode(vec![byte; length]))
}

pub fn metadata() -> Value {
    json!({"interchange_format_version": "5", "genesis_validators_root": hex(7, 32)})
}

pub fn file(data: &Value) -> String {
    json!({"metadata": metadata(), "data": data}).to_string()
}

pub fn entry() -> Value {
    json!({
        "pubkey": hex(1, 48),
        "signed_blocks": [{"slot": "5", "signing_root": hex(2, 32)}, {"slot": "6"}],
        "signed_attestations": [{"source_epoch": "1", "target_epoch": "2", "signing_root": hex(3, 32)}],
    })
}

fn history() -> History {
    let vote = Vote { source_epoch: 1, target_epoch: 2 };
    History {
        validator: [1; 48],
        blocks: vec![
            Block { slot: 5, signing_root: Some([2; 32]), place: Place { entry: 0, item: 0 } },
            Block { slot: 6, signing_root: None, place: Place { entry: 0, item: 1 } },
        ],
        attestations: vec![Attestation {
            signed: SignedVote { vote, signing_root: Some([3; 32]) },
            place: Place { entry: 0, item: 0 },
        }],
    }
}

pub fn take(text: &str) -> Result<Vec<History>, Error> {
    let outcome = read(text, &CHAIN, LAST_EPOCH);
    if let Err(error) = &outcome {
        assert_eq!(error.detail.as_deref(), Some("Argument: interchange."));
        assert!(error.hint.is_some());
        assert!(error.message.len() < 400, "{}", error.message);
    }
    outcome
}

/// That a text is refused, with this code and a message that begins with this path.
fn assert_refused(text: &str, code: SqlState, path: &str) -> String {
    let error = take(text).unwrap_err();
    assert_eq!(error.code, code, "{error}");
    assert!(error.message.starts_with(&format!("{path}: ")), "{error} is not at {path}");
    error.message
}

/// A file whose one entry has this instead of what stands at the path, as of `serde_json::Value::pointer`.
fn with(pointer: &str, value: Value) -> String {
    let mut file = json!({"metadata": metadata(), "data": [entry()]});
    *file.pointer_mut(pointer).unwrap() = value;
    file.to_string()
}

fn without(pointer: &str, key: &str) -> String {
    let mut file = json!({"metadata": metadata(), "data": [entry()]});
    file.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(key);
    file.to_string()
}

/// The file with one more key, before the one that is given as text.
fn insert_before(place: &str, member: &str) -> String {
    let file = file(&json!([entry()]));
    assert!(file.contains(place));
    file.replacen(place, &format!("{member},{place}"), 1)
}

#[test]
fn a_file_says_what_it_says() {
    assert_eq!(take(&file(&json!([entry()]))), Ok(vec![history()]));
    assert_eq!(take(&file(&json!([]))), Ok(vec![]));
}

#[test]
fn numbers_are_read_as_strings_and_as_integers() {
    let mut bare = entry();
    bare["signed_blocks"][0]["slot"] = json!(5);
    bare["signed_blocks"][1]["slot"] = json!(6);
    bare["signed_attestations"][0]["source_epoch"] = json!(1);
    bare["signed_attestations"][0]["target_epoch"] = json!(2);
    assert_eq!(take(&file(&json!([bare]))), Ok(vec![history()]));
}

#[test]
fn keys_come_in_any_order() {
    let metadata = format!(
        r#"{{"genesis_validators_root": "{}", "interchange_format_version": "5"}}"#,
        hex(7, 32).to_uppercase().replace("0X", "0x")
    );
    let data = format!(
        r#"[ {{ "signed_attestations": [{{"signing_root": "{}", "target_epoch": "2", "source_epoch": "1"}}],
              "signed_blocks": [{{"signing_root": "{}", "slot": "5"}}, {{"signing_root": null, "slot": "6"}}],
              "pubkey": "{}" }} ]"#,
        hex(3, 32),
        hex(2, 32),
        hex(1, 48)
    );
    assert_eq!(take(&format!(r#"{{"data": {data}, "metadata": {metadata}}}"#)), Ok(vec![history()]));
    assert_eq!(take(&format!(r#" {{"metadata": {metadata}, "data": {data}}} "#)), Ok(vec![history()]));
}

#[test]
fn escapes_and_letter_case_make_no_difference() {
    let text = file(&json!([entry()]))
        .replace("\"pubkey\":\"0x01", "\"\\u0070ubkey\":\"\\u00300X01".replace("0X", "x").as_str())
        .replace("\"slot\":\"5\"", "\"slot\":\"\\u0035\"");
    assert!(text.contains("\\u0070ubkey\":\"\\u0030x01"));
    assert_eq!(take(&text), Ok(vec![history()]));
}

#[test]
fn unknown_keys_are_skipped_at_every_level() {
    let skipped = r#""other": {"a": [1, -2.5e400, "\ud800", {"b": null}], "a": true}"#;
    for place in ["\"metadata\"", "\"genesis_validators_root\"", "\"pubkey\"", "\"slot\"", "\"source_epoch\""] {
        assert_eq!(take(&insert_before(place, skipped)), Ok(vec![history()]), "{place}");
    }
}

#[test]
fn a_key_that_occurs_twice_is_refused_at_every_level() {
    for (place, path) in [
        ("\"data\"", "data"),
        ("\"metadata\"", "metadata"),
        ("\"interchange_format_version\"", "metadata.interchange_format_version"),
        ("\"genesis_validators_root\"", "metadata.genesis_validators_root"),
        ("\"pubkey\"", "data[0].pubkey"),
        ("\"signed_blocks\"", "data[0].signed_blocks"),
        ("\"signed_attestations\"", "data[0].signed_attestations"),
        ("\"slot\"", "data[0].signed_blocks[0].slot"),
        ("\"source_epoch\"", "data[0].signed_attestations[0].source_epoch"),
    ] {
        let file = file(&json!([entry()]));
        let member: Value = serde_json::from_str(&file).unwrap();
        let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
        let member = format!("{place}:{}", member.pointer(&pointer).unwrap());
        assert_refused(&insert_before(place, &member), MALFORMED, path);
    }
    let other = "\"other\": 1, \"\\u006fther\": 2";
    assert_refused(&insert_before("\"data\"", other), MALFORMED, "other");
    assert_refused(&insert_before("\"genesis_validators_root\"", other), MALFORMED, "metadata.other");
    assert_refused(&insert_before("\"pubkey\"", other), MALFORMED, "data[0].other");
    assert_refused(&insert_before("\"slot\"", other), MALFORMED, "data[0].signed_blocks[0].other");
    assert_refused(&insert_before("\"source_epoch\"", other), MALFORMED, "data[0].signed_attestations[0].other");
}

#[test]
fn a_missing_key_is_named() {
    for (pointer, key, path) in [
        ("", "metadata", "metadata"),
        ("", "data", "data"),
        ("/metadata", "interchange_format_version", "metadata.interchange_format_version"),
        ("/metadata", "genesis_validators_root", "metadata.genesis_validators_root"),
        ("/data/0", "pubkey", "data[0].pubkey"),
        ("/data/0", "signed_blocks", "data[0].signed_blocks"),
        ("/data/0", "signed_attestations", "data[0].signed_attestations"),
        ("/data/0/signed_blocks/1", "slot", "data[0].signed_blocks[1].slot"),
        ("/data/0/signed_attestations/0", "source_epoch", "data[0].signed_attestations[0].source_epoch"),
        ("/data/0/signed_attestations/0", "target_epoch", "data[0].signed_attestations[0].target_epoch"),
    ] {
        let message = assert_refused(&without(pointer, key), MALFORMED, path);
        assert!(message.ends_with("missing"));
    }
}

#[test]
fn a_value_of_another_shape_is_refused_where_it_stands() {
    let long = json!("x".repeat(100_000));
    for value in [json!(null), json!(true), json!(1.5), json!(-1), long] {
        for (pointer, path) in [
            ("/metadata", "metadata"),
            ("/data", "data"),
            ("/data/0", "data[0]"),
            ("/data/0/pubkey", "data[0].pubkey"),
            ("/data/0/signed_blocks", "data[0].signed_blocks"),
            ("/data/0/signed_blocks/1", "data[0].signed_blocks[1]"),
            ("/data/0/signed_blocks/0/slot", "data[0].signed_blocks[0].slot"),
            ("/data/0/signed_attestations/0", "data[0].signed_attestations[0]"),
            ("/data/0/signed_attestations/0/source_epoch", "data[0].signed_attestations[0].source_epoch"),
            ("/data/0/signed_attestations/0/target_epoch", "data[0].signed_attestations[0].target_epoch"),
        ] {
            assert_refused(&with(pointer, value.clone()), MALFORMED, path);
        }
    }
    let message = assert_refused(&with("/data", json!({})), MALFORMED, "data");
    assert_eq!(message, "data: not a JSON array");
    assert_refused(&with("/metadata", json!([])), MALFORMED, "metadata");
    assert_refused(
        &with("/data/0/signed_blocks/0/signing_root", json!(1)),
        MALFORMED,
        "data[0].signed_blocks[0].signing_root",
    );
}

#[test]
fn hex_of_another_length_is_refused() {
    let short = json!(hex(1, 31));
    assert_eq!(
        assert_refused(&with("/data/0/pubkey", short.clone()), MALFORMED, "data[0].pubkey"),
        "data[0].pubkey: the value has 31 bytes where 48 are needed"
    );
    let path = "data[0].signed_attestations[0].signing_root";
    assert_refused(&with("/data/0/signed_attestations/0/signing_root", short.clone()), MALFORMED, path);
    assert_refused(&with("/metadata/genesis_validators_root", short), MALFORMED, "metadata.genesis_validators_root");
}

#[test]
fn numbers_too_high_are_out_of_range() {
    for slot in ["9223372036854775808", "99999999999999999999999999999999"] {
        let path = "data[0].signed_blocks[1].slot";
        assert_refused(&with("/data/0/signed_blocks/1/slot", json!(slot)), TOO_HIGH, path);
    }
    for key in ["source_epoch", "target_epoch"] {
        let pointer = format!("/data/0/signed_attestations/0/{key}");
        let path = format!("data[0].signed_attestations[0].{key}");
        let message = assert_refused(&with(&pointer, json!(LAST_EPOCH + 1)), TOO_HIGH, &path);
        assert!(message.ends_with("has slots beyond 9223372036854775807"));
        assert!(take(&with(&pointer, json!(LAST_EPOCH))).is_ok());
    }
}

#[test]
fn a_source_after_its_target_is_read() {
    assert!(take(&with("/data/0/signed_attestations/0/source_epoch", json!("3"))).is_ok());
}

#[test]
fn another_version_is_refused() {
    let path = "metadata.interchange_format_version";
    for version in [json!("4"), json!(5), json!(null)] {
        assert_refused(&with("/metadata/interchange_format_version", version), SqlState::INVALID_PARAMETER_VALUE, path);
    }
}

#[test]
fn a_file_of_another_chain_is_refused_with_both_roots() {
    let text = with("/metadata/genesis_validators_root", json!(hex(8, 32)));
    let message = assert_refused(&text, SqlState::IDENTITY_MISMATCH, "metadata.genesis_validators_root");
    assert!(message.contains(&hex(7, 32)) && message.contains(&hex(8, 32)));
}

#[test]
fn a_file_that_is_no_object_is_refused() {
    for text in ["[]", "[[", "1", "\"{}\"", "null", "true", "-1.5"] {
        assert_refused(text, SqlState::INVALID_PARAMETER_VALUE, "interchange");
    }
}

#[test]
fn broken_json_is_refused_with_line_and_column() {
    for (text, path, place) in [
        ("", "interchange", "at line 1 column 0"),
        ("{", "interchange", "at line 1 column 1"),
        ("hello", "interchange", "at line 1 column 1"),
        ("{\"other\":", "other", "at line 1 column 9"),
        ("{\"data\":\n[", "data", "at line 2 column 1"),
        ("{\"data\":[{\"pubkey\":\"0x", "data[0].pubkey", "at line 1 column 22"),
        ("{\"data\":[{\"signed_blocks\":[{\"slot\":01", "data[0].signed_blocks[0].slot", "at line 1 column 37"),
        ("{\"a\":1,}", "interchange", "at line 1 column 8"),
        ("{\"data\":[,]}", "data[0]", "at line 1 column 10"),
        ("{\"\\ud800\":1}", "interchange", "at line 1 column"),
        ("{\"other\":\"\u{0}\"}", "other", "at line 1 column"),
        ("{'a':1}", "interchange", "at line 1 column 2"),
        ("{\"other\":nan}", "other", "at line 1 column"),
        ("{\"other\":1e}", "other", "at line 1 column"),
    ] {
        let message = assert_refused(text, MALFORMED, path);
        assert!(message.contains(place), "{message} is not {place}");
    }
    assert_refused(&format!("{} {{}}", file(&json!([]))), MALFORMED, "interchange");
}

#[test]
fn a_fault_that_stands_first_is_reported() {
    let text = with("/data/0/signed_blocks/0/slot", json!("x")).replace("\"5\"", "\"4\"");
    let data_first = text.find("\"data\"") < text.find("\"metadata\"");
    assert!(data_first);
    assert_refused(&text, MALFORMED, "data[0].signed_blocks[0].slot");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let text = file(&json!([entry()]));
    for end in 0..text.len() {
        assert!(take(&text[..end]).is_err(), "{end}");
    }
}

#[test]
fn deep_nesting_is_no_danger() {
    let (open, close) = ("[".repeat(200_000), "]".repeat(200_000));
    let (open_objects, close_objects) = ("{\"a\":".repeat(200_000), "}".repeat(200_000));
    for member in [format!("\"other\":{open}{close}"), format!("\"other\":{open_objects}1{close_objects}")] {
        assert_eq!(take(&insert_before("\"pubkey\"", &member)), Ok(vec![history()]));
    }
    for value in [&open, &open_objects] {
        assert!(take(value).is_err());
        for key in ["metadata", "data", "other"] {
            assert!(take(&format!("{{\"{key}\":{value}")).is_err());
        }
        assert_refused(&format!("{{\"data\":[{{\"pubkey\":{value}"), MALFORMED, "data[0].pubkey");
    }
}

#[test]
fn entries_of_one_validator_become_one_history() {
    let mut other = entry();
    other["pubkey"] = json!(hex(0, 48));
    let histories = take(&file(&json!([entry(), other, entry(), entry()]))).unwrap();
    assert_eq!(histories.iter().map(|history| history.validator[0]).collect::<Vec<_>>(), [1, 0]);
    let places = |history: &History| history.blocks.iter().map(|block| block.place).collect::<Vec<_>>();
    let place = |entry, item| Place { entry, item };
    let expected = [place(0, 0), place(0, 1), place(2, 0), place(2, 1), place(3, 0), place(3, 1)];
    assert_eq!(places(&histories[0]), expected);
    assert_eq!(places(&histories[1]), [place(1, 0), place(1, 1)]);
    assert_eq!(histories[0].attestations.len(), 3);
}
