//! Tests of reading with texts that nobody thought of.

use super::history::{Attestation, Block, History, Place};
use super::read_tests::{entry, file, hex, metadata, take, LAST_EPOCH};
use crate::duty::vote::{SignedVote, Vote};
use proptest::prelude::*;
use serde_json::{json, Value};
use std::collections::HashSet;

fn root() -> impl Strategy<Value = Option<[u8; 32]>> {
    prop::option::of(any::<[u8; 32]>())
}

/// Entries of up to three validators, so that some come twice.
fn entries() -> impl Strategy<Value = Vec<History>> {
    let block = (0..=i64::MAX, root());
    let attestation = (0..=LAST_EPOCH, 0..=LAST_EPOCH, root());
    let entry = (0..3_u8, prop::collection::vec(block, 0..4), prop::collection::vec(attestation, 0..4));
    prop::collection::vec(entry, 0..6).prop_map(|entries| {
        let history = |(entry, (validator, blocks, attestations)): (u32, (u8, Vec<_>, Vec<_>))| History {
            validator: [validator; 48],
            blocks: (0..)
                .zip(blocks)
                .map(|(item, (slot, signing_root))| Block { slot, signing_root, place: Place { entry, item } })
                .collect(),
            attestations: (0..)
                .zip(attestations)
                .map(|(item, (source_epoch, target_epoch, signing_root))| Attestation {
                    signed: SignedVote { vote: Vote { source_epoch, target_epoch }, signing_root },
                    place: Place { entry, item },
                })
                .collect(),
        };
        (0..).zip(entries).map(history).collect()
    })
}

fn number(value: i64) -> Value {
    if value % 2 == 0 {
        json!(value)
    } else {
        json!(value.to_string())
    }
}

fn written(entries: &[History]) -> Value {
    let root = |mut record: Value, root: Option<[u8; 32]>| {
        if let Some(root) = root {
            record["signing_root"] = json!(format!("0x{}", hex::encode(root)));
        }
        record
    };
    let block = |block: &Block| root(json!({"slot": number(block.slot)}), block.signing_root);
    let attestation = |attestation: &Attestation| {
        let Vote { source_epoch, target_epoch } = attestation.signed.vote;
        let vote = json!({"source_epoch": number(source_epoch), "target_epoch": number(target_epoch)});
        root(vote, attestation.signed.signing_root)
    };
    let entry = |history: &History| {
        json!({
            "pubkey": hex(history.validator[0], 48),
            "signed_blocks": history.blocks.iter().map(block).collect::<Vec<_>>(),
            "signed_attestations": history.attestations.iter().map(attestation).collect::<Vec<_>>(),
        })
    };
    json!(entries.iter().map(entry).collect::<Vec<_>>())
}

/// The slow way to bring entries together.
fn joined(entries: Vec<History>) -> Vec<History> {
    let mut histories: Vec<History> = Vec::new();
    for entry in entries {
        match histories.iter_mut().find(|history| history.validator == entry.validator) {
            Some(history) => {
                history.blocks.extend(entry.blocks);
                history.attestations.extend(entry.attestations);
            }
            None => histories.push(entry),
        }
    }
    histories
}

/// Every number and hex text of the histories stands in the file's own tree of values.
pub fn assert_only_what_the_text_contains(text: &str, histories: &[History]) {
    let mut leaves = HashSet::new();
    let mut values = vec![serde_json::from_str::<Value>(text).unwrap()];
    while let Some(value) = values.pop() {
        match value {
            Value::Array(items) => values.extend(items),
            Value::Object(members) => values.extend(members.into_iter().map(|(_, value)| value)),
            Value::String(text) => drop(leaves.insert(text.trim_start_matches('0').to_lowercase())),
            Value::Number(number) => drop(leaves.insert(number.to_string().trim_start_matches('0').to_owned())),
            _ => {}
        }
    }
    let number = |value: i64| leaves.contains(value.to_string().trim_start_matches('0'));
    let root = |root: Option<[u8; 32]>| root.is_none_or(|root| leaves.contains(&format!("x{}", hex::encode(root))));
    for history in histories {
        assert!(leaves.contains(&format!("x{}", hex::encode(history.validator))));
        assert!(history.blocks.iter().all(|block| number(block.slot) && root(block.signing_root)));
        for attestation in &history.attestations {
            let vote = attestation.signed.vote;
            assert!(number(vote.source_epoch) && number(vote.target_epoch) && root(attestation.signed.signing_root));
        }
    }
}

proptest! {
    #[test]
    fn reads_back_what_another_writer_wrote(entries in entries(), pretty: bool) {
        let file = json!({"metadata": metadata(), "data": written(&entries)});
        let text = if pretty { serde_json::to_string_pretty(&file).unwrap() } else { file.to_string() };
        prop_assert_eq!(take(&text), Ok(joined(entries)));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        prop_assert!(take(&text).is_err());
    }

    #[test]
    fn any_bytes_after_a_beginning_are_read_or_refused(end in 0..300_usize, tail in prop::collection::vec(any::<u8>(), 0..40)) {
        let text = file(&json!([entry()]));
        let text = format!("{}{}", &text[..end.min(text.len())], String::from_utf8_lossy(&tail));
        if let Ok(histories) = take(&text) {
            assert_only_what_the_text_contains(&text, &histories);
        }
    }

    #[test]
    fn a_changed_file_is_refused_or_says_what_it_contains(
        entries in entries(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8, "[ -~]|[\"\\\\{}\\[\\],:0-9ex.\\-]"), 1..4),
    ) {
        let mut text: Vec<char> = file(&written(&entries)).chars().collect();
        for (place, kind, character) in changes {
            let place = place.index(text.len());
            match kind {
                0 => drop(text.remove(place)),
                1 => text.insert(place, character.chars().next().unwrap()),
                _ => text[place] = character.chars().next().unwrap(),
            }
        }
        let text: String = text.into_iter().collect();
        if let Ok(histories) = take(&text) {
            assert_only_what_the_text_contains(&text, &histories);
        }
    }
}
