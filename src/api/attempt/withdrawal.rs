//! Withdrawals: what their requests are called here, what their messages say, and how much a recipient may be granted.

use super::Attempt;
use crate::duty::acquisition::{self, Acquisition};
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use crate::duty::request::Subject;
use crate::duty::withdrawal::Withdrawal;
use crate::ledger::{lock, withdrawals};
use crate::rules::bridge::{self, Day};

impl Attempt<'_> {
    /// The request's number, given out now if it has none. Answers the refusal where that has to wait, or where the hash stands for
    /// other content.
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
        let content = withdrawals::content(self.session, self.key.slot, &self.request.message_hash)?;
        Ok(content.filter(|content| !content.is_of(withdrawal)).map(|content| bridge::other_content(&content)))
    }

    /// The refusal of a withdrawal that would pass its recipient's daily limit. What passes counts from now on, should it be granted.
    ///
    /// Nobody else is granted anything for this recipient before the end of this transaction: two claims that each fit must not
    /// both slip under the limit.
    pub(super) fn beyond_daily_limit(&mut self, now: Timestamp) -> Result<Option<Acquisition>, Error> {
        let Subject::Withdrawal(withdrawal) = &self.request.subject else {
            return Ok(None);
        };
        let (key, hash) = (&self.key, &self.request.message_hash);
        let Some(_held_to_the_end) = lock::exclude_patiently(lock::recipient(key.chain_id, &withdrawal.recipient))?
        else {
            return Ok(Some(acquisition::held_up("another claim for this recipient is not committed yet")));
        };
        let day = Day::of(now);
        let allowance = withdrawals::allowance(self.session, key, hash, withdrawal, day)?;
        if let Some(refusal) = bridge::daily_limit(&self.request.chain, withdrawal, &allowance, day) {
            return Ok(Some(refusal));
        }
        if !allowance.is_counted && withdrawals::count(self.session, key, hash, withdrawal, now)? {
            return Ok(None);
        }
        // Another signer may have been granted this hash since it was named, so what it stands for is looked at again.
        match withdrawals::content(self.session, key.slot, hash)? {
            Some(content) if content.is_of(withdrawal) => Ok(None),
            Some(content) => Ok(Some(bridge::other_content(&content))),
            None => Err(Error::internal("what a withdrawal's message says is gone")),
        }
    }
}
