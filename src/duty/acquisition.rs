//! The answer to an acquire.

use super::claim::Claim;
use super::clock::{Duration, Timestamp, MICROSECONDS_PER_MILLISECOND};
use super::error::{Error, SqlState};
use super::hex_text;
use super::token::LockToken;
use super::vote::{SignedVote, Vote};
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

/// `slashguard.acquisition`, field by field, and what only its caller inside is told.
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
    /// Whether nobody held the claim before. No field of the SQL type.
    pub is_first: bool,
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
            is_first: false,
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

/// The claim is durable and the caller's. `how`: the beginning of the sentence, such as "granted".
pub fn acquired(token: &LockToken, node: &str, now: Timestamp, lease_until: Timestamp, how: &str) -> Acquisition {
    let mut answer =
        Acquisition::new(Outcome::Acquired, format!("{how} to node {node} for {} ms", milliseconds(lease_until - now)));
    answer.lock_token = Some(token.show());
    answer.holder = Some(node.to_owned());
    answer.expires_at = Some(lease_until);
    answer
}

/// Another message is pinned. `cause`: what the rules call that, where they have a word for it.
pub fn conflict(claim: &Claim, cause: Option<&str>, now: Timestamp) -> Acquisition {
    let pinned_hash = claim.message_hash.as_ref().map(|hash| hex_text::show(hash));
    let state = claim.state(now).name();
    let source = claim.source_epoch.map_or_else(String::new, |epoch| format!(", from source epoch {epoch}"));
    let reason = match &pinned_hash {
        Some(hash) if claim.imported => format!("imported history has another message for this duty: {hash}{source}"),
        Some(hash) => format!(
            "another message is on record for this duty: {hash}{source}, granted to node {} ({state})",
            claim.node
        ),
        None => "imported history says that this duty was signed, but not with which message".to_owned(),
    };
    let mut answer = Acquisition::new(Outcome::Conflict, reason);
    let mut details = json!({
        "earlier_message_hash": pinned_hash,
        "earlier_state": state,
        "earlier_node": claim.node,
    });
    if let Some(cause) = cause {
        details["cause"] = cause.into();
    }
    if let Some(source_epoch) = claim.source_epoch {
        details["earlier_source_epoch"] = source_epoch.into();
    }
    answer.details = Some(details);
    answer.holder = Some(claim.node.clone());
    answer
}

/// Imported history has more than this one message for the duty.
pub fn several(claim: &Claim, cause: &str, now: Timestamp) -> Acquisition {
    let mut answer = conflict(claim, Some(cause), now);
    answer.reason = "imported history has several messages for this duty, so none of them is granted again".to_owned();
    answer
}

/// A vote that would surround one on record, or be surrounded by it.
pub fn surround(vote: Vote, surrounds: bool, earlier: &SignedVote) -> Acquisition {
    let verb = if surrounds { "would surround" } else { "would be surrounded by" };
    let root = earlier.signing_root.as_ref().map(|root| hex_text::show(root));
    let Vote { source_epoch, target_epoch } = earlier.vote;
    let mut answer = Acquisition::new(
        Outcome::Conflict,
        format!(
            "an attestation from epoch {} to {} {verb} the one on record from epoch {source_epoch} to {target_epoch}, {}",
            vote.source_epoch,
            vote.target_epoch,
            root.as_deref().unwrap_or("whose signing root is not known"),
        ),
    );
    answer.details = Some(json!({
        "cause": if surrounds { "surrounds" } else { "surrounded" },
        "earlier_message_hash": root,
        "earlier_source_epoch": source_epoch,
        "earlier_target_epoch": target_epoch,
    }));
    answer
}

/// The same message, signed before.
pub fn already_signed(claim: &Claim) -> Acquisition {
    let mut answer = Acquisition::new(
        Outcome::AlreadySigned,
        format!("node {} signed this message before; its signature is given", claim.node),
    );
    answer.signature = claim.signature.as_deref().map(hex_text::show);
    answer.holder = Some(claim.node.clone());
    answer
}

/// The same message, held by somebody else.
pub fn in_progress(claim: &Claim, now: Timestamp) -> Acquisition {
    let left = milliseconds(claim.lease_until - now);
    let mut answer = Acquisition::new(
        Outcome::InProgress,
        format!("node {} is signing this message; its lease runs for {left} ms more", claim.node),
    );
    answer.holder = Some(claim.node.clone());
    answer.expires_at = Some(claim.lease_until);
    answer
}

pub fn not_protected(duty_type: &str) -> Acquisition {
    Acquisition::new(Outcome::NotProtected, format!("{duty_type} is harmless to sign twice"))
}

/// A standby answers from the past and promises nothing.
pub fn on_standby() -> Acquisition {
    let mut answer = Acquisition::new(Outcome::Halted, "this server is a standby; ask the primary");
    answer.details = Some(json!({ "cause": "standby" }));
    answer
}

/// The server runs with a setting that lets a crash forget grants.
pub fn unsafe_storage(setting: &str) -> Acquisition {
    let mut answer = Acquisition::new(
        Outcome::Halted,
        format!("{setting} is off, so a crash could lose this grant; nothing is granted until it is on"),
    );
    answer.details = Some(json!({ "cause": "unsafe_storage", "setting": setting }));
    answer
}

/// The chain requires a synchronous standby, and as many as are asked for are not there.
pub fn no_standby(chain: &str) -> Acquisition {
    let mut answer = Acquisition::new(
        Outcome::Halted,
        format!("chain {chain} requires a synchronous standby, and fewer are connected than synchronous_standby_names asks for"),
    );
    answer.details = Some(json!({ "cause": "no_standby" }));
    answer
}

/// Another server writes to this ledger's tables.
pub fn subscribed(subscription: &str) -> Acquisition {
    let mut answer = Acquisition::new(
        Outcome::Halted,
        format!(
            "subscription {subscription} writes to slashguard's tables; logical replication does not carry uniqueness, so \
             nothing is granted until it is gone"
        ),
    );
    answer.details = Some(json!({ "cause": "logical_replication", "subscription": subscription }));
    answer
}

/// What a node was granted last is not here, and what it asks for now is not here either.
pub fn gone_back() -> Acquisition {
    let mut answer = Acquisition::new(
        Outcome::Halted,
        "this ledger has gone back in time: what this node was granted last is not here. Every chain is quarantined now; ask again",
    );
    answer.details = Some(json!({ "cause": "gone_back" }));
    answer
}

/// A lock was not given back in time. `why`: a sentence that says who may have it.
pub fn held_up(why: &str) -> Acquisition {
    let mut answer = Acquisition::new(Outcome::Halted, format!("{why}; ask again"));
    answer.details = Some(json!({ "cause": "lock_timeout" }));
    answer
}

/// No decision, because somebody else was always faster.
pub fn contended() -> Acquisition {
    let mut answer =
        Acquisition::new(Outcome::Halted, "this duty changed hands again and again while it was looked at; ask again");
    answer.details = Some(json!({ "cause": "contention" }));
    answer
}

fn milliseconds(duration: Duration) -> i64 {
    duration / MICROSECONDS_PER_MILLISECOND
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
