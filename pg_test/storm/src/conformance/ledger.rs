//! One fresh ledger for one Ethereum chain.

use super::file::{Attempt, Duty};
use crate::dice::mix;
use crate::environment::Environment;
use postgres::types::ToSql;
use postgres::{Client, Row};

const CHAIN: &str = "ethereum";

pub struct Ledger {
    client: Client,
    /// So many messages have got a root of their own.
    made_up: u64,
}

/// What became of an attempt, with the server's word for it.
pub struct Answered {
    pub signed: bool,
    pub word: String,
}

impl Ledger {
    pub fn new(environment: &Environment, database: &str, genesis_validators_root: &str) -> Result<Self, String> {
        let mut client = environment.fresh_database(database).map_err(say)?;
        client
            .execute(
                "SELECT slashguard.register_chain($1, 'ethereum', $2, '2020-12-01 12:00:23+00', '12 seconds', \
                 '{\"first_use\": \"trust\"}')",
                &[&CHAIN, &genesis_validators_root],
            )
            .map_err(say)?;
        Ok(Ledger { client, made_up: 0 })
    }

    pub fn import(&mut self, interchange: &str) -> Result<(), String> {
        let statement = "SELECT count(*) FROM slashguard.import_eip3076($1, $2)";
        self.client.query_one(statement, &[&CHAIN, &interchange]).map(drop).map_err(say)
    }

    pub fn export(&mut self) -> Result<String, String> {
        let row = self.client.query_one("SELECT slashguard.export_eip3076($1)", &[&CHAIN]).map_err(say)?;
        row.try_get(0).map_err(say)
    }

    /// Asks for it and signs it at once if it may. An error is none that the ledger documents.
    pub fn attempt(&mut self, attempt: &Attempt) -> Result<Answered, String> {
        let root = match &attempt.signing_root {
            Some(root) => root.clone(),
            None => self.make_up_root(),
        };
        let (function, places): (&str, Vec<i64>) = match attempt.duty {
            Duty::Block { slot } => ("try_acquire_block", vec![slot]),
            Duty::Attestation { source_epoch, target_epoch } => {
                ("try_acquire_attestation", vec![source_epoch, target_epoch])
            }
        };
        let mut with: Vec<&(dyn ToSql + Sync)> = vec![&CHAIN, &attempt.validator];
        with.extend(places.iter().map(|place| place as &(dyn ToSql + Sync)));
        with.push(&root);
        let parameters: Vec<String> = (1..=with.len()).map(|number| format!("${number}")).collect();
        let statement = format!(
            "SELECT a.outcome, a.lock_token, a.details ->> 'cause' FROM slashguard.{function}({}, 'signer') AS a",
            parameters.join(", ")
        );
        match self.client.query_one(&statement, &with) {
            Ok(row) => self.answered(&row),
            Err(error) if is_source_after_target(attempt, &error) => {
                Ok(Answered { signed: false, word: "refused: source after target".into() })
            }
            Err(error) => Err(say(error)),
        }
    }

    fn answered(&mut self, row: &Row) -> Result<Answered, String> {
        let outcome: String = row.try_get(0).map_err(say)?;
        let token: Option<String> = row.try_get(1).map_err(say)?;
        let cause: Option<String> = row.try_get(2).map_err(say)?;
        if outcome == "acquired" {
            let token = token.ok_or("acquired without a token")?;
            let statement = "SELECT slashguard.record_signature($1, $2)";
            self.client.execute(statement, &[&token, &signature()]).map_err(say)?;
        }
        let signed = ["acquired", "already_signed"].contains(&outcome.as_str());
        if !signed && !["conflict", "stale", "halted"].contains(&outcome.as_str()) {
            return Err(format!("nobody else signs here, and no duty is harmless: {outcome}"));
        }
        Ok(Answered { signed, word: cause.map_or(outcome.clone(), |cause| format!("{outcome}: {cause}")) })
    }

    fn make_up_root(&mut self) -> String {
        self.made_up += 1;
        let words = (0..4).map(|word| format!("{:016x}", mix(self.made_up * 4 + word)));
        format!("0x{}", words.collect::<String>())
    }
}

fn signature() -> String {
    format!("0x{}", "a5".repeat(96))
}

fn is_source_after_target(attempt: &Attempt, error: &postgres::Error) -> bool {
    let is_such =
        matches!(attempt.duty, Duty::Attestation { source_epoch, target_epoch } if source_epoch > target_epoch);
    is_such && error.as_db_error().is_some_and(|error| error.code().code() == "22023")
}

fn say(error: postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{}: {}", error.code().code(), error.message()),
        None => error.to_string(),
    }
}
