//! Refusals by a watermark or a switch, in words for people and for programs.

use super::watermark::{BeforeHistory, Bounds, Frozen, Quarantine, Wanted};
use crate::duty::acquisition::{Acquisition, Outcome, FIRST_USE};
use serde_json::{json, Value};

/// Nothing of this chain follows from time.
fn has_no_clock(bounds: &Bounds) -> bool {
    bounds.current_slot == i64::MAX
}

/// What the refusal is about.
fn show(wanted: &Wanted) -> String {
    match wanted.vote {
        None => format!("slot {}", wanted.slot),
        Some(vote) => format!("target epoch {}, from slot {} on,", vote.target_epoch, wanted.slot),
    }
}

fn refused(outcome: Outcome, reason: String, details: Value) -> Acquisition {
    let mut answer = Acquisition::new(outcome, reason);
    answer.details = Some(details);
    answer
}

pub fn retired(bounds: &Bounds) -> Acquisition {
    refused(
        Outcome::Stale,
        format!("chain {} is retired; nothing is granted for it any more", bounds.chain),
        json!({ "cause": "retired" }),
    )
}

pub fn below_low_watermark(bounds: &Bounds, wanted: &Wanted, low: i64) -> Acquisition {
    refused(
        Outcome::Stale,
        format!(
            "{} is at or below the low watermark {low} of chain {}; what was signed there may be cleaned up",
            show(wanted),
            bounds.chain
        ),
        json!({ "cause": "low_watermark", "low_watermark": low }),
    )
}

pub fn below_validator_watermark(wanted: &Wanted, low: i64) -> Acquisition {
    refused(
        Outcome::Stale,
        format!("{} is at or below the low watermark {low} of this validator", show(wanted)),
        json!({ "cause": "low_watermark", "low_watermark": low }),
    )
}

pub fn below_source_watermark(wanted: &Wanted, low: i64) -> Acquisition {
    let source = wanted.vote.map(|vote| vote.source_epoch);
    refused(
        Outcome::Stale,
        format!(
            "source epoch {} is below the low watermark {low} of sources: an attestation that is cleaned up may have had a \
             later one",
            source.unwrap_or_default()
        ),
        json!({ "cause": "low_watermark", "low_source_epoch": low }),
    )
}

pub fn before_history(wanted: &Wanted, low: BeforeHistory) -> Acquisition {
    let (what, details) = match low {
        BeforeHistory::Slot(low) => (
            format!("slot {} is at or below slot {low}", wanted.slot),
            json!({ "cause": "imported_history", "low_watermark": low }),
        ),
        BeforeHistory::Target(low) => (
            format!("{} is at or below target epoch {low}", show(wanted)),
            json!({ "cause": "imported_history", "low_target_epoch": low }),
        ),
        BeforeHistory::Source(low) => (
            format!("source epoch {} is below source epoch {low}", wanted.vote.map_or(0, |vote| vote.source_epoch)),
            json!({ "cause": "imported_history", "low_source_epoch": low }),
        ),
    };
    refused(
        Outcome::Stale,
        format!("{what}, where this validator's imported history begins; what it signed before is not known"),
        details,
    )
}

pub fn frozen(who: &str, frozen: &Frozen) -> Acquisition {
    let reason = frozen.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    refused(
        Outcome::Halted,
        format!("{who} frozen{reason}; nothing is granted until it is unfrozen"),
        json!({ "cause": "frozen", "frozen_reason": frozen.reason }),
    )
}

/// Another shard's validator.
pub fn not_owned(chain: &str) -> Acquisition {
    refused(
        Outcome::Halted,
        format!(
            "this validator is outside the ranges of chain {chain} that this ledger owns; ask the shard that owns it \
             (slashguard.owned_ranges names those of this one)"
        ),
        json!({ "cause": "not_owned" }),
    )
}

/// From where on it is signed again, after a slot up to which anything may have been.
struct Resumption {
    words: String,
    details: Value,
}

fn resumption(bounds: &Bounds, wanted: &Wanted, slot: i64, source_epoch: Option<i64>) -> Resumption {
    let current_slot = bounds.current_slot;
    let first = slot.saturating_add(1);
    let mut details = json!({ "low_watermark": slot, "first_slot": first, "current_slot": current_slot });
    if slot == i64::MAX {
        let words = "signs again when slashguard.confirm_recovery says from where on".to_owned();
        return Resumption { words, details };
    }
    let words = match bounds.epochs.filter(|_| wanted.vote.is_some()) {
        None => format!("signs from slot {first} on (the current slot is {current_slot})"),
        Some(epochs) => {
            let first_target = epochs.epoch_of(slot).saturating_add(1);
            let least_source = source_epoch.unwrap_or_else(|| epochs.epoch_of(slot));
            let current = epochs.epoch_of(current_slot);
            details["first_target_epoch"] = first_target.into();
            details["least_source_epoch"] = least_source.into();
            details["current_epoch"] = current.into();
            format!(
                "signs from target epoch {first_target} and source epoch {least_source} on (the current epoch is {current})"
            )
        }
    };
    Resumption { words, details }
}

