//! What is slashable beside the record, by the rules of Ethereum.

use super::Attempt;
use crate::duty::acquisition::{self, Acquisition};
use crate::duty::claim::Claim;
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use crate::duty::rules::Rules;
use crate::duty::vote::{SignedVote, Vote};
use crate::ledger::claims;
use crate::ledger::votes::Votes;
use crate::rules::ethereum::{self, Surround};

impl Attempt<'_> {
    /// Whether the claim on record has other data for the duty, as Ethereum has it.
    pub(super) fn is_double(&self, claim: &Claim) -> bool {
        let root = &self.request.message_hash;
        let Some(vote) = self.vote else {
            return self.entry.chain.rules == Rules::Ethereum
                && ethereum::double_proposal(root, claim.message_hash.as_ref());
        };
        let earlier = SignedVote {
            vote: Vote { source_epoch: claim.source_epoch.unwrap_or_default(), ..vote },
            signing_root: claim.message_hash,
        };
        ethereum::double_vote(vote, root, &earlier)
    }

    pub(super) fn double_name(&self) -> &'static str {
        match self.vote {
            Some(_) => "double_vote",
            None => "double_proposal",
        }
    }

    /// The refusal of a vote that surrounds another or is surrounded, or what is on record for its target. What was granted here
    /// and is perhaps not signed yet, or was signed elsewhere, is not granted again either: history that came in since may stand
    /// against it.
    pub(super) fn surround(&mut self, now: Timestamp) -> Result<Option<Acquisition>, Error> {
        let (Some(vote), Some(epochs)) = (self.vote, self.entry.chain.epochs) else {
            return Ok(None);
        };
        let votes = Votes { session: self.session, key: self.key, epochs, vote };
        let Some(found) = votes.standing_against(epochs.epoch_of(self.bounds.current_slot))? else {
            return Ok(None);
        };
        if let Some(claim) = claims::read(self.session, &self.key)? {
            if let Some(answer) = self.answer_from_record(&claim, now)? {
                return Ok(Some(answer));
            }
        }
        Ok(Some(match found {
            Surround::Surrounds(earlier) => acquisition::surround(vote, true, &earlier),
            Surround::IsSurrounded(earlier) => acquisition::surround(vote, false, &earlier),
        }))
    }
}
