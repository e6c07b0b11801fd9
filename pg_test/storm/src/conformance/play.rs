//! One test file, step by step.

use super::file::{Attempt, Duty, File, Step};
use super::ledger::{Answered, Ledger};
use crate::environment::Environment;

const DATABASE: &str = "eip3076";
const COPY: &str = "eip3076_copy";

/// What a ledger made of a file.
#[derive(Default)]
pub struct Played {
    /// What no ledger may do. Empty when the file is passed.
    pub wrong: Vec<String>,
    pub attempts: usize,
    /// Attempts that were answered as by a complete database.
    pub complete: usize,
    /// Answers that only a minimal database gives.
    pub incomplete: Vec<String>,
}

impl Played {
    fn note(&mut self, place: &str, attempt: &Attempt, answered: &Answered) {
        let told = format!("{place}: {}, and {}", answered.word, attempt.expectation.said());
        if !attempt.expectation.allows(answered.signed) {
            self.wrong.push(told);
        } else if attempt.expectation.is_complete(answered.signed) {
            self.complete += 1;
        } else {
            self.incomplete.push(told);
        }
    }
}

pub fn play(environment: &Environment, file: &File) -> Result<Played, String> {
    let mut ledger = Ledger::new(environment, DATABASE, &file.genesis_validators_root)?;
    let mut played = Played::default();
    for (number, step) in file.steps.iter().enumerate() {
        let step_place = format!("step {}", number + 1);
        match (ledger.import(&step.interchange), step.import_succeeds) {
            (Ok(()), true) => {
                if let Err(what) = round_trip(environment, file, &mut ledger) {
                    played.wrong.push(format!("{step_place}, export: {what}"));
                }
            }
            (Err(_), false) => {}
            (Ok(()), false) => played.wrong.push(format!("{step_place}: the import was taken, and is to be refused")),
            (Err(what), true) => played.wrong.push(format!("{step_place}: the import was refused, {what}")),
        }
        attempts(&mut ledger, step, &step_place, &mut played);
    }
    Ok(played)
}

/// What was exported and imported elsewhere is exported there to the letter.
fn round_trip(environment: &Environment, file: &File, ledger: &mut Ledger) -> Result<(), String> {
    let first = ledger.export()?;
    let mut copy = Ledger::new(environment, COPY, &file.genesis_validators_root)?;
    copy.import(&first).map_err(|what| format!("its import elsewhere was refused, {what}"))?;
    let second = copy.export()?;
    if first == second {
        Ok(())
    } else {
        Err(format!("it is not the same from there\n  here:  {first}\n  there: {second}"))
    }
}

fn attempts(ledger: &mut Ledger, step: &Step, step_place: &str, played: &mut Played) {
    for (number, attempt) in step.attempts.iter().enumerate() {
        let place = format!("{step_place}, attempt {} ({})", number + 1, described(attempt.duty));
        played.attempts += 1;
        match ledger.attempt(attempt) {
            Ok(answered) => played.note(&place, attempt, &answered),
            Err(what) => played.wrong.push(format!("{place}: {what}")),
        }
    }
}

fn described(duty: Duty) -> String {
    match duty {
        Duty::Block { slot } => format!("block, slot {slot}"),
        Duty::Attestation { source_epoch, target_epoch } => {
            format!("attestation, source {source_epoch}, target {target_epoch}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::expectation::Expectation;

    #[test]
    fn wrong_and_incomplete_answers_are_told_apart() {
        let mut played = Played::default();
        for expectation in [Expectation::Sign, Expectation::Refuse, Expectation::Either] {
            for signed in [true, false] {
                let duty = Duty::Block { slot: 1 };
                let attempt = Attempt { validator: String::new(), duty, signing_root: None, expectation };
                played.note("here", &attempt, &Answered { signed, word: "word".into() });
            }
        }
        assert_eq!((played.wrong.len(), played.complete, played.incomplete.len()), (2, 3, 1));
        assert_eq!(played.incomplete[0], "here: word, and a complete database signs");
    }
}
