//! The log of a chain's sequencer: one message for each sequence, and which sequences are missing between them.

use super::message::SignedMessage;

/// Sequences that follow each other, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    pub first: i64,
    pub last: i64,
}

impl Range {
    /// None where there is nothing between the ends.
    fn new(first: i64, last: i64) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }
}

/// The message that is on record for a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnRecord {
    pub message_hash: Vec<u8>,
    pub unix_seconds: i64,
    pub message_type: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The first one for its sequence.
    New,
    /// The payload is on record for its sequence.
    Same,
    /// Another payload is.
    Equivocation,
    /// What was accepted there is forgotten, so nobody could tell another payload from it.
    Forgotten,
}

/// `forgotten_before`: messages below it may be gone.
pub fn judge(message: &SignedMessage, forgotten_before: Option<i64>, on_record: Option<&OnRecord>) -> Verdict {
    if forgotten_before.is_some_and(|bound| message.sequence < bound) {
        return Verdict::Forgotten;
    }
    match on_record {
        None => Verdict::New,
        Some(earlier) if earlier.message_hash == message.message_hash => Verdict::Same,
        Some(_) => Verdict::Equivocation,
    }
}

/// The messages next to a sequence that are on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbours {
    pub before: Option<i64>,
    pub after: Option<i64>,
}

/// The sequences that are missing next to one that is on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gaps {
    pub before: Option<Range>,
    pub after: Option<Range>,
}

impl Neighbours {
    /// What was forgotten was complete, or is given up: nothing below that bound is missing.
    pub fn with_forgotten(self, forgotten_before: Option<i64>) -> Self {
        let last_forgotten = forgotten_before.and_then(|bound| bound.checked_sub(1));
        Self { before: self.before.max(last_forgotten), ..self }
    }

    /// Where the range begins that `sequence` was missing in. None: it lies outside the log, where nothing is missing.
    pub fn range_of(self) -> Option<i64> {
        self.after.and(self.before?.checked_add(1))
    }

    /// What is missing next to `sequence` once it is on record.
    pub fn gaps(self, sequence: i64) -> Gaps {
        Gaps {
            before: self.before.and_then(|before| Range::new(before.checked_add(1)?, sequence.checked_sub(1)?)),
            after: self.after.and_then(|after| Range::new(sequence.checked_add(1)?, after.checked_sub(1)?)),
        }
    }
}

/// Why no more can be forgotten: the sequence after the last one on record, or None where nothing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BeyondLog(pub Option<i64>);

/// The bound to forget what is below from now on, if the log is asked to forget what is below `before`; None where it
/// stays. It goes no further than the log reaches: one absurd number must not end it. `first` and `last`: what is on
/// record and not forgotten.
pub fn bound_to_raise(
    before: i64,
    forgotten_before: Option<i64>,
    first: Option<i64>,
    last: Option<i64>,
) -> Result<Option<i64>, BeyondLog> {
    if forgotten_before.is_some_and(|bound| before <= bound) {
        return Ok(None);
    }
    let end = last.map(|last| last.saturating_add(1)).or(forgotten_before);
    if end.is_none_or(|end| before > end) {
        return Err(BeyondLog(end));
    }
    // Below the first message of a log that has forgotten nothing, nothing is missing and nothing is closed.
    Ok((forgotten_before.is_some() || first.is_some_and(|first| first < before)).then_some(before))
}

#[cfg(test)]
mod tests;
