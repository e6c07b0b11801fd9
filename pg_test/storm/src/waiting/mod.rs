//! What waiting for another node's signature costs: the waiter, in time, and the server, in processor time.

pub mod crowd;
pub mod race;

use crate::environment::Environment;
use postgres::{Client, Row, Statement};

/// Registered by whoever runs this.
const CHAIN: &str = "waiting";
/// So many may wait at once in the sessions here.
const MOST_WAITERS: u32 = 250;

/// A node's connection for one validator.
pub struct Signer {
    client: Client,
    acquire: Statement,
    record: Statement,
    node: String,
    validator: String,
}

pub enum Told {
    /// With the lock token.
    Acquired(String),
    AlreadySigned,
}

impl Signer {
    pub fn connect(environment: &Environment, node: usize, validator: usize) -> Result<Self, String> {
        let mut client = environment.connect(&environment.database, "waiting").map_err(show)?;
        client.batch_execute(&format!("SET slashguard.max_waiters = {MOST_WAITERS}")).map_err(show)?;
        let acquire = client
            .prepare(
                "SELECT outcome, lock_token, reason FROM slashguard.try_acquire_duty(chain => $1, validator => $2,
                    slot => $3, duty_type => 'ATTESTATION', message_hash => $4, node_id => $5, lease_ms => 60000,
                    wait_ms => $6)",
            )
            .map_err(show)?;
        let record = client.prepare("SELECT slashguard.record_signature($1, $2)").map_err(show)?;
        Ok(Self { client, acquire, record, node: format!("node-{node}"), validator: format!("0x{validator:040x}") })
    }

    /// Asks for the duty, and waits in the server where another node has it.
    pub fn acquire(&mut self, slot: i64, wait_ms: i32) -> Result<Told, String> {
        let row = self.ask(slot, wait_ms)?;
        match row.get::<_, &str>(0) {
            "acquired" => Ok(Told::Acquired(row.get(1))),
            "already_signed" => Ok(Told::AlreadySigned),
            outcome => Err(format!("a waiter was answered {outcome}: {}", row.get::<_, &str>(2))),
        }
    }

    /// The same for a wait that is to end with nothing.
    pub fn wait_in_vain(&mut self, slot: i64, wait_ms: i32) -> Result<(), String> {
        let row = self.ask(slot, wait_ms)?;
        match row.get::<_, &str>(0) {
            "in_progress" => Ok(()),
            outcome => Err(format!("a waiter was answered {outcome}: {}", row.get::<_, &str>(2))),
        }
    }

    fn ask(&mut self, slot: i64, wait_ms: i32) -> Result<Row, String> {
        let message_hash = format!("0x{}", "ab".repeat(32));
        let parameters: [&(dyn postgres::types::ToSql + Sync); 6] =
            [&CHAIN, &self.validator, &slot, &message_hash, &self.node, &wait_ms];
        self.client.query_one(&self.acquire, &parameters).map_err(show)
    }

    pub fn record(&mut self, lock_token: &str) -> Result<(), String> {
        let signature = format!("0x{}1b", "3c".repeat(64));
        self.client.query_one(&self.record, &[&lock_token, &signature]).map(drop).map_err(show)
    }

    /// The server's process behind this connection.
    pub fn backend(&mut self) -> Result<i32, String> {
        self.client.query_one("SELECT pg_backend_pid()", &[]).map(|row| row.get(0)).map_err(show)
    }
}

fn show(error: postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string)
}
