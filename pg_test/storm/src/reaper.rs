//! Kills connections and cancels statements of clients at random, so that replies are lost at any moment.

use crate::dice::Dice;
use crate::environment::Environment;
use postgres::Client;
use std::time::Duration;

pub struct Reaper {
    client: Client,
    database: &'static str,
    /// The victims' application name.
    application: &'static str,
    dice: Dice,
}

impl Reaper {
    pub fn new(
        environment: &Environment,
        database: &'static str,
        application: &'static str,
        seed: u64,
    ) -> Result<Self, postgres::Error> {
        let client = environment.connect(database, "slashguard storm reaper")?;
        Ok(Reaper { client, database, application, dice: Dice::new(!seed) })
    }

    pub fn play(&mut self) -> Result<(), postgres::Error> {
        let how = if self.dice.chance(50) { "pg_terminate_backend" } else { "pg_cancel_backend" };
        self.client.execute(
            &format!(
                "SELECT {how}(pid) FROM (SELECT pid FROM pg_stat_activity WHERE datname = $1 \
                 AND application_name = $2 AND state = 'active' ORDER BY random() LIMIT 1) AS victim"
            ),
            &[&self.database, &self.application],
        )?;
        std::thread::sleep(Duration::from_millis(self.dice.below(120)));
        Ok(())
    }
}
