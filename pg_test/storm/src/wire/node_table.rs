//! What an INSERT into a protected table returns. Postgres runs such a statement to its end and sends its rows past the executor.

use super::attempt::Attempt;
use super::scratch::Scratch;
use super::script::Script;
use crate::tally::Tally;

/// How a statement is put together around the row that it inserts: what it returns beside the answer, and the statement itself.
struct Shape {
    name: &'static str,
    text: fn(insert: &str, answer: &str, beside: &str) -> String,
}

const SHAPES: [Shape; 3] = [
    Shape {
        name: "insert or get in a WITH",
        text: |insert, answer, beside| {
            format!(
                "WITH i AS ({insert} RETURNING *) SELECT {answer}{beside} FROM i \
                 UNION ALL SELECT 'there already'{beside} FROM validator_duties AS i WHERE false AND NOT EXISTS (SELECT FROM i)"
            )
        },
    },
    Shape {
        name: "INSERT .. RETURNING",
        text: |insert, answer, beside| format!("{insert} RETURNING {answer}{beside}"),
    },
    Shape {
        name: "a claim on each of many rows",
        text: |insert, answer, beside| {
            format!("WITH i AS ({insert} RETURNING *) SELECT {answer}{beside} FROM i, generate_series(1, 3)")
        },
    },
];

fn text(shape: &Shape, slot: i64, beside: &str) -> String {
    let insert = format!(
        "INSERT INTO validator_duties (rollup_address, validator_address, slot, block_number, \
         block_index_within_checkpoint, duty_type, status, message_hash, node_id, lock_token) VALUES \
         ('0x{:040x}', '0x{:040x}', {slot}, 1, -1, 'ATTESTATION', 'signing', '0x{:064x}', 'wire', '{slot:032}')",
        0xaa_u64, 0xabcdef_u64, 0x123456_u64
    );
    (shape.text)(&insert, &format!("'acquired@{slot}'"), beside)
}

pub fn run(scratch: &mut Scratch, tally: &mut Tally) {
    for first in [true, false] {
        let when = if first { "first in its session" } else { "later in its session" };
        for shape in &SHAPES {
            let name = shape.name;
            tally.check(&format!("{name}: granted with Sync, {when}"), granted(scratch, shape, first));
            tally.check(&format!("{name}: row limit 1 and Flush, {when}"), limited(scratch, shape, first));
            tally.check(&format!("{name}: no row limit and Flush, {when}"), flushed(scratch, shape, first));
            tally.check(&format!("{name}: after another statement, {when}"), second(scratch, shape, first));
        }
    }
    for shape in &SHAPES {
        let name = shape.name;
        for (what, beside) in [
            ("a narrow answer", ", commit_late()"),
            ("a row of 20 kB", ", repeat('x', 20000), commit_late()"),
            ("a row of 100 kB", ", repeat('x', 100000), commit_late()"),
        ] {
            let simple = stopped(scratch, |slot| Script::new().query(&text(shape, slot, beside)));
            tally.check(&format!("{name}: {what}, stopped in its commit, simple query"), simple);
            let extended = stopped(scratch, |slot| Script::new().run(&text(shape, slot, beside), 0).sync());
            tally.check(&format!("{name}: {what}, stopped in its commit, extended protocol"), extended);
        }
        tally.check(&format!("{name}: a commit that fails"), in_vain(scratch, shape));
        tally.check(&format!("{name}: a client that hears every message"), loud(scratch, shape));
    }
}

fn open(scratch: &mut Scratch, first: bool) -> Result<Attempt<'_>, String> {
    let attempt = Attempt::new(scratch)?;
    if first {
        Ok(attempt)
    } else {
        attempt.load_library()
    }
}

fn granted(scratch: &mut Scratch, shape: &Shape, first: bool) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = open(scratch, first)?;
    attempt.whole(Script::new().run(&text(shape, slot, ""), 0).sync())?;
    attempt.refused_or_committed(&[slot])?;
    match attempt.scratch.granted(slot)? {
        1 => Ok(String::new()),
        _ => Err(format!("not granted: {}", attempt.story())),
    }
}

fn limited(scratch: &mut Scratch, shape: &Shape, first: bool) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = open(scratch, first)?;
    attempt.flushed(Script::new().run(&text(shape, slot, ""), 1), 1)?;
    attempt.refused(&[slot])
}

fn flushed(scratch: &mut Scratch, shape: &Shape, first: bool) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = open(scratch, first)?;
    attempt.flushed(Script::new().run(&text(shape, slot, ""), 0), 1)?;
    attempt.refused_or_committed(&[slot])
}

fn second(scratch: &mut Scratch, shape: &Shape, first: bool) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = open(scratch, first)?;
    let script = Script::new().run("INSERT INTO noted VALUES ('before')", 0).run(&text(shape, slot, ""), 0);
    attempt.flushed(script, 2)?;
    attempt.refused(&[slot])
}

fn stopped(scratch: &mut Scratch, script: impl Fn(i64) -> Script) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = open(scratch, false)?;
    attempt.at_gate(script(slot))?;
    attempt.refused_or_committed(&[slot])
}

/// The row is made, then the commit fails: the client reads the error, and nothing of the row before it.
fn in_vain(scratch: &mut Scratch, shape: &Shape) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = open(scratch, false)?;
    attempt.whole(Script::new().run(&text(shape, slot, ", commit_in_vain()"), 0).sync())?;
    if attempt.errors().is_empty() || !attempt.rows().is_empty() {
        return Err(format!("not the error alone: {}", attempt.story()));
    }
    attempt.nothing_granted(&[slot])
}

/// A message sends off all that is in the buffer before it.
fn loud(scratch: &mut Scratch, shape: &Shape) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = open(scratch, false)?;
    attempt.query("SET client_min_messages = debug5")?;
    attempt.at_gate(Script::new().query(&text(shape, slot, ", commit_late()")))?;
    attempt.refused_or_committed(&[slot])
}
