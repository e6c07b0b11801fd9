//! Kills connections and cancels statements of clients at random, so that replies are lost at any moment.

use super::scene::{Scene, CLIENT_APPLICATION, DATABASE};
use crate::dice::Dice;
use postgres::Client;
use std::time::Duration;

pub struct Reaper {
    client: Client,
    dice: Dice,
}

impl Reaper {
    pub fn new(scene: &Scene, seed: u64) -> Result<Self, postgres::Error> {
        let client = scene.environment.connect(DATABASE, "slashguard storm reaper")?;
        Ok(Reaper { client, dice: Dice::new(!seed) })
    }

    pub fn play(&mut self) -> Result<(), postgres::Error> {
        let how = if self.dice.chance(50) { "pg_terminate_backend" } else { "pg_cancel_backend" };
        self.client.execute(
            &format!(
                "SELECT {how}(pid) FROM (SELECT pid FROM pg_stat_activity WHERE datname = $1 \
                 AND application_name = $2 AND state = 'active' ORDER BY random() LIMIT 1) AS victim"
            ),
            &[&DATABASE, &CLIENT_APPLICATION],
        )?;
        std::thread::sleep(Duration::from_millis(self.dice.below(120)));
        Ok(())
    }
}
