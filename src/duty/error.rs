//! The one error type: code, message, DETAIL and HINT stay together from the place of the fault to the client.

use std::fmt::Display;

/// A five-character SQLSTATE. Postgres' own where one fits, `SG...` where the caller must tell our refusals apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqlState(pub &'static str);

impl SqlState {
    /// Other data is pinned for the duty, or the rules forbid the message beside an earlier one.
    pub const CONFLICT: Self = Self("SG001");
    /// Another holder's lease is running.
    pub const IN_PROGRESS: Self = Self("SG002");
    /// At or below the low watermark.
    pub const STALE: Self = Self("SG003");
    /// Switched off for now: horizon, high watermark, standby.
    pub const HALTED: Self = Self("SG004");
    /// The token does not hold its claim any more, or never did.
    pub const LOCK_LOST: Self = Self("SG005");
    /// A signature that no key can have given.
    pub const BAD_SIGNATURE: Self = Self("SG006");
    /// The transaction cannot vouch for an answer before it is durable.
    pub const UNSAFE_TRANSACTION: Self = Self("SG007");
    /// The chain is registered with other parameters.
    pub const IDENTITY_MISMATCH: Self = Self("SG008");
    /// The message was signed before, and the row of a protected table that would show it is gone.
    pub const ALREADY_SIGNED: Self = Self("SG009");

    /// Committed here, and not known to be where it has to be as well.
    pub const OUTCOME_UNKNOWN: Self = Self("08007");
    pub const FEATURE_NOT_SUPPORTED: Self = Self("0A000");
    pub const NUMERIC_VALUE_OUT_OF_RANGE: Self = Self("22003");
    pub const NULL_VALUE_NOT_ALLOWED: Self = Self("22004");
    pub const INVALID_DATETIME_FORMAT: Self = Self("22007");
    pub const INVALID_PARAMETER_VALUE: Self = Self("22023");
    pub const INVALID_TEXT_REPRESENTATION: Self = Self("22P02");
    pub const READ_ONLY_TRANSACTION: Self = Self("25006");
    pub const TRIGGER_PROTOCOL_VIOLATED: Self = Self("39P01");
    pub const INSUFFICIENT_PRIVILEGE: Self = Self("42501");
    pub const UNDEFINED_OBJECT: Self = Self("42704");
    pub const WRONG_OBJECT_TYPE: Self = Self("42809");
    pub const OBJECT_NOT_IN_PREREQUISITE_STATE: Self = Self("55000");
    pub const LOCK_NOT_AVAILABLE: Self = Self("55P03");
    pub const INTERNAL_ERROR: Self = Self("XX000");

    /// Postgres' packed form: six bits a character, the first one lowest (`MAKE_SQLSTATE` in utils/elog.h).
    pub fn packed(self) -> i32 {
        self.0.bytes().enumerate().fold(0, |packed, (place, character)| {
            packed | (((i32::from(character) - i32::from(b'0')) & 0x3F) << (6 * place))
        })
    }
}

/// What goes wrong is said in Postgres' style: a lower-case message without full stop, DETAIL and HINT in sentences.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub code: SqlState,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
}

impl Error {
    pub fn new(code: SqlState, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None, hint: None }
    }

    /// A fault of one argument: DETAIL names the argument.
    pub fn argument(code: SqlState, argument: &str, message: impl Into<String>) -> Self {
        Self::new(code, message).detail(format!("Argument: {argument}."))
    }

    /// NULL where a value is needed. Functions are never STRICT: a NULL answer would let the client's check fall through.
    pub fn null(argument: &str) -> Self {
        Self::argument(SqlState::NULL_VALUE_NOT_ALLOWED, argument, format!("{argument} must not be null"))
            .hint(format!("Give a value for {argument}."))
    }

    /// A fault in slashguard itself or in its tables.
    pub fn internal(what: impl Display) -> Self {
        Self::new(SqlState::INTERNAL_ERROR, format!("slashguard's ledger is not as expected: {what}")).hint(
            "Nothing was granted. Was a table of slashguard changed by hand, or is the library of another version?",
        )
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A value that must be there.
pub fn required<T>(argument: &str, value: Option<T>) -> Result<T, Error> {
    value.ok_or_else(|| Error::null(argument))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_pack_as_postgres_packs_them() {
        // ERRCODE_INVALID_PARAMETER_VALUE and ERRCODE_INTERNAL_ERROR as the server's own headers have them.
        assert_eq!(SqlState::INVALID_PARAMETER_VALUE.packed(), 50_856_066);
        assert_eq!(SqlState::INTERNAL_ERROR.packed(), 2_600);
    }
}
