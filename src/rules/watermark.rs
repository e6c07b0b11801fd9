//! Which slots may be claimed at all: not below the low watermarks, not beyond the horizon or the high watermark.

use crate::duty::acquisition::{Acquisition, Outcome, FIRST_USE};
use serde_json::json;

/// What bounds a duty's slot, read in one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    pub chain: String,
    /// At or below it nothing new is granted.
    pub low_watermark: Option<i64>,
    /// At or above it nothing is granted.
    pub high_watermark: Option<i64>,
    /// Closed for good.
    pub retired: bool,
    /// The ledger may have lost what was granted up to here.
    pub quarantine: Option<Quarantine>,
    /// Nothing is granted, whatever the slot.
    pub frozen: Option<Frozen>,
    /// At or below it the witnesses of a restart must have reported first.
    pub awaited_slot: Option<i64>,
    /// What bounds this validator alone.
    pub validator: ValidatorBounds,
    pub current_slot: i64,
    /// None: no bound.
    pub horizon_slots: Option<i32>,
}

/// What bounds one validator beyond its chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValidatorBounds {
    /// Of the chain's count of changes to such bounds, when these were read.
    pub version: i64,
    /// At or below it this validator may have signed elsewhere, before it was first seen here.
    pub first_use_slot: Option<i64>,
    pub low_watermark: Option<i64>,
    pub high_watermark: Option<i64>,
    pub frozen: Option<Frozen>,
}

/// An operator's stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    pub reason: Option<String>,
}

/// A low watermark raised past everything that could have been signed and then lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    pub slot: i64,
    /// What raised the doubt, as the beginning of a sentence.
    pub cause: String,
}

/// The refusal that the bounds demand for `slot`, or None.
pub fn refusal(bounds: &Bounds, slot: i64) -> Option<Acquisition> {
    if bounds.retired {
        Some(retired(bounds))
    } else if is_at_or_below(slot, bounds.low_watermark) {
        Some(below_low_watermark(bounds, slot))
    } else if is_at_or_below(slot, bounds.validator.low_watermark) {
        Some(below_validator_watermark(bounds, slot))
    } else if let Some(quarantine) = bounds.quarantine.as_ref().filter(|quarantine| slot <= quarantine.slot) {
        Some(quarantined(bounds, slot, quarantine))
    } else if is_at_or_below(slot, bounds.validator.first_use_slot) {
        Some(first_use(bounds, slot))
    } else if let Some(frozen) = &bounds.frozen {
        Some(frozen_by_operator(&format!("chain {} is", bounds.chain), frozen))
    } else if let Some(frozen) = &bounds.validator.frozen {
        Some(frozen_by_operator(&format!("this validator of chain {} is", bounds.chain), frozen))
    } else if let Some(high) = bounds.high_watermark.filter(|high| slot >= *high) {
        Some(above_high_watermark(&format!("chain {}", bounds.chain), slot, high))
    } else if let Some(high) = bounds.validator.high_watermark.filter(|high| slot >= *high) {
        Some(above_high_watermark("this validator", slot, high))
    } else if beyond_horizon(bounds, slot) {
        Some(beyond(bounds, slot))
    } else {
        None
    }
}

fn is_at_or_below(slot: i64, watermark: Option<i64>) -> bool {
    watermark.is_some_and(|watermark| slot <= watermark)
}

fn beyond_horizon(bounds: &Bounds, slot: i64) -> bool {
    last_claimable(bounds).is_some_and(|last| slot > last)
}

/// Whether the slot may have been granted before the server's last start, so that its witnesses are heard first.
pub fn awaits_witnesses(bounds: &Bounds, slot: i64) -> bool {
    is_at_or_below(slot, bounds.awaited_slot)
}

/// The refusal while these nodes, which used to hand back positions, have not done so since the server's start.
pub fn witnesses_missing(bounds: &Bounds, slot: i64, nodes: &[String]) -> Acquisition {
    let first = bounds.awaited_slot.unwrap_or_default().saturating_add(1);
    let mut answer = Acquisition::new(
        Outcome::Halted,
        format!(
            "the server was started anew, and whether slot {slot} was granted before is known to {}; chain {} waits for \
             the seen_position of each, or signs without them from slot {first} on (the current slot is {})",
            nodes.join(", "),
            bounds.chain,
            bounds.current_slot
        ),
    );
    answer.details = Some(json!({
        "cause": "witnesses",
        "nodes": nodes,
        "first_slot": first,
        "current_slot": bounds.current_slot,
    }));
    answer
}

