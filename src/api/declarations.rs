//! Holds each Rust function against its SQL declaration. Where they disagree a call is memory-unsafe.

use super::entry::Declaration;
use std::collections::{BTreeMap, BTreeSet};

const SQL: &[&str] = &[
    include_str!("../../sql/functions.sql"),
    include_str!("../../sql/ethereum.sql"),
    include_str!("../../sql/bridge.sql"),
    include_str!("../../sql/batch.sql"),
    include_str!("../../sql/crypto.sql"),
    include_str!("../../sql/switches.sql"),
    include_str!("../../sql/shards.sql"),
    include_str!("../../sql/sequencer.sql"),
    include_str!("../../sql/protection.sql"),
];
const TYPES: &str = concat!(include_str!("../../sql/types.sql"), include_str!("../../sql/sequencer.sql"));

/// Beside those that claim.
const LOADED_BEFORE_RUN: [&str; 4] =
    ["record_signature", "cleanup_stuck_duties", "accept_signed_message", "disown_validators"];

/// Every signature calls them.
const ON_THE_HOT_PATH: [&str; 12] = [
    "try_acquire_duty",
    "acquire_duty",
    "try_acquire_block",
    "acquire_block",
    "try_acquire_attestation",
    "acquire_attestation",
    "record_signature",
    "release_duty",
    "extend_lease",
    "guard_insert",
    "guard_update",
    "guard_delete",
];

/// Whose work is on the curve: the planner is to know that it takes long.
const RECOVERING: [&str; 3] = ["ecdsa_recover", "verify_signature", "verify_signed_message"];

/// Called by the planner, in its own way.
const SUPPORT: &str = "load_before_run";

/// Those that know the ledger.
fn rust() -> impl Iterator<Item = &'static Declaration> {
    [
        super::acquire::DECLARATIONS,
        super::holder::DECLARATIONS,
        super::record::DECLARATIONS,
        super::record_batch::DECLARATIONS,
        super::batch::DECLARATIONS,
        super::bridge::DECLARATIONS,
        super::interchange::DECLARATIONS,
        super::chains::DECLARATIONS,
        super::cleanup::DECLARATIONS,
        super::clock::DECLARATIONS,
        super::ethereum::DECLARATIONS,
        super::guard::TRIGGERS,
        super::protection::DECLARATIONS,
        super::recovery::DECLARATIONS,
        super::sequencer::DECLARATIONS,
        super::shards::DECLARATIONS,
        super::switches::DECLARATIONS,
    ]
    .into_iter()
    .flatten()
}

/// Those that only compute.
fn pure() -> impl Iterator<Item = &'static Declaration> {
    super::crypto::DECLARATIONS.iter().chain(super::signed_message::DECLARATIONS)
}

/// A declaration as the SQL file has it.
#[derive(Debug, PartialEq, Eq)]
struct Sql {
    arguments: Vec<(String, String)>,
    returns: String,
    attributes: String,
    symbol: String,
}

/// What makes a function one of its own: its name and the types of its arguments.
type Key = (String, Vec<String>);

/// Reads every `CREATE FUNCTION slashguard.name(..) RETURNS type .. LANGUAGE c .. AS 'MODULE_PATHNAME', 'symbol';`.
fn sql() -> BTreeMap<Key, Sql> {
    let mut found = BTreeMap::new();
    for declaration in SQL.iter().flat_map(|file| file.split("CREATE FUNCTION slashguard.").skip(1)) {
        let declaration = declaration.split_once(';').expect("a declaration ends").0;
        if !declaration.contains("MODULE_PATHNAME") {
            continue;
        }
        let (name, rest) = declaration.split_once('(').expect("arguments begin");
        if name == SUPPORT {
            assert!(rest.starts_with("internal) RETURNS internal\n"), "{name}");
            continue;
        }
        let (arguments, rest) = rest.split_once(") RETURNS ").expect("arguments end");
        let (returns, rest) = rest.split_once('\n').expect("the type ends");
        let (attributes, symbols) = rest.split_once("AS 'MODULE_PATHNAME', '").expect("a symbol is named");
        let arguments: Vec<(String, String)> = arguments
            .split(',')
            .filter(|argument| !argument.trim().is_empty())
            .map(|argument| {
                let mut words = argument.split_whitespace();
                let name = words.next().expect("an argument has a name");
                let kind = words.next().expect("an argument has a type");
                (name.to_owned(), kind.to_owned())
            })
            .collect();
        let symbol = symbols.trim_end().trim_end_matches('\'').to_owned();
        let declared = Sql { arguments, returns: returns.to_owned(), attributes: attributes.to_owned(), symbol };
        let types = declared.arguments.iter().map(|(_, kind)| kind.clone()).collect();
        assert!(found.insert((name.to_owned(), types), declared).is_none(), "{name} is declared twice");
    }
    found
}

