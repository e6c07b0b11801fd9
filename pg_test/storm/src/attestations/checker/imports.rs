//! What a file says was signed is signed from the end of its import on.

use super::board::Board;
use super::offence::offence;
use super::Finding;
use crate::attestations::history::Answer;

/// A file may contradict what was granted before; that is its own story. Nothing is granted against it afterwards. A storm
/// has a few hundred imported records, so each grant looks at all of its validator.
pub fn imports(board: &Board) -> Vec<Finding> {
    let mut findings = Vec::new();
    for of in board.validators.values() {
        for grant in &of.grants {
            let against = of.imported.iter().find(|imported| {
                imported.event.answer == Answer::Imported
                    && imported.event.before(grant.event)
                    && offence(&grant.message, &imported.message).is_some()
            });
            if let Some(imported) = against {
                let what = "the second call was granted what is slashable beside a record of the first";
                findings.push(Finding::new(what, &[imported.event, grant.event]));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestations::checker::story::{block, vote, Story};
    use crate::attestations::history::Message;

    fn found(story: &Story) -> usize {
        imports(&Board::new(&story.events, &[true])).len()
    }

    #[test]
    fn each_offence_against_a_record_is_found() {
        let unknown = Message { root: None, ..vote(4, 8, 0) };
        for (record, granted, expected) in [
            (vote(4, 8, 0), vote(4, 8, 1), 1),
            (vote(4, 8, 0), vote(3, 9, 0), 1),
            (vote(4, 8, 0), vote(5, 7, 0), 1),
            (block(7, 0), block(7, 1), 1),
            (unknown, vote(4, 8, 0), 1),
            (vote(4, 8, 0), vote(4, 8, 0), 0),
            (vote(4, 8, 0), vote(4, 9, 0), 0),
        ] {
            let mut story = Story::default();
            story.imported(&[block(1, 0), record]);
            story.acquired(granted, "a");
            assert_eq!(found(&story), expected, "{record:?} {granted:?}");
        }
    }

    #[test]
    fn neither_an_earlier_grant_nor_a_refused_file_counts() {
        let mut story = Story::default();
        story.acquired(vote(4, 8, 0), "a");
        story.imported(&[vote(4, 8, 1)]);
        assert_eq!(found(&story), 0);

        let mut story = Story::default();
        story.imported(&[vote(4, 8, 1)]);
        story.last().answer = Answer::Refused("22023".into(), "text".into());
        story.acquired(vote(4, 8, 0), "a");
        assert_eq!(found(&story), 0);
    }
}
