//! A recipient's daily limit, held against what is granted, and against signatures that come after their release.

use crate::duty::acquisition::{self, Acquisition};
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use crate::duty::key::DutyKey;
use crate::duty::withdrawal::Content;
use crate::ledger::statement::Session;
use crate::ledger::{lock, withdrawals};
use crate::rules::bridge::{self, Day};

/// The refusal of a withdrawal that would pass its recipient's daily limit. What passes counts from now on, should it be granted.
///
/// Where there is a limit nobody else is granted anything for this recipient before the end of this transaction: two that each fit
/// must not both slip under it.
pub fn refusal(
    session: &Session,
    chain: &str,
    key: &DutyKey,
    message_hash: &[u8; 32],
    content: &Content,
    now: Timestamp,
) -> Result<Option<Acquisition>, Error> {
    if withdrawals::has_daily_limit(session, key.chain_id)? {
        let name = lock::recipient(key.chain_id, &content.recipient);
        let Some(_held_to_the_end) = lock::exclude_patiently(session, name)? else {
            return Ok(Some(acquisition::held_up("another claim for this recipient is not committed yet")));
        };
    }
    let day = Day::of(now);
    let allowance = withdrawals::allowance(session, key, message_hash, content, day)?;
    let refusal = bridge::daily_limit(chain, content, &allowance, day);
    if refusal.is_none() {
        withdrawals::count(session, key, message_hash, content, allowance.counted_since.unwrap_or(now))?;
    }
    Ok(refusal)
}
