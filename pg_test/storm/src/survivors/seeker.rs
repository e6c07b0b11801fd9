//! Looks for a server that answers and grants: one after the other, as long as it takes.

use super::setting::{Setting, UNKNOWN_LIFE};
use crate::history::{Answer, Life, Tick};
use crate::storm::connection::Gate;
use postgres::Client;
use std::sync::Arc;

/// A member of slashguard_client and of nothing else, made by whoever made the database.
const CLIENT_ROLE: &str = "slashguard_survivor";

#[derive(Clone)]
pub struct Seeker {
    setting: Arc<Setting>,
    /// The endpoint to try next.
    next: usize,
    /// With a pool, every other client stays with it: those who go from server to server may all end up at one that hangs.
    stays: bool,
}

impl Seeker {
    /// Those with an even number begin with the first endpoint, the others with the second one.
    pub fn new(setting: Arc<Setting>, number: u16) -> Self {
        let stays = setting.pooled && number.is_multiple_of(2);
        Seeker { setting, next: if stays { 0 } else { usize::from(number) }, stays }
    }
}

impl Gate for Seeker {
    /// With the pauses between them about two minutes: longer than any failover here takes.
    const ATTEMPTS: u32 = 2400;

    fn knock(&mut self) -> Result<(Client, Life), String> {
        let number = self.next;
        if !self.stays {
            self.next += 1;
        }
        let enter = || {
            let mut client = self.setting.session(number)?;
            if self.setting.pooled {
                return Ok((client, UNKNOWN_LIFE));
            }
            let life = self.setting.life(&mut client, number)?;
            client.batch_execute(&format!("SET SESSION AUTHORIZATION {CLIENT_ROLE}"))?;
            Ok((client, life))
        };
        enter().map_err(|error: postgres::Error| error.to_string())
    }

    /// A standby says `halted` to a claim and 25006 to the rest; so may a primary that misses its own standby.
    fn sends_away(&self, answer: &Answer) -> bool {
        match answer {
            Answer::Halted => true,
            Answer::Refused(code, _) => code == "25006",
            _ => false,
        }
    }

    fn is_pooled(&self) -> bool {
        self.setting.pooled
    }

    fn life(&self, named: &str) -> Life {
        self.setting.life_named(named)
    }

    fn chain(&self, number: u8) -> &str {
        &self.setting.chains[number as usize].name
    }

    fn tick(&self) -> Tick {
        self.setting.tick()
    }
}
