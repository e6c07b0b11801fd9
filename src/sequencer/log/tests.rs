use super::*;
use crate::sequencer::message::tests::unsigned as message;
use crate::sequencer::message::SignedMessage;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The log as the tables have it: kept up step by step.
#[derive(Default)]
struct Log {
    messages: BTreeMap<i64, OnRecord>,
    missing: BTreeSet<Range>,
    forgotten_before: Option<i64>,
}

impl Log {
    fn neighbours(&self, sequence: i64) -> Neighbours {
        let kept = self.forgotten_before.unwrap_or(0);
        let before = self.messages.range(kept..sequence.max(kept)).next_back().map(|(sequence, _)| *sequence);
        let after = sequence.checked_add(1).and_then(|next| self.messages.range(next..).next().map(|(next, _)| *next));
        Neighbours { before, after }.with_forgotten(self.forgotten_before)
    }

    fn accept(&mut self, message: &SignedMessage) -> Verdict {
        let sequence = message.sequence;
        let verdict = judge(message, self.forgotten_before, self.messages.get(&sequence));
        if verdict == Verdict::New {
            let neighbours = self.neighbours(sequence);
            if let Some(first) = neighbours.range_of() {
                self.missing.retain(|range| range.first != first);
            }
            let gaps = neighbours.gaps(sequence);
            self.missing.extend([gaps.before, gaps.after].into_iter().flatten());
            let on_record = OnRecord {
                message_hash: message.message_hash.to_vec(),
                unix_seconds: message.unix_seconds,
                message_type: message.message_type.clone(),
            };
            self.messages.insert(sequence, on_record);
        }
        verdict
    }

    fn forget(&mut self, before: i64) -> Result<(), BeyondLog> {
        let kept = self.forgotten_before.unwrap_or(0);
        let first = self.messages.range(kept..).next().map(|(sequence, _)| *sequence);
        let last = self.messages.range(kept..).next_back().map(|(sequence, _)| *sequence);
        if let Some(bound) = bound_to_raise(before, self.forgotten_before, first, last)? {
            self.forgotten_before = Some(bound);
            let missing = std::mem::take(&mut self.missing);
            self.missing =
                missing.into_iter().filter_map(|range| Range::new(range.first.max(bound), range.last)).collect();
            self.messages.retain(|sequence, _| *sequence >= bound);
        }
        Ok(())
    }
}

/// The same told from the whole story.
fn missing(accepted: &BTreeSet<i64>, forgotten_before: Option<i64>) -> BTreeSet<Range> {
    let Some(last) = accepted.last() else { return BTreeSet::new() };
    let first = forgotten_before.or(accepted.first().copied()).unwrap_or(0);
    let mut ranges = BTreeSet::new();
    let mut open: Option<Range> = None;
    for sequence in first..=*last {
        if accepted.contains(&sequence) {
            ranges.extend(open.take());
        } else {
            open = Some(Range { first: open.map_or(sequence, |range| range.first), last: sequence });
        }
    }
    ranges
}

#[derive(Debug, Clone)]
enum Step {
    Accept(i64, u8),
    Forget(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        9 => (0..40_i64, 0..3_u8).prop_map(|(sequence, payload)| Step::Accept(sequence, payload)),
        1 => (0..45_i64).prop_map(Step::Forget),
    ];
    prop::collection::vec(step, 0..80)
}

proptest! {
    #[test]
    fn any_order_leaves_the_same_log(steps in steps()) {
        let mut log = Log::default();
        let mut accepted: BTreeMap<i64, u8> = BTreeMap::new();
        // What was ever accepted, forgotten or not.
        let mut ever: BTreeMap<i64, u8> = BTreeMap::new();
        let mut bound = None;
        for step in steps {
            match step {
                Step::Accept(sequence, payload) => {
                    let verdict = log.accept(&message(sequence, payload));
                    let expected = match accepted.get(&sequence) {
                        _ if bound.is_some_and(|bound| sequence < bound) => Verdict::Forgotten,
                        None => Verdict::New,
                        Some(earlier) if *earlier == payload => Verdict::Same,
                        Some(_) => Verdict::Equivocation,
                    };
                    prop_assert_eq!(verdict, expected);
                    if verdict == Verdict::New {
                        accepted.insert(sequence, payload);
                        prop_assert_eq!(ever.insert(sequence, payload), None, "accepted twice");
                    }
                }
                Step::Forget(before) => {
                    let end = accepted.keys().next_back().map(|last| last + 1).or(bound);
                    let forgotten = log.forget(before);
                    if bound.is_some_and(|bound| before <= bound) {
                        prop_assert_eq!(forgotten, Ok(()));
                    } else if end.is_none_or(|end| before > end) {
                        prop_assert_eq!(forgotten, Err(BeyondLog(end)));
                    } else if bound.is_some() || accepted.keys().next().is_some_and(|first| *first < before) {
                        prop_assert_eq!(forgotten, Ok(()));
                        bound = Some(before);
                        accepted.retain(|sequence, _| *sequence >= before);
                    }
                    prop_assert_eq!(log.forgotten_before, bound);
                }
            }
            prop_assert!(log.messages.keys().eq(accepted.keys()));
            prop_assert_eq!(&log.missing, &missing(&accepted.keys().copied().collect(), bound));
        }
    }

    #[test]
    fn no_number_overflows(sequence: i64, before: Option<i64>, after: Option<i64>, forgotten: Option<i64>) {
        let neighbours = Neighbours { before, after }.with_forgotten(forgotten);
        let _ = (neighbours.gaps(sequence), neighbours.range_of());
        let _ = bound_to_raise(sequence, forgotten, before, after);
    }
}

#[test]
fn the_greatest_sequence_has_neighbours() {
    let mut log = Log::default();
    assert_eq!(log.accept(&message(i64::MAX, 0)), Verdict::New);
    assert_eq!(log.accept(&message(0, 0)), Verdict::New);
    assert!(log.missing.iter().eq([&Range { first: 1, last: i64::MAX - 1 }]));
    assert_eq!(log.accept(&message(i64::MAX - 1, 0)), Verdict::New);
    assert!(log.missing.iter().eq([&Range { first: 1, last: i64::MAX - 2 }]));
    assert_eq!(log.forget(i64::MAX), Ok(()));
    assert!(log.missing.is_empty());
    assert_eq!(log.accept(&message(5, 0)), Verdict::Forgotten);
}

#[test]
fn an_empty_log_forgets_nothing() {
    assert_eq!(bound_to_raise(0, None, None, None), Err(BeyondLog(None)));
    assert_eq!(bound_to_raise(8, Some(7), None, None), Err(BeyondLog(Some(7))));
    assert_eq!(bound_to_raise(7, Some(7), None, None), Ok(None));
}
