//! Judges an attestation storm by what its clients were told, without a look into the tables.
//!
//! Clients share one monotonic clock, so of two calls that did not overlap it is known which came first. Of calls that
//! overlapped nothing is assumed: a check speaks only where every possible order breaks the promise.

pub mod board;
pub mod causes;
pub mod doubles;
pub mod errors;
pub mod held;
pub mod imports;
pub mod offence;
pub mod signatures;
pub mod stale;
pub mod surrounds;
pub mod tokens;

#[cfg(test)]
mod planted;
#[cfg(test)]
pub mod story;

use super::history::Event;
use crate::tally::Tally;
use board::Board;

const FINDINGS_SHOWN: usize = 3;

/// One broken promise, and the events that show it.
#[derive(Clone, Debug)]
pub struct Finding(pub String);

impl Finding {
    pub fn new(what: &str, events: &[&Event]) -> Self {
        let shown: String = events.iter().map(|event| format!("\n  {event}")).collect();
        Finding(format!("{what}{shown}"))
    }
}

pub struct Verdict {
    pub name: &'static str,
    pub findings: Vec<Finding>,
}

/// What the checker must be told about the chains: by chain number, may `certainly_unsigned` free a duty?
pub type Frees = [bool];

type Check = fn(&Board) -> Vec<Finding>;

/// The first three are what a validator is slashed for.
const SLASHABLE: usize = 3;
pub const CHECKS: [(&str, Check); 10] = [
    ("no two signed blocks of one slot", doubles::blocks),
    ("no two signed votes for one target", doubles::votes),
    ("no signed vote surrounds another", surrounds::surrounds),
    ("nothing is granted beside a claim that is held", held::held),
    ("nothing is granted beside what was imported before", imports::imports),
    ("every signature given was recorded for that very message", signatures::recorded_before),
    ("every grant has a token of its own", tokens::unique),
    ("what was below the low watermark is never granted again", stale::stale_stays_stale),
    ("a conflict or a wait has another call as its cause", causes::causes),
    ("only documented errors", errors::documented),
];

pub fn judge(events: &[Event], frees: &Frees) -> Vec<Verdict> {
    let board = Board::new(events, frees);
    CHECKS.iter().map(|(name, check)| Verdict { name, findings: check(&board) }).collect()
}

/// Answers how many slashable pairs the first checks found.
pub fn report(verdicts: &[Verdict], tally: &mut Tally) -> usize {
    for Verdict { name, findings } in verdicts {
        let shown: String = findings.iter().take(FINDINGS_SHOWN).map(|Finding(what)| format!("\n{what}")).collect();
        let result =
            if findings.is_empty() { Ok(String::new()) } else { Err(format!("{} found{shown}", findings.len())) };
        tally.check(name, result);
    }
    verdicts.iter().take(SLASHABLE).map(|verdict| verdict.findings.len()).sum()
}
