//! Cursors and COPY hand rows out piece by piece; the fast path hands out a result without a portal.

use super::attempt::Attempt;
use super::scratch::{claim, Scratch};
use super::script::Script;
use crate::tally::Tally;

pub fn run(scratch: &mut Scratch, tally: &mut Tally) {
    tally.check("a cursor in a block", in_block(scratch));
    for before in ["", "BEGIN"] {
        let name = if before.is_empty() { "in autocommit" } else { "in a block" };
        tally.check(&format!("a cursor WITH HOLD {name}"), with_hold(scratch, before));
    }
    tally.check("a binary cursor WITH HOLD by the extended protocol", with_hold_extended(scratch));
    tally.check("COPY (claim) TO STDOUT", copy(scratch));
    tally.check("COPY (claim) TO STDOUT by the extended protocol", copy_extended(scratch));
    tally.check("the fast-path function call", fast_path(scratch, false));
    tally.check("the fast-path function call, library loaded", fast_path(scratch, true));
    tally.check("CREATE TABLE AS claim", create_table(scratch));
    tally.check("EXPLAIN ANALYZE claim", explain(scratch));
}

fn in_block(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?.prepare("BEGIN")?;
    attempt.query(&format!("DECLARE c CURSOR FOR {}", claim(slot)))?;
    attempt.query("FETCH 1 FROM c")?;
    attempt.query("COMMIT")?;
    attempt.refused(&[slot])
}

fn with_hold(scratch: &mut Scratch, before: &str) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?.load_library()?;
    if !before.is_empty() {
        attempt = attempt.prepare(before)?;
    }
    attempt.query(&format!("DECLARE c CURSOR WITH HOLD FOR {}", claim(slot)))?;
    if !before.is_empty() {
        attempt.query("COMMIT")?;
    }
    if attempt.errors().is_empty() {
        attempt.query("FETCH ALL FROM c")?;
    }
    attempt.refused_or_committed(&[slot])
}

fn with_hold_extended(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?.load_library()?;
    let declare = format!("DECLARE c BINARY CURSOR WITH HOLD FOR {}", claim(slot));
    attempt.flushed(Script::new().run(&declare, 0).run("FETCH 1 FROM c", 1), 2)?;
    attempt.refused_or_committed(&[slot])
}

fn copy(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?;
    attempt.query(&format!("COPY ({}) TO STDOUT", claim(slot)))?;
    attempt.refused(&[slot])
}

fn copy_extended(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?.load_library()?;
    attempt.flushed(Script::new().run(&format!("COPY ({}) TO STDOUT", claim(slot)), 0), 1)?;
    attempt.refused(&[slot])
}

/// The answer names no slot here, so it is not found by its text.
fn fast_path(scratch: &mut Scratch, loaded: bool) -> Result<String, String> {
    let slot = scratch.new_slot();
    let oid = scratch
        .observer
        .query_one("SELECT 'slashguard.try_acquire_duty'::regproc::oid", &[])
        .map_err(|error| error.to_string())?
        .get(0);
    let text = |value: &str| Some(value.to_string());
    let mut arguments = vec![
        text("wire"),
        Some(format!("0x{:040x}", 7)),
        Some(slot.to_string()),
        text("ATTESTATION"),
        Some(format!("0x{:064x}", 7)),
        text("wire"),
        text("-1"),
    ];
    arguments.extend([None, None, text("3000"), None, text("0"), None]);
    let mut attempt = Attempt::new(scratch)?;
    if loaded {
        attempt = attempt.load_library()?;
    }
    attempt.whole(Script::new().fast_path(oid, &arguments))?;
    if attempt.story().contains("acquired") {
        return match attempt.scratch.granted(slot)? {
            1 => Ok("committed".into()),
            _ => Err(format!("LEAK: {}", attempt.story())),
        };
    }
    attempt.refused(&[slot])
}

/// Nothing is answered, so it may as well commit.
fn create_table(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?;
    attempt.flushed(Script::new().run(&format!("CREATE TABLE made AS {}", claim(slot)), 0), 1)?;
    attempt.query("SELECT * FROM made")?;
    attempt.refused_or_committed(&[slot])
}

fn explain(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?.load_library()?;
    attempt.flushed(Script::new().run(&format!("EXPLAIN ANALYZE {}", claim(slot)), 1), 1)?;
    attempt.refused(&[slot])
}
