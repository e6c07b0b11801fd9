//! One message for one duty key.
//!
//! Source of the rule: for Aztec the slashing of duplicate proposals and attestations in its L1 contracts; the key is the one of
//! `@aztec/validator-ha-signer` (rollup, validator, slot, duty type, block index within checkpoint). For Ethereum conditions 1
//! and 3 of EIP-3076 for the same slot or target; `ethereum` has what goes beyond the key.

use crate::duty::claim::{Claim, Replay};
use crate::duty::clock::Timestamp;

/// What to do about a request whose duty has a claim on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Other data is pinned. Decided before anything else, so that no later state can open it.
    Conflict,
    /// The same message, signed before.
    AlreadySigned,
    /// The same request again, its reply was lost.
    Replay,
    /// The same message, the holder's lease runs.
    InProgress,
    /// The same message, nobody holds it.
    TakeOver,
}

/// The verdict on `message_hash`, asked for at `now`, beside the claim on record.
pub fn judge(claim: &Claim, message_hash: &[u8; 32], replay: Option<&Replay>, now: Timestamp) -> Verdict {
    if claim.message_hash.as_ref() != Some(message_hash) {
        Verdict::Conflict
    } else if claim.signature.is_some() {
        Verdict::AlreadySigned
    } else if claim.secret.is_some() && replay.is_some() && claim.replay.as_ref() == replay {
        Verdict::Replay
    } else if claim.secret.is_some() && claim.lease_until > now {
        Verdict::InProgress
    } else {
        Verdict::TakeOver
    }
}

/// Whether a holder that is certain it never signed may free the key for other data.
///
/// After a takeover or a replayed answer another thread or node may still be signing the pinned message; and what was imported
/// was signed elsewhere.
pub fn may_be_freed(claim: &Claim, secret: &[u8; 16]) -> bool {
    claim.secret.as_ref() == Some(secret) && claim.signature.is_none() && claim.answers == 1 && !claim.imported
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim() -> Claim {
        Claim {
            message_hash: Some([1; 32]),
            node: "a".into(),
            lease_until: 100,
            secret: Some([9; 16]),
            replay: None,
            answers: 1,
            signature: None,
            imported: false,
            source_epoch: None,
        }
    }

    #[test]
    fn other_data_is_a_conflict_in_every_state() {
        let signed = Claim { signature: Some(vec![1; 65]), ..claim() };
        let released = Claim { secret: None, ..claim() };
        for record in [claim(), signed, released] {
            for now in [0, 100, i64::MAX] {
                assert_eq!(judge(&record, &[2; 32], None, now), Verdict::Conflict);
            }
        }
    }

    #[test]
    fn a_message_that_is_not_known_is_never_the_same() {
        let unknown = Claim { message_hash: None, secret: None, imported: true, ..claim() };
        assert_eq!(judge(&unknown, &[1; 32], None, 0), Verdict::Conflict);
    }

    #[test]
    fn what_was_imported_may_be_signed_again_but_never_freed() {
        let imported = Claim { secret: None, imported: true, answers: 0, ..claim() };
        assert_eq!(judge(&imported, &[1; 32], None, 0), Verdict::TakeOver);
        let taken_over = Claim { secret: Some([9; 16]), answers: 1, ..imported };
        assert!(!may_be_freed(&taken_over, &[9; 16]));
    }

    #[test]
    fn the_lease_belongs_to_its_holder_until_its_last_moment() {
        assert_eq!(judge(&claim(), &[1; 32], None, 99), Verdict::InProgress);
        assert_eq!(judge(&claim(), &[1; 32], None, 100), Verdict::TakeOver);
    }

    #[test]
    fn only_the_same_request_of_the_same_role_is_a_replay() {
        let request = Replay { role: 10, request_id: [5; 16] };
        let record = Claim { replay: Some(request), ..claim() };
        let other_role = Replay { role: 11, ..request };
        assert_eq!(judge(&record, &[1; 32], Some(&request), 0), Verdict::Replay);
        assert_eq!(judge(&record, &[1; 32], Some(&other_role), 0), Verdict::InProgress);
        assert_eq!(judge(&record, &[1; 32], None, 0), Verdict::InProgress);
        assert_eq!(judge(&claim(), &[1; 32], None, 0), Verdict::InProgress);
        // After a release the claim is nobody's; the id alone brings no token back.
        let released = Claim { secret: None, ..record };
        assert_eq!(judge(&released, &[1; 32], Some(&request), 0), Verdict::TakeOver);
    }

    #[test]
    fn a_claim_that_two_answers_carried_is_never_freed() {
        assert!(may_be_freed(&claim(), &[9; 16]));
        assert!(!may_be_freed(&claim(), &[8; 16]));
        assert!(!may_be_freed(&Claim { answers: 2, ..claim() }, &[9; 16]));
        assert!(!may_be_freed(&Claim { secret: None, ..claim() }, &[9; 16]));
        assert!(!may_be_freed(&Claim { signature: Some(vec![1; 65]), ..claim() }, &[9; 16]));
    }
}
