//! What one client of the storm does, and how it picks what it wants signed.

use super::connection::{Connection, Manner};
use super::history::{Answer, Duty, Event, Message, Validator};
use super::scene::{Scene, SLOTS_PER_EPOCH};
use super::texts::{CHAINS, VALIDATORS};
use crate::dice::{mix, Dice};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Requests that clients share, as the threads and restarts of one node do.
#[derive(Default)]
pub struct Cupboard {
    requests: Mutex<Vec<(Message, String)>>,
}

const CUPBOARD_PLACES: usize = 32;

impl Cupboard {
    fn put(&self, message: Message, request: String, dice: &mut Dice) {
        let mut places = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() < CUPBOARD_PLACES {
            places.push((message, request));
        } else {
            places[dice.below(CUPBOARD_PLACES as u64) as usize] = (message, request);
        }
    }

    fn look(&self, dice: &mut Dice) -> Option<(Message, String)> {
        let places = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        (!places.is_empty()).then(|| places[dice.below(places.len() as u64) as usize].clone())
    }
}

pub struct Player<'a> {
    scene: Scene,
    connection: Connection,
    dice: Dice,
    cupboard: &'a Cupboard,
    seed: u64,
}

impl<'a> Player<'a> {
    pub fn new(scene: Scene, number: u16, seed: u64, cupboard: &'a Cupboard) -> Self {
        let dice = Dice::new(mix(seed ^ u64::from(number)));
        Player { connection: Connection::new(scene.clone(), number), scene, dice, cupboard, seed }
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
    pub fn play(&mut self) -> Result<(), String> {
        if self.dice.chance(5) {
            return self.repeat_another_s_request();
        }
        let message = self.pick_message();
        let manner = self.pick_manner();
        let mut answer = self.connection.acquire(message, &manner, &mut self.dice)?;
        // A lost reply: was it granted? Mostly the same request asks again, but some nodes forget.
        while answer == Answer::Lost && self.dice.chance(80) {
            answer = self.connection.acquire(message, &manner, &mut self.dice)?;
        }
        let Answer::Acquired { token } = answer else {
            return Ok(());
        };
        if let Some(request) = manner.request.clone() {
            if self.dice.chance(50) {
                self.cupboard.put(message, request, &mut self.dice);
            }
            // As if the reply had been lost behind the database driver.
            if self.dice.chance(15) {
                self.connection.acquire(message, &manner, &mut self.dice)?;
            }
        }
        self.use_claim(message, &token)
    }

    fn use_claim(&mut self, message: Message, token: &str) -> Result<(), String> {
        self.dawdle(10);
        match self.dice.below(100) {
            0..=34 => self.record(message, token),
            35..=46 => self.connection.release(message, token, false).map(drop),
            47..=66 => self.connection.release(message, token, true).map(drop),
            67..=76 => {
                // Longer than most leases, so that the token is a former holder's by now.
                self.dawdle(60);
                self.record(message, token)
            }
            _ => Ok(()), // the node dies, as far as anybody can see
        }
    }

    fn record(&mut self, message: Message, token: &str) -> Result<(), String> {
        let answer = self.connection.record(message, token, &mut self.dice)?;
        if answer == Answer::Lost && self.dice.chance(80) {
            self.connection.record(message, token, &mut self.dice)?;
        }
        Ok(())
    }

    /// The same request id from another thread: for the same message, or, by mistake, for another.
    fn repeat_another_s_request(&mut self) -> Result<(), String> {
        let Some((mut message, request)) = self.cupboard.look(&mut self.dice) else {
            return Ok(());
        };
        if self.dice.chance(20) {
            message.root = Some(self.pick_root());
        }
        let manner = Manner { request: Some(request), ..self.pick_manner() };
        let answer = self.connection.acquire(message, &manner, &mut self.dice)?;
        match answer {
            Answer::Acquired { token } if self.dice.chance(50) => self.record(message, &token),
            _ => Ok(()),
        }
    }

    /// Half of the time all clients want the same, something else every few milliseconds.
    fn pick_message(&mut self) -> Message {
        let mut shared = Dice::new(mix(self.seed ^ (self.scene.tick() / 20_000)));
        let mut own = Dice::new(self.dice.roll());
        let dice = if self.dice.chance(50) { &mut shared } else { &mut own };
        let validator =
            Validator { chain: dice.below(CHAINS.len() as u64) as u8, number: dice.below(u64::from(VALIDATORS)) as u8 };
        let duty = if dice.chance(20) { self.pick_block(dice) } else { self.pick_vote(dice) };
        Message { validator, duty, root: Some(self.pick_root()) }
    }

    /// One slot in eight, so that the few that are wanted are wanted by many.
    fn pick_block(&self, dice: &mut Dice) -> Duty {
        let offset = match dice.below(100) {
            0..=84 => 1 - dice.below(4) as i64,
            85..=94 => -10 - dice.below(40) as i64,
            _ => 4 + dice.below(4) as i64,
        };
        Duty::Block { slot: (self.scene.epoch_now() + offset) * SLOTS_PER_EPOCH }
    }

    fn pick_vote(&self, dice: &mut Dice) -> Duty {
        let now = self.scene.epoch_now();
        let back = |dice: &mut Dice, most: u64| dice.below(most) as i64;
        let (source, target) = match dice.below(100) {
            0..=44 => {
                let target = now + 1 - back(dice, 3);
                (target - 1, target)
            }
            // Within a small window, any.
            45..=64 => {
                let target = now + 1 - back(dice, 4);
                (target - back(dice, 4), target)
            }
            // Wide, around what was signed lately.
            65..=76 => (now - 2 - back(dice, 4), now + 2 - back(dice, 2)),
            // Wide, around what will be wanted next.
            77..=86 => (now - 1, now + 2),
            87..=93 => {
                let target = now - 8 - back(dice, 30);
                (target - 1, target)
            }
            94..=96 => (now, now + 6 + back(dice, 4)),
            _ => {
                let target = now - back(dice, 3);
                (target + 1 + back(dice, 3), target)
            }
        };
        Duty::Vote { source, target }
    }

    /// Mostly the message that most want, sometimes another.
    fn pick_root(&mut self) -> u8 {
        match self.dice.below(10) {
            0..=6 => 0,
            7..=8 => 1,
            _ => 2,
        }
    }

    fn pick_manner(&mut self) -> Manner {
        Manner {
            strict: self.dice.chance(15),
            lease_ms: match self.dice.below(100) {
                0..=69 => 1 + self.dice.below(50) as i32,
                70..=89 => 50 + self.dice.below(450) as i32,
                _ => 3000,
            },
            wait_ms: match self.dice.below(100) {
                0..=79 => 0,
                80..=96 => 1 + self.dice.below(50) as i32,
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
