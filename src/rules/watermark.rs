//! Which duties may be claimed at all: not below the low watermarks, not beyond the horizon or the high watermark.
//!
//! Watermarks of a chain are slots. An attestation stands at its target's checkpoint; and because a vote that was lost or
//! forgotten may have any source up to there, its own source must not be before that epoch.

use super::ethereum::{self, LowWatermarks};
use super::refusal;
use crate::duty::acquisition::Acquisition;
use crate::duty::epochs::Epochs;
use crate::duty::vote::Vote;

/// What is to be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Of an attestation's target checkpoint.
    pub slot: i64,
    /// Of an attestation.
    pub vote: Option<Vote>,
    /// This very message is on record as signed elsewhere: conditions 2 and 5 of EIP-3076 allow to sign it again, condition 4
    /// does not.
    pub was_signed: bool,
}

/// What bounds a duty, read in one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    pub chain: String,
    /// Of chains that have them.
    pub epochs: Option<Epochs>,
    /// At or below it nothing new is granted.
    pub low_watermark: Option<i64>,
    /// No attestation with a source below it is granted.
    pub low_source_epoch: Option<i64>,
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
    pub low_source_epoch: Option<i64>,
    /// Where its imported history begins.
    pub history: LowWatermarks,
    pub high_watermark: Option<i64>,
    pub frozen: Option<Frozen>,
}

/// The reason of a stop that no unfreeze ends: the validator is outside the ranges that this ledger owns.
pub const NOT_OWNED: &str = "not in the ranges of validators that this ledger owns";

/// An operator's stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    pub reason: Option<String>,
}

impl Frozen {
    fn is_not_owned(&self) -> bool {
        self.reason.as_deref() == Some(NOT_OWNED)
    }
}

/// A low watermark raised past everything that could have been signed and then lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    pub slot: i64,
    /// No attestation with a source below it is granted. None: below the slot's epoch.
    pub source_epoch: Option<i64>,
    /// What raised the doubt, as the beginning of a sentence.
    pub cause: String,
}

/// The refusal that the bounds demand, or None.
pub fn refusal(bounds: &Bounds, wanted: &Wanted) -> Option<Acquisition> {
    let validator = &bounds.validator;
    let slot = wanted.slot;
    if bounds.retired {
        Some(refusal::retired(bounds))
    } else if validator.frozen.as_ref().is_some_and(Frozen::is_not_owned) {
        // Before all that ends by itself: it is the wrong shard to wait at.
        Some(refusal::not_owned(&bounds.chain))
    } else if let Some(low) = bounds.low_watermark.filter(|low| slot <= *low) {
        Some(refusal::below_low_watermark(bounds, wanted, low))
    } else if let Some(low) = validator.low_watermark.filter(|low| slot <= *low) {
        Some(refusal::below_validator_watermark(wanted, low))
    } else if let Some(low) = source_floor(bounds, wanted) {
        Some(refusal::below_source_watermark(wanted, low))
    } else if let Some(low) = before_history(validator, wanted) {
        Some(refusal::before_history(wanted, low))
    } else if let Some(quarantine) = bounds
        .quarantine
        .as_ref()
        .filter(|quarantine| is_covered(bounds.epochs, wanted, quarantine.slot, quarantine.source_epoch))
    {
        Some(refusal::quarantined(bounds, wanted, quarantine))
    } else if let Some(last) = validator.first_use_slot.filter(|last| is_covered(bounds.epochs, wanted, *last, None)) {
        Some(refusal::first_use(bounds, wanted, last))
    } else if let Some(frozen) = &bounds.frozen {
        Some(refusal::frozen(&format!("chain {} is", bounds.chain), frozen))
    } else if let Some(frozen) = &validator.frozen {
        Some(refusal::frozen(&format!("this validator of chain {} is", bounds.chain), frozen))
    } else if let Some(high) = bounds.high_watermark.filter(|high| last_slot(bounds.epochs, wanted) >= *high) {
        Some(refusal::above_high_watermark(&format!("chain {}", bounds.chain), bounds, wanted, high))
    } else if let Some(high) = validator.high_watermark.filter(|high| last_slot(bounds.epochs, wanted) >= *high) {
        Some(refusal::above_high_watermark("this validator", bounds, wanted, high))
    } else {
        let last = last_claimable(bounds).filter(|last| slot > *last)?;
        Some(refusal::beyond_horizon(bounds, wanted, last))
    }
}

/// Whether what was granted up to `slot`, and is not known, may stand against it. `source_epoch`: what is said of the sources of
/// those votes; else they may lie anywhere before.
fn is_covered(epochs: Option<Epochs>, wanted: &Wanted, slot: i64, source_epoch: Option<i64>) -> bool {
    let (Some(epochs), Some(vote)) = (epochs, wanted.vote) else {
        return wanted.slot <= slot;
    };
    let least_source = source_epoch.unwrap_or_else(|| epochs.epoch_of(slot));
    wanted.slot <= slot || ethereum::source_below_low_watermark(vote, least_source)
}

