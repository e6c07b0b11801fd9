//! A token proves the holding of one claim: told twice, it was told for the same message, to the same request.

use super::board::Board;
use super::Finding;
use crate::attestations::history::{Call, Event};
use std::collections::HashMap;

pub fn unique(board: &Board) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut first: HashMap<&str, &Event> = HashMap::new();
    for grant in board.validators.values().flat_map(|of| &of.grants) {
        let known = *first.entry(grant.token).or_insert(grant.event);
        if !is_repetition(known, grant.event) {
            findings.push(Finding::new("one token for two grants", &[known, grant.event]));
        }
    }
    findings
}

fn is_repetition(first: &Event, second: &Event) -> bool {
    std::ptr::eq(first, second)
        || match (&first.call, &second.call) {
            (
                Call::Acquire { message, request: Some(request), .. },
                Call::Acquire { message: again, request: Some(same), .. },
            ) => message == again && request == same,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attestations::checker::story::{vote, Story};
    use crate::attestations::history::{Answer, Message};

    fn found(asked: [(Message, Option<&str>, &str); 2]) -> usize {
        let mut story = Story::default();
        for (message, request, token) in asked {
            let call = Call::Acquire { message, request: request.map(String::from), strict: false };
            story.add(call, Answer::Acquired { token: token.into() });
        }
        unique(&Board::new(&story.events, &[true])).len()
    }

    #[test]
    fn only_the_same_request_for_the_same_message_gets_a_token_again() {
        let message = vote(1, 2, 0);
        assert_eq!(found([(message, Some("r"), "a"), (message, Some("r"), "a")]), 0);
        assert_eq!(found([(message, Some("r"), "a"), (message, Some("q"), "b")]), 0);
        assert_eq!(found([(message, Some("r"), "a"), (message, Some("q"), "a")]), 1);
        assert_eq!(found([(message, None, "a"), (message, None, "a")]), 1);
        assert_eq!(found([(message, Some("r"), "a"), (vote(2, 3, 0), Some("r"), "a")]), 1);
    }
}
