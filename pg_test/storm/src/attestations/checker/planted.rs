//! Faults planted in histories that are clean without them.

use super::judge;
use super::story::{block, vote, Story};
use crate::attestations::history::{Answer, Call, Duty, Event, Message};
use proptest::prelude::*;

/// An honest life: one vote from each epoch to the next, some of them wider, and a block here and there. Every claim is
/// recorded, taken over, released or given up and claimed anew.
fn honest(shapes: &[(bool, bool, u8)]) -> Story {
    let mut story = Story::default();
    let mut source = 100;
    for (number, (skips, proposes, life)) in shapes.iter().enumerate() {
        let target = 102 + 2 * number as i64;
        claim(&mut story, vote(source, target, 0), *life, number);
        if *proposes {
            claim(&mut story, block(target, 0), life.wrapping_add(1), number + 1000);
        }
        if !skips {
            source = target;
        }
    }
    story
}

fn claim(story: &mut Story, message: Message, life: u8, number: usize) {
    let (token, later) = (format!("a{number}"), format!("b{number}"));
    story.acquired(message, &token);
    match life % 4 {
        0 => story.recorded(message, &token, &format!("s{number}")),
        1 => story.acquired(message, &later),
        2 => story.released(message, &token, false, Answer::Released(true)),
        _ => {
            story.released(message, &token, true, Answer::Released(true));
            story.acquired(Message { root: Some(1), ..message }, &later);
        }
    }
}

/// The same calls, but told as if connections had made them in another order. Only pairs count for the slashable checks.
fn plant(story: &mut Story, message: Message, place: usize) {
    story.acquired(message, "planted");
    let events = &mut story.events;
    let last = events.len() - 1;
    let place = place % events.len();
    let (start, end) = (events[place].start + 6, events[place].end + 3);
    events[last].start = start;
    events[last].end = end;
}

fn found(events: &[Event]) -> Vec<&'static str> {
    judge(events, &[true]).into_iter().filter(|v| !v.findings.is_empty()).map(|v| v.name).collect()
}

fn names_planted(events: &[Event], check: usize) -> bool {
    judge(events, &[true])[check].findings.iter().all(|finding| finding.0.contains("planted"))
}

proptest! {
    #[test]
    fn a_clean_history_is_found_clean_and_each_planted_fault_is_found(
        shapes in prop::collection::vec((any::<bool>(), any::<bool>(), any::<u8>()), 4..40),
        at in any::<prop::sample::Index>(),
        place in any::<usize>(),
    ) {
        let clean = honest(&shapes);
        prop_assert_eq!(found(&clean.events), Vec::<&str>::new());

        let granted: Vec<Message> = clean.events.iter().filter_map(|event| match (&event.call, &event.answer) {
            (Call::Acquire { message, .. }, Answer::Acquired { .. }) => Some(*message),
            _ => None,
        }).collect();
        let first = granted[at.index(granted.len())];
        let faults: Vec<(usize, Message)> = match first.duty {
            Duty::Block { slot } => vec![(0, block(slot, 7))],
            Duty::Vote { source, target } => vec![
                (1, vote(source, target, 7)),
                (1, vote(source - 1, target, 7)),
                (2, vote(source - 1, target + 1, 7)),
                (2, vote(source + 1, target - 1, 7)),
            ],
        };
        for (check, planted) in faults {
            let mut story = honest(&shapes);
            plant(&mut story, planted, place);
            let verdicts = judge(&story.events, &[true]);
            prop_assert!(!verdicts[check].findings.is_empty(), "{:?} beside {:?}", planted, first);
            prop_assert!(names_planted(&story.events, check));
        }
    }
}
