//! One statement, one claim.

use super::attempt::Attempt;
use super::scratch::{call, call_of, claim, Scratch};
use crate::tally::Tally;

type Text = fn(i64, i64) -> String;

const TWO_CLAIMS: [(&str, Text); 6] = [
    ("in FROM", |a, b| format!("SELECT x.outcome || '@{a}', y.outcome || '@{b}' FROM {} x, {} y", call(a), call(b))),
    ("in the select list", |a, b| format!("SELECT ({}).outcome || '@{a}', ({}).outcome || '@{b}'", call(a), call(b))),
    ("in UNION ALL", |a, b| format!("{} UNION ALL {}", claim(a), claim(b))),
    ("in a subquery", |a, b| format!("SELECT ({}), ({})", claim(a), claim(b))),
    ("row by row", |a, b| {
        format!("SELECT ({}).outcome || '@' || s FROM generate_series({a}, {b}) AS s", call_of("try_acquire_duty", "s"))
    }),
    ("one strict, one not", |a, b| {
        format!(
            "SELECT ({}).outcome || '@{a}', ({}).outcome || '@{b}'",
            call(a),
            call_of("acquire_duty", &b.to_string())
        )
    }),
];

pub fn run(scratch: &mut Scratch, tally: &mut Tally) {
    for (name, text) in TWO_CLAIMS {
        tally.check(&format!("two claims in one statement, {name}"), refused(scratch, text));
    }
    tally.check("SELECT (f(..)).* is one claim with one token", expanded(scratch));
    tally.check("the same call twice in one statement has one token", twice(scratch));
}

fn refused(scratch: &mut Scratch, text: Text) -> Result<String, String> {
    let (one, two) = (scratch.new_slot(), scratch.new_slot());
    let mut attempt = Attempt::new(scratch)?;
    attempt.query(&text(one, two))?;
    attempt.refused(&[one, two])
}

/// The number of answers that the ledger counts for the slot's only claim.
fn answers(attempt: &mut Attempt, slot: i64) -> Result<i64, String> {
    let text = "SELECT answers::bigint FROM slashguard.duties WHERE slot = $1";
    let row = attempt.scratch.observer.query_one(text, &[&slot]).map_err(|error| error.to_string())?;
    Ok(row.get(0))
}

fn extended(attempt: &mut Attempt, token: &str) -> Result<(), String> {
    attempt.query(&format!("SELECT 'holds' FROM slashguard.extend_lease('{token}', 1000) AS t WHERE t IS NOT NULL"))?;
    match attempt.rows().last() {
        Some(&"holds") => Ok(()),
        _ => Err(format!("the token does not hold: {}", attempt.story())),
    }
}

fn expanded(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?;
    attempt.query(&format!("SELECT ({}).*", call(slot)))?;
    let row: Vec<String> = match attempt.rows()[..] {
        [row] => row.split('|').map(String::from).collect(),
        _ => return Err(attempt.story()),
    };
    if row[0] != "acquired" || answers(&mut attempt, slot)? != 1 {
        return Err(format!("not one claim: {}", attempt.story()));
    }
    extended(&mut attempt, &row[1])?;
    Ok(String::new())
}

fn twice(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?;
    let call = call(slot);
    attempt.query(&format!("SELECT ({call}).lock_token, (SELECT a.lock_token FROM {call} AS a)"))?;
    let row: Vec<String> = match attempt.rows()[..] {
        [row] => row.split('|').map(String::from).collect(),
        _ => return Err(attempt.story()),
    };
    if row.len() != 2 || row[0].is_empty() || row[0] != row[1] || answers(&mut attempt, slot)? != 1 {
        return Err(format!("not one claim: {}", attempt.story()));
    }
    extended(&mut attempt, &row[0])?;
    Ok(String::new())
}
