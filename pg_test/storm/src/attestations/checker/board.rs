//! The histories of all clients, sorted by validator and by what they show.

use super::Frees;
use crate::attestations::history::{Answer, Call, Event, Message, Validator};
use std::collections::{BTreeMap, HashMap};

pub struct Board<'a> {
    pub events: &'a [Event],
    pub frees: &'a Frees,
    pub validators: BTreeMap<Validator, OfValidator<'a>>,
}

/// What is known of one validator, each list by the start of its calls.
#[derive(Default)]
pub struct OfValidator<'a> {
    pub asked: Vec<Asked<'a>>,
    pub grants: Vec<Grant<'a>>,
    pub recordings: Vec<Recording<'a>>,
    /// Records of files, whatever became of the import.
    pub imported: Vec<Imported<'a>>,
}

#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub message: Message,
    pub event: &'a Event,
}

/// An `acquired` that a client was told.
#[derive(Clone, Copy)]
pub struct Grant<'a> {
    pub message: Message,
    pub token: &'a str,
    pub event: &'a Event,
    /// The node's word that it has not signed and never will: then the message is not signed.
    pub given_up: Option<&'a Event>,
}

#[derive(Clone, Copy)]
pub struct Recording<'a> {
    pub message: Message,
    pub signature: &'a str,
    pub event: &'a Event,
}

#[derive(Clone, Copy)]
pub struct Imported<'a> {
    pub message: Message,
    pub event: &'a Event,
}

/// A message that counts as signed, and the call that shows it.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    pub message: Message,
    pub event: &'a Event,
}

impl<'a> Board<'a> {
    pub fn new(events: &'a [Event], frees: &'a Frees) -> Self {
        let mut sorted: Vec<&Event> = events.iter().collect();
        sorted.sort_by_key(|event| event.start);
        let given_up = given_up(events);
        let mut validators: BTreeMap<Validator, OfValidator> = BTreeMap::new();
        for event in sorted {
            match &event.call {
                Call::Acquire { message, .. } => {
                    let of = validators.entry(message.validator).or_default();
                    of.asked.push(Asked { message: *message, event });
                    if let Answer::Acquired { token } = &event.answer {
                        let given_up = given_up.get(token.as_str()).copied();
                        of.grants.push(Grant { message: *message, token, event, given_up });
                    }
                }
                Call::Record { message, signature, .. } => {
                    let of = validators.entry(message.validator).or_default();
                    of.recordings.push(Recording { message: *message, signature, event });
                }
                Call::Import(messages) => {
                    for message in messages {
                        let of = validators.entry(message.validator).or_default();
                        of.imported.push(Imported { message: *message, event });
                    }
                }
                Call::Release { .. } | Call::Cleanup(_) => {}
            }
        }
        Board { events, frees, validators }
    }
}

/// Tokens that exactly one client was told and that were given up, each with the call that did it. Of a call whose reply was
/// lost nobody knows whether it freed the duty; that the node did not sign is true all the same.
fn given_up(events: &[Event]) -> HashMap<&str, &Event> {
    let mut told: HashMap<&str, usize> = HashMap::new();
    let mut releases: HashMap<&str, &Event> = HashMap::new();
    for event in events {
        match (&event.call, &event.answer) {
            (_, Answer::Acquired { token }) => *told.entry(token).or_default() += 1,
            (Call::Release { token, certainly_unsigned: true, .. }, Answer::Released(true) | Answer::Lost) => {
                let first = releases.entry(token).or_insert(event);
                if event.start < first.start {
                    *first = event;
                }
            }
            _ => {}
        }
    }
    releases.retain(|token, _| told.get(token) == Some(&1));
    releases
}

impl<'a> OfValidator<'a> {
    /// Every message that a node here may have signed, once, in the order of messages.
    pub fn signed(&self) -> Vec<Signed<'a>> {
        let granted = self
            .grants
            .iter()
            .filter(|grant| grant.given_up.is_none())
            .map(|grant| Signed { message: grant.message, event: grant.event });
        let recorded = self
            .recordings
            .iter()
            .filter(|recording| recording.event.answer == Answer::Recorded)
            .map(|recording| Signed { message: recording.message, event: recording.event });
        let handed_out = self
            .asked
            .iter()
            .filter(|asked| matches!(asked.event.answer, Answer::AlreadySigned { .. }))
            .map(|asked| Signed { message: asked.message, event: asked.event });
        let mut signed: Vec<Signed> = granted.chain(recorded).chain(handed_out).collect();
        signed.sort_by_key(|signed| (signed.message, signed.event.start));
        signed.dedup_by_key(|signed| signed.message);
        signed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestations::checker::story::{block, vote, Story, VALIDATOR};

    fn signed(story: &Story) -> Vec<Message> {
        let board = Board::new(&story.events, &[true]);
        let of = board.validators.get(&VALIDATOR);
        of.map(OfValidator::signed).unwrap_or_default().iter().map(|signed| signed.message).collect()
    }

    #[test]
    fn a_grant_counts_as_signed_at_once_and_a_refusal_does_not() {
        let mut story = Story::default();
        story.acquired(vote(1, 2, 0), "a");
        story.conflict(vote(1, 2, 1), "double_vote");
        story.acquire(block(9, 0), Answer::Lost);
        assert_eq!(signed(&story), [vote(1, 2, 0)]);
    }

    #[test]
    fn only_a_release_that_says_unsigned_takes_a_signature_back() {
        let answers = [
            (true, Answer::Released(true), 0),
            (true, Answer::Lost, 0),
            (true, Answer::Released(false), 1),
            (true, Answer::Refused("55000".into(), "text".into()), 1),
            (false, Answer::Released(true), 1),
        ];
        for (certainly_unsigned, answer, left) in answers {
            let mut story = Story::default();
            story.acquired(vote(1, 2, 0), "a");
            story.released(vote(1, 2, 0), "a", certainly_unsigned, answer);
            assert_eq!(signed(&story).len(), left);
        }
    }

    #[test]
    fn what_two_were_told_one_cannot_give_up() {
        let mut story = Story::default();
        story.acquired(vote(1, 2, 0), "a");
        story.acquired(vote(1, 2, 0), "a");
        story.released(vote(1, 2, 0), "a", true, Answer::Released(true));
        assert_eq!(signed(&story).len(), 1);
    }

    #[test]
    fn another_holder_s_claim_stays_signed() {
        let mut story = Story::default();
        story.acquired(vote(1, 2, 0), "a");
        story.acquired(vote(1, 2, 0), "b");
        story.released(vote(1, 2, 0), "b", true, Answer::Released(true));
        assert_eq!(signed(&story).len(), 1);
    }

    #[test]
    fn a_recording_shows_a_signature_whatever_was_released() {
        let mut story = Story::default();
        story.acquired(vote(1, 2, 0), "a");
        story.released(vote(1, 2, 0), "a", true, Answer::Lost);
        story.recorded(vote(1, 2, 0), "a", "s");
        assert_eq!(signed(&story).len(), 1);
    }
}
