//! Cleans up behind the storm, so closely that claims and cleanups meet at the same keys.

use super::connection::Gate;
use super::scene::{Scene, CLEANUP_AGE, DATABASE, MAINTAINER_ROLE};
use super::texts::CHAINS;
use crate::dice::Dice;
use crate::history::{Answer, Call, Event};
use postgres::Client;
use std::time::Duration;

pub struct Maintainer {
    scene: Scene,
    number: u16,
    client: Client,
    dice: Dice,
    pub history: Vec<Event>,
}

impl Maintainer {
    pub fn new(scene: Scene, number: u16, seed: u64) -> Result<Self, postgres::Error> {
        let mut client = scene.environment.connect(DATABASE, "slashguard storm maintainer")?;
        client.batch_execute("SET statement_timeout = '60s'; SET client_min_messages = warning")?;
        client.batch_execute(&format!("SET SESSION AUTHORIZATION {MAINTAINER_ROLE}"))?;
        Ok(Maintainer { scene, number, client, dice: Dice::new(seed ^ u64::from(number)), history: Vec::new() })
    }

    pub fn play(&mut self) {
        match self.dice.below(10) {
            0..=2 => self.clean("cleanup_stuck_duties", "SELECT slashguard.cleanup_stuck_duties('20 milliseconds')"),
            3..=4 => self.maintain(),
            5 => {
                let all = format!("SELECT slashguard.cleanup_old_duties('{CLEANUP_AGE}')");
                self.clean("cleanup_old_duties", &all);
            }
            _ => {
                let chain = CHAINS[self.dice.below(CHAINS.len() as u64) as usize];
                let batch = 1 + self.dice.below(60);
                let some = format!("SELECT slashguard.cleanup_old_duties('{CLEANUP_AGE}', '{chain}', {batch})");
                self.clean("cleanup_old_duties", &some);
            }
        }
        std::thread::sleep(Duration::from_millis(self.dice.below(60)));
    }

    fn clean(&mut self, name: &'static str, statement: &str) {
        let start = self.scene.tick();
        let result = self.client.query_one(statement, &[]);
        self.note(start, name, result.map(|row| row.get(0)));
    }

    fn maintain(&mut self) {
        let start = self.scene.tick();
        let result = self.client.execute("CALL slashguard.run_maintenance()", &[]);
        self.note(start, "run_maintenance", result.map(|_| 0));
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
        self.history.push(Event { start, end, connection: self.number, life: 0, call: Call::Cleanup(name), answer });
    }
}
