//! Errors are documented ones, each from the call it belongs to.

use super::board::Board;
use super::{Finding, Terms};
use crate::history::{Answer, Call, Event};

pub fn documented(board: &Board, terms: &Terms) -> Vec<Finding> {
    board
        .events
        .iter()
        .filter(|event| !is_documented(event, terms))
        .map(|event| Finding::new(event.call.key(), "no document promises this", &[event]))
        .collect()
}

fn is_documented(event: &Event, terms: &Terms) -> bool {
    match (&event.call, &event.answer) {
        (_, Answer::Unexpected(_)) => false,
        // A token that nobody was given has no effect, whichever way it is told so.
        (Call::Forged, answer) => match answer {
            // 55000: the chain frees nothing for anybody, and says so before it looks at the token.
            Answer::Refused(code, _) => ["SG005", "22023", "22P02", "55000"].contains(&code.as_str()),
            answer => matches!(answer, Answer::Released(false) | Answer::Extended(None) | Answer::Lost),
        },
        // A claim is answered `halted` there, also by a transaction that began before a promotion and may only read.
        (Call::Acquire { .. }, Answer::Refused(..)) => false,
        (_, Answer::Refused(code, _)) if terms.standbys && code == "25006" => true,
        // A claim of this duty waits for the standby, and nobody waits for that one for long. Another claim is answered `halted`.
        (_, Answer::Refused(code, _)) if terms.standbys && code == "55P03" => true,
        (Call::Record { .. }, Answer::Refused(code, _)) => code == "SG005",
        (Call::Release { key, certainly_unsigned: true, .. }, answer) if !terms.allows_freeing(*key) => match answer {
            Answer::Refused(code, _) => code == "55000",
            answer => *answer == Answer::Lost,
        },
        (_, Answer::Refused(..)) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::story::Story;

    fn undocumented(story: &Story) -> usize {
        documented(&Board::new(&story.events), &Terms::default()).len()
    }

    fn refused(code: &str) -> Answer {
        Answer::Refused(code.into(), "text".into())
    }

    #[test]
    fn a_deadlock_is_found() {
        let mut story = Story::default();
        story.acquire(1, refused("40P01"));
        assert_eq!(undocumented(&story), 1);
        story.add(Call::Cleanup("cleanup_old_duties"), refused("40P01"));
        assert_eq!(undocumented(&story), 2);
    }

    #[test]
    fn a_lost_lock_is_documented_for_recordings_only() {
        let mut story = Story::default();
        story.recorded(1, "a", "s");
        story.last().answer = refused("SG005");
        assert_eq!(undocumented(&story), 0);
        story.extended("a", None);
        story.last().answer = refused("SG005");
        assert_eq!(undocumented(&story), 1);
    }

    #[test]
    fn only_where_there_are_standbys_does_one_refuse_to_write() {
        let mut story = Story::default();
        story.extended("a", None);
        story.last().answer = refused("25006");
        assert_eq!(undocumented(&story), 1);
        let terms = Terms { standbys: true, ..Terms::default() };
        assert_eq!(documented(&Board::new(&story.events), &terms).len(), 0);
        story.extended("a", None);
        story.last().answer = refused("55P03");
        assert_eq!(documented(&Board::new(&story.events), &terms).len(), 0, "it waited behind one that waits");
        assert_eq!(undocumented(&story), 2);
        story.acquire(1, refused("25006"));
        assert_eq!(documented(&Board::new(&story.events), &terms).len(), 1);
    }

    #[test]
    fn a_forged_token_that_works_is_found() {
        for (answer, found) in [
            (Answer::Recorded, 1),
            (Answer::Released(true), 1),
            (Answer::Extended(Some(9)), 1),
            (Answer::Released(false), 0),
            (Answer::Extended(None), 0),
            (refused("SG005"), 0),
            (refused("XX000"), 1),
        ] {
            let mut story = Story::default();
            story.add(Call::Forged, answer.clone());
            assert_eq!(undocumented(&story), found, "{answer:?}");
        }
    }

    #[test]
    fn freeing_where_the_chain_forbids_it_is_found() {
        for (answer, found) in [(Answer::Released(true), 1), (Answer::Released(false), 1), (refused("55000"), 0)] {
            let mut story = Story::default();
            story.released("a", true, true);
            story.last().answer = answer;
            assert_eq!(undocumented(&story), found);
        }
    }

    #[test]
    fn an_outcome_of_another_kind_is_found() {
        let mut story = Story::default();
        story.acquire(1, Answer::Unexpected("not_protected".into()));
        assert_eq!(undocumented(&story), 1);
    }
}
