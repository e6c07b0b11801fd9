//! What a crash or a failover may undo.
//!
//! A grant is on disk, and on the synchronous standby, before it is answered: no later life of the server may lack it. A
//! signature and a release may be answered before they are, because the hash stays pinned without them. So the life after
//! a crash may lack the last of these: those that no grant followed, since a grant is flushed together with all before it.
//! Where a standby that lagged was promoted, a later life may lack the grants too, and a quarantine has to cover them.
//!
//! What is excused here is only what was told to one life and contradicted by another. Two hashes granted for one key are
//! never excused.

use super::board::Board;
use super::Terms;
use crate::history::{Answer, Call, Event, Life, Tick};
use std::collections::HashMap;

/// For each life, when the last of its grants began: what was answered before is flushed.
pub fn flushed(events: &[Event]) -> HashMap<Life, Tick> {
    let mut until: HashMap<Life, Tick> = HashMap::new();
    for event in events.iter().filter(|event| matches!(event.answer, Answer::Acquired { .. })) {
        let last = until.entry(event.life).or_default();
        *last = event.start.max(*last);
    }
    until
}

/// May the server that answers `later` not know any more what `event` was told?
pub fn may_be_forgotten(board: &Board, terms: &Terms, event: &Event, later: &Event) -> bool {
    event.life != later.life && (terms.lagging || !is_flushed(board, terms, event))
}

/// Whether what the event was told is certain to outlive a crash.
pub fn is_flushed(board: &Board, terms: &Terms, event: &Event) -> bool {
    let durable = match &event.call {
        Call::Acquire { .. } => matches!(event.answer, Answer::Acquired { .. }),
        Call::Record { key, .. } => terms.records_durably(*key),
        _ => false,
    };
    durable || board.flushed.get(&event.life).is_some_and(|until| event.end < *until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::story::Story;

    /// May what the first event of the story was told be forgotten when the last one is answered?
    fn first_forgotten(story: &Story, terms: &Terms) -> bool {
        let board = Board::new(&story.events);
        may_be_forgotten(&board, terms, &story.events[0], story.events.last().expect("a story"))
    }

    #[test]
    fn one_life_forgets_nothing() {
        let mut story = Story::default();
        story.recorded(1, "a", "s");
        story.already_signed(1, "s");
        let lagging = Terms { lagging: true, ..Terms::default() };
        assert!(!first_forgotten(&story, &Terms::default()));
        assert!(!first_forgotten(&story, &lagging));
        story.life = 1;
        story.already_signed(1, "s");
        assert!(first_forgotten(&story, &Terms::default()));
    }

    #[test]
    fn a_grant_outlives_a_crash_but_not_a_standby_that_lagged() {
        let mut story = Story::default();
        story.acquired(1, "a", 100);
        story.life = 1;
        story.conflict(2);
        assert!(!first_forgotten(&story, &Terms::default()));
        assert!(first_forgotten(&story, &Terms { lagging: true, ..Terms::default() }));
    }

    #[test]
    fn a_later_grant_of_the_same_life_flushes_what_was_told_before() {
        let mut story = Story::default();
        story.released("a", false, true);
        story.acquired(1, "b", 100);
        story.life = 1;
        story.conflict(2);
        assert!(!first_forgotten(&story, &Terms::default()));
        story.events[1].start = story.events[0].end; // overlapping: the release may be the later one
        assert!(first_forgotten(&story, &Terms::default()));
        story.events[1].start += 1;
        story.events[1].life = 1;
        assert!(first_forgotten(&story, &Terms::default()), "another life flushes nothing of this one");
    }

    #[test]
    fn a_chain_that_records_durably_keeps_its_signatures() {
        let mut story = Story::default();
        story.recorded(1, "a", "s");
        story.life = 1;
        story.conflict(2);
        assert!(first_forgotten(&story, &Terms::default()));
        assert!(!first_forgotten(&story, &Terms { records_durably: vec![true], ..Terms::default() }));
    }
}
