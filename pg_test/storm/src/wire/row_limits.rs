//! Execute with a row limit, then Flush: rows reach the client while the transaction is open.

use super::attempt::Attempt;
use super::scratch::{call, call_of, claim, Scratch};
use super::script::Script;
use crate::tally::Tally;

/// A statement that claims a slot, and what must have been said before it.
struct Shape {
    name: &'static str,
    before: fn(i64) -> String,
    text: fn(i64) -> String,
}

fn nothing(_: i64) -> String {
    String::new()
}

const SHAPES: [Shape; 13] = [
    Shape { name: "a plain SELECT", before: nothing, text: claim },
    Shape {
        name: "acquire_duty, the strict form",
        before: nothing,
        text: |slot| format!("SELECT a.outcome || '@{slot}' FROM {} AS a", call_of("acquire_duty", &slot.to_string())),
    },
    Shape {
        name: "a call in the select list",
        before: nothing,
        text: |slot| format!("SELECT ({}).outcome || '@{slot}'", call(slot)),
    },
    Shape { name: "VALUES", before: nothing, text: |slot| format!("VALUES (({}))", claim(slot)) },
    Shape {
        name: "WITH .. AS MATERIALIZED",
        before: nothing,
        text: |slot| format!("WITH c AS MATERIALIZED ({}) SELECT * FROM c", claim(slot)),
    },
    Shape {
        name: "EXECUTE of a prepared statement",
        before: |slot| format!("PREPARE prepared AS {}", claim(slot)),
        text: |_| "EXECUTE prepared".into(),
    },
    Shape {
        name: "INSERT .. SELECT .. RETURNING",
        before: nothing,
        text: |slot| format!("INSERT INTO noted {} RETURNING answer", claim(slot)),
    },
    Shape {
        name: "INSERT .. RETURNING in a WITH",
        before: nothing,
        text: |slot| format!("WITH i AS (INSERT INTO noted {} RETURNING answer) SELECT * FROM i", claim(slot)),
    },
    Shape { name: "a plpgsql wrapper", before: nothing, text: |slot| format!("SELECT wrapped({slot})") },
    Shape { name: "a plpgsql wrapper in FROM", before: nothing, text: |slot| format!("SELECT * FROM wrapped({slot})") },
    Shape {
        name: "a plpgsql wrapper of rows",
        before: nothing,
        text: |slot| format!("SELECT * FROM wrapped_rows({slot})"),
    },
    Shape { name: "an sql wrapper", before: nothing, text: |slot| format!("SELECT wrapped_sql({slot})") },
    Shape { name: "CALL of a procedure", before: nothing, text: |slot| format!("CALL asked({slot}, NULL)") },
];

pub fn run(scratch: &mut Scratch, tally: &mut Tally) {
    for first in [true, false] {
        let when = if first { "first in its session" } else { "later in its session" };
        for shape in &SHAPES {
            let limited = refused_with_a_limit(scratch, shape, first);
            tally.check(&format!("row limit 1 and Flush: {}, {when}", shape.name), limited);
            let unlimited = safe_without(scratch, shape, first);
            tally.check(&format!("no row limit and Flush: {}, {when}", shape.name), unlimited);
        }
        tally.check(&format!("no row limit and Sync: granted, {when}"), granted_with_sync(scratch, first));
        tally.check(&format!("row limit 1 and Sync, {when}"), limit_and_sync(scratch, first));
    }
    tally.check("the same claim is granted after its refusal", granted_after_refusal(scratch));
    tally.check("a claim in the rest of a suspended portal", rest_of_a_portal(scratch));
}

fn open<'a>(scratch: &'a mut Scratch, first: bool, before: &str) -> Result<Attempt<'a>, String> {
    let attempt = Attempt::new(scratch)?;
    let attempt = if first { attempt } else { attempt.load_library()? };
    if before.is_empty() {
        Ok(attempt)
    } else {
        attempt.prepare(before)
    }
}

fn refused_with_a_limit(scratch: &mut Scratch, shape: &Shape, first: bool) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = open(scratch, first, &(shape.before)(slot))?;
    attempt.flushed(Script::new().run(&(shape.text)(slot), 1), 1)?;
    attempt.refused(&[slot])
}

fn safe_without(scratch: &mut Scratch, shape: &Shape, first: bool) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = open(scratch, first, &(shape.before)(slot))?;
    attempt.flushed(Script::new().run(&(shape.text)(slot), 0), 1)?;
    attempt.refused_or_committed(&[slot])
}

fn granted_with_sync(scratch: &mut Scratch, first: bool) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = open(scratch, first, "")?;
    attempt.whole(Script::new().run(&claim(slot), 0).sync())?;
    attempt.granted(slot)
}

fn limit_and_sync(scratch: &mut Scratch, first: bool) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = open(scratch, first, "")?;
    attempt.whole(Script::new().run(&claim(slot), 1).sync())?;
    attempt.refused_or_committed(&[slot])
}

fn granted_after_refusal(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?;
    attempt.flushed(Script::new().run(&claim(slot), 1), 1)?;
    attempt.refused(&[slot])?;
    let mut attempt = Attempt::new(scratch)?;
    attempt.whole(Script::new().run(&claim(slot), 0).sync())?;
    attempt.granted(slot)
}

/// The first Execute has a limit and claims nothing yet; the second one has none, but the transaction is open by then.
fn rest_of_a_portal(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let text = format!(
        "SELECT CASE WHEN n = 1 THEN 'nothing yet' ELSE (SELECT a.outcome || '@{slot}' FROM {} AS a) END \
         FROM generate_series(1, 2) AS n",
        call_of("try_acquire_duty", &format!("{slot} + n - n"))
    );
    let mut attempt = Attempt::new(scratch)?.load_library()?;
    attempt.flushed(Script::new().bind("", &text).execute("", 1).execute("", 0), 2)?;
    attempt.refused_or_committed(&[slot])
}
