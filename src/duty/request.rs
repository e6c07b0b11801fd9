//! A request for a claim, checked and parsed.

use super::claim::Replay;
use super::clock::{Duration, MICROSECONDS_PER_MILLISECOND};
use super::error::{required, Error, SqlState};
use super::hex_text;
use super::rules::SignatureLength;
use super::vote::Vote;
use super::withdrawal::{Withdrawal, WithdrawalArguments};

/// A day. Nobody leases or waits longer by intent.
const GREATEST_MILLISECONDS: i32 = 86_400_000;
const LONGEST_NODE_ID: usize = 255;
const LONGEST_ATTESTATION: usize = 65_536;

/// What a duty is counted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Of a bridge's state, its sequence.
    Slot(i64),
    Vote(Vote),
    Withdrawal(Withdrawal),
}

/// What a node asks: may I sign this message for this duty?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub chain: String,
    /// 20 bytes for an address, 32 or 48 for a public key; the chain's rules say which.
    pub validator: Vec<u8>,
    pub subject: Subject,
    pub duty_type: String,
    pub message_hash: [u8; 32],
    pub node: String,
    pub block_index: i32,
    pub block_number: Option<i64>,
    pub checkpoint_number: Option<i64>,
    pub lease: Duration,
    pub replay: Option<Replay>,
    pub wait: Duration,
    /// What its node was granted last, as this ledger said. Read with the ledger's key.
    pub seen_position: Option<String>,
    /// What proves that the claim is held. None: a new one that nobody can guess.
    pub secret: Option<[u8; 16]>,
}

/// The same as SQL hands it over.
pub enum SubjectArguments {
    Slot(Option<i64>),
    Vote { source_epoch: Option<i64>, target_epoch: Option<i64> },
    Sequence(Option<i64>),
    Withdrawal(WithdrawalArguments),
}

impl SubjectArguments {
    fn parse(self) -> Result<Subject, Error> {
        Ok(match self {
            Self::Slot(slot) => Subject::Slot(not_negative("slot", required("slot", slot)?)?),
            Self::Sequence(sequence) => Subject::Slot(not_negative("sequence", required("sequence", sequence)?)?),
            Self::Withdrawal(withdrawal) => Subject::Withdrawal(withdrawal.parse()?),
            Self::Vote { source_epoch, target_epoch } => Subject::Vote(Vote {
                source_epoch: not_negative("source_epoch", required("source_epoch", source_epoch)?)?,
                target_epoch: not_negative("target_epoch", required("target_epoch", target_epoch)?)?,
            }),
        })
    }
}

/// The arguments of an acquire as SQL hands them over.
pub struct Arguments {
    pub chain: Option<String>,
    pub validator: Option<String>,
    pub subject: SubjectArguments,
    pub duty_type: Option<String>,
    pub message_hash: Option<String>,
    /// What the SQL function calls the message hash.
    pub hash_argument: &'static str,
    pub node_id: Option<String>,
    pub block_index: Option<i32>,
    pub block_number: Option<i64>,
    pub checkpoint_number: Option<i64>,
    pub lease_ms: Option<i32>,
    pub request_id: Option<[u8; 16]>,
    pub wait_ms: Option<i32>,
    pub seen_position: Option<String>,
}

impl Arguments {
    /// `role`: the database role that asks.
    pub fn parse(self, role: u32) -> Result<Request, Error> {
        let hash = self.hash_argument;
        Ok(Request {
            chain: required("chain", self.chain)?,
            validator: parse_validator(&required("validator", self.validator)?)?,
            subject: self.subject.parse()?,
            duty_type: required("duty_type", self.duty_type)?,
            message_hash: hex_text::parse(hash, &required(hash, self.message_hash)?)?,
            node: parse_node_id(required("node_id", self.node_id)?)?,
            block_index: required("block_index", self.block_index)?,
            block_number: optional_not_negative("block_number", self.block_number)?,
            checkpoint_number: optional_not_negative("checkpoint_number", self.checkpoint_number)?,
            lease: parse_lease(self.lease_ms)?,
            replay: self.request_id.map(|request_id| Replay { role, request_id }),
            wait: milliseconds("wait_ms", required("wait_ms", self.wait_ms)?, 0)?,
            seen_position: self.seen_position,
            secret: None,
        })
    }
}

