//! A registered chain: clock and options.

use super::clock::{Clock, Duration};
use super::epochs::Epochs;
use super::error::{Error, SqlState};
use super::rules::Rules;
use super::signature_scheme::SignatureScheme;
use super::withdrawal::Amount;
use serde_json::Value;

/// What the first sight of a validator means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstUse {
    /// It may have signed elsewhere: it signs from the first slot that nobody can have signed yet.
    Quarantine,
    /// The operator vouches that nothing was signed elsewhere.
    Trust,
}

impl FirstUse {
    pub fn name(self) -> &'static str {
        match self {
            Self::Quarantine => "quarantine",
            Self::Trust => "trust",
        }
    }

    /// Anything but trust is doubt.
    pub fn named(name: &str) -> Self {
        if name == Self::Trust.name() {
            Self::Trust
        } else {
            Self::Quarantine
        }
    }
}

/// The options of a chain; each has a default and `set_chain_option` changes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub first_use: FirstUse,
    /// How many slots ahead of the clock a duty may be claimed. None: no bound.
    pub horizon_slots: Option<i32>,
    /// How far beyond the current slot a quarantine reaches, at least.
    pub margin_slots: i32,
    pub allow_unsigned_release: bool,
    /// What a signature must be to be recorded.
    pub signature_scheme: SignatureScheme,
    /// Whether a recorded signature is flushed before it is answered. A lost one can be made again: the hash is pinned.
    pub durable_record: bool,
    /// Whether nothing is vouched for before a synchronous standby has it.
    pub require_standby: bool,
    /// How long history is kept by `run_maintenance`. None: for ever.
    pub retention: Option<Duration>,
    /// Where the rules have epochs. A part of the chain's clock: given when the chain is registered, and kept.
    pub epochs: Option<Epochs>,
    /// Of a bridge: how many signers a withdrawal needs.
    pub quorum: Option<i32>,
    /// Of a bridge: how much one recipient may be granted on one day. None: no bound.
    pub daily_limit: Option<Amount>,
}

/// Epochs that an Ethereum chain's history is kept for.
const KEPT_EPOCHS: i64 = 512;
const SLOTS_PER_EPOCH: i32 = 32;
const MOST_SLOTS_PER_EPOCH: i32 = 65_536;
const SLOTS_PER_EPOCH_RANGE: &str = "a whole number from 1 to 65536";
const QUORUM_RANGE: &str = "a whole number, 1 or above";

impl Options {
    pub fn default_of(rules: Rules) -> Self {
        Self {
            first_use: FirstUse::Quarantine,
            horizon_slots: rules.has_clock().then_some(2),
            margin_slots: 4,
            allow_unsigned_release: false,
            signature_scheme: SignatureScheme::default_of(rules),
            // Relayers read a bridge's signatures from the table.
            durable_record: rules == Rules::Bridge,
            require_standby: false,
            retention: rules.has_clock().then_some(14 * 86_400 * 1_000_000),
            epochs: rules.has_epochs().then(|| Epochs::new(SLOTS_PER_EPOCH)),
            quorum: (rules == Rules::Bridge).then_some(1),
            daily_limit: None,
        }
    }

    /// How long history is kept where nothing else was said.
    pub fn default_retention(&self, clock: Option<&Clock>) -> Option<Duration> {
        match (self.epochs, clock) {
            (Some(epochs), Some(clock)) => Some(epochs.duration(KEPT_EPOCHS, clock.slot_duration)),
            _ => self.retention,
        }
    }
}

/// The SQL arguments that an option's name and value came in, for the DETAIL of errors.
#[derive(Clone, Copy)]
pub struct OptionArguments {
    pub name: &'static str,
    pub value: &'static str,
}

impl OptionArguments {
    /// Both in the object `options`.
    pub const TOGETHER: Self = Self { name: "options", value: "options" };
    pub const APART: Self = Self { name: "option", value: "value" };
}

const OPTION_NAMES: &str = "first_use, horizon_slots, margin_slots, allow_unsigned_release, \
     signature_scheme, record_commit, require_standby, retention, slots_per_epoch, quorum, daily_limit";

/// What is counted by slots.
const OPTIONS_BY_CLOCK: [&str; 3] = ["horizon_slots", "margin_slots", "retention"];

