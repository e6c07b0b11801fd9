//! What a client asked and what it was told: the only thing the checker knows.

use std::fmt;

/// A duty, by small numbers instead of the texts that go over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub chain: u8,
    pub validator: u8,
    pub duty: u8,
    pub slot: i64,
    pub index: i16,
}

/// One of the few messages that compete for a key.
pub type Hash = u8;

/// Microseconds of the clients' common monotonic clock.
pub type Tick = u64;

/// One life of one server, from its start to a crash, a stop or the end of the run: what it had not flushed is gone with it.
/// Numbered as the clients met them.
pub type Life = u16;

/// Microseconds of the server's clock.
pub type ServerTime = i64;

#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    Acquire {
        key: Key,
        hash: Hash,
        request: Option<String>,
        wait_ms: i32,
        /// By `acquire_duty`, which raises where `try_acquire_duty` answers.
        strict: bool,
    },
    Record {
        key: Key,
        hash: Hash,
        token: String,
        signature: String,
    },
    Release {
        key: Key,
        token: String,
        certainly_unsigned: bool,
    },
    Extend {
        key: Key,
        token: String,
    },
    /// A record, release or extension with a token that nobody was ever given.
    Forged,
    /// A cleanup, by its function's name.
    Cleanup(&'static str),
}

impl Call {
    pub fn key(&self) -> Option<Key> {
        match self {
            Call::Acquire { key, .. }
            | Call::Record { key, .. }
            | Call::Release { key, .. }
            | Call::Extend { key, .. } => Some(*key),
            Call::Forged | Call::Cleanup(_) => None,
        }
    }
}

/// The server's clock when the statement began and after the function had answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    pub began: ServerTime,
    pub told: ServerTime,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Acquired {
        token: String,
        expires: ServerTime,
        stamp: Stamp,
    },
    AlreadySigned {
        signature: String,
        stamp: Stamp,
    },
    /// Without times where the strict form said it by an error.
    InProgress {
        expires: Option<ServerTime>,
        stamp: Option<Stamp>,
    },
    Conflict,
    Stale,
    Halted,
    /// An outcome that no duty of the storm should ever get.
    Unexpected(String),
    Recorded,
    Released(bool),
    /// The new end of the lease, or none when the token no longer holds.
    Extended(Option<ServerTime>),
    Cleaned(i64),
    /// An error with its SQLSTATE and text: the server says that the call did nothing.
    Refused(String, String),
    /// The connection went away; nobody told what happened.
    Lost,
}

#[derive(Clone, Debug)]
pub struct Event {
    pub start: Tick,
    pub end: Tick,
    pub connection: u16,
    /// Who was asked.
    pub life: Life,
    pub call: Call,
    pub answer: Answer,
}

impl Event {
    /// True when this call was over before the other one began, so that their order is certain.
    pub fn before(&self, other: &Event) -> bool {
        self.end < other.start
    }

    /// True unless the server said that the call did nothing: it may have had its effect.
    pub fn may_have_happened(&self) -> bool {
        !matches!(self.answer, Answer::Refused(..) | Answer::Released(false) | Answer::Extended(None))
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}..{} us, connection {}, life {}: {:?} -> {:?}",
            self.start, self.end, self.connection, self.life, self.call, self.answer
        )
    }
}
