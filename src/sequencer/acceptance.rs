//! The answer to a message that was handed in.

use super::log::{Gaps, OnRecord, Range};
use super::message::{Proof, SignedMessage};
use crate::duty::hex_text;
use serde_json::{json, Value};

/// Expected outcomes are values, never exceptions: an exception would undo the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    AlreadyAccepted,
    Equivocation,
    Stale,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::AlreadyAccepted => "already_accepted",
            Self::Equivocation => "equivocation",
            Self::Stale => "stale",
        }
    }
}

/// `slashguard.acceptance`, field by field.
#[derive(Debug, Clone, PartialEq)]
pub struct Acceptance {
    pub outcome: Outcome,
    pub sequence: i64,
    /// What is missing next to the message: right before it, else right after it.
    pub missing: Option<Range>,
    /// A sentence for people: what decided.
    pub reason: String,
    /// The same for programs.
    pub details: Value,
}

/// What is on record of a sequence for which two payloads were signed.
pub struct Evidence {
    /// Messages that are kept, the accepted one among them.
    pub kept: i64,
    /// How often another payload was refused.
    pub refused: i64,
}

pub fn accepted(message: &SignedMessage, proof: &Proof, gaps: Gaps) -> Acceptance {
    let sequence = message.sequence;
    let reason = match (gaps.before, gaps.after) {
        (None, None) => format!("message {sequence} is on record, and nothing is missing next to it"),
        (Some(gap), None) | (None, Some(gap)) => {
            let verb = if gap.first == gap.last { "is" } else { "are" };
            format!("message {sequence} is on record; {} {verb} missing next to it", shown(gap))
        }
        (Some(before), Some(after)) => {
            format!("message {sequence} is on record; {} and {} are missing next to it", shown(before), shown(after))
        }
    };
    let mut details = missing(gaps);
    details["message_hash"] = json!(hex_text::show(&message.message_hash));
    details["signer"] = json!(hex_text::show(&proof.signer));
    answer(Outcome::Accepted, message, gaps, reason, details)
}

pub fn already_accepted(message: &SignedMessage, on_record: &OnRecord, gaps: Gaps) -> Acceptance {
    let sequence = message.sequence;
    let mut reason = format!("the payload of message {sequence} was accepted before");
    let mut details = missing(gaps);
    details["message_hash"] = json!(hex_text::show(&message.message_hash));
    if on_record.unix_seconds != message.unix_seconds {
        reason.push_str(&format!(", with the timestamp {}", on_record.unix_seconds));
        details["accepted_timestamp"] = json!(on_record.unix_seconds);
    }
    if on_record.message_type != message.message_type {
        reason.push_str(", with another type, for which no signature vouches");
        details["accepted_message_type"] = json!(on_record.message_type);
    }
    answer(Outcome::AlreadyAccepted, message, gaps, reason, details)
}

pub fn equivocation(message: &SignedMessage, on_record: &OnRecord, gaps: Gaps, evidence: &Evidence) -> Acceptance {
    let (accepted, refused) = (hex_text::show(&on_record.message_hash), hex_text::show(&message.message_hash));
    let reason = format!(
        "the sequencer has signed two payloads for sequence {}: {accepted} was accepted, {refused} is refused",
        message.sequence
    );
    let mut details = missing(gaps);
    details["accepted_message_hash"] = json!(accepted);
    details["refused_message_hash"] = json!(refused);
    details["messages_kept"] = json!(evidence.kept);
    details["times_refused"] = json!(evidence.refused);
    answer(Outcome::Equivocation, message, gaps, reason, details)
}

pub fn stale(message: &SignedMessage, forgotten_before: i64) -> Acceptance {
    let reason = format!(
        "messages below sequence {forgotten_before} are forgotten: whether another payload was accepted for sequence {} \
         cannot be told any more",
        message.sequence
    );
    let details = json!({ "forgotten_before": forgotten_before });
    answer(Outcome::Stale, message, Gaps { before: None, after: None }, reason, details)
}

fn answer(outcome: Outcome, message: &SignedMessage, gaps: Gaps, reason: String, details: Value) -> Acceptance {
    Acceptance { outcome, sequence: message.sequence, missing: gaps.before.or(gaps.after), reason, details }
}

fn shown(range: Range) -> String {
    match range.first == range.last {
        true => range.first.to_string(),
        false => format!("{} to {}", range.first, range.last),
    }
}

fn missing(gaps: Gaps) -> Value {
    let ends = |range: Range| json!([range.first, range.last]);
    json!({ "missing_before": gaps.before.map(ends), "missing_after": gaps.after.map(ends) })
}
