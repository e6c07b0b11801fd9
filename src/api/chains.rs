//! Chains, as operators register and change them.

use super::entry::{sql_functions, Interval, JsonText, Timestamptz};
use super::recovery::settle;
use crate::durability::{commit, transaction};
use crate::duty::chain::{self, OptionArguments, Options};
use crate::duty::clock::{self, interval_to_duration, Clock};
use crate::duty::error::{required, Error, SqlState};
use crate::duty::hex_text;
use crate::duty::rules::Rules;
use crate::ledger::chains::{self, Chain, Registered};
use crate::ledger::shards::Standing;
use crate::ledger::statement::Session;
use crate::ledger::{audit, clock_mark, lock, registry, server, shards};
use serde_json::{json, Map, Value};

const LONGEST_NAME: usize = 100;

sql_functions! {
    /// Registers a chain. Answers true if it is new, false if it stands registered with the same parameters.
    ///
    /// `chain`: a name of 1 to 100 printable bytes. `rules`: `aztec`, `ethereum` or `bridge`. `identity`: for aztec and bridge
    /// `<L1 chain id>:<contract address>`, for ethereum the genesis validators root, 32 bytes as hex text. `genesis_time`: the time of
    /// slot 0. `slot_duration`: longer than zero, without months. Both are null for a bridge. `options`: a JSON object, see `set_chain_option`; and for
    /// ethereum slots_per_epoch (default 32), which never changes. Raises SG008 where the name or the identity is registered with
    /// other parameters, 55000 where the chain is retired, 22023, 22P02, 22004 for bad input.
    fn register_chain(
        chain: String, rules: String, identity: String, genesis_time: Timestamptz, slot_duration: Interval,
        options: JsonText,
    ) -> bool {
        let session = Session::open();
        let given = parse_options(&required("options", options)?)?;
        let wanted = parse_chain(&session, chain, rules, identity, genesis_time, slot_duration, &given)?;
        let Some(existing) =
            chains::add(&session, &wanted, server::now())?
        else {
            audit::write(&session, "register_chain", &wanted.name, &json!({
                "rules": wanted.rules.name(), "identity": wanted.identity, "options": given,
            }))?;
            return Ok(true);
        };
        compare(&session, &existing, &wanted, &given)?;
        Ok(false)
    }

    /// Changes one option of a chain; written to the audit view.
    ///
    /// first_use (`quarantine` or `trust`), horizon_slots (a number or null), margin_slots (a number),
    /// allow_unsigned_release (true or false), signature_scheme (for aztec and bridge `either`, `eip191`, `digest` or `none`; for
    /// ethereum `bls12_381` or `none`), for bridge quorum (a number) and daily_limit (an amount as text, or null), record_commit (`async` or `durable`), require_standby (true or false), retention (an interval as
    /// text, for ethereum also a number of epochs such as "512 epochs", or null). Raises 42704 for an unknown chain, 22023 for an
    /// unknown option or value, SG008 for slots_per_epoch, SG004 where the clock is not to be believed, 25006 on a standby.
    fn set_chain_option(chain: String, option: String, value: JsonText) -> () {
        let chain = required("chain", chain)?;
        let option = required("option", option)?;
        let value = parse_json("value", &required("value", value)?)?;
        transaction::refuse_on_standby()?;
        let session = Session::open();
        settle(&session)?;
        // After claims and releases under way, and one change after the other: each writes all options.
        lock::exclude(chains::named(&session, &chain)?.lock);
        let registered = chains::named(&session, &chain)?;
        commit::durably();
        let before = registered.chain.options.clone();
        let mut options = registered.chain.options;
        let clock = registered.chain.clock;
        options.set(registered.chain.rules, OptionArguments::APART, &option, &value, clock.as_ref(), &|text| {
            chains::read_interval(&session, "value", text)
        })?;
        if options.epochs != before.epochs {
            return Err(mismatch("slots_per_epoch is a part of the chain's clock, which never changes".to_owned())
                .detail("Argument: option.")
                .hint("Nothing was changed. A chain with other epochs is another chain."));
        }
        if let Some(slots) = chain::horizon_given_up(before.horizon_slots, options.horizon_slots) {
            let now = clock_mark::latest_of(&session, server::now())?;
            let reach = clock::current_slot(clock.as_ref(), now).saturating_add(slots);
            chains::remember_reach(&session, registered.id, reach)?;
        }
        chains::set_options(&session, registered.id, &options)?;
        audit::write(&session, "set_chain_option", &chain, &json!({ "option": option, "value": value }))
    }

    /// Says that these validators have no history elsewhere: lifts the wait after their first use. Answers for how many there
    /// was something to lift; written to the audit view. Raises 42704 for an unknown chain, 22004, 22P02 for bad input, 55000 for a
    /// validator outside the ranges that this ledger owns.
    fn declare_new(chain: String, validators: Vec<Option<String>>) -> i64 {
        let chain = required("chain", chain)?;
        let validators = required("validators", validators)?;
        let session = Session::open();
        let registered = chains::named(&session, &chain)?;
        // Held to the end, so that no change of ranges overlooks a validator that is new.
        if lock::share(&session, registered.lock)?.is_none() {
            return Err(Error::internal("the lock of a chain could not be had"));
        }
        let is_sharded = shards::is_sharded(&session, registered.id)?;
        let mut lifted = 0;
        let mut names = Vec::with_capacity(validators.len());
        for validator in validators {
            let key = parse_listed_validator(&registered, &required("validators", validator)?)?;
            if is_sharded && shards::standing(&session, registered.id, &key)? == Standing::Elsewhere {
                return Err(super::shards::not_owned(&registered, "validators", &hex_text::show(&key)));
            }
            lifted += i64::from(registry::declare_new(&session, registered.id, &key, server::now())?);
            if is_sharded {
                for id in registry::validator_ids(&session, registered.id, &[Some(&key)])?.into_iter().flatten() {
                    shards::settle_one(&session, registered.id, id, server::now())?;
                }
            }
            names.push(hex_text::show(&key));
        }
        audit::write(&session, "declare_new", &chain, &json!({ "validators": names, "lifted": lifted }))?;
        Ok(lifted)
    }

    /// Closes a chain for good: waits for claims under way, then nothing is granted for it any more and its history may go.
    /// Answers false if it was closed before. Raises 42704 for an unknown chain, SG004 where the clock is not to be believed,
    /// 25006 on a standby.
    fn retire_chain(chain: String) -> bool {
        let chain = required("chain", chain)?;
        transaction::refuse_on_standby()?;
        let session = Session::open();
        settle(&session)?;
        let registered = chains::named(&session, &chain)?;
        commit::durably();
        let retired = chains::retire(&session, &registered, server::now())?;
        if retired {
            audit::write(&session, "retire_chain", &chain, &json!({}))?;
        }
        Ok(retired)
    }
}

