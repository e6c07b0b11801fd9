//! What a batch was refused, noted and counted at its end.

use super::grant;
use crate::duty::acquisition::{Acquisition, Outcome};
use crate::duty::error::Error;
use crate::duty::request::Request;
use crate::ledger::refusals::{self, Asked};
use crate::ledger::registry::Entry;
use crate::ledger::statement::Session;
use crate::ledger::{counts, patience, server};
use std::collections::HashMap;

/// Requests that were answered, whatever the answer.
#[derive(Default)]
pub struct Refusals(Vec<Answered>);

struct Answered {
    /// Among the requests.
    place: usize,
    asked: Asked,
    node_id: i32,
}

impl Refusals {
    pub fn add(&mut self, place: usize, entry: &Entry, request: &Request) -> Result<(), Error> {
        let asked = grant::asked(entry, request)?;
        self.0.push(Answered { place, asked, node_id: entry.node_id.unwrap_or(0) });
        Ok(())
    }

    /// Refusals have their places, and those of all chains share them: two batches that take many of them in two orders would wait for
    /// each other. Whoever does not get a place in time goes without: a note is no reason to refuse what was granted beside it.
    pub fn note(mut self, session: &Session, requests: &[Request], answers: &[Acquisition]) -> Result<(), Error> {
        self.0.retain(|answered| answers[answered.place].outcome != Outcome::Acquired);
        if self.0.is_empty() {
            return Ok(());
        }
        self.0.sort_by_cached_key(|Answered { place, asked, .. }| {
            (refusals::place_of(asked, &requests[*place], answers[*place].outcome), *place)
        });
        patience::wait_for(session, || self.write(session, requests, answers))?;
        Ok(())
    }

    fn write(&self, session: &Session, requests: &[Request], answers: &[Acquisition]) -> Result<(), Error> {
        let now = server::now();
        let mut counted: HashMap<(i32, i16, i32, &'static str), i64> = HashMap::new();
        for Answered { place, asked, node_id } in &self.0 {
            let answer = &answers[*place];
            refusals::note(session, asked, &requests[*place], answer, now)?;
            *counted.entry((asked.chain_id, asked.duty_type_id, *node_id, answer.outcome.name())).or_default() += 1;
        }
        for ((chain_id, duty_type_id, node_id, event), count) in counted {
            counts::add_many(session, chain_id, duty_type_id, node_id, event, count)?;
        }
        Ok(())
    }
}
