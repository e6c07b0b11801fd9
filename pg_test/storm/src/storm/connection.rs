//! One client's connection. Whatever it asks and is told goes into its history, and when it dies it comes back.

use super::texts;
use crate::dice::Dice;
use crate::history::{Answer, Call, Event, Hash, Key, Life, ServerTime, Stamp, Tick};
use postgres::error::{DbError, SqlState};
use postgres::types::ToSql;
use postgres::{Client, Row, Statement};
use std::time::Duration;

/// Generous: a call that takes longer hangs, and hanging must end in a failure.
const STATEMENT_TIMEOUT: &str = "60s";
const PAUSE: Duration = Duration::from_millis(50);

/// What a connection needs to know of where it is: who lets it in, and the clock that all clients share.
pub trait Gate {
    /// So often it knocks before it gives up.
    const ATTEMPTS: u32;
    /// One attempt to get a session as the client's role, and whose life it is in.
    fn knock(&mut self) -> Result<(Client, Life), String>;
    /// Whether such an answer means that another server is the one to ask.
    fn sends_away(&self, _answer: &Answer) -> bool {
        false
    }
    fn chain(&self, number: u8) -> &str;
    fn tick(&self) -> Tick;
}

pub struct Connection<G> {
    gate: G,
    number: u16,
    live: Option<Live>,
    /// What the last answer to an acquire named as its reason.
    pub why: Why,
    pub history: Vec<Event>,
}

/// The details of a refusal, as far as it has them.
#[derive(Clone, Debug, Default)]
pub struct Why {
    pub cause: Option<String>,
    pub earlier_message_hash: Option<String>,
    pub earlier_state: Option<String>,
}

struct Live {
    client: Client,
    life: Life,
    try_acquire: Statement,
    acquire: Statement,
    record: Statement,
    release: Statement,
    extend: Statement,
}

/// How an acquire is asked, beyond what it asks for.
#[derive(Clone, Default)]
pub struct Manner {
    pub strict: bool,
    pub lease_ms: i32,
    pub wait_ms: i32,
    pub request: Option<String>,
}

fn acquire_text(function: &str) -> String {
    let microseconds = |time: &str| format!("(extract(epoch FROM {time}) * 1000000)::bigint");
    format!(
        "SELECT a.outcome, a.lock_token, a.signature, {}, {}, {}, a.details ->> 'cause', \
         a.details ->> 'earlier_message_hash', a.details ->> 'earlier_state' FROM slashguard.{function}($1, $2, $3, $4, $5, $6, $7, \
         lease_ms => $8, request_id => $9::text::uuid, wait_ms => $10) AS a",
        microseconds("a.expires_at"),
        microseconds("statement_timestamp()"),
        microseconds("clock_timestamp()"),
    )
}

impl Live {
    fn prepare(mut client: Client, life: Life) -> Result<Self, postgres::Error> {
        client.batch_execute(&format!("SET statement_timeout = '{STATEMENT_TIMEOUT}'"))?;
        Ok(Live {
            life,
            try_acquire: client.prepare(&acquire_text("try_acquire_duty"))?,
            acquire: client.prepare(&acquire_text("acquire_duty"))?,
            record: client.prepare("SELECT slashguard.record_signature($1, $2)::text")?,
            release: client.prepare("SELECT slashguard.release_duty($1, $2)")?,
            extend: client.prepare("SELECT (extract(epoch FROM slashguard.extend_lease($1, $2)) * 1000000)::bigint")?,
            client,
        })
    }
}

impl<G: Gate> Connection<G> {
    pub fn new(gate: G, number: u16) -> Self {
        Connection { gate, number, live: None, why: Why::default(), history: Vec::new() }
    }

    pub fn acquire(&mut self, key: Key, hash: Hash, manner: &Manner, dice: &mut Dice) -> Answer {
        let validator = texts::validator(key, dice);
        let message_hash = texts::message_hash(key, hash, dice);
        let (chain, duty) = (self.gate.chain(key.chain).to_owned(), texts::duty(key, dice));
        let node = format!("node-{}", self.number % 8);
        let index = i32::from(key.index);
        let Manner { strict, lease_ms, wait_ms, request } = manner;
        let call = Call::Acquire { key, hash, request: request.clone(), wait_ms: *wait_ms, strict: *strict };
        let with: [&(dyn ToSql + Sync); 10] =
            [&chain, &validator, &key.slot, &duty, &message_hash, &node, &index, lease_ms, request, wait_ms];
        let which = if *strict { |live: &Live| live.acquire.clone() } else { |live: &Live| live.try_acquire.clone() };
        let mut why = Why::default();
        let answer = self.ask(call, which, &with, |row| {
            why = Why { cause: row.get(6), earlier_message_hash: row.get(7), earlier_state: row.get(8) };
            acquisition(row)
        });
        self.why = why;
        answer
    }

    /// Takes an answer for granted whose transaction is never committed. The server lets nobody do that but tests.
    pub fn acquire_uncommitted(&mut self, key: Key, hash: Hash, manner: &Manner, dice: &mut Dice) -> Answer {
        self.begin();
        let answer = self.acquire(key, hash, manner, dice);
        if !matches!(answer, Answer::Acquired { .. }) {
            self.live = None;
        }
        answer
    }

    pub fn record(&mut self, key: Key, hash: Hash, token: &str, dice: &mut Dice) -> Answer {
        let signature = texts::signature(key, hash, dice);
        let call = Call::Record { key, hash, token: token.into(), signature: signature.clone() };
        self.ask(call, |live| live.record.clone(), &[&token, &signature], recorded)
    }

