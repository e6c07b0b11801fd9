//! How often which call got which answer, for a person to look at.

use crate::history::{Answer, Call, Event};
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
        Call::Acquire { strict: false, .. } => "try_acquire_duty",
        Call::Acquire { strict: true, .. } => "acquire_duty",
        Call::Record { .. } => "record_signature",
        Call::Release { certainly_unsigned: false, .. } => "release_duty",
        Call::Release { certainly_unsigned: true, .. } => "release_duty, unsigned",
        Call::Extend { .. } => "extend_lease",
        Call::Forged => "any, with a forged token",
        Call::Cleanup(name) => name,
    }
}

fn answer(answer: &Answer) -> String {
    let word = match answer {
        Answer::Acquired { .. } => "acquired",
        Answer::AlreadySigned { .. } => "already_signed",
        Answer::InProgress { .. } => "in_progress",
        Answer::Conflict => "conflict",
        Answer::Stale => "stale",
        Answer::Halted => "halted",
        Answer::Unexpected(word) => word,
        Answer::Recorded => "recorded",
        Answer::Released(true) => "released",
        Answer::Released(false) => "false",
        Answer::Extended(Some(_)) => "extended",
        Answer::Extended(None) => "null",
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
    use crate::checker::story::Story;

    #[test]
    fn each_answer_is_counted_under_its_call() {
        let mut story = Story::default();
        story.conflict(1);
        story.conflict(2);
        story.released("a", true, true);
        let text = outcomes(&story.events);
        let line = |words: [&str; 2]| text.lines().find(|line| words.iter().all(|word| line.contains(word)));
        assert!(line(["try_acquire_duty", "conflict"]).expect("counted").ends_with(" 2"));
        assert!(line(["release_duty, unsigned", "released"]).expect("counted").ends_with(" 1"));
    }
}
