//! What `already_signed` hands out.

use super::board::Board;
use super::Finding;
use crate::attestations::history::Answer;

/// A signature comes from a recording of this very message that had at least begun, and was not refused.
pub fn recorded_before(board: &Board) -> Vec<Finding> {
    let mut findings = Vec::new();
    for of in board.validators.values() {
        let mut recordings = of.recordings.clone();
        recordings.sort_by_key(|recording| recording.message);
        for asked in &of.asked {
            let Answer::AlreadySigned { signature } = &asked.event.answer else {
                continue;
            };
            let from = recordings.partition_point(|recording| recording.message < asked.message);
            let recorded =
                recordings[from..].iter().take_while(|recording| recording.message == asked.message).any(|recording| {
                    recording.signature == signature
                        && !matches!(recording.event.answer, Answer::Refused(..))
                        && recording.event.start < asked.event.end
                });
            if !recorded {
                findings.push(Finding::new("nobody recorded this signature for this message", &[asked.event]));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestations::checker::story::{vote, Story};

    fn found(story: &Story) -> usize {
        recorded_before(&Board::new(&story.events, &[true])).len()
    }

    #[test]
    fn another_signature_or_another_message_is_found() {
        for (message, signature, expected) in
            [(vote(1, 2, 0), "s", 0), (vote(1, 2, 0), "t", 1), (vote(1, 2, 1), "s", 1), (vote(0, 2, 0), "s", 1)]
        {
            let mut story = Story::default();
            story.recorded(vote(1, 2, 0), "a", "s");
            story.already_signed(message, signature);
            assert_eq!(found(&story), expected);
        }
    }

    #[test]
    fn a_refused_or_a_later_recording_is_no_source_and_a_lost_one_may_be() {
        for (answer, expected) in [(Answer::Lost, 0), (Answer::Refused("SG005".into(), "lock lost".into()), 1)] {
            let mut story = Story::default();
            story.recorded(vote(1, 2, 0), "a", "s");
            story.last().answer = answer;
            story.already_signed(vote(1, 2, 0), "s");
            assert_eq!(found(&story), expected);
        }
        let mut story = Story::default();
        story.already_signed(vote(1, 2, 0), "s");
        story.recorded(vote(1, 2, 0), "a", "s");
        assert_eq!(found(&story), 1);
    }
}
