//! What all survivors share: the servers they know, the chains they play on, and the lives they have met.

use super::arguments::{Across, Arguments, Endpoint};
use crate::checker::Terms;
use crate::history::{Life, Tick};
use postgres::{Client, Config, NoTls};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const APPLICATION: &str = "slashguard survivor";
const LOOKS: u32 = 100;

/// Whose life it was that gave no answer, where only answers tell.
pub const UNKNOWN_LIFE: Life = 0;

pub struct Setting {
    endpoints: Vec<Endpoint>,
    database: String,
    user: String,
    pub chains: Vec<Chain>,
    pub across: Across,
    pub pooled: bool,
    /// Each by what tells it from others; its place is its number.
    lives: Mutex<Vec<String>>,
    /// Where every tick of every history counts from.
    began: Instant,
}

/// A chain as it is registered. Times are in microseconds.
pub struct Chain {
    pub name: String,
    genesis: i64,
    slot_duration: i64,
    pub horizon_slots: i64,
    records_durably: bool,
}

impl Chain {
    /// The current slot by this machine's clock. It only decides what is asked for; nothing is judged by it.
    pub fn slot_now(&self) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as i64;
        (now - self.genesis) / self.slot_duration
    }
}

impl Setting {
    /// Reads the chains from the first server that answers.
    pub fn learn(arguments: &Arguments) -> Result<Self, String> {
        let mut setting = Setting {
            endpoints: arguments.endpoints.clone(),
            database: arguments.database.clone(),
            user: arguments.user.clone(),
            chains: Vec::new(),
            across: arguments.across,
            pooled: arguments.pooled,
            lives: Mutex::new(vec!["unknown".into()]),
            began: Instant::now(),
        };
        let mut last = String::new();
        for look in 0..LOOKS {
            match setting.session(look as usize).and_then(|mut client| read_chains(&mut client)) {
                Ok(chains) if chains.is_empty() => return Err("no chain is registered".into()),
                Ok(chains) => {
                    setting.chains = chains;
                    return Ok(setting);
                }
                Err(error) => last = error.to_string(),
            }
            thread::sleep(Duration::from_millis(100));
        }
        Err(format!("no server answers: {last}"))
    }

    /// A superuser's session, or with a pool the client's own, with the endpoint of this number, counted round and round.
    pub fn session(&self, number: usize) -> Result<Client, postgres::Error> {
        let endpoint = &self.endpoints[number % self.endpoints.len()];
        Config::new()
            .host(&endpoint.host)
            .port(endpoint.port)
            .user(&self.user)
            .dbname(&self.database)
            .application_name(APPLICATION)
            .connect_timeout(Duration::from_secs(5))
            .connect(NoTls)
    }

    /// Whose life a session is in. The checkpointer is as old as its server's life: after a crash of one backend the
    /// postmaster stays, and the checkpointer is a new one.
    pub fn life(&self, client: &mut Client, number: usize) -> Result<Life, postgres::Error> {
        let row = client.query_one(
            "SELECT concat_ws(' ', $1::bigint, pid, backend_start) FROM pg_stat_activity \
             WHERE backend_type = 'checkpointer'",
            &[&((number % self.endpoints.len()) as i64)],
        )?;
        Ok(self.life_named(row.get(0)))
    }

    pub fn life_named(&self, life: &str) -> Life {
        let mut lives = self.lives.lock().expect("nobody panics while it holds the lives");
        let known = lives.iter().position(|other| other == life).unwrap_or_else(|| {
            lives.push(life.into());
            lives.len() - 1
        });
        known as Life
    }

    pub fn terms(&self) -> Terms {
        Terms {
            frees: Vec::new(),
            records_durably: self.chains.iter().map(|chain| chain.records_durably).collect(),
            lagging: self.across == Across::LaggingFailover,
            standbys: self.across != Across::Crash,
        }
    }

    pub fn tick(&self) -> Tick {
        self.began.elapsed().as_micros() as Tick
    }
}

fn read_chains(client: &mut Client) -> Result<Vec<Chain>, postgres::Error> {
    // Unnamed, as a pool wants it.
    let rows = client.query_typed(
        "SELECT chain, (extract(epoch FROM genesis_time) * 1000000)::bigint, \
                (extract(epoch FROM slot_duration) * 1000000)::bigint, coalesce(horizon_slots, 2)::bigint, \
                record_commit = 'durable' \
           FROM slashguard.chains ORDER BY chain",
        &[],
    )?;
    let chain = |row: &postgres::Row| Chain {
        name: row.get(0),
        genesis: row.get(1),
        slot_duration: row.get(2),
        horizon_slots: row.get(3),
        records_durably: row.get(4),
    };
    Ok(rows.iter().map(chain).collect())
}
