//! The answer to an acquire.

use super::clock::Timestamp;
use super::error::{Error, SqlState};
use super::hex_text;
use serde_json::{json, Value};

/// Expected outcomes are values, never exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    Acquired,
    AlreadySigned,
    InProgress,
    Conflict,
    Stale,
    Halted,
    NotProtected,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Acquired => "acquired",
            Self::AlreadySigned => "already_signed",
            Self::InProgress => "in_progress",
            Self::Conflict => "conflict",
            Self::Stale => "stale",
            Self::Halted => "halted",
            Self::NotProtected => "not_protected",
        }
    }
}

/// `slashguard.acquisition`, field by field.
#[derive(Debug, Clone, PartialEq)]
pub struct Acquisition {
    pub outcome: Outcome,
    pub lock_token: Option<String>,
    pub signature: Option<String>,
    pub holder: Option<String>,
    pub expires_at: Option<Timestamp>,
    pub position: Option<String>,
    /// A sentence for people: what decided.
    pub reason: String,
    /// The same for programs.
    pub details: Option<Value>,
}

impl Acquisition {
    pub fn new(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self {
            outcome,
            lock_token: None,
            signature: None,
            holder: None,
            expires_at: None,
            position: None,
            reason: reason.into(),
            details: None,
        }
    }

    /// The strict twin's form: a refusal becomes the error that stands for it.
    pub fn or_raise(self) -> Result<Self, Error> {
        let (code, hint) = match self.outcome {
            Outcome::Acquired | Outcome::AlreadySigned | Outcome::NotProtected => return Ok(self),
            Outcome::Conflict => (SqlState::CONFLICT, "Never sign this message."),
            Outcome::InProgress => {
                (SqlState::IN_PROGRESS, "Wait for the holder's signature, or for the end of its lease.")
            }
            Outcome::Stale => (SqlState::STALE, "Never sign this message for this slot."),
            Outcome::Halted => (SqlState::HALTED, "Do not sign now. Try again when the reason is gone."),
        };
        let hint = match self.details.as_ref().and_then(|details| details.get("cause")) {
            Some(cause) if cause == FIRST_USE => FIRST_USE_STRICT_HINT,
            _ => hint,
        };
        let mut error = Error::new(code, self.reason).hint(hint);
        if let Some(details) = self.details {
            error = error.detail(details.to_string());
        }
        Err(error)
    }
}

/// `details.cause` of a stale answer for a validator that is new here.
pub const FIRST_USE: &str = "first_use";
const FIRST_USE_STRICT_HINT: &str = "An error leaves no trace, so this wait does not begin: \
    call slashguard.try_acquire_duty instead, or, if the validator never signed elsewhere, slashguard.declare_new.";

/// Another message is pinned.
pub fn conflict(pinned_hash: &[u8; 32], state: &str, node: &str) -> Acquisition {
    let pinned_hash = hex_text::show(pinned_hash);
    let mut answer = Acquisition::new(
        Outcome::Conflict,
        format!("another message is on record for this duty: {pinned_hash}, granted to node {node} ({state})"),
    );
    answer.details = Some(json!({
        "earlier_message_hash": pinned_hash,
        "earlier_state": state,
        "earlier_node": node,
    }));
    answer.holder = Some(node.to_owned());
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_sqlstate() {
        for (outcome, code) in [
            (Outcome::Conflict, SqlState::CONFLICT),
            (Outcome::InProgress, SqlState::IN_PROGRESS),
            (Outcome::Stale, SqlState::STALE),
            (Outcome::Halted, SqlState::HALTED),
        ] {
            let error = Acquisition::new(outcome, "because").or_raise().unwrap_err();
            assert_eq!(error.code, code);
            assert_eq!(error.message, "because");
            assert!(error.hint.is_some());
        }
        for outcome in [Outcome::Acquired, Outcome::AlreadySigned, Outcome::NotProtected] {
            assert!(Acquisition::new(outcome, "").or_raise().is_ok());
        }
    }
}