/// One of a list of validators: as long as the chain's are.
pub fn parse_listed_validator(chain: &Registered, text: &str) -> Result<Vec<u8>, Error> {
    let key = hex_text::parse_any_length("validators", text)?;
    hex_text::check_length("validators", &key, chain.validator_bytes)?;
    Ok(key)
}

fn parse_options(options: &JsonText) -> Result<Map<String, Value>, Error> {
    match parse_json("options", options)? {
        Value::Object(options) => Ok(options),
        _ => Err(Error::argument(SqlState::INVALID_PARAMETER_VALUE, "options", "options is not a JSON object")
            .hint("Give an object such as {\"horizon_slots\": 2}.")),
    }
}

fn parse_json(argument: &str, text: &JsonText) -> Result<Value, Error> {
    serde_json::from_str(&text.0).map_err(|_| {
        Error::argument(
            SqlState::INVALID_PARAMETER_VALUE,
            argument,
            format!("{argument} has a number out of range or is nested too deeply"),
        )
        .hint("Give plain numbers, texts, true, false or null.")
    })
}

fn parse_chain(
    session: &Session,
    name: Option<String>,
    rules: Option<String>,
    identity: Option<String>,
    genesis_time: Option<Timestamptz>,
    slot_duration: Option<Interval>,
    given: &Map<String, Value>,
) -> Result<Chain, Error> {
    let name = required("chain", name)?;
    if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(Error::argument(SqlState::INVALID_PARAMETER_VALUE, "chain", "chain is not a usable name")
            .hint(format!("Give a printable name of 1 to {LONGEST_NAME} bytes.")));
    }
    let rules = required("rules", rules)?;
    let Some(rules) = Rules::named(&rules) else {
        return Err(Error::argument(
            SqlState::INVALID_PARAMETER_VALUE,
            "rules",
            format!("rules \"{rules}\" are not known"),
        )
        .hint(format!("This version knows the rules {}.", Rules::NAMES)));
    };
    let slot_duration = slot_duration
        .map(|given| interval_to_duration("slot_duration", given.months, given.days, given.microseconds))
        .transpose()?;
    let identity = rules.parse_identity(&required("identity", identity)?)?;
    let clock = chain::check_clock(rules, genesis_time.map(|time| time.0), slot_duration)?;
    let mut options = Options::default_of(rules);
    // First: a number of epochs is as long as they are.
    if let Some(value) = given.get(chain::SLOTS_PER_EPOCH_OPTION) {
        set_together(session, rules, &mut options, chain::SLOTS_PER_EPOCH_OPTION, value, clock.as_ref())?;
    }
    options.retention = options.default_retention(clock.as_ref());
    for (option, value) in given {
        set_together(session, rules, &mut options, option, value, clock.as_ref())?;
    }
    Ok(Chain { name, rules, identity, clock, options })
}