/// Takes the declaration of a function out, and holds what Rust knows of it against it.
fn take(sql: &mut BTreeMap<Key, Sql>, function: &Declaration) -> Sql {
    let types = function.arguments.iter().map(|(_, kind)| (*kind).to_owned()).collect();
    let declared =
        sql.remove(&(function.name.to_owned(), types)).unwrap_or_else(|| panic!("{} has no SQL", function.symbol));
    let arguments: Vec<(String, String)> =
        function.arguments.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect();
    assert_eq!(declared.arguments, arguments, "{}", function.name);
    assert_eq!(declared.returns, function.returns, "{}", function.name);
    assert_eq!(declared.symbol, function.symbol);
    declared
}

#[test]
fn every_rust_function_has_its_sql_declaration() {
    let mut sql = sql();
    for function in rust() {
        let declared = take(&mut sql, function);
        assert_eq!(declared.symbol, format!("slashguard_{}", function.name));
        assert!(declared.attributes.contains("LANGUAGE c"), "{}", function.name);
        assert!(declared.attributes.contains("CALLED ON NULL INPUT"), "{}", function.name);
        if ON_THE_HOT_PATH.contains(&function.name) {
            // They take rights and settings themselves, before they run a statement.
            assert!(!declared.attributes.contains("SECURITY DEFINER"), "{}", function.name);
            assert!(!declared.attributes.contains("SET "), "{}", function.name);
        } else {
            assert!(
                declared.attributes.contains("SET search_path = pg_catalog, pg_temp"),
                "{} does not pin search_path",
                function.name
            );
        }
        assert!(declared.attributes.contains("PARALLEL UNSAFE"), "{}", function.name);
        assert!(declared.attributes.contains("VOLATILE"), "{}", function.name);
        assert_eq!(
            declared.attributes.contains("SUPPORT slashguard.load_before_run"),
            function.returns == "slashguard.acquisition" || LOADED_BEFORE_RUN.contains(&function.name),
            "{}: what decides how its statement commits is loaded before it runs",
            function.name
        );
    }
    for function in pure() {
        let declared = take(&mut sql, function);
        // Nothing else: they look up no name that a search_path could change, and run in their caller's name.
        let cost = if RECOVERING.contains(&function.name) { " COST 2000" } else { "" };
        assert_eq!(
            declared.attributes,
            format!("LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE{cost}\n"),
            "{}",
            function.symbol
        );
    }
    assert!(sql.is_empty(), "SQL without Rust: {:?}", sql.keys());
}

#[test]
fn no_two_functions_have_the_same_symbol() {
    let mut symbols = BTreeSet::new();
    for function in rust().chain(pure()) {
        assert!(symbols.insert(function.symbol), "{}", function.symbol);
    }
}

/// The fields of a composite type, with their types.
fn fields(composite: &str) -> Vec<(&'static str, &'static str)> {
    let (_, fields) =
        TYPES.split_once(&format!("CREATE TYPE slashguard.{composite} AS (")).expect("the type is declared");
    fields
        .split_once(");")
        .expect("the type ends")
        .0
        .split(',')
        .map(|field| {
            let mut words = field.split_whitespace();
            (words.next().unwrap_or(""), words.next().unwrap_or(""))
        })
        .collect()
}

#[test]
fn the_composite_types_have_the_fields_that_are_formed() {
    assert_eq!(
        fields("imported_history"),
        [
            ("validator", "text"),
            ("blocks", "bigint"),
            ("attestations", "bigint"),
            ("new_blocks", "bigint"),
            ("new_attestations", "bigint"),
            ("slashable", "bigint"),
            ("low_slot", "bigint"),
            ("low_source_epoch", "bigint"),
            ("low_target_epoch", "bigint"),
            ("first_use_slot", "bigint"),
        ]
    );
    assert_eq!(
        fields("acceptance"),
        [
            ("outcome", "text"),
            ("sequence", "bigint"),
            ("missing_from", "bigint"),
            ("missing_to", "bigint"),
            ("reason", "text"),
            ("details", "jsonb"),
        ]
    );
    assert_eq!(
        fields("verified_message"),
        [
            ("sequence", "bigint"),
            ("unix_seconds", "bigint"),
            ("message_hash", "text"),
            ("digest", "text"),
            ("signer", "text"),
        ]
    );
    assert_eq!(
        fields("acquisition"),
        [
            ("outcome", "text"),
            ("lock_token", "text"),
            ("signature", "text"),
            ("holder", "text"),
            ("expires_at", "timestamptz"),
            ("position", "text"),
            ("reason", "text"),
            ("details", "jsonb"),
        ]
    );
}
