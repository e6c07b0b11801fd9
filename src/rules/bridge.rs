//! What a bridge's signer must not do beside signing two messages for one request: pass its recipient's daily limit.

use crate::duty::acquisition::{Acquisition, Outcome};
use crate::duty::clock::Timestamp;
use crate::duty::hex_text;
use crate::duty::withdrawal::Content;
use serde_json::json;

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;
/// From 1970-01-01 to 2000-01-01, where Postgres' times begin.
const SECONDS_BEFORE_2000: i64 = 946_684_800;

/// A day in UTC: from its first microsecond to that of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    pub begin: Timestamp,
    pub end: Timestamp,
}

impl Day {
    pub fn of(now: Timestamp) -> Self {
        let begin = now.saturating_sub(now.rem_euclid(MICROSECONDS_PER_DAY));
        Self { begin, end: begin.saturating_add(MICROSECONDS_PER_DAY) }
    }
}

/// A hash stands for one message: this signer was granted it with other content, so one of the two is not what the hash is of.
pub fn other_content(on_record: &Content) -> Acquisition {
    let recipient = hex_text::show(&on_record.recipient);
    let mut answer = Acquisition::new(
        Outcome::Conflict,
        format!(
            "this signer was granted this message hash with other content: amount {} for {recipient}, sequence {}",
            on_record.amount.show(),
            on_record.sequence
        ),
    );
    answer.details = Some(json!({
        "cause": "other_content",
        "recipient": recipient,
        "amount": on_record.amount.show(),
        "sequence": on_record.sequence,
    }));
    answer
}

/// How a recipient stands against the chain's daily limit. Amounts are decimal digits: Postgres' numeric has computed with them,
/// and a sum may pass 2^256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    pub limit: Option<String>,
    /// Without the withdrawal that is asked for.
    pub granted: String,
    /// It would pass the limit.
    pub would_pass: bool,
    /// A signer was granted it then and has not released it, so that it is in the sum of that day.
    pub counted_since: Option<Timestamp>,
}

/// The refusal of a withdrawal that would pass the limit. One that counts already is only signed once more.
pub fn daily_limit(chain: &str, withdrawal: &Content, allowance: &Allowance, day: Day) -> Option<Acquisition> {
    let limit = allowance.limit.as_ref().filter(|_| allowance.would_pass && allowance.counted_since.is_none())?;
    let recipient = hex_text::show(&withdrawal.recipient);
    let amount = withdrawal.amount.show();
    let granted = &allowance.granted;
    let mut answer = Acquisition::new(
        Outcome::Halted,
        format!(
            "{recipient} was granted {granted} today (UTC), and {amount} more would pass the daily limit {limit} of chain \
             {chain}; ask again tomorrow"
        ),
    );
    answer.details = Some(json!({
        "cause": "daily_limit",
        "recipient": recipient,
        "granted_today": granted,
        "amount": amount,
        "daily_limit": limit,
        "next_day_unix_time": day.end / 1_000_000 + SECONDS_BEFORE_2000,
    }));
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duty::withdrawal::Amount;
    use proptest::prelude::*;

    fn withdrawal() -> Content {
        Content { recipient: [2; 20], amount: Amount::parse("amount", "50").unwrap(), sequence: 7 }
    }

    fn allowance(limit: Option<&str>, would_pass: bool, is_counted: bool) -> Allowance {
        let counted_since = is_counted.then_some(7);
        Allowance { limit: limit.map(str::to_owned), granted: "60".into(), would_pass, counted_since }
    }

    #[test]
    fn what_would_pass_the_limit_waits_for_the_next_day() {
        let day = Day::of(0);
        let answer = daily_limit("b", &withdrawal(), &allowance(Some("100"), true, false), day).unwrap();
        assert_eq!(answer.outcome, Outcome::Halted);
        let details = answer.details.unwrap();
        assert_eq!(details["granted_today"], "60");
        assert_eq!(details["next_day_unix_time"], SECONDS_BEFORE_2000 + 86_400);
        for allowance in
            [allowance(Some("100"), false, false), allowance(Some("100"), true, true), allowance(None, false, false)]
        {
            assert_eq!(daily_limit("b", &withdrawal(), &allowance, day), None);
        }
    }

    #[test]
    fn other_content_is_told() {
        let answer = other_content(&withdrawal());
        assert_eq!(answer.outcome, Outcome::Conflict);
        assert_eq!(answer.details.unwrap()["amount"], "50");
    }

    proptest! {
        #[test]
        fn every_moment_has_its_day(now in i64::MIN / 2..i64::MAX / 2) {
            let day = Day::of(now);
            prop_assert!(day.begin <= now && now < day.end);
            prop_assert_eq!(day.end - day.begin, MICROSECONDS_PER_DAY);
            prop_assert_eq!(day.begin % MICROSECONDS_PER_DAY, 0);
        }
    }
}
