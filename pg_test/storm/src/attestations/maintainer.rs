//! Cleans up behind the storm, so closely that claims and watermarks meet.

use super::history::{Answer, Call, Event};
use super::scene::{Scene, CLEANUP_AGE};
use super::texts::CHAINS;
use crate::dice::Dice;
use postgres::Client;

pub struct Maintainer {
    scene: Scene,
    number: u16,
    client: Client,
    dice: Dice,
    pub history: Vec<Event>,
}

impl Maintainer {
    pub fn new(scene: Scene, number: u16, seed: u64) -> Result<Self, postgres::Error> {
        let client = scene.maintainer()?;
        Ok(Maintainer { scene, number, client, dice: Dice::new(seed ^ u64::from(number)), history: Vec::new() })
    }

    pub fn play(&mut self) {
        let start = self.scene.tick();
        if self.dice.chance(30) {
            let result = self.client.execute("CALL slashguard.run_maintenance()", &[]);
            self.note(start, "run_maintenance", result.map(|_| 0));
            return;
        }
        let chain = CHAINS[self.dice.below(CHAINS.len() as u64) as usize];
        let batch = if self.dice.chance(50) { 10_000 } else { 1 + self.dice.below(60) };
        let statement = format!("SELECT slashguard.cleanup_old_duties('{CLEANUP_AGE}', '{chain}', {batch})");
        let result = self.client.query_one(&statement, &[]).and_then(|row| row.try_get(0));
        self.note(start, "cleanup_old_duties", result);
    }

    fn note(&mut self, start: u64, name: &'static str, result: Result<i64, postgres::Error>) {
        let answer = match result {
            Ok(count) => Answer::Cleaned(count),
            Err(error) => match error.as_db_error() {
                Some(error) => Answer::Refused(error.code().code().into(), error.message().into()),
                None => Answer::Refused("no SQLSTATE".into(), error.to_string()),
            },
        };
        let end = self.scene.tick();
        self.history.push(Event { start, end, connection: self.number, call: Call::Cleanup(name), answer });
    }
}