/// The last slot within the horizon.
fn last_claimable(bounds: &Bounds) -> Option<i64> {
    bounds.horizon_slots.map(|horizon| bounds.current_slot.saturating_add(i64::from(horizon)))
}

fn retired(bounds: &Bounds) -> Acquisition {
    let mut answer = Acquisition::new(
        Outcome::Stale,
        format!("chain {} is retired; nothing is granted for it any more", bounds.chain),
    );
    answer.details = Some(json!({ "cause": "retired" }));
    answer
}

fn below_low_watermark(bounds: &Bounds, slot: i64) -> Acquisition {
    let low = bounds.low_watermark;
    let mut answer = Acquisition::new(
        Outcome::Stale,
        format!(
            "slot {slot} is at or below the low watermark {} of chain {}; what was signed there may be cleaned up",
            low.unwrap_or_default(),
            bounds.chain
        ),
    );
    answer.details = Some(json!({ "cause": "low_watermark", "low_watermark": low }));
    answer
}

fn below_validator_watermark(bounds: &Bounds, slot: i64) -> Acquisition {
    let low = bounds.validator.low_watermark;
    let mut answer = Acquisition::new(
        Outcome::Stale,
        format!("slot {slot} is at or below the low watermark {} of this validator", low.unwrap_or_default()),
    );
    answer.details = Some(json!({ "cause": "low_watermark", "low_watermark": low }));
    answer
}

fn frozen_by_operator(who: &str, frozen: &Frozen) -> Acquisition {
    let reason = frozen.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let mut answer =
        Acquisition::new(Outcome::Halted, format!("{who} frozen{reason}; nothing is granted until it is unfrozen"));
    answer.details = Some(json!({ "cause": "frozen", "frozen_reason": frozen.reason }));
    answer
}

fn quarantined(bounds: &Bounds, slot: i64, quarantine: &Quarantine) -> Acquisition {
    let first = quarantine.slot.saturating_add(1);
    let mut answer = Acquisition::new(
        Outcome::Stale,
        format!(
            "{}, so a grant for slot {slot} may be lost; chain {} is quarantined and signs from slot {first} on \
             (the current slot is {})",
            quarantine.cause, bounds.chain, bounds.current_slot
        ),
    );
    answer.details = Some(json!({
        "cause": "quarantine",
        "low_watermark": quarantine.slot,
        "first_slot": first,
        "current_slot": bounds.current_slot,
    }));
    answer
}

fn first_use(bounds: &Bounds, slot: i64) -> Acquisition {
    let last = bounds.validator.first_use_slot.unwrap_or_default();
    let first = last.saturating_add(1);
    let mut answer = Acquisition::new(
        Outcome::Stale,
        format!(
            "this validator is new here and may have signed slot {slot} elsewhere; it signs from slot {first} on \
             (the current slot is {}). If it never signed elsewhere, declare_new lifts this",
            bounds.current_slot
        ),
    );
    answer.details = Some(json!({
        "cause": FIRST_USE,
        "low_watermark": last,
        "first_slot": first,
        "current_slot": bounds.current_slot,
    }));
    answer
}

fn above_high_watermark(whose: &str, slot: i64, high: i64) -> Acquisition {
    let mut answer =
        Acquisition::new(Outcome::Halted, format!("slot {slot} is at or above the high watermark {high} of {whose}"));
    answer.details = Some(json!({ "cause": "high_watermark", "high_watermark": high }));
    answer
}

