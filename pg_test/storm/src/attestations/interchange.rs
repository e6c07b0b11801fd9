//! Files of signed history, each clean in itself.

use super::history::{Duty, Message, Validator};
use super::texts;
use crate::dice::Dice;
use serde_json::{json, Value};
use std::collections::BTreeMap;

/// What an honest node elsewhere may have signed for a validator around this epoch: a vote that may be wide, the next one, and
/// a block. Some records do not say which message it was.
pub fn honest_records(validator: Validator, epoch: i64, slot: i64, dice: &mut Dice) -> Vec<Message> {
    let mut records: Vec<Message> = Vec::new();
    let wide = 1 + dice.below(5) as i64;
    let mut add = |duty| {
        let root = match dice.below(10) {
            0..=6 => Some(0),
            7..=8 => Some(1),
            _ => None,
        };
        records.push(Message { validator, duty, root });
    };
    add(Duty::Vote { source: epoch - wide, target: epoch });
    add(Duty::Vote { source: epoch, target: epoch + 1 });
    add(Duty::Block { slot });
    records.truncate(1 + dice.below(3) as usize);
    records
}

/// The file for these records of one chain.
pub fn document(chain: u8, records: &[Message], dice: &mut Dice) -> String {
    let mut validators: BTreeMap<Validator, (Vec<Value>, Vec<Value>)> = BTreeMap::new();
    for record in records {
        let (blocks, attestations) = validators.entry(record.validator).or_default();
        let (list, mut item) = match record.duty {
            Duty::Block { slot } => (blocks, json!({ "slot": slot.to_string() })),
            Duty::Vote { source, target } => {
                (attestations, json!({ "source_epoch": source.to_string(), "target_epoch": target.to_string() }))
            }
        };
        if record.root.is_some() {
            item["signing_root"] = texts::signing_root(*record, dice).into();
        }
        list.push(item);
    }
    let data: Vec<Value> = validators
        .into_iter()
        .map(|(validator, (blocks, attestations))| {
            json!({
                "pubkey": texts::public_key(validator),
                "signed_blocks": blocks,
                "signed_attestations": attestations,
            })
        })
        .collect();
    let metadata = json!({
        "interchange_format_version": "5",
        "genesis_validators_root": texts::genesis_validators_root(chain),
    });
    json!({ "metadata": metadata, "data": data }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestations::checker::offence::offence;
    use crate::attestations::checker::story::{block, vote, VALIDATOR};

    #[test]
    fn no_two_records_of_a_file_are_slashable() {
        for seed in 0..100 {
            let records = honest_records(VALIDATOR, 50, 400, &mut Dice::new(seed));
            assert!((1..=3).contains(&records.len()));
            for (number, first) in records.iter().enumerate() {
                assert!(records[..number].iter().all(|second| offence(first, second).is_none()), "{records:?}");
            }
        }
    }

    #[test]
    fn the_file_has_every_record_under_its_validator() {
        let unknown = Message { root: None, ..vote(2, 3, 0) };
        let text = document(0, &[vote(1, 2, 0), block(9, 0), unknown], &mut Dice::new(1));
        let file: Value = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(file["metadata"]["interchange_format_version"], "5");
        let entries = file["data"].as_array().expect("a list");
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0]["signed_blocks"][0]["slot"], "9");
        assert_eq!(entries[0]["signed_attestations"][0]["source_epoch"], "1");
        assert!(entries[0]["signed_attestations"][0]["signing_root"].is_string());
        assert!(entries[0]["signed_attestations"][1].get("signing_root").is_none());
    }
}
