//! A registered chain: identity, clock and options.

use super::clock::{Clock, Duration};
use super::error::{Error, SqlState};
use super::hex_text;
use serde_json::Value;

/// The only rules family of this version. Others are refused by name, so that nobody registers a chain nothing protects.
pub const AZTEC: &str = "aztec";

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
    /// Whether a recorded signature is flushed before it is answered. A lost one can be made again: the hash is pinned.
    pub durable_record: bool,
    /// Whether nothing is vouched for before a synchronous standby has it.
    pub require_standby: bool,
    /// How long history is kept by `run_maintenance`. None: for ever.
    pub retention: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            first_use: FirstUse::Quarantine,
            horizon_slots: Some(2),
            margin_slots: 4,
            allow_unsigned_release: false,
            durable_record: false,
            require_standby: false,
            retention: Some(14 * 86_400 * 1_000_000),
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
     signature_scheme, record_commit, require_standby, retention";

impl Options {
    /// Sets one option from JSON. `retention` is read by `interval`, because only Postgres knows how to.
    ///
    /// 22023 for an unknown option or value, 0A000 for one that this version cannot honour.
    pub fn set(
        &mut self,
        arguments: OptionArguments,
        name: &str,
        value: &Value,
        interval: &dyn Fn(&str) -> Result<Duration, Error>,
    ) -> Result<(), Error> {
        let bad_value = |name, value, expected| bad_value(arguments, name, value, expected);
        let not_yet = |name, value, instead| not_yet(arguments, name, value, instead);
        let whole_number = |name, value, expected| whole_number(arguments, name, value, expected);
        match (name, value) {
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
            ("signature_scheme", Value::String(word)) if word == "none" => {}
            ("signature_scheme", Value::String(word))
                if ["either", "eip191", "digest", "ed25519", "bls12_381"].contains(&word.as_str()) =>
            {
                return Err(not_yet(name, value, "none"));
            }
            ("signature_scheme", _) => return Err(bad_value(name, value, "\"none\"")),
            ("require_standby", Value::Bool(required)) => {
                self.require_standby = *required;
            }
            ("require_standby", _) => return Err(bad_value(name, value, "true or false")),
            ("retention", Value::Null) => self.retention = None,
            ("retention", Value::String(text)) => {
                let retention = interval(text)?;
                if retention < 0 {
                    return Err(bad_value(name, value, "null or an interval that is not negative"));
                }
                self.retention = Some(retention);
            }
            ("retention", _) => {
                return Err(bad_value(name, value, "null or an interval as text, such as \"14 days\""));
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

fn not_yet(arguments: OptionArguments, name: &str, value: &Value, instead: &str) -> Error {
    Error::argument(
        SqlState::FEATURE_NOT_SUPPORTED,
        arguments.value,
        format!("chain option {name} cannot be {value} in this version"),
    )
    .hint(format!("This version knows only {instead}."))
}

/// Identity of an Aztec chain: `<L1 chain id>:<rollup address>`, the address in lower case.
pub fn parse_aztec_identity(text: &str) -> Result<String, Error> {
    let malformed = |what: &str| {
        Error::argument(SqlState::INVALID_PARAMETER_VALUE, "identity", format!("identity of an aztec chain {what}"))
            .hint("Give <L1 chain id>:<rollup address>, such as 1:0x and 40 hex digits.")
    };
    let (l1_chain_id, rollup) = text.split_once(':').ok_or_else(|| malformed("has no colon"))?;
    let number: u64 = l1_chain_id.parse().map_err(|_| malformed("does not begin with an L1 chain id"))?;
    // One spelling for one chain: +1, 01 and 1 must not be three identities.
    if number.to_string() != l1_chain_id {
        return Err(malformed("has an L1 chain id with a sign or leading zeros"));
    }
    let rollup: [u8; 20] = hex_text::parse("identity", rollup)?;
    Ok(format!("{number}:{}", hex_text::show(&rollup)))
}

/// A clock is mandatory where doubt is lifted by time. 22004 without one, 22023 for a slot duration that is not positive.
pub fn check_clock(genesis: Option<i64>, slot_duration: Option<Duration>) -> Result<Clock, Error> {
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
    Ok(Clock { genesis, slot_duration })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(name: &str, value: Value) -> Result<Options, Error> {
        let mut options = Options::default();
        options.set(OptionArguments::TOGETHER, name, &value, &|_| Ok(7)).map(|()| options)
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
        let error = set("signature_scheme", json!("bls12_381")).unwrap_err();
        assert_eq!(error.code, SqlState::FEATURE_NOT_SUPPORTED);
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

    #[test]
    fn an_aztec_identity_has_one_spelling() {
        let rollup = "0x603BB2C05D474794EA97805E8DE69BCCFB3BCA12";
        assert_eq!(
            parse_aztec_identity(&format!("1:{rollup}")),
            Ok("1:0x603bb2c05d474794ea97805e8de69bccfb3bca12".to_owned())
        );
        for text in [
            "",
            ":",
            "1:",
            "1",
            "01:0x00",
            "+1:0x00",
            "-1:0x00",
            "x:0x00",
            "1:0x00",
            "1:603bb2c05d474794ea97805e8de69bccfb3bca12",
        ] {
            assert!(parse_aztec_identity(text).is_err(), "{text:?}");
        }
    }
}