pub fn quarantined(bounds: &Bounds, wanted: &Wanted, quarantine: &Quarantine) -> Acquisition {
    if has_no_clock(bounds) {
        return refused(
            Outcome::Halted,
            format!(
                "{}, so any grant may be lost; chain {} is halted until slashguard.confirm_recovery",
                quarantine.cause, bounds.chain
            ),
            json!({ "cause": "quarantine" }),
        );
    }
    let mut from = resumption(bounds, wanted, quarantine.slot, quarantine.source_epoch);
    from.details["cause"] = "quarantine".into();
    let what = match wanted.vote {
        None => format!("a grant for slot {}", wanted.slot),
        Some(_) => "an attestation that stands against this one".to_owned(),
    };
    refused(
        Outcome::Stale,
        format!(
            "{}, so {what} may be lost; chain {} is quarantined and {}",
            quarantine.cause, bounds.chain, from.words
        ),
        from.details,
    )
}

pub fn first_use(bounds: &Bounds, wanted: &Wanted, last: i64) -> Acquisition {
    if has_no_clock(bounds) {
        return refused(
            Outcome::Halted,
            "this validator is new here and may have signed anything elsewhere; it is halted. If it never signed elsewhere, \
             declare_new lifts this"
                .to_owned(),
            json!({ "cause": FIRST_USE }),
        );
    }
    let mut from = resumption(bounds, wanted, last, None);
    from.details["cause"] = FIRST_USE.into();
    let what = match wanted.vote {
        None => format!("slot {}", wanted.slot),
        Some(_) => "what stands against this attestation".to_owned(),
    };
    let mend = match bounds.epochs {
        None => "If it never signed elsewhere, declare_new lifts this",
        Some(_) => "If it never signed elsewhere, declare_new lifts this; else import its history first",
    };
    refused(
        Outcome::Stale,
        format!("this validator is new here and may have signed {what} elsewhere; it {}. {mend}", from.words),
        from.details,
    )
}

pub fn above_high_watermark(whose: &str, bounds: &Bounds, wanted: &Wanted, high: i64) -> Acquisition {
    let what = match (bounds.epochs, wanted.vote) {
        (Some(epochs), Some(vote)) => {
            format!("target epoch {} ends with slot {}, which", vote.target_epoch, epochs.last_slot(vote.target_epoch))
        }
        _ => format!("slot {}", wanted.slot),
    };
    refused(
        Outcome::Halted,
        format!("{what} is at or above the high watermark {high} of {whose}"),
        json!({ "cause": "high_watermark", "high_watermark": high }),
    )
}

pub fn beyond_horizon(bounds: &Bounds, wanted: &Wanted, last: i64) -> Acquisition {
    refused(
        Outcome::Halted,
        format!(
            "{} is beyond the horizon: by the database's clock the current slot is {} \
             and the last that may be claimed is {last}",
            show(wanted),
            bounds.current_slot,
        ),
        json!({ "cause": "horizon", "current_slot": bounds.current_slot, "last_slot": last }),
    )
}

/// The refusal while these nodes, which used to hand back positions, have not done so since the server's start.
pub fn witnesses_missing(bounds: &Bounds, wanted: &Wanted, nodes: &[String]) -> Acquisition {
    let awaited = bounds.awaited_slot.unwrap_or_default();
    if has_no_clock(bounds) {
        return refused(
            Outcome::Halted,
            format!(
                "the server was started anew, and what was granted before is known to {}; chain {} waits for the \
                 seen_position of each, or for slashguard.confirm_recovery",
                nodes.join(", "),
                bounds.chain
            ),
            json!({ "cause": "witnesses", "nodes": nodes }),
        );
    }
    let mut from = resumption(bounds, wanted, awaited, None);
    from.details["cause"] = "witnesses".into();
    from.details["nodes"] = nodes.into();
    if let Some(details) = from.details.as_object_mut() {
        details.remove("low_watermark");
    }
    let what = match wanted.vote {
        None => format!("slot {}", wanted.slot),
        Some(_) => "what stands against this attestation".to_owned(),
    };
    refused(
        Outcome::Halted,
        format!(
            "the server was started anew, and whether {what} was granted before is known to {}; chain {} waits for \
             the seen_position of each, or {} without them",
            nodes.join(", "),
            bounds.chain,
            from.words
        ),
        from.details,
    )
}
