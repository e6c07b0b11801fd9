//! The histories of all clients, sorted by duty.

use super::lives;
use crate::history::{Answer, Call, Event, Hash, Key, Life, ServerTime, Stamp, Tick};
use std::collections::{BTreeMap, HashMap};

pub struct Board<'a> {
    pub events: &'a [Event],
    pub keys: BTreeMap<Key, Vec<&'a Event>>,
    pub flushed: HashMap<Life, Tick>,
}

/// An `acquired` that a client was told.
#[derive(Clone, Copy)]
pub struct Grant<'a> {
    pub event: &'a Event,
    pub hash: Hash,
    pub token: &'a str,
    pub request: Option<&'a str>,
    pub expires: ServerTime,
    pub stamp: Stamp,
}

impl<'a> Board<'a> {
    pub fn new(events: &'a [Event]) -> Self {
        let mut keys: BTreeMap<Key, Vec<&Event>> = BTreeMap::new();
        for event in events {
            if let Some(key) = event.call.key() {
                keys.entry(key).or_default().push(event);
            }
        }
        for of_key in keys.values_mut() {
            of_key.sort_by_key(|event| event.start);
        }
        Board { events, keys, flushed: lives::flushed(events) }
    }
}

pub fn grants<'a>(of_key: &[&'a Event]) -> Vec<Grant<'a>> {
    of_key
        .iter()
        .filter_map(|event| match (&event.call, &event.answer) {
            (Call::Acquire { hash, request, .. }, Answer::Acquired { token, expires, stamp }) => {
                Some(Grant { event, hash: *hash, token, request: request.as_deref(), expires: *expires, stamp: *stamp })
            }
            _ => None,
        })
        .collect()
}

/// Calls whose answer says that this hash is signed: a signature taken, or one handed out.
pub fn signed<'a>(of_key: &[&'a Event]) -> Vec<(&'a Event, Hash)> {
    of_key
        .iter()
        .filter_map(|event| match (&event.call, &event.answer) {
            (Call::Acquire { hash, .. }, Answer::AlreadySigned { .. })
            | (Call::Record { hash, .. }, Answer::Recorded) => Some((*event, *hash)),
            _ => None,
        })
        .collect()
}

/// Releases with this token that may have had their effect.
pub fn releases<'a>(of_key: &[&'a Event], of_token: &str) -> Vec<(&'a Event, bool)> {
    of_key
        .iter()
        .filter_map(|event| match &event.call {
            Call::Release { token, certainly_unsigned, .. } if token == of_token && event.may_have_happened() => {
                Some((*event, *certainly_unsigned))
            }
            _ => None,
        })
        .collect()
}