/// `lease_ms` in microseconds: 1 ms to a day.
pub fn parse_lease(lease_ms: Option<i32>) -> Result<Duration, Error> {
    milliseconds("lease_ms", required("lease_ms", lease_ms)?, 1)
}

/// A validator: 20-byte address or 32/48-byte public key, as hex text.
pub fn parse_validator(text: &str) -> Result<Vec<u8>, Error> {
    let bytes = hex_text::parse_any_length("validator", text)?;
    if [20, 32, 48].contains(&bytes.len()) {
        Ok(bytes)
    } else {
        Err(hex_text::wrong_length("validator", bytes.len(), "20, 32 or 48"))
    }
}

/// A signature as it is stored.
pub fn parse_signature(text: &str, length: SignatureLength) -> Result<Vec<u8>, Error> {
    Ok(match length {
        SignatureLength::Secp256k1 => hex_text::parse::<65>("signature", text)?.to_vec(),
        SignatureLength::Bls => hex_text::parse::<96>("signature", text)?.to_vec(),
    })
}

/// What a signer's machine attests, kept beside its signature: any text, at most as long as such a token is. 22023 for a longer one.
pub fn parse_attestation(attestation: Option<String>) -> Result<Option<String>, Error> {
    match attestation {
        Some(text) if text.len() > LONGEST_ATTESTATION => Err(Error::argument(
            SqlState::INVALID_PARAMETER_VALUE,
            "attestation",
            format!("attestation has {} bytes", text.len()),
        )
        .hint(format!("Give at most {LONGEST_ATTESTATION} bytes, or null."))),
        attestation => Ok(attestation),
    }
}

/// A name that ends in sentences for people and in a file of logs: printable, not empty, at most 255 bytes.
pub fn parse_node_id(node_id: String) -> Result<String, Error> {
    let fault = |what: &str| {
        Err(Error::argument(SqlState::INVALID_PARAMETER_VALUE, "node_id", format!("node_id {what}"))
            .hint("Give a printable name of 1 to 255 bytes, such as the host's."))
    };
    if node_id.is_empty() {
        fault("is empty")
    } else if node_id.len() > LONGEST_NODE_ID {
        fault(&format!("has {} bytes", node_id.len()))
    } else if node_id.chars().any(char::is_control) {
        fault("has a control character")
    } else {
        Ok(node_id)
    }
}

fn not_negative(argument: &str, value: i64) -> Result<i64, Error> {
    if value < 0 {
        return Err(Error::argument(SqlState::INVALID_PARAMETER_VALUE, argument, format!("{argument} is negative"))
            .hint(format!("Give a {argument} from 0 to {}.", i64::MAX)));
    }
    Ok(value)
}

fn optional_not_negative(argument: &str, value: Option<i64>) -> Result<Option<i64>, Error> {
    value.map(|value| not_negative(argument, value)).transpose()
}

