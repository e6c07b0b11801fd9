//! What one client of the storm does, and how it picks the duties it fights for.

use super::connection::{Connection, Gate, Manner};
use super::scene::{Scene, HORIZON_SLOTS};
use super::texts::{BLOCK_PROPOSAL, CHAINS, DUTIES, VALIDATORS};
use crate::dice::{mix, Dice};
use crate::history::{Answer, Event, Hash, Key};
use std::sync::Mutex;
use std::time::Duration;

/// Tokens and requests that clients share, as the threads and restarts of one node do.
#[derive(Default)]
pub struct Cupboard {
    held: Mutex<Vec<Held>>,
}

const CUPBOARD_PLACES: usize = 64;

/// An `acquired`, and the request it came from.
#[derive(Clone)]
struct Held {
    key: Key,
    hash: Hash,
    token: String,
    request: Option<String>,
}

impl Cupboard {
    fn put(&self, held: Held, dice: &mut Dice) {
        let mut places = self.held.lock().expect("no client panics while it holds the cupboard");
        if places.len() < CUPBOARD_PLACES {
            places.push(held);
        } else {
            places[dice.below(CUPBOARD_PLACES as u64) as usize] = held;
        }
    }

    fn look(&self, dice: &mut Dice) -> Option<Held> {
        let places = self.held.lock().expect("no client panics while it holds the cupboard");
        (!places.is_empty()).then(|| places[dice.below(places.len() as u64) as usize].clone())
    }
}

pub struct Player<'a> {
    scene: Scene,
    connection: Connection<Scene>,
    dice: Dice,
    cupboard: &'a Cupboard,
    seed: u64,
}

impl<'a> Player<'a> {
    pub fn new(scene: Scene, number: u16, seed: u64, cupboard: &'a Cupboard) -> Self {
        Player {
            connection: Connection::new(scene.clone(), number),
            scene,
            dice: Dice::new(mix(seed ^ u64::from(number))),
            cupboard,
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

    /// One thing to do, of one call or several.
    pub fn play(&mut self) {
        match self.dice.below(100) {
            0..=79 => self.ask_for_a_duty(),
            80..=93 => self.meddle(),
            94..=96 => self.repeat_another_s_request(),
            _ => self.forge(),
        }
    }

    fn ask_for_a_duty(&mut self) {
        let key = self.pick_key();
        let hash = self.pick_hash();
        let manner = self.pick_manner();
        let mut answer = self.connection.acquire(key, hash, &manner, &mut self.dice);
        // A lost reply: was it granted? Mostly the same request asks again, but some nodes forget.
        while answer == Answer::Lost && self.dice.chance(80) {
            answer = self.connection.acquire(key, hash, &manner, &mut self.dice);
        }
        let Answer::Acquired { token, .. } = answer else {
            return;
        };
        let held = Held { key, hash, token, request: manner.request.clone() };
        if self.dice.chance(50) {
            self.cupboard.put(held.clone(), &mut self.dice);
        }
        // As if the reply had been lost behind the database driver.
        if manner.request.is_some() && self.dice.chance(15) {
            self.connection.acquire(key, hash, &manner, &mut self.dice);
        }
        self.use_claim(held);
    }

    fn use_claim(&mut self, held: Held) {
        self.dawdle(10);
        match self.dice.below(100) {
            0..=24 => self.record(&held),
            25..=34 => {
                let lease_ms = self.pick_lease();
                self.connection.extend(held.key, &held.token, lease_ms);
                self.dawdle(10);
                self.record(&held);
            }
            35..=49 => {
                self.connection.release(held.key, &held.token, false);
            }
            50..=69 => {
                self.connection.release(held.key, &held.token, true);
            }
            70..=74 => {
                // Longer than most leases, so that the token is a former holder's by now.
                self.dawdle(60);
                self.record(&held);
            }
            _ => {} // the node dies, as far as anybody can see
        }
    }

    fn record(&mut self, held: &Held) {
        let answer = self.connection.record(held.key, held.hash, &held.token, &mut self.dice);
        if answer == Answer::Lost && self.dice.chance(80) {
            self.connection.record(held.key, held.hash, &held.token, &mut self.dice);
        }
    }

    /// Uses a token that another connection holds too, perhaps at this very moment.
    fn meddle(&mut self) {
        let Some(held) = self.cupboard.look(&mut self.dice) else {
            return;
        };
        match self.dice.below(10) {
            0..=1 => self.record(&held),
            2..=4 => {
                let lease_ms = self.pick_lease();
                self.connection.extend(held.key, &held.token, lease_ms);
            }
            5..=6 => {
                self.connection.release(held.key, &held.token, false);
            }
            _ => {
                self.connection.release(held.key, &held.token, true);
            }
        }
    }

    /// The same request id from another thread: for the same message, or, by mistake, for another.
    fn repeat_another_s_request(&mut self) {
        let Some(held) = self.cupboard.look(&mut self.dice) else {
            return;
        };
        let manner = Manner { request: held.request, ..self.pick_manner() };
        let hash = if self.dice.chance(80) { held.hash } else { self.pick_hash() };
        self.connection.acquire(held.key, hash, &manner, &mut self.dice);
    }

    /// A token with its last digit changed, so that only its secret differs.
    fn forge(&mut self) {
        let Some(held) = self.cupboard.look(&mut self.dice) else {
            return;
        };
        let mut token = held.token;
        let last = token.pop().unwrap_or('0');
        token.push(if last == '0' { '1' } else { '0' });
        self.connection.forge(&token, held.key, &mut self.dice);
    }

    /// Half of the time all clients want the same duty, another one every few milliseconds.
    fn pick_key(&mut self) -> Key {
        if self.dice.chance(50) {
            let mut shared = Dice::new(mix(self.seed ^ (self.scene.tick() / 20_000)));
            // Sometimes where the cleanup is at work right now.
            let offset = if shared.chance(25) { -1 - shared.below(3) as i64 } else { shared.below(4) as i64 };
            return self.key_at(offset, &mut shared);
        }
        let offset = match self.dice.below(100) {
            0..=59 => self.dice.below(4) as i64,
            60..=74 => self.dice.below(HORIZON_SLOTS as u64 + 1) as i64,
            75..=92 => -(self.dice.below(6) as i64),
            93..=95 => -100 - self.dice.below(1000) as i64,
            _ => HORIZON_SLOTS + 1 + self.dice.below(5) as i64,
        };
        let mut own = Dice::new(self.dice.roll());
        self.key_at(offset, &mut own)
    }

    fn key_at(&self, slot_offset: i64, dice: &mut Dice) -> Key {
        let duty = dice.below(DUTIES.len() as u64) as u8;
        Key {
            chain: dice.below(CHAINS.len() as u64) as u8,
            validator: dice.below(u64::from(VALIDATORS)) as u8,
            duty,
            slot: self.scene.slot_now() + slot_offset,
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
            strict: self.dice.chance(15),
            lease_ms: self.pick_lease(),
            wait_ms: match self.dice.below(100) {
                0..=74 => 0,
                75..=94 => 1 + self.dice.below(50) as i32,
                _ => 200,
            },
            request: self.dice.chance(40).then(|| self.dice.uuid()),
        }
    }

    fn dawdle(&mut self, most_milliseconds: u64) {
        if self.dice.chance(50) {
            std::thread::sleep(Duration::from_micros(self.dice.below(most_milliseconds * 1000)));
        }
    }
}
