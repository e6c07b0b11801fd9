//! Hand-made histories of one duty, for the tests that show that the checker bites.

use crate::history::{Answer, Call, Event, Hash, Key, Life, ServerTime, Stamp};

pub const KEY: Key = Key { chain: 0, validator: 0, duty: 0, slot: 7, index: 0 };

/// Calls one after the other, each 5 us long and 10 us after the one before. The server's clock shows the same.
#[derive(Default)]
pub struct Story {
    pub events: Vec<Event>,
    /// Whom the calls that follow ask.
    pub life: Life,
}

impl Story {
    pub fn add(&mut self, call: Call, answer: Answer) {
        let start = self.next();
        self.events.push(Event { start, end: start + 5, connection: 0, life: self.life, call, answer });
    }

    fn next(&self) -> u64 {
        10 * (self.events.len() as u64 + 1)
    }

    fn stamp(&self) -> Stamp {
        Stamp { began: self.next() as ServerTime, told: self.next() as ServerTime + 5 }
    }

    pub fn last(&mut self) -> &mut Event {
        self.events.last_mut().expect("a story has begun")
    }

    pub fn acquire(&mut self, hash: Hash, answer: Answer) {
        self.add(Call::Acquire { key: KEY, hash, request: None, wait_ms: 0, strict: false }, answer);
    }

    /// The lease's end is a time of the server's clock, not a duration.
    pub fn acquired(&mut self, hash: Hash, token: &str, expires: ServerTime) {
        let stamp = self.stamp();
        self.acquire(hash, Answer::Acquired { token: token.into(), expires, stamp });
    }

    pub fn requested(&mut self, request: &str) {
        match &mut self.last().call {
            Call::Acquire { request: slot, .. } => *slot = Some(request.into()),
            other => panic!("{other:?} has no request"),
        }
    }

    pub fn in_progress(&mut self, hash: Hash, expires: ServerTime) {
        let stamp = self.stamp();
        self.acquire(hash, Answer::InProgress { expires: Some(expires), stamp: Some(stamp) });
    }

    pub fn already_signed(&mut self, hash: Hash, signature: &str) {
        let stamp = self.stamp();
        self.acquire(hash, Answer::AlreadySigned { signature: signature.into(), stamp });
    }

    pub fn conflict(&mut self, hash: Hash) {
        self.acquire(hash, Answer::Conflict);
    }

    pub fn stale(&mut self, hash: Hash) {
        self.acquire(hash, Answer::Stale);
    }

    pub fn recorded(&mut self, hash: Hash, token: &str, signature: &str) {
        self.add(Call::Record { key: KEY, hash, token: token.into(), signature: signature.into() }, Answer::Recorded);
    }

    pub fn released(&mut self, token: &str, certainly_unsigned: bool, answer: bool) {
        self.add(Call::Release { key: KEY, token: token.into(), certainly_unsigned }, Answer::Released(answer));
    }

    pub fn extended(&mut self, token: &str, expires: Option<ServerTime>) {
        self.add(Call::Extend { key: KEY, token: token.into() }, Answer::Extended(expires));
    }
}
