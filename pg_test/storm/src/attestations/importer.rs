//! Imports small files for the validators that the storm fights for.

use super::history::{Answer, Call, Event, Validator};
use super::interchange::{document, honest_records};
use super::scene::{Scene, SLOTS_PER_EPOCH};
use super::texts::{CHAINS, VALIDATORS};
use crate::dice::Dice;
use postgres::Client;

pub struct Importer {
    scene: Scene,
    number: u16,
    client: Client,
    dice: Dice,
    pub history: Vec<Event>,
}

impl Importer {
    pub fn new(scene: Scene, number: u16, seed: u64) -> Result<Self, postgres::Error> {
        let client = scene.owner()?;
        Ok(Importer { scene, number, client, dice: Dice::new(seed ^ u64::from(number)), history: Vec::new() })
    }

    pub fn play(&mut self) {
        let chain = self.dice.below(CHAINS.len() as u64) as u8;
        let mut records = Vec::new();
        let first = self.dice.below(u64::from(VALIDATORS)) as u8;
        for number in 0..1 + self.dice.below(2) as u8 {
            let validator = Validator { chain, number: (first + number) % VALIDATORS };
            // Further ahead than nodes may vote yet, where nothing speaks against it, or where they are voting.
            let ahead = if self.dice.chance(50) { 5 } else { 1 - self.dice.below(3) as i64 };
            let epoch = self.scene.epoch_now() + ahead;
            let slot = (epoch + 1) * SLOTS_PER_EPOCH;
            records.extend(honest_records(validator, epoch, slot, &mut self.dice));
        }
        let text = document(chain, &records, &mut self.dice);
        let start = self.scene.tick();
        let statement = "SELECT count(*) FROM slashguard.import_eip3076($1, $2)";
        let result = self.client.query_one(statement, &[&CHAINS[usize::from(chain)], &text]);
        let end = self.scene.tick();
        let answer = match result {
            Ok(_) => Answer::Imported,
            Err(error) => match error.as_db_error() {
                Some(error) => Answer::Refused(error.code().code().into(), error.message().into()),
                // Nobody ends this connection, so nothing but a fault does.
                None => Answer::Unexpected(error.to_string()),
            },
        };
        self.history.push(Event { start, end, connection: self.number, call: Call::Import(records), answer });
    }
}
