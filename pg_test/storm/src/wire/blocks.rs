//! Transaction blocks, explicit and implicit, and isolation levels that freeze the snapshot.

use super::attempt::Attempt;
use super::scratch::{claim, Scratch};
use crate::tally::Tally;

type Text = fn(i64, i64) -> String;

/// Queries of the simple protocol that must be refused, with two slots to claim.
const REFUSED: [(&str, Text); 11] = [
    ("SELECT 1; claim", |a, _| format!("SELECT 1; {}", claim(a))),
    ("claim; SELECT 1", |a, _| format!("{}; SELECT 1", claim(a))),
    ("claim; SELECT 1/0", |a, _| format!("{}; SELECT 1/0", claim(a))),
    ("claim; claim", |a, b| format!("{}; {}", claim(a), claim(b))),
    ("claim; COMMIT", |a, _| format!("{}; COMMIT", claim(a))),
    ("BEGIN; claim; COMMIT", |a, _| format!("BEGIN; {}; COMMIT", claim(a))),
    ("BEGIN; COMMIT; claim", |a, _| format!("BEGIN; COMMIT; {}", claim(a))),
    ("BEGIN; SAVEPOINT; claim", |a, _| format!("BEGIN; SAVEPOINT s; {}", claim(a))),
    ("a wrapper that swallows its own error", |a, _| format!("SELECT 1; SELECT swallowed({a})")),
    ("INSERT into a table whose trigger claims", |a, _| format!("INSERT INTO asking VALUES ({a})")),
    ("INSERT into a table whose deferred trigger claims", |a, _| format!("INSERT INTO asking_late VALUES ({a})")),
];

const FROZEN: [&str; 2] = ["repeatable read", "serializable"];

pub fn run(scratch: &mut Scratch, tally: &mut Tally) {
    for (name, text) in REFUSED {
        tally.check(&format!("simple query: {name}"), refused(scratch, text));
    }
    tally.check("simple query: claim;", granted(scratch));
    for block in ["BEGIN", "BEGIN READ ONLY", "BEGIN ISOLATION LEVEL SERIALIZABLE"] {
        tally.check(&format!("{block}, then a claim"), in_block(scratch, block));
    }
    for level in FROZEN {
        tally.check(&format!("default isolation {level}"), isolated(scratch, level));
        tally.check(&format!("default isolation {level}, set later"), isolated_later(scratch, level));
    }
    tally.check("read-only by default: nothing granted", read_only(scratch));
    tally.check("PREPARE TRANSACTION after a claim", two_phase(scratch));
    tally.check("PREPARE TRANSACTION with a deferred trigger that claims", two_phase_trigger(scratch));
}

fn refused(scratch: &mut Scratch, text: Text) -> Result<String, String> {
    let (one, two) = (scratch.new_slot(), scratch.new_slot());
    let mut attempt = Attempt::new(scratch)?;
    attempt.query(&text(one, two))?;
    attempt.query("COMMIT")?;
    attempt.refused(&[one, two])
}

fn granted(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?;
    attempt.query(&format!("{};", claim(slot)))?;
    attempt.granted(slot)
}

fn in_block(scratch: &mut Scratch, block: &str) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?.prepare(block)?;
    attempt.query(&claim(slot))?;
    attempt.query("COMMIT")?;
    attempt.refused(&[slot])
}

fn isolated(scratch: &mut Scratch, level: &str) -> Result<String, String> {
    let slot = scratch.new_slot();
    let option = format!("-c default_transaction_isolation={}", level.replace(' ', "\\ "));
    let mut attempt = Attempt::with_options(scratch, &option)?;
    attempt.query(&claim(slot))?;
    attempt.refused(&[slot])
}

fn isolated_later(scratch: &mut Scratch, level: &str) -> Result<String, String> {
    let slot = scratch.new_slot();
    let set = format!("SET default_transaction_isolation = '{level}'");
    let mut attempt = Attempt::new(scratch)?.load_library()?.prepare(&set)?;
    attempt.query(&claim(slot))?;
    attempt.refused(&[slot])
}

fn read_only(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::with_options(scratch, "-c default_transaction_read_only=on")?;
    attempt.query(&claim(slot))?;
    attempt.nothing_granted(&[slot])?;
    match attempt.errors().first() {
        Some(error) => Ok(error.code.clone()),
        None => Err(attempt.story()),
    }
}

fn prepared_transactions(attempt: &mut Attempt) -> Result<i64, String> {
    let row = attempt.scratch.observer.query_one("SELECT count(*) FROM pg_prepared_xacts", &[]);
    Ok(row.map_err(|error| error.to_string())?.get(0))
}

fn two_phase(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?.prepare("BEGIN")?;
    attempt.query(&claim(slot))?;
    attempt.query("PREPARE TRANSACTION 'carries a claim'")?;
    if prepared_transactions(&mut attempt)? > 0 {
        return Err(format!("a prepared transaction is left: {}", attempt.story()));
    }
    attempt.refused(&[slot])
}

/// The trigger runs inside PREPARE TRANSACTION. On a server without prepared transactions that fails by itself.
fn two_phase_trigger(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?.load_library()?.prepare("BEGIN")?;
    attempt.query(&format!("INSERT INTO asking_late VALUES ({slot})"))?;
    attempt.query("PREPARE TRANSACTION 'carries a claim'")?;
    if prepared_transactions(&mut attempt)? > 0 {
        return Err(format!("a prepared transaction is left: {}", attempt.story()));
    }
    attempt.nothing_granted(&[slot])?;
    match attempt.errors().first() {
        Some(error) => Ok(error.code.clone()),
        None => Err(attempt.story()),
    }
}