/// A part of a chain's clock, and so never changed.
pub const SLOTS_PER_EPOCH_OPTION: &str = "slots_per_epoch";

impl Options {
    /// Sets one option from JSON. `retention` is read by `interval`, because only Postgres knows how to; for chains with epochs
    /// it may be a number of them, which last as long as the slots of `clock` do.
    ///
    /// 22023 for an unknown option or value.
    pub fn set(
        &mut self,
        rules: Rules,
        arguments: OptionArguments,
        name: &str,
        value: &Value,
        clock: Option<&Clock>,
        interval: &dyn Fn(&str) -> Result<Duration, Error>,
    ) -> Result<(), Error> {
        let bad_value = |name, value, expected| bad_value(arguments, name, value, expected);
        let whole_number = |name, value, expected| whole_number(arguments, name, value, expected);
        match (name, value) {
            _ if !rules.has_clock() && OPTIONS_BY_CLOCK.contains(&name) => {
                return Err(Error::argument(
                    SqlState::INVALID_PARAMETER_VALUE,
                    arguments.name,
                    format!("chain option {name} is for rules with slots"),
                )
                .hint("Leave it out: a bridge has no slots, and its history is kept."));
            }
            ("first_use", Value::String(word)) if word == "quarantine" => {
                self.first_use = FirstUse::Quarantine;
            }
            ("first_use", Value::String(word)) if word == "trust" => {
                self.first_use = FirstUse::Trust;
            }
            ("first_use", _) => return Err(bad_value(name, value, "\"quarantine\" or \"trust\"")),
            ("horizon_slots", Value::Null) => self.horizon_slots = None,
            ("horizon_slots", _) => {
                self.horizon_slots = Some(whole_number(name, value, "null or a whole number, 0 or above")?);
            }
            ("margin_slots", _) => {
                self.margin_slots = whole_number(name, value, "a whole number, 0 or above")?;
            }
            ("allow_unsigned_release", Value::Bool(allowed)) => {
                self.allow_unsigned_release = *allowed;
            }
            ("allow_unsigned_release", _) => return Err(bad_value(name, value, "true or false")),
            ("record_commit", Value::String(word)) if word == "async" => {
                self.durable_record = false;
            }
            ("record_commit", Value::String(word)) if word == "durable" => {
                self.durable_record = true;
            }
            ("record_commit", _) => return Err(bad_value(name, value, "\"async\" or \"durable\"")),
            ("signature_scheme", _) => self.signature_scheme = signature_scheme(rules, arguments, value)?,
            ("require_standby", Value::Bool(required)) => {
                self.require_standby = *required;
            }
            ("require_standby", _) => return Err(bad_value(name, value, "true or false")),
            ("retention", Value::Null) => self.retention = None,
            ("retention", Value::String(text)) => {
                let retention = match (self.epochs.zip(clock), number_of_epochs(text)) {
                    (Some((epochs, clock)), Some(number)) => epochs.duration(number, clock.slot_duration),
                    _ => interval(text)?,
                };
                if retention < 0 {
                    return Err(bad_value(name, value, "null or an interval that is not negative"));
                }
                self.retention = Some(retention);
            }
            ("retention", _) => {
                return Err(bad_value(name, value, "null or an interval as text, such as \"14 days\""));
            }
            (SLOTS_PER_EPOCH_OPTION, _) if self.epochs.is_some() => {
                let slots = whole_number(name, value, SLOTS_PER_EPOCH_RANGE)?;
                if !(1..=MOST_SLOTS_PER_EPOCH).contains(&slots) {
                    return Err(bad_value(name, value, SLOTS_PER_EPOCH_RANGE));
                }
                self.epochs = Some(Epochs::new(slots));
            }
            (SLOTS_PER_EPOCH_OPTION, _) => {
                return Err(Error::argument(
                    SqlState::INVALID_PARAMETER_VALUE,
                    arguments.name,
                    "chain option slots_per_epoch is for rules with epochs",
                )
                .hint("Leave it out."));
            }
            ("quorum" | "daily_limit", _) if self.quorum.is_none() => {
                return Err(Error::argument(
                    SqlState::INVALID_PARAMETER_VALUE,
                    arguments.name,
                    format!("chain option {name} is for bridges"),
                )
                .hint("Leave it out."));
            }
            ("quorum", _) => {
                let quorum = whole_number(name, value, QUORUM_RANGE)?;
                if quorum < 1 {
                    return Err(bad_value(name, value, QUORUM_RANGE));
                }
                self.quorum = Some(quorum);
            }
            ("daily_limit", Value::Null) => self.daily_limit = None,
            ("daily_limit", _) => {
                let digits = match value {
                    Value::String(text) => Some(text.clone()),
                    // Others do not hold all digits.
                    Value::Number(number) => number.as_u64().map(|number| number.to_string()),
                    _ => None,
                };
                let amount = digits.and_then(|digits| Amount::parse(arguments.value, &digits).ok());
                let expected = "null or a whole number of the smallest unit, 0 to 2^256-1, as text";
                self.daily_limit = Some(amount.ok_or_else(|| bad_value(name, value, expected))?);
            }
            _ => {
                return Err(Error::argument(
                    SqlState::INVALID_PARAMETER_VALUE,
                    arguments.name,
                    format!("unknown chain option \"{name}\""),
                )
                .hint(format!("The options are {OPTION_NAMES}.")));
            }
        }
        Ok(())
    }
}

