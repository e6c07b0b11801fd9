//! What a bridge's signer approves: an amount for a recipient.

use super::error::{required, Error, SqlState};
use super::hex_text;

/// 2^256-1, the greatest that a contract can hold.
const GREATEST_AMOUNT: &str = "115792089237316195423570985008687907853269984665640564039457584007913129639935";

/// An amount in its smallest unit, 0 to 2^256-1, as decimal digits without leading zeros. Postgres' numeric computes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount(String);

impl Amount {
    /// From a number as Postgres or JSON writes it. 22023 for a fraction or what is no number, 22003 for a number out of range.
    pub fn parse(argument: &str, text: &str) -> Result<Self, Error> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let are_digits = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
        if whole.starts_with('-') && are_digits(&whole[1..]) {
            return Err(out_of_range(argument, "is negative"));
        }
        if whole.is_empty() || !are_digits(whole) || !fraction.bytes().all(|digit| digit == b'0') {
            return Err(Error::argument(
                SqlState::INVALID_PARAMETER_VALUE,
                argument,
                format!("{argument} is not a whole number"),
            )
            .hint("Give the amount in its smallest unit, as a whole number in decimal digits."));
        }
        let digits = match whole.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        if (digits.len(), digits) > (GREATEST_AMOUNT.len(), GREATEST_AMOUNT) {
            return Err(out_of_range(argument, "is above 2^256-1"));
        }
        Ok(Self(digits.to_owned()))
    }

    pub fn show(&self) -> &str {
        &self.0
    }
}

fn out_of_range(argument: &str, fault: &str) -> Error {
    Error::argument(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, argument, format!("{argument} {fault}"))
        .hint("Give an amount from 0 to 2^256-1.")
}

/// What is approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// The key.
    pub request_id: [u8; 32],
    pub content: Content,
}

/// What the message of a withdrawal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub recipient: [u8; 20],
    pub amount: Amount,
    pub sequence: i64,
}

/// The same as SQL hands it over; the amount as Postgres writes it.
pub struct WithdrawalArguments {
    pub request_id: Option<String>,
    pub recipient: Option<String>,
    pub amount: Option<String>,
    pub sequence: Option<i64>,
}

impl WithdrawalArguments {
    pub fn parse(self) -> Result<Withdrawal, Error> {
        let request_id = required("withdrawal_request_id", self.request_id)?;
        let recipient = required("recipient", self.recipient)?;
        let sequence = required("sequence", self.sequence)?;
        if sequence < 0 {
            return Err(Error::argument(SqlState::INVALID_PARAMETER_VALUE, "sequence", "sequence is negative")
                .hint(format!("Give a sequence from 0 to {}.", i64::MAX)));
        }
        Ok(Withdrawal {
            request_id: hex_text::parse("withdrawal_request_id", &request_id)?,
            content: Content {
                recipient: hex_text::parse("recipient", &recipient)?,
                amount: Amount::parse("amount", &required("amount", self.amount)?)?,
                sequence,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<String, SqlState> {
        Amount::parse("amount", text).map(|amount| amount.show().to_owned()).map_err(|error| error.code)
    }

    #[test]
    fn an_amount_is_whole_and_fits_a_contract() {
        assert_eq!(parse("0"), Ok("0".into()));
        assert_eq!(parse("000"), Ok("0".into()));
        assert_eq!(parse("0012"), Ok("12".into()));
        assert_eq!(parse("100.00"), Ok("100".into()));
        assert_eq!(parse(GREATEST_AMOUNT), Ok(GREATEST_AMOUNT.into()));
        for text in ["", "1.5", "1e3", "NaN", "Infinity", "-Infinity", "+1", "0x10", " 1", "--1", ".0", "1.x"] {
            assert_eq!(parse(text), Err(SqlState::INVALID_PARAMETER_VALUE), "{text:?}");
        }
        let above = GREATEST_AMOUNT.replace("39935", "39936");
        for text in [above, format!("1{}", "0".repeat(78)), "-1".into(), "-0".into()] {
            assert_eq!(parse(&text), Err(SqlState::NUMERIC_VALUE_OUT_OF_RANGE), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_number_has_one_spelling(number: u128, zeros in 0_usize..5) {
            let text = format!("{}{number}", "0".repeat(zeros));
            prop_assert_eq!(parse(&text), Ok(number.to_string()));
        }

        #[test]
        fn no_text_is_a_panic(text in ".{0,100}") {
            let _ = parse(&text);
        }
    }
}