    pub fn release(&mut self, key: Key, token: &str, certainly_unsigned: bool) -> Answer {
        let call = Call::Release { key, token: token.into(), certainly_unsigned };
        self.ask(call, |live| live.release.clone(), &[&token, &certainly_unsigned], released)
    }

    pub fn extend(&mut self, key: Key, token: &str, lease_ms: i32) -> Answer {
        let call = Call::Extend { key, token: token.into() };
        self.ask(call, |live| live.extend.clone(), &[&token, &lease_ms], |row| Answer::Extended(row.get(0)))
    }

    /// Tries what a token may do with one that nobody was given.
    pub fn forge(&mut self, token: &str, key: Key, dice: &mut Dice) {
        match dice.below(3) {
            0 => {
                let signature = texts::forged_signature(key, dice);
                self.ask(Call::Forged, |live| live.record.clone(), &[&token, &signature], recorded)
            }
            1 => self.ask(Call::Forged, |live| live.release.clone(), &[&token, &dice.chance(50)], released),
            _ => {
                self.ask(Call::Forged, |live| live.extend.clone(), &[&token, &1000], |row| Answer::Extended(row.get(0)))
            }
        };
    }

    fn ask(
        &mut self,
        call: Call,
        which: impl Fn(&Live) -> Statement,
        with: &[&(dyn ToSql + Sync)],
        read: impl FnOnce(&Row) -> Answer,
    ) -> Answer {
        let mut live = match self.live.take() {
            Some(live) => live,
            None => self.reopen(),
        };
        let statement = which(&live);
        let start = self.gate.tick();
        let result = live.client.query_one(&statement, with);
        let end = self.gate.tick();
        let answer = match &result {
            Ok(row) => read(row),
            Err(error) => match error.as_db_error() {
                Some(error) => refusal(&call, error),
                None => Answer::Lost,
            },
        };
        let life = live.life;
        let sent_away = self.gate.sends_away(&answer);
        if !live.client.is_closed() && !sent_away {
            self.live = Some(live);
        }
        self.history.push(Event { start, end, connection: self.number, life, call, answer: answer.clone() });
        if sent_away {
            std::thread::sleep(PAUSE);
        }
        answer
    }

    /// Begins a transaction that nobody will commit: it goes with its connection.
    fn begin(&mut self) {
        loop {
            let mut live = match self.live.take() {
                Some(live) => live,
                None => self.reopen(),
            };
            if live.client.batch_execute("BEGIN").is_ok() {
                self.live = Some(live);
                return;
            }
        }
    }

    /// It may be killed again while it comes back, so there are several attempts, but not endlessly many.
    fn reopen(&mut self) -> Live {
        let mut last = None;
        for _ in 0..G::ATTEMPTS {
            let session = self.gate.knock();
            match session.and_then(|(client, life)| Live::prepare(client, life).map_err(|error| error.to_string())) {
                Ok(live) => return live,
                Err(what) => last = Some(what),
            }
            std::thread::sleep(PAUSE);
        }
        panic!("connection {} cannot come back: {last:?}", self.number);
    }
}

fn acquisition(row: &Row) -> Answer {
    let stamp = Stamp { began: row.get(4), told: row.get(5) };
    let expires: Option<ServerTime> = row.get(3);
    let text = |column: usize| row.get::<_, Option<String>>(column);
    let missing = |what: &str| Answer::Unexpected(format!("{} without {what}", row.get::<_, String>(0)));
    match row.get::<_, &str>(0) {
        "acquired" => match (text(1), expires) {
            (Some(token), Some(expires)) => Answer::Acquired { token, expires, stamp },
            _ => missing("token or expires_at"),
        },
        "already_signed" => match text(2) {
            Some(signature) => Answer::AlreadySigned { signature, stamp },
            None => missing("signature"),
        },
        _ if text(1).is_some() => Answer::Unexpected("a refusal with a token".into()),
        "in_progress" => Answer::InProgress { expires, stamp: Some(stamp) },
        "conflict" => Answer::Conflict,
        "stale" => Answer::Stale,
        "halted" => Answer::Halted,
        other => Answer::Unexpected(other.into()),
    }
}

fn recorded(row: &Row) -> Answer {
    match row.get::<_, Option<String>>(0) {
        Some(_) => Answer::Recorded,
        None => Answer::Unexpected("recorded at null".into()),
    }
}

fn released(row: &Row) -> Answer {
    match row.get::<_, Option<bool>>(0) {
        Some(yes) => Answer::Released(yes),
        None => Answer::Unexpected("released null".into()),
    }
}

fn refusal(call: &Call, error: &DbError) -> Answer {
    let code = error.code();
    // Killed, or cancelled, or the server went down, or a standby is missing that should have it: that may have come before the commit or after it. A timeout is neither, it is a failure.
    let cancelled = *code == SqlState::QUERY_CANCELED && error.message().contains("user request");
    let unknown = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::TRANSACTION_RESOLUTION_UNKNOWN];
    if unknown.contains(code) || cancelled {
        return Answer::Lost;
    }
    match (call, code.code()) {
        (Call::Acquire { strict: true, .. }, "SG001") => Answer::Conflict,
        (Call::Acquire { strict: true, .. }, "SG002") => Answer::InProgress { expires: None, stamp: None },
        (Call::Acquire { strict: true, .. }, "SG003") => Answer::Stale,
        (Call::Acquire { strict: true, .. }, "SG004") => Answer::Halted,
        (_, code) => Answer::Refused(code.into(), error.message().into()),
    }
}