/// One that the validators of these rules can be checked by.
fn signature_scheme(rules: Rules, arguments: OptionArguments, value: &Value) -> Result<SignatureScheme, Error> {
    let length = rules.validator_bytes();
    let given = value.as_str().and_then(SignatureScheme::named);
    given.filter(|scheme| scheme.is_for(length)).ok_or_else(|| {
        let fitting = SignatureScheme::ALL.into_iter().filter(|scheme| scheme.is_for(length));
        let names: Vec<&str> = fitting.map(SignatureScheme::name).collect();
        let expected = format!("one of {}: validators of rules {} have {length} bytes", names.join(", "), rules.name());
        bad_value(arguments, "signature_scheme", value, &expected)
    })
}

/// The number in a text such as "512 epochs".
fn number_of_epochs(text: &str) -> Option<i64> {
    let (number, unit) = text.trim().split_once(' ')?;
    ["epoch", "epochs"].contains(&unit.trim()).then(|| number.parse().ok())?
}

/// How many slots beyond the current one may have been signed elsewhere: as far as a ledger like this one grants ahead.
pub fn quarantine_slots(margin_slots: i32, horizon_slots: Option<i32>) -> i64 {
    i64::from(margin_slots.max(horizon_slots.unwrap_or(0)))
}

/// How many slots beyond the current one this ledger itself may have granted and lost. Without a horizon, any.
pub fn grantable_slots(margin_slots: i32, horizon_slots: Option<i32>) -> i64 {
    match horizon_slots {
        Some(_) => quarantine_slots(margin_slots, horizon_slots),
        None => i64::MAX,
    }
}

/// How far ahead claims may have been granted, where the horizon comes nearer.
pub fn horizon_given_up(before: Option<i32>, after: Option<i32>) -> Option<i64> {
    match (before, after) {
        (None, Some(_)) => Some(i64::MAX),
        (Some(before), Some(after)) if after < before => Some(i64::from(before)),
        _ => None,
    }
}

/// Up to which slot a validator that is new here may have signed elsewhere. None: its operator vouches that it has not.
pub fn first_use_slot(
    first_use: FirstUse,
    margin_slots: i32,
    horizon_slots: Option<i32>,
    current_slot: i64,
) -> Option<i64> {
    match first_use {
        FirstUse::Trust => None,
        FirstUse::Quarantine => Some(current_slot.saturating_add(quarantine_slots(margin_slots, horizon_slots))),
    }
}

fn whole_number(arguments: OptionArguments, name: &str, value: &Value, expected: &str) -> Result<i32, Error> {
    value
        .as_i64()
        .and_then(|number| i32::try_from(number).ok())
        .filter(|number| *number >= 0)
        .ok_or_else(|| bad_value(arguments, name, value, expected))
}

fn bad_value(arguments: OptionArguments, name: &str, value: &Value, expected: &str) -> Error {
    Error::argument(
        SqlState::INVALID_PARAMETER_VALUE,
        arguments.value,
        format!("chain option {name} cannot be {value}"),
    )
    .hint(format!("Give {expected}."))
}