fn milliseconds(argument: &str, value: i32, least: i32) -> Result<Duration, Error> {
    if !(least..=GREATEST_MILLISECONDS).contains(&value) {
        return Err(Error::argument(SqlState::INVALID_PARAMETER_VALUE, argument, format!("{argument} is {value}"))
            .hint(format!("Give {least} to {GREATEST_MILLISECONDS} milliseconds (one day).")));
    }
    Ok(i64::from(value) * MICROSECONDS_PER_MILLISECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Arguments {
        Arguments {
            chain: Some("aztec".into()),
            validator: Some(format!("0x{}", "ab".repeat(20))),
            subject: SubjectArguments::Slot(Some(5)),
            duty_type: Some("ATTESTATION".into()),
            message_hash: Some(format!("0x{}", "cd".repeat(32))),
            hash_argument: "message_hash",
            node_id: Some("node-1".into()),
            block_index: Some(-1),
            block_number: None,
            checkpoint_number: None,
            lease_ms: Some(3000),
            request_id: None,
            wait_ms: Some(0),
            seen_position: None,
        }
    }

    fn vote(source_epoch: Option<i64>, target_epoch: Option<i64>) -> SubjectArguments {
        SubjectArguments::Vote { source_epoch, target_epoch }
    }

    #[test]
    fn a_good_request_parses() {
        let request = good().parse(10).unwrap();
        assert_eq!(request.lease, 3_000_000);
        assert_eq!(request.validator, vec![0xab; 20]);
    }

    /// A name, what it does to a good request, and the code that must come back.
    type Spoiled = (&'static str, fn(&mut Arguments), SqlState);

    #[test]
    fn each_bad_argument_is_named_with_its_mend() {
        const NULL: SqlState = SqlState::NULL_VALUE_NOT_ALLOWED;
        const TEXT: SqlState = SqlState::INVALID_TEXT_REPRESENTATION;
        const VALUE: SqlState = SqlState::INVALID_PARAMETER_VALUE;
        let spoiled: Vec<Spoiled> = vec![
            ("chain", |a| a.chain = None, NULL),
            ("validator", |a| a.validator = None, NULL),
            ("slot", |a| a.subject = SubjectArguments::Slot(None), NULL),
            ("source_epoch", |a| a.subject = vote(None, Some(2)), NULL),
            ("target_epoch", |a| a.subject = vote(Some(1), None), NULL),
            ("source_epoch", |a| a.subject = vote(Some(-1), Some(2)), VALUE),
            ("target_epoch", |a| a.subject = vote(Some(1), Some(-1)), VALUE),
            ("duty_type", |a| a.duty_type = None, NULL),
            ("message_hash", |a| a.message_hash = None, NULL),
            ("node_id", |a| a.node_id = None, NULL),
            ("block_index", |a| a.block_index = None, NULL),
            ("lease_ms", |a| a.lease_ms = None, NULL),
            ("wait_ms", |a| a.wait_ms = None, NULL),
            ("validator", |a| a.validator = Some("0xabc".into()), TEXT),
            ("validator", |a| a.validator = Some(format!("0x{}", "ab".repeat(21))), TEXT),
            ("validator", |a| a.validator = Some("ab".repeat(20)), TEXT),
            ("message_hash", |a| a.message_hash = Some("0x00".into()), TEXT),
            ("message_hash", |a| a.message_hash = Some(format!("0x{}", "zz".repeat(32))), TEXT),
            ("slot", |a| a.subject = SubjectArguments::Slot(Some(-1)), VALUE),
            ("block_number", |a| a.block_number = Some(-1), VALUE),
            ("checkpoint_number", |a| a.checkpoint_number = Some(-1), VALUE),
            ("node_id", |a| a.node_id = Some(String::new()), VALUE),
            ("node_id", |a| a.node_id = Some("n".repeat(256)), VALUE),
            ("node_id", |a| a.node_id = Some("a\nb".into()), VALUE),
            ("lease_ms", |a| a.lease_ms = Some(0), VALUE),
            ("lease_ms", |a| a.lease_ms = Some(-1), VALUE),
            ("lease_ms", |a| a.lease_ms = Some(86_400_001), VALUE),
            ("wait_ms", |a| a.wait_ms = Some(-1), VALUE),
            ("wait_ms", |a| a.wait_ms = Some(86_400_001), VALUE),
        ];
        for (argument, spoil, code) in spoiled {
            let mut arguments = good();
            spoil(&mut arguments);
            let error = arguments.parse(10).unwrap_err();
            assert_eq!(error.code, code, "{argument}: {error}");
            assert_eq!(error.detail, Some(format!("Argument: {argument}.")));
            assert!(error.hint.is_some(), "{argument}");
        }
    }

    #[test]
    fn an_attestation_has_a_length() {
        assert_eq!(parse_attestation(None), Ok(None));
        let longest = "a".repeat(65_536);
        assert_eq!(parse_attestation(Some(longest.clone())), Ok(Some(longest.clone())));
        let error = parse_attestation(Some(longest + "a")).unwrap_err();
        assert_eq!(error.code, SqlState::INVALID_PARAMETER_VALUE);
    }

    #[test]
    fn the_bounds_themselves_are_allowed() {
        let mut arguments = good();
        arguments.node_id = Some("n".repeat(255));
        arguments.lease_ms = Some(86_400_000);
        arguments.wait_ms = Some(86_400_000);
        arguments.subject = SubjectArguments::Slot(Some(i64::MAX));
        assert!(arguments.parse(10).is_ok());
    }
}
