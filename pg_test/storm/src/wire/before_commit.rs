//! Answers that leave the server while its statement or its commit still takes time.
//!
//! The time is made by a lock that the observer holds: the server is stopped exactly where it must not have answered yet,
//! so no test depends on who is faster.

use super::attempt::Attempt;
use super::scratch::{call, Scratch, GATE};
use super::script::Script;
use crate::tally::Tally;

type Text = fn(i64) -> String;

const STOPPED: [(&str, Text); 6] = [
    ("a narrow answer, stopped in its commit", |slot| {
        format!("SELECT a.outcome || '@{slot}', commit_late() FROM {} AS a", call(slot))
    }),
    ("a row of 20 kB, stopped in its commit", |slot| {
        format!("SELECT a.outcome || '@{slot}', repeat('x', 20000), commit_late() FROM {} AS a", call(slot))
    }),
    ("a row of 20 kB, stopped in a later row", |slot| {
        format!(
            "SELECT a.outcome || '@{slot}', repeat('x', 20000) FROM {} AS a \
             UNION ALL SELECT pg_advisory_xact_lock({GATE})::text, ''",
            call(slot)
        )
    }),
    ("two rows of 20 kB, stopped in their commit", |slot| {
        format!(
            "SELECT a.outcome || '@{slot}', repeat('x', 20000 * n), commit_late() \
             FROM {} AS a, generate_series(1, 2) AS n",
            call(slot)
        )
    }),
    ("many rows after the answer, stopped in the last one", |slot| {
        format!(
            "SELECT CASE WHEN n < 5000 THEN a.outcome || '@{slot}' ELSE pg_advisory_xact_lock({GATE})::text END \
             FROM {} AS a, generate_series(1, 5000) AS n",
            call(slot)
        )
    }),
    ("a DO block's notice, stopped after it", |slot| {
        format!(
            "DO $$ DECLARE a slashguard.acquisition; BEGIN a := {}; RAISE NOTICE '%@{slot}', a.outcome; \
             PERFORM pg_advisory_xact_lock({GATE}); END $$",
            call(slot)
        )
    }),
];

pub fn run(scratch: &mut Scratch, tally: &mut Tally) {
    for (name, text) in STOPPED {
        tally.check(&format!("{name}, simple query"), stopped(scratch, |slot| Script::new().query(&text(slot))));
        let extended = stopped(scratch, |slot| Script::new().run(&text(slot), 0).sync());
        tally.check(&format!("{name}, extended protocol"), extended);
    }
    tally.check("a commit that fails, simple query", in_vain(scratch, |text| Script::new().query(text)));
    tally.check("a commit that fails, extended protocol", in_vain(scratch, |text| Script::new().run(text, 0).sync()));
    let loud = "SET client_min_messages = debug5";
    tally.check("a client that hears every message, stopped in its commit", heard(scratch, loud));
}

/// A message sends off all that is in the buffer before it.
fn heard(scratch: &mut Scratch, loud: &str) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?.load_library()?;
    attempt.query(loud)?;
    let text = format!("SELECT a.outcome || '@{slot}', commit_late() FROM {} AS a", call(slot));
    attempt.at_gate(Script::new().query(&text))?;
    attempt.refused_or_committed(&[slot])
}

/// The row is made, then the commit fails: the client reads the error, and nothing of the row before it.
fn in_vain(scratch: &mut Scratch, script: impl Fn(&str) -> Script) -> Result<String, String> {
    let slot = scratch.new_slot();
    let text = format!("SELECT a.outcome || '@{slot}', commit_in_vain() FROM {} AS a", call(slot));
    let mut attempt = Attempt::new(scratch)?.load_library()?;
    attempt.whole(script(&text))?;
    if attempt.errors().is_empty() || !attempt.rows().is_empty() {
        return Err(format!("not the error alone: {}", attempt.story()));
    }
    attempt.nothing_granted(&[slot])
}

fn stopped(scratch: &mut Scratch, script: impl Fn(i64) -> Script) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?.load_library()?;
    attempt.at_gate(script(slot))?;
    attempt.refused_or_committed(&[slot])
}
