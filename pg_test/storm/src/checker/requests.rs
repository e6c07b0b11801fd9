//! A lost reply is retried with the same request id, and the claim is still that request's.

use super::board::{grants, signed, Board, Grant};
use super::{Finding, Terms};
use crate::history::{Answer, Call, Event, Hash, Key, Stamp};

pub fn retries(board: &Board, _: &Terms) -> Vec<Finding> {
    board.keys.iter().filter_map(|(key, of_key)| lost_claim(*key, of_key)).collect()
}

/// A retry that was sent to wait, or to a new claim, while the first one's lease ran and nobody had touched it.
fn lost_claim(key: Key, of_key: &[&Event]) -> Option<Finding> {
    for first in grants(of_key) {
        let Some(request) = first.request else {
            continue;
        };
        for retry in of_key.iter().filter(|retry| first.event.before(retry)) {
            if !asks_again(retry, request, first.hash) || !still_held(of_key, &first, retry) {
                continue;
            }
            let own = matches!(&retry.answer, Answer::Acquired { token, .. } if token == first.token);
            let other_reason =
                matches!(retry.answer, Answer::Stale | Answer::Halted | Answer::Lost | Answer::Refused(..));
            if !own && !other_reason {
                let what = "the request's own claim was not given back";
                return Some(Finding::new(Some(key), what, &[first.event, retry]));
            }
        }
    }
    None
}

fn asks_again(event: &Event, of_request: &str, of_hash: Hash) -> bool {
    matches!(&event.call, Call::Acquire { hash, request: Some(request), .. }
        if *hash == of_hash && request == of_request)
}

/// Nothing that was answered, or lost, before the retry's answer can have ended the claim.
fn still_held(of_key: &[&Event], first: &Grant, retry: &Event) -> bool {
    let told = match &retry.answer {
        Answer::Acquired { stamp, .. } | Answer::AlreadySigned { stamp, .. } => stamp.told,
        Answer::InProgress { stamp: Some(Stamp { told, .. }), .. } => *told,
        // Without the server's clock it is not known that the lease still ran. A conflict is wrong at any time.
        Answer::Conflict => first.expires - 1,
        _ => return false,
    };
    let touched = of_key.iter().any(|event| {
        event.start < retry.end
            && event.may_have_happened()
            && match &event.call {
                Call::Release { token, .. } => token == first.token,
                Call::Record { hash, .. } => *hash == first.hash,
                _ => false,
            }
    });
    let signed_meanwhile = signed(of_key).iter().any(|(event, _)| event.start < retry.start);
    told < first.expires && !touched && !signed_meanwhile
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::story::Story;

    fn lost(story: &Story) -> usize {
        retries(&Board::new(&story.events), &Terms::default()).len()
    }

    fn asked(request: &str) -> Story {
        let mut story = Story::default();
        story.acquired(1, "a", 500);
        story.requested(request);
        story
    }

    #[test]
    fn a_retry_that_gets_its_claim_is_fine() {
        let mut story = asked("r");
        story.acquired(1, "a", 500);
        story.requested("r");
        assert_eq!(lost(&story), 0);
    }

    #[test]
    fn a_retry_that_must_wait_is_found() {
        let mut story = asked("r");
        story.in_progress(1, 500);
        story.requested("r");
        assert_eq!(lost(&story), 1);
        story.requested("q");
        assert_eq!(lost(&story), 0, "another request has no claim");
    }

    #[test]
    fn a_retry_that_gets_another_claim_is_found() {
        let mut story = asked("r");
        story.acquired(1, "b", 500);
        story.requested("r");
        assert_eq!(lost(&story), 1);
    }

    #[test]
    fn a_retry_told_of_a_conflict_is_found() {
        let mut story = asked("r");
        story.conflict(1);
        story.requested("r");
        assert_eq!(lost(&story), 1);
    }

    #[test]
    fn after_the_lease_or_a_release_the_claim_may_be_another_s() {
        let mut story = Story::default();
        story.acquired(1, "a", 22);
        story.requested("r");
        story.in_progress(1, 500);
        story.requested("r");
        assert_eq!(lost(&story), 0);

        let mut story = asked("r");
        story.released("a", false, true);
        story.in_progress(1, 500);
        story.requested("r");
        assert_eq!(lost(&story), 0);
    }

    #[test]
    fn a_watermark_may_have_risen() {
        let mut story = asked("r");
        story.stale(1);
        story.requested("r");
        assert_eq!(lost(&story), 0);
    }
}
