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
}

fn stopped(scratch: &mut Scratch, script: impl Fn(i64) -> Script) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?.load_library()?;
    attempt.at_gate(script(slot))?;
    attempt.refused_or_committed(&[slot])
}
