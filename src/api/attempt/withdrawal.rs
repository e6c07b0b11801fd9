//! Withdrawals: what their requests are called here, and what their messages say.

use super::Attempt;
use crate::api::daily_limit;
use crate::duty::acquisition::{self, Acquisition};
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use crate::duty::request::Subject;
use crate::duty::withdrawal::Withdrawal;
use crate::ledger::withdrawals;
use crate::rules::bridge;

impl Attempt<'_> {
    /// The request's number, given out now if it has none. Answers the refusal where that has to wait, or where this signer was
    /// granted the same hash for other content.
    pub fn name_withdrawal(&mut self, withdrawal: &Withdrawal) -> Result<Option<Acquisition>, Error> {
        if self.key.slot == withdrawals::NONE {
            match withdrawals::register(self.session, self.key.chain_id, &withdrawal.request_id)? {
                Some(id) => self.key.slot = id,
                None => {
                    return Ok(Some(acquisition::held_up(
                        "another caller's claim for this withdrawal is not committed yet",
                    )))
                }
            }
        }
        self.other_content(withdrawal)
    }

    fn other_content(&self, withdrawal: &Withdrawal) -> Result<Option<Acquisition>, Error> {
        let on_record = withdrawals::content(self.session, &self.key, &self.request.message_hash)?;
        Ok(on_record.filter(|content| *content != withdrawal.content).map(|content| bridge::other_content(&content)))
    }

    /// The refusal of a withdrawal that would pass its recipient's daily limit. It may have been granted with other content while
    /// this caller waited for the duty, so that is looked at again: what is on record must not be granted as something else.
    pub(super) fn beyond_daily_limit(&mut self, now: Timestamp) -> Result<Option<Acquisition>, Error> {
        let Subject::Withdrawal(withdrawal) = &self.request.subject else {
            return Ok(None);
        };
        if let Some(refusal) = self.other_content(withdrawal)? {
            return Ok(Some(refusal));
        }
        self.holds_recipient = true;
        let (chain, hash) = (&self.request.chain, &self.request.message_hash);
        daily_limit::refusal(self.session, chain, &self.key, hash, &withdrawal.content, now)
    }
}
