//! The database of an attestation storm: its chains, its roles and its clock.

use super::texts::{genesis_validators_root, CHAINS, FREES};
use crate::environment::Environment;
use crate::history::Tick;
use postgres::Client;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

pub const DATABASE: &str = "attestations";
/// A member of slashguard_client and of nothing else.
const CLIENT_ROLE: &str = "slashguard_attestations_client";
/// A member of slashguard_maintainer and of nothing else.
const MAINTAINER_ROLE: &str = "slashguard_attestations_maintainer";
pub const CLIENT_APPLICATION: &str = "slashguard attestations client";

/// Slots and epochs so short that many pass in one storm: an epoch is 160 ms.
const SLOT_MICROSECONDS: i64 = 20_000;
pub const SLOTS_PER_EPOCH: i64 = 8;
/// Two epochs and a half, so that a vote a few epochs ahead is too far ahead.
const HORIZON_SLOTS: i64 = 20;
/// About six epochs.
pub const CLEANUP_AGE: &str = "1 second";

#[derive(Clone)]
pub struct Scene {
    environment: Arc<Environment>,
    /// Microseconds since 1970.
    genesis: i64,
    /// Where every tick of every history counts from.
    began: Instant,
}

impl Scene {
    pub fn tick(&self) -> Tick {
        self.began.elapsed().as_micros() as Tick
    }

    /// The current slot by this machine's clock. It only decides what is asked for; nothing is judged by it.
    pub fn slot_now(&self) -> i64 {
        (now() - self.genesis) / SLOT_MICROSECONDS
    }

    pub fn epoch_now(&self) -> i64 {
        self.slot_now() / SLOTS_PER_EPOCH
    }

    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    pub fn client(&self) -> Result<Client, postgres::Error> {
        self.enter(CLIENT_APPLICATION, CLIENT_ROLE)
    }

    pub fn maintainer(&self) -> Result<Client, postgres::Error> {
        let mut client = self.enter("slashguard attestations maintainer", MAINTAINER_ROLE)?;
        client.batch_execute("SET statement_timeout = '60s'; SET client_min_messages = warning")?;
        Ok(client)
    }

    /// Whoever moves a validator's history, which is more than a maintainer may have to be.
    pub fn owner(&self) -> Result<Client, postgres::Error> {
        let mut client = self.environment.connect(DATABASE, "slashguard attestations import")?;
        client.batch_execute("SET statement_timeout = '60s'; SET client_min_messages = warning")?;
        Ok(client)
    }

    fn enter(&self, application: &str, role: &str) -> Result<Client, postgres::Error> {
        let mut client = self.environment.connect(DATABASE, application)?;
        client.batch_execute(&format!("SET SESSION AUTHORIZATION {role}"))?;
        Ok(client)
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_micros() as i64
}

/// Sets the scene up. The connection that is given along stays open through the storm: a crash of the server would end it.
pub fn set_up(environment: Environment) -> Result<(Scene, Client), postgres::Error> {
    let mut control = environment.fresh_database(DATABASE)?;
    // An hour back, so that there are epochs far below every watermark.
    let genesis = now() - 3_600_000_000;
    for (role, of) in [(CLIENT_ROLE, "slashguard_client"), (MAINTAINER_ROLE, "slashguard_maintainer")] {
        control.batch_execute(&format!("DROP ROLE IF EXISTS {role}; CREATE ROLE {role}; GRANT {of} TO {role}"))?;
    }
    for (number, (chain, frees)) in CHAINS.iter().zip(FREES).enumerate() {
        let options = format!(
            r#"{{"first_use": "trust", "horizon_slots": {HORIZON_SLOTS}, "slots_per_epoch": {SLOTS_PER_EPOCH},
                "allow_unsigned_release": {frees}, "retention": "{CLEANUP_AGE}"}}"#
        );
        control.execute(
            "SELECT slashguard.register_chain($1, 'ethereum', $2, 'epoch'::timestamptz + $3::bigint * interval '1 us', \
             $4::bigint * interval '1 us', $5::text::jsonb)",
            &[chain, &genesis_validators_root(number as u8), &genesis, &SLOT_MICROSECONDS, &options],
        )?;
    }
    Ok((Scene { environment: Arc::new(environment), genesis, began: Instant::now() }, control))
}
