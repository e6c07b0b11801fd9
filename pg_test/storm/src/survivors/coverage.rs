//! Did anything happen? A history in which no server died breaks no promise either.

use super::arguments::Across;
use super::audit::Audit;
use crate::checker::board::{Board, Grant};
use crate::history::{Answer, Call, Event, Life};
use crate::storm::coverage::{count, retried, seen, takeovers, Seen};
use std::collections::BTreeSet;

/// The least counts are far below what a slow machine reaches; they are there to notice a run that misses its point.
pub fn coverage(events: &[Event], audit: &Audit, across: Across, lives: i64, quarantined: i64) -> Vec<Seen> {
    let board = Board::new(events);
    let answers = |wanted: fn(&Answer) -> bool| count(events, |event| wanted(&event.answer));
    let mut all = vec![
        seen("acquired", answers(|a| matches!(a, Answer::Acquired { .. })), 200),
        seen("already_signed", answers(|a| matches!(a, Answer::AlreadySigned { .. })), 20),
        seen("in_progress", answers(|a| matches!(a, Answer::InProgress { .. })), 20),
        seen("conflict", answers(|a| *a == Answer::Conflict), 50),
        seen("signatures recorded", answers(|a| *a == Answer::Recorded), 50),
        seen("claims released", answers(|a| *a == Answer::Released(true)), 20),
        seen("leases extended", answers(|a| matches!(a, Answer::Extended(Some(_)))), 10),
        seen("takeovers", takeovers(&board), 20),
        seen("grants answered again to a retry", retried(&board), 5),
        seen("replies lost", answers(|a| *a == Answer::Lost), lives - 1),
        seen("duties asked for in one life and again in a later one", fought_again(&board), 10 * (lives - 1)),
        seen("lives that granted something", granting_lives(events), lives),
        seen("claims audited", (audit.there + audit.lost) as i64, 100),
    ];
    if across != Across::Crash {
        all.push(seen("halted, by a standby or for want of one", answers(|a| *a == Answer::Halted), 1));
        all.push(seen("refused in quarantine", quarantined, 1));
    }
    if across == Across::LaggingFailover {
        all.push(seen("claims that the failover lost", audit.lost as i64, 1));
    }
    all
}

fn granting_lives(events: &[Event]) -> i64 {
    let granted = events.iter().filter(|event| matches!(event.answer, Answer::Acquired { .. }));
    granted.map(|event| event.life).collect::<BTreeSet<Life>>().len() as i64
}

/// Duties that one life granted and for which another was asked with another message: only there can a grant be made twice.
fn fought_again(board: &Board) -> i64 {
    let again = |of_key: &&Vec<&Event>| {
        let granted = crate::checker::board::grants(of_key);
        of_key.iter().any(|event| granted.iter().any(|grant| rivals(grant, event)))
    };
    board.keys.values().filter(again).count() as i64
}

fn rivals(grant: &Grant, event: &Event) -> bool {
    matches!(&event.call, Call::Acquire { hash, .. } if *hash != grant.hash)
        && event.answer != Answer::Lost
        && grant.event.life != event.life
        && grant.event.before(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::story::Story;

    fn counted(story: &Story, what: &str) -> i64 {
        let all = coverage(&story.events, &Audit::default(), Across::LaggingFailover, 2, 0);
        all.iter().find(|seen| seen.what == what).map(|seen| seen.count).expect("known")
    }

    #[test]
    fn nothing_is_not_enough() {
        let all = coverage(&[], &Audit::default(), Across::LaggingFailover, 2, 0);
        assert!(all.iter().all(|seen| !seen.enough()));
    }

    #[test]
    fn only_another_message_in_another_life_is_a_rival() {
        let what = "duties asked for in one life and again in a later one";
        let mut story = Story::default();
        story.acquired(1, "a", 100);
        story.conflict(2);
        assert_eq!(counted(&story, what), 0);
        story.life = 1;
        story.in_progress(1, 100);
        story.acquire(2, Answer::Lost);
        assert_eq!(counted(&story, what), 0);
        story.conflict(2);
        assert_eq!(counted(&story, what), 1);
        assert_eq!(counted(&story, "lives that granted something"), 1);
    }
}
