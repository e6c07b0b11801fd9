//! Several statements before one Sync share a transaction, unless a statement commits at once.

use super::attempt::Attempt;
use super::scratch::{claim, Scratch};
use super::script::Script;
use crate::tally::Tally;

const INSERT: &str = "INSERT INTO noted VALUES ('before')";

pub fn run(scratch: &mut Scratch, tally: &mut Tally) {
    tally.check("two claims before one Sync", two_claims(scratch));
    tally.check("a claim, then a failing statement", then_failing(scratch));
    tally.check("a claim, and the connection dies before Sync", never_synced(scratch));
    for (name, before) in
        [("INSERT", INSERT), ("SELECT 1", "SELECT 1"), ("BEGIN", "BEGIN"), ("SET LOCAL", "SET LOCAL work_mem = '1MB'")]
    {
        tally.check(&format!("{name}, then a claim, before one Sync"), second(scratch, before));
    }
    tally.check("a claim bound before, executed after an INSERT", bound_before(scratch));
    tally.check("a claim, then a claim with a row limit", then_limited(scratch));
    tally.check("an explicit block by the extended protocol", explicit_block(scratch));
    tally.check("each claim with a Sync of its own is granted", each_with_sync(scratch));
}

fn two_claims(scratch: &mut Scratch) -> Result<String, String> {
    let (one, two) = (scratch.new_slot(), scratch.new_slot());
    let mut attempt = Attempt::new(scratch)?;
    attempt.flushed(Script::new().run(&claim(one), 0).run(&claim(two), 0), 2)?;
    attempt.refused_or_committed(&[one, two])?;
    if attempt.scratch.granted(one)? == 0 {
        return attempt.refused(&[one, two]);
    }
    let second = attempt.scratch.granted(two)?;
    match (second, attempt.errors().first()) {
        (0, Some(error)) if error.code == "SG007" => Ok("first committed, second refused".into()),
        (1, None) => Ok("both committed at once".into()),
        _ => Err(format!("the second: {}", attempt.story())),
    }
}

fn then_failing(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?;
    attempt.flushed(Script::new().run(&claim(slot), 0).run("SELECT 1/0", 0), 2)?;
    attempt.refused_or_committed(&[slot])
}

/// Whatever was answered by then must have outlived the connection.
fn never_synced(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?;
    attempt.cut_off(Script::new().run(&claim(slot), 0).run(INSERT, 0), 2)?;
    attempt.refused_or_committed(&[slot])
}

fn second(scratch: &mut Scratch, before: &str) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?;
    attempt.flushed(Script::new().run(before, 0).run(&claim(slot), 0), 2)?;
    attempt.refused(&[slot])
}

fn bound_before(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?;
    let script = Script::new().bind("early", &claim(slot)).run(INSERT, 0).execute("early", 0);
    attempt.flushed(script, 2)?;
    attempt.refused(&[slot])
}

fn then_limited(scratch: &mut Scratch) -> Result<String, String> {
    let (one, two) = (scratch.new_slot(), scratch.new_slot());
    let mut attempt = Attempt::new(scratch)?;
    attempt.flushed(Script::new().run(&claim(one), 0).run(&claim(two), 1), 2)?;
    attempt.refused_or_committed(&[one, two])?;
    if attempt.scratch.granted(two)? > 0 {
        return Err(format!("granted with a row limit: {}", attempt.story()));
    }
    Ok(String::new())
}

fn explicit_block(scratch: &mut Scratch) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?;
    attempt.whole(Script::new().run("BEGIN", 0).sync())?;
    attempt.whole(Script::new().run(&claim(slot), 0).sync())?;
    attempt.whole(Script::new().run("COMMIT", 0).sync())?;
    attempt.refused(&[slot])
}

fn each_with_sync(scratch: &mut Scratch) -> Result<String, String> {
    let (one, two) = (scratch.new_slot(), scratch.new_slot());
    let mut attempt = Attempt::new(scratch)?;
    attempt.whole(Script::new().run(&claim(one), 0).sync())?;
    attempt.granted(one)?;
    attempt.whole(Script::new().run(&claim(two), 0).sync())?;
    attempt.refused_or_committed(&[two])?;
    if attempt.scratch.granted(two)? == 1 {
        Ok(String::new())
    } else {
        Err(attempt.story())
    }
}
