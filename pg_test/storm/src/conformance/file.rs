//! A test file: what is imported, what is asked then, and what may be answered.

use super::expectation::Expectation;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::Value;

pub struct File {
    pub genesis_validators_root: String,
    pub steps: Vec<Step>,
}

pub struct Step {
    /// As it stands in the file, to the letter.
    pub interchange: String,
    pub import_succeeds: bool,
    /// Blocks first, then attestations, each in the file's order.
    pub attempts: Vec<Attempt>,
}

pub struct Attempt {
    pub validator: String,
    pub duty: Duty,
    /// None: a message that is the same as no other one.
    pub signing_root: Option<String>,
    pub expectation: Expectation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    Block { slot: i64 },
    Attestation { source_epoch: i64, target_epoch: i64 },
}

#[derive(Deserialize)]
struct FileText {
    genesis_validators_root: String,
    steps: Vec<StepText>,
}

#[derive(Deserialize)]
struct StepText {
    should_succeed: bool,
    interchange: Box<RawValue>,
    blocks: Vec<AttemptText<Slot>>,
    attestations: Vec<AttemptText<Epochs>>,
}

#[derive(Deserialize)]
struct AttemptText<T> {
    pubkey: String,
    #[serde(flatten)]
    place: T,
    signing_root: Option<String>,
    should_succeed: bool,
    should_succeed_complete: Option<bool>,
}

#[derive(Deserialize)]
struct Slot {
    #[serde(deserialize_with = "number")]
    slot: i64,
}

#[derive(Deserialize)]
struct Epochs {
    #[serde(deserialize_with = "number")]
    source_epoch: i64,
    #[serde(deserialize_with = "number")]
    target_epoch: i64,
}

/// The format writes numbers as texts.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(from)?;
    let read = match &value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_i64(),
        _ => None,
    };
    read.ok_or_else(|| serde::de::Error::custom(format!("no number that fits a bigint: {value}")))
}

/// None for a file that is JSON and no test, as a download may have beside the tests.
pub fn read(text: &str) -> Result<Option<File>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if value.get("steps").is_none() {
        return Ok(None);
    }
    let file: FileText = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let steps: Result<Vec<Step>, String> = file.steps.into_iter().map(step).collect();
    Ok(Some(File { genesis_validators_root: file.genesis_validators_root, steps: steps? }))
}

fn step(text: StepText) -> Result<Step, String> {
    let blocks = text.blocks.into_iter().map(|block| attempt(block, |at| Duty::Block { slot: at.slot }));
    let attestations = text.attestations.into_iter().map(|attestation| {
        attempt(attestation, |at| Duty::Attestation { source_epoch: at.source_epoch, target_epoch: at.target_epoch })
    });
    let attempts: Result<Vec<Attempt>, String> = blocks.chain(attestations).collect();
    Ok(Step {
        interchange: text.interchange.get().to_string(),
        import_succeeds: text.should_succeed,
        attempts: attempts?,
    })
}

fn attempt<T>(text: AttemptText<T>, duty: fn(T) -> Duty) -> Result<Attempt, String> {
    Ok(Attempt {
        validator: text.pubkey,
        duty: duty(text.place),
        signing_root: text.signing_root,
        expectation: Expectation::new(text.should_succeed, text.should_succeed_complete)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
        "name": "made up", "genesis_validators_root": "0x01",
        "steps": [{
            "should_succeed": true, "contains_slashable_data": false,
            "interchange": {"metadata": {}, "data": [ ]},
            "blocks": [{"pubkey": "0xaa", "slot": "81", "should_succeed": false, "should_succeed_complete": true}],
            "attestations": [{"pubkey": "0xbb", "source_epoch": "2", "target_epoch": "3", "signing_root": "0x05",
                "should_succeed": true}]
        }]
    }"#;

    #[test]
    fn a_file_is_read_with_its_interchange_to_the_letter() {
        let file = read(TEXT).expect("it is JSON").expect("it is a test");
        let step = &file.steps[0];
        assert_eq!((file.genesis_validators_root.as_str(), step.import_succeeds), ("0x01", true));
        assert_eq!(step.interchange, r#"{"metadata": {}, "data": [ ]}"#);
        let [block, attestation] = step.attempts.as_slice() else {
            panic!("two attempts");
        };
        assert_eq!((block.duty, block.expectation), (Duty::Block { slot: 81 }, Expectation::Either));
        assert_eq!(block.signing_root, None);
        assert_eq!(attestation.duty, Duty::Attestation { source_epoch: 2, target_epoch: 3 });
        assert_eq!(attestation.signing_root.as_deref(), Some("0x05"));
        assert_eq!(attestation.expectation, Expectation::Sign);
    }

    #[test]
    fn other_json_is_left_out_and_a_broken_test_is_an_error() {
        assert!(matches!(read(r#"{"name": "package"}"#), Ok(None)));
        assert!(read(r#"{"steps": "#).is_err());
        assert!(read(r#"{"steps": []}"#).is_err());
        assert!(read(&TEXT.replace("\"81\"", "\"18446744073709551615\"")).is_err());
    }
}