/// The low watermark of sources that the vote is below.
fn source_floor(bounds: &Bounds, wanted: &Wanted) -> Option<i64> {
    let low = bounds.low_source_epoch.max(bounds.validator.low_source_epoch)?;
    ethereum::source_below_low_watermark(wanted.vote?, low).then_some(low)
}

/// What imported history says that the duty is below: a slot, a target or a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeforeHistory {
    Slot(i64),
    Target(i64),
    Source(i64),
}

/// The record that a history begins with may be signed again. One below it is of another file, and what the later one's signer has
/// forgotten may stand against it.
fn before_history(validator: &ValidatorBounds, wanted: &Wanted) -> Option<BeforeHistory> {
    let history = &validator.history;
    let Some(vote) = wanted.vote else {
        return history
            .block_slot
            .filter(|low| ethereum::slot_at_or_below_low_watermark(wanted.slot, *low))
            .filter(|low| !(wanted.was_signed && wanted.slot == *low))
            .map(BeforeHistory::Slot);
    };
    let target = history
        .target_epoch
        .filter(|low| ethereum::target_at_or_below_low_watermark(vote, *low))
        .filter(|low| !(wanted.was_signed && vote.target_epoch == *low))
        .map(BeforeHistory::Target);
    let source =
        history.source_epoch.filter(|low| ethereum::source_below_low_watermark(vote, *low)).map(BeforeHistory::Source);
    target.or(source)
}

/// An attestation may be made in any slot of its target's epoch.
fn last_slot(epochs: Option<Epochs>, wanted: &Wanted) -> i64 {
    match (epochs, wanted.vote) {
        (Some(epochs), Some(vote)) => epochs.last_slot(vote.target_epoch),
        _ => wanted.slot,
    }
}

/// Whether it may have been granted before the server's last start, or what was may stand against it, so that its witnesses
/// are heard first.
pub fn awaits_witnesses(bounds: &Bounds, wanted: &Wanted) -> bool {
    bounds.awaited_slot.is_some_and(|awaited| is_covered(bounds.epochs, wanted, awaited, None))
}

