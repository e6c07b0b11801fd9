//! Hand-made histories, for the tests that show that the checker bites.

use crate::attestations::history::{Answer, Call, Duty, Event, Message, Validator};

pub const VALIDATOR: Validator = Validator { chain: 0, number: 0 };

pub fn vote(source: i64, target: i64, root: u8) -> Message {
    Message { validator: VALIDATOR, duty: Duty::Vote { source, target }, root: Some(root) }
}

pub fn block(slot: i64, root: u8) -> Message {
    Message { validator: VALIDATOR, duty: Duty::Block { slot }, root: Some(root) }
}

/// Calls one after the other, each 5 us long and 10 us after the one before.
#[derive(Default)]
pub struct Story {
    pub events: Vec<Event>,
}

impl Story {
    pub fn add(&mut self, call: Call, answer: Answer) {
        let start = 10 * (self.events.len() as u64 + 1);
        self.events.push(Event { start, end: start + 5, connection: 0, call, answer });
    }

    pub fn last(&mut self) -> &mut Event {
        self.events.last_mut().expect("a story has begun")
    }

    pub fn acquire(&mut self, message: Message, answer: Answer) {
        self.add(Call::Acquire { message, request: None, strict: false }, answer);
    }

    pub fn acquired(&mut self, message: Message, token: &str) {
        self.acquire(message, Answer::Acquired { token: token.into() });
    }

    pub fn already_signed(&mut self, message: Message, signature: &str) {
        self.acquire(message, Answer::AlreadySigned { signature: signature.into() });
    }

    pub fn conflict(&mut self, message: Message, cause: &str) {
        self.acquire(message, Answer::Conflict { cause: Some(cause.into()) });
    }

    pub fn stale(&mut self, message: Message) {
        self.acquire(message, Answer::Stale { cause: Some("low_watermark".into()) });
    }

    pub fn recorded(&mut self, message: Message, token: &str, signature: &str) {
        self.add(Call::Record { message, token: token.into(), signature: signature.into() }, Answer::Recorded);
    }

    pub fn released(&mut self, message: Message, token: &str, certainly_unsigned: bool, answer: Answer) {
        self.add(Call::Release { message, token: token.into(), certainly_unsigned }, answer);
    }

    pub fn imported(&mut self, messages: &[Message]) {
        self.add(Call::Import(messages.to_vec()), Answer::Imported);
    }
}
