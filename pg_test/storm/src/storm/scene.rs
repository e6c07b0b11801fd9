//! The database of a storm: its chains and its roles.

use super::connection::Gate;
use super::texts::{identity, CHAINS};
use crate::checker::Terms;
use crate::environment::Environment;
use crate::history::{Life, Tick};
use postgres::Client;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

pub const DATABASE: &str = "storm";
/// A member of slashguard_client and of nothing else.
pub const CLIENT_ROLE: &str = "slashguard_storm_client";
/// A member of slashguard_maintainer and of nothing else.
pub const MAINTAINER_ROLE: &str = "slashguard_storm_maintainer";
pub const CLIENT_APPLICATION: &str = "slashguard storm client";

/// Slots so short that many pass in one storm.
pub const SLOT_MICROSECONDS: i64 = 1_000_000;
pub const HORIZON_SLOTS: i64 = 10;
/// How far the watermark follows behind the current slot.
pub const CLEANUP_AGE: &str = "2 seconds";

#[derive(Clone)]
pub struct Scene {
    pub environment: Arc<Environment>,
    /// Microseconds since 1970.
    genesis: i64,
    /// Where every tick of every history counts from.
    began: Instant,
}

impl Scene {
    /// The current slot by this machine's clock. It only decides what is asked for; nothing is judged by it.
    pub fn slot_now(&self) -> i64 {
        (now() - self.genesis) / SLOT_MICROSECONDS
    }

    /// Only the first chain lets a release free a slot.
    pub fn terms(&self) -> Terms {
        Terms { frees: vec![true, false], ..Terms::default() }
    }
}

/// The storm's server never dies, so all of it happens in one life.
impl Gate for Scene {
    const ATTEMPTS: u32 = 200;

    fn knock(&mut self) -> Result<(Client, Life), String> {
        let enter = || {
            let mut client = self.environment.connect(DATABASE, CLIENT_APPLICATION)?;
            client.batch_execute(&format!("SET SESSION AUTHORIZATION {CLIENT_ROLE}"))?;
            Ok((client, 0))
        };
        enter().map_err(|error: postgres::Error| error.to_string())
    }

    fn chain(&self, number: u8) -> &str {
        CHAINS[number as usize]
    }

    fn tick(&self) -> Tick {
        self.began.elapsed().as_micros() as Tick
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_micros() as i64
}

/// Sets the scene up. The connection that is given along stays open through the storm: a crash of the server would end it.
pub fn set_up(environment: Environment) -> Result<(Scene, Client), postgres::Error> {
    let mut control = environment.fresh_database(DATABASE)?;
    // An hour back, so that there are slots far below every watermark.
    let genesis = now() - 3_600_000_000;
    for role in [CLIENT_ROLE, MAINTAINER_ROLE] {
        control.batch_execute(&format!("DROP ROLE IF EXISTS {role}; CREATE ROLE {role}"))?;
    }
    control.batch_execute(&format!(
        "GRANT slashguard_client TO {CLIENT_ROLE}; GRANT slashguard_maintainer TO {MAINTAINER_ROLE}"
    ))?;
    for (number, chain) in CHAINS.iter().enumerate() {
        let options = format!(
            r#"{{"first_use": "trust", "horizon_slots": {HORIZON_SLOTS}, "allow_unsigned_release": {},
                "signature_scheme": "none", "retention": "{CLEANUP_AGE}"}}"#,
            number == 0
        );
        control.execute(
            "SELECT slashguard.register_chain($1, 'aztec', $2, 'epoch'::timestamptz + $3::bigint * interval '1 us', \
             $4::bigint * interval '1 us', $5::text::jsonb)",
            &[chain, &identity(number as u8), &genesis, &SLOT_MICROSECONDS, &options],
        )?;
    }
    let scene = Scene { environment: Arc::new(environment), genesis, began: Instant::now() };
    Ok((scene, control))
}