/// The last slot within the horizon.
pub fn last_claimable(bounds: &Bounds) -> Option<i64> {
    bounds.horizon_slots.map(|horizon| bounds.current_slot.saturating_add(i64::from(horizon)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duty::acquisition::Outcome;

    fn open() -> Bounds {
        Bounds {
            chain: "aztec".into(),
            epochs: None,
            low_watermark: None,
            low_source_epoch: None,
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
        refusal(bounds, &at(slot)).map(|answer| answer.outcome)
    }

    fn at(slot: i64) -> Wanted {
        Wanted { slot, vote: None, was_signed: false }
    }

    const EPOCHS: i32 = 10;

    fn with_epochs() -> Bounds {
        Bounds { epochs: Some(Epochs::new(EPOCHS)), ..open() }
    }

    fn attestation(source_epoch: i64, target_epoch: i64) -> Wanted {
        let vote = Some(Vote { source_epoch, target_epoch });
        Wanted { slot: Epochs::new(EPOCHS).first_slot(target_epoch), vote, was_signed: false }
    }

    fn cause(bounds: &Bounds, wanted: &Wanted) -> Option<String> {
        let details = refusal(bounds, wanted)?.details?;
        details["cause"].as_str().map(str::to_owned)
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
        let quarantine = Some(Quarantine { slot: 101, source_epoch: None, cause: "the server was promoted".into() });
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
            assert!(refusal(&bounds, &at(100)).unwrap().reason.contains("migration"));
        }
    }

    #[test]
    fn what_is_stale_for_ever_is_not_called_halted() {
        let frozen = Some(Frozen { reason: None });
        let bounds = Bounds { frozen, low_watermark: Some(50), ..open() };
        assert_eq!(outcome(&bounds, 50), Some(Outcome::Stale));
    }

    #[test]
    fn another_shards_validator_is_sent_there_whatever_else_holds() {
        let frozen = Some(Frozen { reason: Some(NOT_OWNED.into()) });
        let bounds = of_validator(ValidatorBounds { frozen, low_watermark: Some(50), ..ValidatorBounds::default() });
        for slot in [0, 50, 100, 103] {
            let answer = refusal(&bounds, &at(slot)).unwrap();
            assert_eq!((answer.outcome, cause(&bounds, &at(slot)).as_deref()), (Outcome::Halted, Some("not_owned")));
            assert!(answer.reason.contains("chain aztec") && answer.reason.contains("the shard that owns it"));
        }
        let frozen = Some(Frozen { reason: Some(format!("{NOT_OWNED} any more")) });
        let bounds = of_validator(ValidatorBounds { frozen, ..ValidatorBounds::default() });
        assert_eq!(cause(&bounds, &at(100)).as_deref(), Some("frozen"));
    }

    #[test]
    fn witnesses_are_awaited_up_to_a_slot() {
        let bounds = Bounds { awaited_slot: Some(104), ..open() };
        assert!(awaits_witnesses(&bounds, &at(104)));
        assert!(!awaits_witnesses(&bounds, &at(105)));
        assert!(!awaits_witnesses(&open(), &at(0)));
        let answer = refusal::witnesses_missing(&bounds, &at(104), &["a".into(), "b".into()]);
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

    #[test]
    fn what_may_be_lost_bounds_source_and_target_of_a_vote() {
        let quarantine = Some(Quarantine { slot: 95, source_epoch: None, cause: "x".into() });
        let first_use = ValidatorBounds { first_use_slot: Some(95), ..ValidatorBounds::default() };
        for bounds in [Bounds { quarantine, ..with_epochs() }, Bounds { validator: first_use, ..with_epochs() }] {
            assert!(refusal(&bounds, &attestation(9, 9)).is_some(), "the target lies in it");
            assert!(refusal(&bounds, &attestation(8, 10)).is_some(), "a lost vote may have source 9");
            assert_eq!(refusal(&bounds, &attestation(9, 10)), None);
        }
        let awaiting = Bounds { awaited_slot: Some(95), ..with_epochs() };
        assert!(awaits_witnesses(&awaiting, &attestation(8, 10)));
        assert!(!awaits_witnesses(&awaiting, &attestation(9, 10)));
    }

    #[test]
    fn the_operators_word_about_sources_counts() {
        let quarantine = Some(Quarantine { slot: 95, source_epoch: Some(3), cause: "x".into() });
        let bounds = Bounds { quarantine, ..with_epochs() };
        assert_eq!(refusal(&bounds, &attestation(3, 10)), None);
        assert!(refusal(&bounds, &attestation(2, 10)).is_some());
    }

    #[test]
    fn a_watermark_in_a_slot_bounds_the_target_that_begins_before_it() {
        let bounds = Bounds { low_watermark: Some(90), ..with_epochs() };
        assert_eq!(cause(&bounds, &attestation(8, 9)).as_deref(), Some("low_watermark"));
        assert_eq!(refusal(&bounds, &attestation(8, 10)), None);
        let bounds = Bounds { low_watermark: Some(89), ..with_epochs() };
        assert_eq!(refusal(&bounds, &attestation(8, 9)), None);
    }

    #[test]
    fn sources_have_a_low_watermark_of_their_own() {
        let chain = Bounds { low_source_epoch: Some(7), ..with_epochs() };
        let validator = ValidatorBounds { low_source_epoch: Some(7), ..ValidatorBounds::default() };
        for bounds in [chain, Bounds { validator, ..with_epochs() }] {
            assert!(refusal(&bounds, &attestation(6, 9)).is_some());
            assert_eq!(refusal(&bounds, &attestation(7, 9)), None);
            assert_eq!(refusal(&bounds, &at(95)), None, "blocks have no source");
        }
    }

    #[test]
    fn imported_history_bounds_blocks_and_votes_apart() {
        let history = LowWatermarks { block_slot: Some(95), source_epoch: Some(2), target_epoch: Some(3) };
        let bounds = Bounds { validator: ValidatorBounds { history, ..ValidatorBounds::default() }, ..with_epochs() };
        assert!(refusal(&bounds, &at(95)).is_some());
        assert_eq!(refusal(&bounds, &at(96)), None);
        assert!(refusal(&bounds, &attestation(2, 3)).is_some());
        assert!(refusal(&bounds, &attestation(1, 4)).is_some());
        assert_eq!(refusal(&bounds, &attestation(2, 4)), None);
        for again in [at(95), attestation(2, 3)] {
            assert_eq!(refusal(&bounds, &Wanted { was_signed: true, ..again }), None);
        }
        for below in [at(94), attestation(2, 2), attestation(1, 4)] {
            assert!(refusal(&bounds, &Wanted { was_signed: true, ..below }).is_some());
        }
    }

    #[test]
    fn a_vote_that_may_be_made_at_the_high_watermark_is_halted() {
        let bounds = Bounds { high_watermark: Some(95), ..with_epochs() };
        assert_eq!(outcome(&bounds, 94), None);
        assert_eq!(cause(&bounds, &attestation(8, 9)).as_deref(), Some("high_watermark"));
        assert_eq!(refusal(&bounds, &attestation(7, 8)), None);
    }
}
