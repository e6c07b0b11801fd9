//! What `already_signed` hands out.

use super::board::Board;
use super::lives::may_be_forgotten;
use super::{Finding, Terms};
use crate::history::{Answer, Call, Event, Hash};

fn handed_out<'a>(of_key: &[&'a Event]) -> Vec<(&'a Event, Hash, &'a str)> {
    of_key
        .iter()
        .filter_map(|event| match (&event.call, &event.answer) {
            (Call::Acquire { hash, .. }, Answer::AlreadySigned { signature, .. }) => {
                Some((*event, *hash, signature.as_str()))
            }
            _ => None,
        })
        .collect()
}

/// A signature comes from a recording of this key and hash that had at least begun, and was not refused.
pub fn recorded_before(board: &Board, _: &Terms) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, of_key) in &board.keys {
        for (event, hash, given) in handed_out(of_key) {
            let recorded = of_key.iter().any(|record| {
                matches!(&record.call, Call::Record { hash: of, signature, .. } if *of == hash && signature == given)
                    && record.may_have_happened()
                    && record.start < event.end
            });
            if !recorded {
                let what = "nobody recorded this signature for this hash";
                findings.push(Finding::new(Some(*key), what, &[event]));
            }
        }
    }
    findings
}

/// The first signature on record stays, so nobody ever holds two for one duty. A crash may undo it where it was not
/// flushed; then the same message is signed again, and signers without deterministic nonces sign it differently.
pub fn same_for_all(board: &Board, terms: &Terms) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, of_key) in &board.keys {
        let given = handed_out(of_key);
        let changed = given.iter().enumerate().find_map(|(i, (first, _, signature))| {
            let differs = |(other, _, of_other): &&(&Event, Hash, &str)| {
                of_other != signature && !may_be_forgotten(board, terms, first, other)
            };
            given[i + 1..].iter().find(differs).map(|(other, ..)| [*first, *other])
        });
        if let Some(both) = changed {
            findings.push(Finding::new(Some(*key), "two signatures for one duty", &both));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::story::Story;

    fn unrecorded(story: &Story) -> usize {
        recorded_before(&Board::new(&story.events), &Terms::default()).len()
    }

    #[test]
    fn a_signature_from_nowhere_is_found() {
        let mut story = Story::default();
        story.acquired(1, "a", 100);
        story.already_signed(1, "s");
        assert_eq!(unrecorded(&story), 1);
    }

    #[test]
    fn another_signature_or_another_hash_is_found() {
        for (hash, signature, found) in [(1, "s", 0), (1, "t", 1), (2, "s", 1)] {
            let mut story = Story::default();
            story.recorded(1, "a", "s");
            story.already_signed(hash, signature);
            assert_eq!(unrecorded(&story), found);
        }
    }

    #[test]
    fn a_refused_recording_is_no_source_and_a_lost_one_may_be() {
        let refused = Answer::Refused("SG005".into(), "lock lost".into());
        for (answer, found) in [(Answer::Lost, 0), (refused, 1)] {
            let mut story = Story::default();
            story.recorded(1, "a", "s");
            story.last().answer = answer;
            story.already_signed(1, "s");
            assert_eq!(unrecorded(&story), found);
        }
    }

    #[test]
    fn a_recording_that_began_later_is_no_source() {
        let mut story = Story::default();
        story.already_signed(1, "s");
        story.recorded(1, "a", "s");
        assert_eq!(unrecorded(&story), 1);
    }

    #[test]
    fn a_signature_that_changed_is_found() {
        let mut story = Story::default();
        story.already_signed(1, "s");
        story.already_signed(1, "s");
        let terms = Terms::default();
        assert!(same_for_all(&Board::new(&story.events), &terms).is_empty());
        story.already_signed(1, "t");
        assert_eq!(same_for_all(&Board::new(&story.events), &terms).len(), 1);
    }

    #[test]
    fn a_signature_may_change_in_a_crash_and_not_after_it() {
        let changed = |story: &Story| same_for_all(&Board::new(&story.events), &Terms::default()).len();
        let mut story = Story::default();
        story.already_signed(1, "s");
        story.life = 1;
        story.already_signed(1, "t");
        assert_eq!(changed(&story), 0);
        story.already_signed(1, "s");
        assert_eq!(changed(&story), 1);

        let mut story = Story::default();
        story.already_signed(1, "s");
        story.acquired(1, "a", 900); // flushes it
        story.life = 1;
        story.already_signed(1, "t");
        assert_eq!(changed(&story), 1);
    }
}