/// Sets an option that was given among others.
fn set_together(
    session: &Session,
    rules: Rules,
    options: &mut Options,
    option: &str,
    value: &Value,
    clock: Option<&Clock>,
) -> Result<(), Error> {
    options.set(rules, OptionArguments::TOGETHER, option, value, clock, &|text| {
        chains::read_interval(session, "options", text)
    })
}

/// Passes where what stands registered is what was asked for. Options that were not given are not compared.
fn compare(session: &Session, existing: &Registered, wanted: &Chain, given: &Map<String, Value>) -> Result<(), Error> {
    let standing = &existing.chain;
    let difference = if standing.name != wanted.name {
        return Err(mismatch(format!("this identity is registered as chain \"{}\"", standing.name)).hint(
            "One chain has one name here, or the same validator would have two ledgers. Use the registered name.",
        ));
    } else if standing.rules != wanted.rules {
        format!("rules: {}", standing.rules.name())
    } else if standing.identity != wanted.identity {
        format!("identity: {}", standing.identity)
    } else if standing.clock != wanted.clock || standing.options.epochs != wanted.options.epochs {
        "another genesis time, slot duration or number of slots an epoch".to_owned()
    } else if standing.options != with_given(session, standing, given)? {
        "other options".to_owned()
    } else if existing.retired {
        return Err(Error::argument(
            SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
            "chain",
            format!("chain \"{}\" is retired", standing.name),
        )
        .hint("A retired chain is closed for good. A new rollup has another address, and so another identity."));
    } else {
        return Ok(());
    };
    Err(mismatch(format!("chain \"{}\" is registered with other parameters", standing.name))
        .detail(format!("Registered with {difference}."))
        .hint("Rules, identity and clock never change. Options change with slashguard.set_chain_option."))
}

/// The options that stand, but for those that were given.
fn with_given(session: &Session, standing: &Chain, given: &Map<String, Value>) -> Result<Options, Error> {
    let mut options = standing.options.clone();
    for (option, value) in given {
        set_together(session, standing.rules, &mut options, option, value, standing.clock.as_ref())?;
    }
    Ok(options)
}

fn mismatch(message: String) -> Error {
    Error::new(SqlState::IDENTITY_MISMATCH, message)
}
