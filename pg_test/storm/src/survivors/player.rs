//! What one survivor does, and which duties it wants.

use super::seeker::Seeker;
use super::setting::Setting;
use crate::dice::{mix, Dice};
use crate::history::{Answer, Event, Hash, Key};
use crate::storm::connection::{Connection, Manner, Why};
use crate::storm::texts::{ATTESTATION, BLOCK_PROPOSAL, DUTIES};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const VALIDATORS: u64 = 10;
/// From here on each client has a validator and a message of its own, for what it never commits.
const OWN_VALIDATORS: u16 = 100;
const OWN_HASH: Hash = 50;
/// How far behind the current slot duties are still wanted: what was granted before a crash is fought for after it.
const SLOTS_BEHIND: i64 = 4;
/// Everybody wants the same duty for so long.
const SHARED_MICROSECONDS: u64 = 15_000;

pub struct Player {
    setting: Arc<Setting>,
    number: u16,
    connection: Connection<Seeker>,
    dice: Dice,
    seed: u64,
}

impl Player {
    pub fn new(setting: Arc<Setting>, number: u16, seed: u64) -> Self {
        Player {
            connection: Connection::new(Seeker::new(setting.clone(), number), number),
            setting,
            number,
            dice: Dice::new(mix(seed ^ u64::from(number))),
            seed,
        }
    }

    pub fn history(self) -> Vec<Event> {
        self.connection.history
    }

    pub fn calls(&self) -> usize {
        self.connection.history.len()
    }

    /// What was answered since this many calls.
    pub fn since(&self, calls: usize) -> &[Event] {
        &self.connection.history[calls..]
    }

    /// Fights for a duty and, if it is granted, does something with it. Answers why the claim was refused.
    pub fn play(&mut self) -> Why {
        let key = self.pick_key();
        let hash = self.pick_hash();
        let manner = self.pick_manner();
        let mut answer = self.connection.acquire(key, hash, &manner, &mut self.dice);
        // A lost reply: was it granted? Mostly the same request asks again, whoever the server is by now.
        while answer == Answer::Lost && self.dice.chance(80) {
            answer = self.connection.acquire(key, hash, &manner, &mut self.dice);
        }
        let why = std::mem::take(&mut self.connection.why);
        if let Answer::Acquired { token, .. } = answer {
            // As if the reply had been lost behind the database driver.
            if manner.request.is_some() && self.dice.chance(10) {
                self.connection.acquire(key, hash, &manner, &mut self.dice);
            }
            self.use_claim(key, hash, &token);
        }
        // Leaves the server time for the others, and bounds what a long run has to remember.
        self.dawdle(8);
        why
    }

    /// Takes a claim for granted that is never committed, of a duty and with a message that nobody else asks for: what becomes
    /// of it depends on nobody else. False where it was not granted.
    pub fn act_early(&mut self) -> bool {
        let number = OWN_VALIDATORS + self.number;
        let key = Key { validator: number as u8, duty: ATTESTATION, index: -1, ..self.pick_key() };
        let manner = Manner { lease_ms: 3000, ..Manner::default() };
        let answer = self.connection.acquire_uncommitted(key, OWN_HASH, &manner, &mut self.dice);
        matches!(answer, Answer::Acquired { .. })
    }

    fn use_claim(&mut self, key: Key, hash: Hash, token: &str) {
        self.dawdle(8);
        match self.dice.below(100) {
            0..=39 => self.record(key, hash, token),
            40..=54 => {
                let lease_ms = self.pick_lease();
                self.connection.extend(key, token, lease_ms);
                self.dawdle(8);
                self.record(key, hash, token);
            }
            55..=69 => {
                self.connection.release(key, token, false);
            }
            70..=74 => {
                // The token outlives its release, if a crash undoes that.
                self.connection.release(key, token, false);
                self.dawdle(400);
                self.connection.release(key, token, false);
            }
            75..=79 => {
                // Longer than most leases, so that the token is a former holder's by now.
                self.dawdle(150);
                self.record(key, hash, token);
            }
            _ => {} // the node dies, as far as anybody can see
        }
    }

    fn record(&mut self, key: Key, hash: Hash, token: &str) {
        let answer = self.connection.record(key, hash, token, &mut self.dice);
        if answer == Answer::Lost && self.dice.chance(80) {
            self.connection.record(key, hash, token, &mut self.dice);
        }
    }

    /// Half of the time all clients want the same duty, another one every few milliseconds.
    fn pick_key(&mut self) -> Key {
        if self.dice.chance(50) {
            let moment = self.setting.tick() / SHARED_MICROSECONDS;
            return self.key_by(&mut Dice::new(mix(self.seed ^ moment)));
        }
        let mut own = Dice::new(self.dice.roll());
        self.key_by(&mut own)
    }

    fn key_by(&self, dice: &mut Dice) -> Key {
        let number = dice.below(self.setting.chains.len() as u64);
        let chain = &self.setting.chains[number as usize];
        let duty = dice.below(DUTIES.len() as u64) as u8;
        let offset = match dice.below(100) {
            0..=69 => dice.below(chain.horizon_slots as u64 + 1) as i64,
            _ => -(dice.below(SLOTS_BEHIND as u64 + 1) as i64),
        };
        Key {
            chain: number as u8,
            validator: dice.below(VALIDATORS) as u8,
            duty,
            slot: chain.slot_now() + offset,
            index: if duty == BLOCK_PROPOSAL { dice.below(3) as i16 } else { -1 },
        }
    }

    /// Mostly the message that most want, sometimes another.
    fn pick_hash(&mut self) -> Hash {
        match self.dice.below(10) {
            0..=6 => 0,
            7..=8 => 1,
            _ => 2,
        }
    }

    fn pick_lease(&mut self) -> i32 {
        match self.dice.below(100) {
            0..=59 => 1 + self.dice.below(50) as i32,
            60..=84 => 50 + self.dice.below(450) as i32,
            _ => 3000,
        }
    }

    fn pick_manner(&mut self) -> Manner {
        Manner {
            // Not always: it raises instead of answering, and what an error rolls back must not be missed either.
            // And an error does not name the life it came from, where only answers do.
            strict: !self.setting.pooled && self.dice.chance(10),
            lease_ms: self.pick_lease(),
            wait_ms: if self.dice.chance(20) { 1 + self.dice.below(50) as i32 } else { 0 },
            request: self.dice.chance(70).then(|| self.dice.uuid()),
        }
    }

    fn dawdle(&mut self, most_milliseconds: u64) {
        thread::sleep(Duration::from_micros(self.dice.below(most_milliseconds * 1000)));
    }
}
