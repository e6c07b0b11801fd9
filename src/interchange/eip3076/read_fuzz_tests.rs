//! The reading of files with inputs that nobody thought of.

use super::read_random_tests::assert_only_what_the_text_contains;
use super::read_tests::{entry, hex, metadata, take};
use crate::fuzz::every_case;
use crate::fuzz::json::{self, Format};
use serde_json::{json, Value};

const WORDS: [&str; 17] = [
    "metadata",
    "data",
    "interchange_format_version",
    "genesis_validators_root",
    "pubkey",
    "signed_blocks",
    "signed_attestations",
    "slot",
    "signing_root",
    "source_epoch",
    "target_epoch",
    "other",
    "5",
    "0x",
    "9223372036854775807",
    "99999999999999999999",
    "0xabababababababababababababababababababababababababababababababab",
];

#[test]
fn interchange_files() {
    let second = json!({
        "pubkey": hex(9, 48), "signed_blocks": [], "more": {"slot": [1, "2"]},
        "signed_attestations": [{"source_epoch": 0, "target_epoch": 7}, {"source_epoch": "3", "target_epoch": "9", "note": 1.5e3}],
    });
    let valid = vec![
        json!({"metadata": metadata(), "data": [entry(), second, entry()]}),
        json!({"metadata": metadata(), "data": []}),
        json!({"data": [entry()], "other": [[{}]], "metadata": metadata()}),
    ];
    assert!(valid.iter().all(|file| take(&file.to_string()).is_ok()));
    let nests = &[["{\"metadata\":", "{}", ",\"data\":[]}"], ["{\"signed_blocks\":[", "", "]}"]];
    let format = Format { valid, words: &WORDS, nests };
    every_case("interchange_files", move |dice| {
        let text = json::text(dice, &format);
        let Ok(histories) = take(&text) else { return };
        // Members that are skipped may have values that no tree can hold.
        if serde_json::from_str::<Value>(&text).is_ok() {
            assert_only_what_the_text_contains(&text, &histories);
        }
    });
}