/// A clock is mandatory where doubt is lifted by time, and nothing has one where nothing has a slot. 22004 without one, 22023 for a
/// slot duration that is not positive, and for a clock of a bridge.
pub fn check_clock(
    rules: Rules,
    genesis: Option<i64>,
    slot_duration: Option<Duration>,
) -> Result<Option<Clock>, Error> {
    if !rules.has_clock() {
        let given = [("genesis_time", genesis.is_some()), ("slot_duration", slot_duration.is_some())];
        return match given.iter().find(|(_, given)| *given) {
            None => Ok(None),
            Some((argument, _)) => Err(Error::argument(
                SqlState::INVALID_PARAMETER_VALUE,
                argument,
                format!("{argument} is for rules with slots"),
            )
            .hint("Leave it out: a bridge has none.")),
        };
    }
    let genesis = super::error::required("genesis_time", genesis)?;
    let slot_duration = super::error::required("slot_duration", slot_duration)?;
    if genesis == i64::MIN || genesis == i64::MAX {
        return Err(Error::argument(
            SqlState::INVALID_PARAMETER_VALUE,
            "genesis_time",
            "genesis_time must not be infinite",
        )
        .hint("Give the time of slot 0."));
    }
    if slot_duration <= 0 {
        return Err(Error::argument(
            SqlState::INVALID_PARAMETER_VALUE,
            "slot_duration",
            "slot_duration must be longer than zero",
        )
        .hint("Give the duration of one slot, such as '72 s'."));
    }
    Ok(Some(Clock { genesis, slot_duration }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CLOCK: Clock = Clock { genesis: 0, slot_duration: 12_000_000 };

    fn set(name: &str, value: Value) -> Result<Options, Error> {
        set_for(Rules::Aztec, name, value)
    }

    fn set_for(rules: Rules, name: &str, value: Value) -> Result<Options, Error> {
        let mut options = Options::default_of(rules);
        options.set(rules, OptionArguments::TOGETHER, name, &value, Some(&CLOCK), &|_| Ok(7)).map(|()| options)
    }

    #[test]
    fn options_are_set_one_by_one() {
        assert_eq!(set("horizon_slots", json!(null)).unwrap().horizon_slots, None);
        assert_eq!(set("horizon_slots", json!(9)).unwrap().horizon_slots, Some(9));
        assert_eq!(set("margin_slots", json!(0)).unwrap().margin_slots, 0);
        assert_eq!(set("first_use", json!("trust")).unwrap().first_use, FirstUse::Trust);
        assert!(set("allow_unsigned_release", json!(true)).unwrap().allow_unsigned_release);
        assert!(set("record_commit", json!("durable")).unwrap().durable_record);
        assert!(set("require_standby", json!(true)).unwrap().require_standby);
        assert_eq!(set("retention", json!("a week")).unwrap().retention, Some(7));
        assert_eq!(set("retention", json!(null)).unwrap().retention, None);
    }

    #[test]
    fn what_cannot_be_honoured_is_refused() {
        for (name, value) in [
            ("horizon_slots", json!(-1)),
            ("horizon_slots", json!(1.5)),
            ("horizon_slots", json!(2_147_483_648_i64)),
            ("margin_slots", json!(null)),
            ("margin_slots", json!("4")),
            ("first_use", json!("maybe")),
            ("require_standby", json!("true")),
            ("allow_unsigned_release", json!("true")),
            ("record_commit", json!("sometimes")),
            ("retention", json!(5)),
            ("horizon", json!(5)),
            ("", json!(null)),
        ] {
            let error = set(name, value).unwrap_err();
            assert_eq!(error.code, SqlState::INVALID_PARAMETER_VALUE, "{name}");
            assert!(error.hint.is_some());
        }
    }

    #[test]
    fn a_signature_scheme_fits_the_validators() {
        use Rules::{Aztec, Ethereum};
        for (rules, word) in [(Aztec, "either"), (Aztec, "eip191"), (Aztec, "digest"), (Aztec, "none")] {
            assert_eq!(set_for(rules, "signature_scheme", json!(word)).unwrap().signature_scheme.name(), word);
        }
        assert!(set_for(Ethereum, "signature_scheme", json!("bls12_381")).is_ok());
        for (rules, value) in [
            (Aztec, json!("bls12_381")),
            (Aztec, json!("ed25519")),
            (Aztec, json!("rsa")),
            (Aztec, json!(null)),
            (Ethereum, json!("either")),
            (Ethereum, json!("digest")),
        ] {
            let error = set_for(rules, "signature_scheme", value).unwrap_err();
            assert_eq!(error.code, SqlState::INVALID_PARAMETER_VALUE);
            assert!(error.hint.is_some_and(|hint| hint.contains("none: validators of rules")));
        }
    }

    #[test]
    fn epochs_are_for_rules_that_have_them() {
        let options = set_for(Rules::Ethereum, "slots_per_epoch", json!(16)).unwrap();
        assert_eq!(options.epochs, Some(Epochs::new(16)));
        for value in [json!(0), json!(-1), json!(65_537), json!(null), json!("32")] {
            assert!(set_for(Rules::Ethereum, "slots_per_epoch", value).is_err());
        }
        assert!(set("slots_per_epoch", json!(32)).is_err());
    }

    #[test]
    fn a_bridge_has_a_quorum_and_a_limit_and_no_slots() {
        let bridge = |name, value| set_for(Rules::Bridge, name, value);
        assert_eq!(bridge("quorum", json!(3)).unwrap().quorum, Some(3));
        for (value, limit) in [(json!("12"), Some("12")), (json!(7), Some("7")), (json!(null), None)] {
            let options = bridge("daily_limit", value).unwrap();
            assert_eq!(options.daily_limit.as_ref().map(Amount::show), limit);
        }
        for (name, value) in [
            ("quorum", json!(0)),
            ("quorum", json!(null)),
            ("daily_limit", json!("1.5")),
            ("daily_limit", json!("-1")),
            ("daily_limit", json!(1.5)),
            ("daily_limit", json!(1e30)),
            ("horizon_slots", json!(null)),
            ("margin_slots", json!(4)),
            ("retention", json!("14 days")),
            ("slots_per_epoch", json!(32)),
        ] {
            assert!(bridge(name, value).is_err(), "{name}");
        }
        assert!(set("quorum", json!(2)).is_err());
        assert!(set("daily_limit", json!(null)).is_err());
        assert!(Options::default_of(Rules::Bridge).durable_record);
        assert_eq!(Options::default_of(Rules::Bridge).horizon_slots, None);
    }

    #[test]
    fn only_what_has_slots_has_a_clock() {
        assert_eq!(check_clock(Rules::Bridge, None, None), Ok(None));
        assert!(check_clock(Rules::Bridge, Some(0), None).is_err());
        assert!(check_clock(Rules::Bridge, None, Some(1)).is_err());
        assert_eq!(check_clock(Rules::Aztec, Some(0), Some(12_000_000)), Ok(Some(CLOCK)));
        assert!(check_clock(Rules::Aztec, None, None).is_err());
    }

    #[test]
    fn retention_may_be_a_number_of_epochs() {
        let kept = |text| set_for(Rules::Ethereum, "retention", json!(text)).unwrap().retention;
        assert_eq!(kept("512 epochs"), Some(512 * 32 * 12_000_000));
        assert_eq!(kept(" 1 epoch "), Some(32 * 12_000_000));
        assert_eq!(kept("9 days"), Some(7));
        assert!(set_for(Rules::Ethereum, "retention", json!("-1 epochs")).is_err());
        assert_eq!(set("retention", json!("512 epochs")).unwrap().retention, Some(7));
        assert_eq!(Options::default_of(Rules::Ethereum).default_retention(Some(&CLOCK)), kept("512 epochs"));
    }

    #[test]
    fn a_quarantine_reaches_at_least_as_far_as_the_horizon() {
        assert_eq!(quarantine_slots(4, Some(2)), 4);
        assert_eq!(quarantine_slots(4, Some(32)), 32);
        assert_eq!(quarantine_slots(4, None), 4);
        assert_eq!(grantable_slots(4, Some(32)), 32);
        assert_eq!(grantable_slots(4, None), i64::MAX);
    }

    #[test]
    fn a_wider_horizon_is_remembered() {
        assert_eq!(horizon_given_up(Some(9), Some(2)), Some(9));
        assert_eq!(horizon_given_up(None, Some(2)), Some(i64::MAX));
        assert_eq!(horizon_given_up(Some(2), Some(2)), None);
        assert_eq!(horizon_given_up(Some(2), Some(9)), None);
        assert_eq!(horizon_given_up(Some(2), None), None);
        assert_eq!(horizon_given_up(None, None), None);
    }
}