fn beyond(bounds: &Bounds, slot: i64) -> Acquisition {
    let last = last_claimable(bounds);
    let mut answer = Acquisition::new(
        Outcome::Halted,
        format!(
            "slot {slot} is beyond the horizon: by the database's clock the current slot is {} \
             and the last that may be claimed is {}",
            bounds.current_slot,
            last.unwrap_or_default()
        ),
    );
    answer.details = Some(json!({
        "cause": "horizon",
        "current_slot": bounds.current_slot,
        "last_slot": last,
    }));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Bounds {
        Bounds {
            chain: "aztec".into(),
            low_watermark: None,
            high_watermark: None,
            retired: false,
            quarantine: None,
            frozen: None,
            awaited_slot: None,
            validator: ValidatorBounds::default(),
            current_slot: 100,
            horizon_slots: Some(2),
        }
    }

    fn outcome(bounds: &Bounds, slot: i64) -> Option<Outcome> {
        refusal(bounds, slot).map(|answer| answer.outcome)
    }

    #[test]
    fn the_watermark_itself_is_stale() {
        let bounds = Bounds { low_watermark: Some(50), ..open() };
        assert_eq!(outcome(&bounds, 50), Some(Outcome::Stale));
        assert_eq!(outcome(&bounds, 51), None);
        let bounds = Bounds { low_watermark: Some(0), ..open() };
        assert_eq!(outcome(&bounds, 0), Some(Outcome::Stale));
        assert_eq!(outcome(&open(), 0), None);
    }

    #[test]
    fn a_quarantine_ends_with_its_last_slot() {
        let quarantine = Some(Quarantine { slot: 101, cause: "the server was promoted".into() });
        let bounds = Bounds { quarantine, ..open() };
        assert_eq!(outcome(&bounds, 101), Some(Outcome::Stale));
        assert_eq!(outcome(&bounds, 102), None);
    }

    #[test]
    fn a_new_validator_waits_past_its_first_use() {
        let bounds = of_validator(ValidatorBounds { first_use_slot: Some(101), ..ValidatorBounds::default() });
        assert_eq!(outcome(&bounds, 101), Some(Outcome::Stale));
        assert_eq!(outcome(&bounds, 102), None);
    }

    fn of_validator(validator: ValidatorBounds) -> Bounds {
        Bounds { validator, ..open() }
    }

    #[test]
    fn a_validator_has_watermarks_of_its_own() {
        let bounds = of_validator(ValidatorBounds {
            low_watermark: Some(99),
            high_watermark: Some(101),
            ..ValidatorBounds::default()
        });
        assert_eq!(outcome(&bounds, 99), Some(Outcome::Stale));
        assert_eq!(outcome(&bounds, 100), None);
        assert_eq!(outcome(&bounds, 101), Some(Outcome::Halted));
    }

    #[test]
    fn what_is_frozen_grants_no_slot() {
        let frozen = Some(Frozen { reason: Some("migration".into()) });
        let chain = Bounds { frozen: frozen.clone(), ..open() };
        let validator = of_validator(ValidatorBounds { frozen, ..ValidatorBounds::default() });
        for bounds in [chain, validator] {
            for slot in [0, 100, 102] {
                assert_eq!(outcome(&bounds, slot), Some(Outcome::Halted));
            }
            assert!(refusal(&bounds, 100).unwrap().reason.contains("migration"));
        }
    }

    #[test]
    fn what_is_stale_for_ever_is_not_called_halted() {
        let frozen = Some(Frozen { reason: None });
        let bounds = Bounds { frozen, low_watermark: Some(50), ..open() };
        assert_eq!(outcome(&bounds, 50), Some(Outcome::Stale));
    }

    #[test]
    fn witnesses_are_awaited_up_to_a_slot() {
        let bounds = Bounds { awaited_slot: Some(104), ..open() };
        assert!(awaits_witnesses(&bounds, 104));
        assert!(!awaits_witnesses(&bounds, 105));
        assert!(!awaits_witnesses(&open(), 0));
        let answer = witnesses_missing(&bounds, 104, &["a".into(), "b".into()]);
        assert_eq!(answer.outcome, Outcome::Halted);
        assert!(answer.reason.contains("a, b") && answer.reason.contains("slot 105"), "{}", answer.reason);
    }

    #[test]
    fn the_horizon_itself_is_allowed() {
        assert_eq!(outcome(&open(), 102), None);
        assert_eq!(outcome(&open(), 103), Some(Outcome::Halted));
        let boundless = Bounds { horizon_slots: None, ..open() };
        assert_eq!(outcome(&boundless, i64::MAX), None);
    }

    #[test]
    fn the_high_watermark_itself_is_halted() {
        let bounds = Bounds { high_watermark: Some(101), ..open() };
        assert_eq!(outcome(&bounds, 100), None);
        assert_eq!(outcome(&bounds, 101), Some(Outcome::Halted));
    }

    #[test]
    fn a_retired_chain_grants_nothing() {
        let bounds = Bounds { retired: true, horizon_slots: None, ..open() };
        for slot in [0, 100, i64::MAX] {
            assert_eq!(outcome(&bounds, slot), Some(Outcome::Stale));
        }
    }
}
