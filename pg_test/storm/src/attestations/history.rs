//! What a client asked for an Ethereum validator and what it was told: the only thing the checker knows.

use crate::history::Tick;
use std::fmt;

/// One key of one chain, by small numbers instead of the texts that go over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Validator {
    pub chain: u8,
    pub number: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Duty {
    Block { slot: i64 },
    Vote { source: i64, target: i64 },
}

/// What is signed. Its text on the wire follows from all of it, so messages that differ anywhere have different roots there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Message {
    pub validator: Validator,
    pub duty: Duty,
    /// One of the few that compete. None in an imported record that does not say which it was.
    pub root: Option<u8>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    Acquire {
        message: Message,
        request: Option<String>,
        /// By the form that raises where the other one answers.
        strict: bool,
    },
    Record {
        message: Message,
        token: String,
        signature: String,
    },
    Release {
        message: Message,
        token: String,
        certainly_unsigned: bool,
    },
    /// A file of records of one chain, none of them slashable beside another.
    Import(Vec<Message>),
    /// A cleanup, by its function's name.
    Cleanup(&'static str),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Acquired {
        token: String,
    },
    AlreadySigned {
        signature: String,
    },
    InProgress,
    /// Without a cause where the strict form said it by an error.
    Conflict {
        cause: Option<String>,
    },
    Stale {
        cause: Option<String>,
    },
    Halted {
        cause: Option<String>,
    },
    /// An outcome that no duty of the storm should ever get.
    Unexpected(String),
    Recorded,
    Released(bool),
    Imported,
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
    pub call: Call,
    pub answer: Answer,
}

impl Event {
    /// True when this call was over before the other one began, so that their order is certain.
    pub fn before(&self, other: &Event) -> bool {
        self.end < other.start
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Event { start, end, connection, call, answer } = self;
        write!(f, "{start}..{end} us, connection {connection}: {call:?} -> {answer:?}")
    }
}
