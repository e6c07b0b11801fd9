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
    tally.check("a message whose commit fails", message_in_vain(scratch));
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

/// A sequencer's message, one of pg_test/sequencer/vectors.py. Its row is too long for the server's buffer.
fn message_in_vain(scratch: &mut Scratch) -> Result<String, String> {
    const SEQUENCER: &str = "0xdfDE3e3BE6E1A90C514F28Ca25f0b66505D04E56";
    const SIGNATURE: &str = "0xcc58b6b98ff86ea0c3e3cb21d479f2c3fa6d08ab38069cc7dab2d2def705b232\
                             7d0dcde35e40377619f9025be42d29768b695f42e8f90a816963a3210bc3d50b1c";
    let text = format!(
        r#"SELECT a.outcome, repeat('x', 20000), commit_in_vain() FROM slashguard.accept_signed_message('wire',
           jsonb_build_object('sequence', 10, 'timestamp', 1700000010, 'message_type', 'changeset', 'payload', 'YSAxMA==',
           'message_hash', slashguard.keccak256('0x61203130'), 'signature', '{SIGNATURE}', 'signer', '{SEQUENCER}')) AS a"#
    );
    let mut attempt =
        Attempt::new(scratch)?.prepare(&format!("SELECT slashguard.set_sequencer('wire', '{SEQUENCER}')"))?;
    attempt.query(&text)?;
    let errors = attempt.errors();
    if !errors.iter().any(|error| format!("{error:?}").contains("the commit fails")) || !attempt.rows().is_empty() {
        return Err(format!("not that error alone: {}", attempt.story()));
    }
    Ok("the error alone".into())
}

fn stopped(scratch: &mut Scratch, script: impl Fn(i64) -> Script) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?.load_library()?;
    attempt.at_gate(script(slot))?;
    attempt.refused_or_committed(&[slot])
}
