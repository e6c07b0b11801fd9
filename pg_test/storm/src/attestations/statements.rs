//! The statements of a client, each with how its row is read.

use super::history::{Answer, Call, Duty};
use postgres::error::{DbError, SqlState};
use postgres::types::ToSql;
use postgres::{Client, Row, Statement};

#[derive(Clone, Copy)]
pub enum Asked {
    TryBlock,
    Block,
    TryAttestation,
    Attestation,
    Record,
    Release,
}

impl Asked {
    const ALL: [Asked; 6] =
        [Asked::TryBlock, Asked::Block, Asked::TryAttestation, Asked::Attestation, Asked::Record, Asked::Release];

    pub fn acquire(duty: Duty, strict: bool) -> Self {
        match (duty, strict) {
            (Duty::Block { .. }, false) => Asked::TryBlock,
            (Duty::Block { .. }, true) => Asked::Block,
            (Duty::Vote { .. }, false) => Asked::TryAttestation,
            (Duty::Vote { .. }, true) => Asked::Attestation,
        }
    }

    fn text(self) -> String {
        match self {
            Asked::TryBlock => acquire_text("try_acquire_block", 1),
            Asked::Block => acquire_text("acquire_block", 1),
            Asked::TryAttestation => acquire_text("try_acquire_attestation", 2),
            Asked::Attestation => acquire_text("acquire_attestation", 2),
            Asked::Record => "SELECT slashguard.record_signature($1, $2)::text".into(),
            Asked::Release => "SELECT slashguard.release_duty($1, $2)".into(),
        }
    }
}

/// The slot, or source and target, stand between the validator and the signing root.
fn acquire_text(function: &str, places: usize) -> String {
    let positional: Vec<String> = (1..=4 + places).map(|number| format!("${number}")).collect();
    let [lease, request, wait] = [5, 6, 7].map(|number| number + places);
    format!(
        "SELECT a.outcome, a.lock_token, a.signature, a.details ->> 'cause' FROM slashguard.{function}({}, \
         lease_ms => ${lease}, request_id => ${request}::text::uuid, wait_ms => ${wait}) AS a",
        positional.join(", ")
    )
}

pub struct Statements([Statement; 6]);

impl Statements {
    pub fn prepare(client: &mut Client) -> Result<Self, postgres::Error> {
        let [a, b, c, d, e, f] = Asked::ALL.map(|asked| client.prepare(&asked.text()));
        Ok(Statements([a?, b?, c?, d?, e?, f?]))
    }

    /// What the server answered, or refused.
    pub fn ask(&self, client: &mut Client, call: &Call, asked: Asked, with: &[&(dyn ToSql + Sync)]) -> Answer {
        match client.query_one(&self.0[asked as usize], with) {
            Ok(row) => read(asked, &row).unwrap_or_else(|error| Answer::Unexpected(error.to_string())),
            Err(error) => match error.as_db_error() {
                Some(error) => refusal(call, error),
                None if error.is_closed() || client.is_closed() => Answer::Lost,
                None => Answer::Unexpected(error.to_string()),
            },
        }
    }
}

fn read(asked: Asked, row: &Row) -> Result<Answer, postgres::Error> {
    Ok(match asked {
        Asked::Record => match row.try_get::<_, Option<String>>(0)? {
            Some(_) => Answer::Recorded,
            None => Answer::Unexpected("recorded at null".into()),
        },
        Asked::Release => match row.try_get(0)? {
            Some(released) => Answer::Released(released),
            None => Answer::Unexpected("released null".into()),
        },
        _ => acquisition(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?),
    })
}

fn acquisition(outcome: String, token: Option<String>, signature: Option<String>, cause: Option<String>) -> Answer {
    match (outcome.as_str(), token, signature) {
        ("acquired", Some(token), None) => Answer::Acquired { token },
        ("already_signed", None, Some(signature)) => Answer::AlreadySigned { signature },
        ("in_progress", None, None) => Answer::InProgress,
        ("conflict", None, None) => Answer::Conflict { cause },
        ("stale", None, None) => Answer::Stale { cause },
        ("halted", None, None) => Answer::Halted { cause },
        (_, token, signature) => {
            let has = |given: bool| if given { "a" } else { "no" };
            Answer::Unexpected(format!(
                "{outcome} with {} token and {} signature",
                has(token.is_some()),
                has(signature.is_some())
            ))
        }
    }
}

fn refusal(call: &Call, error: &DbError) -> Answer {
    let code = error.code();
    // Killed or cancelled by the storm: that may have come before the commit or after it. A timeout is a failure.
    let cancelled = *code == SqlState::QUERY_CANCELED && error.message().contains("user request");
    if *code == SqlState::ADMIN_SHUTDOWN || cancelled {
        return Answer::Lost;
    }
    match (call, code.code()) {
        (Call::Acquire { strict: true, .. }, "SG001") => Answer::Conflict { cause: None },
        (Call::Acquire { strict: true, .. }, "SG002") => Answer::InProgress,
        (Call::Acquire { strict: true, .. }, "SG003") => Answer::Stale { cause: None },
        (Call::Acquire { strict: true, .. }, "SG004") => Answer::Halted { cause: None },
        (_, code) => Answer::Refused(code.into(), error.message().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_of_an_acquire_are_numbered_in_order() {
        let block = acquire_text("f", 1);
        assert!(block.contains("f($1, $2, $3, $4, $5, lease_ms => $6, request_id => $7::text::uuid, wait_ms => $8)"));
        let vote = acquire_text("f", 2);
        assert!(vote.contains("f($1, $2, $3, $4, $5, $6, lease_ms => $7, request_id => $8::text::uuid, wait_ms => $9)"));
    }

    #[test]
    fn an_outcome_with_too_little_or_too_much_is_unexpected() {
        let answer = |outcome: &str, token: Option<&str>, signature: Option<&str>| {
            acquisition(outcome.into(), token.map(String::from), signature.map(String::from), None)
        };
        assert_eq!(answer("acquired", Some("t"), None), Answer::Acquired { token: "t".into() });
        for wrong in [
            answer("acquired", None, None),
            answer("already_signed", None, None),
            answer("conflict", Some("t"), None),
            answer("not_protected", None, None),
        ] {
            assert!(matches!(wrong, Answer::Unexpected(_)), "{wrong:?}");
        }
    }
}
