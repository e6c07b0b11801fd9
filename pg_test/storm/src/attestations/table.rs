//! How often which call got which answer, for a person to look at.

use super::history::{Answer, Call, Duty, Event};
use std::collections::BTreeMap;

pub fn outcomes(events: &[Event]) -> String {
    let mut counts: BTreeMap<(&str, String), u64> = BTreeMap::new();
    for event in events {
        *counts.entry((call(&event.call), answer(&event.answer))).or_default() += 1;
    }
    let mut text = String::from("call                        answer                    times\n");
    for ((call, answer), times) in counts {
        text.push_str(&format!("{call:26}  {answer:22} {times:8}\n"));
    }
    text
}

fn call(call: &Call) -> &'static str {
    match call {
        Call::Acquire { message, strict, .. } => match (message.duty, strict) {
            (Duty::Block { .. }, false) => "try_acquire_block",
            (Duty::Block { .. }, true) => "acquire_block",
            (Duty::Vote { .. }, false) => "try_acquire_attestation",
            (Duty::Vote { .. }, true) => "acquire_attestation",
        },
        Call::Record { .. } => "record_signature",
        Call::Release { certainly_unsigned: false, .. } => "release_duty",
        Call::Release { certainly_unsigned: true, .. } => "release_duty, unsigned",
        Call::Import(_) => "import_eip3076",
        Call::Cleanup(name) => name,
    }
}

fn answer(answer: &Answer) -> String {
    let because = |outcome: &str, cause: &Option<String>| match cause {
        Some(cause) => format!("{outcome}: {cause}"),
        None => outcome.into(),
    };
    let word = match answer {
        Answer::Acquired { .. } => "acquired",
        Answer::AlreadySigned { .. } => "already_signed",
        Answer::InProgress => "in_progress",
        Answer::Conflict { cause } => return because("conflict", cause),
        Answer::Stale { cause } => return because("stale", cause),
        Answer::Halted { cause } => return because("halted", cause),
        Answer::Unexpected(word) => word,
        Answer::Recorded => "recorded",
        Answer::Released(true) => "released",
        Answer::Released(false) => "false",
        Answer::Imported => "imported",
        Answer::Cleaned(0) => "nothing to do",
        Answer::Cleaned(_) => "cleaned",
        Answer::Refused(code, _) => return format!("error {code}"),
        Answer::Lost => "reply lost",
    };
    word.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestations::checker::story::{block, vote, Story};

    #[test]
    fn each_answer_is_counted_under_its_call() {
        let mut story = Story::default();
        story.conflict(vote(1, 4, 0), "surrounds");
        story.conflict(vote(1, 4, 1), "surrounds");
        story.acquired(block(7, 0), "a");
        let text = outcomes(&story.events);
        let line = |words: [&str; 2]| text.lines().find(|line| words.iter().all(|word| line.contains(word)));
        assert!(line(["try_acquire_attestation", "conflict: surrounds"]).expect("counted").ends_with(" 2"));
        assert!(line(["try_acquire_block", "acquired"]).expect("counted").ends_with(" 1"));
    }
}
