//! One client's connection. Whatever it asks and is told goes into its history, and when it dies it comes back.

use super::texts;
use crate::dice::Dice;
use crate::history::{Answer, Call, Event, Hash, Key, Life, ServerTime, Stamp, Tick};
use postgres::error::{DbError, SqlState};
use postgres::types::{ToSql, Type};
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
    /// Whether a pool between client and server may send each statement to another session, perhaps of another server. Then
    /// nothing is prepared, and every answer names its life.
    fn is_pooled(&self) -> bool {
        false
    }
    /// The life that an answer named.
    fn life(&self, _named: &str) -> Life {
        Life::default()
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
    /// By the number of the statement; none where nothing can be prepared.
    prepared: Option<[Statement; 5]>,
}

#[derive(Clone, Copy)]
enum Asked {
    TryAcquire,
    Acquire,
    Record,
    Release,
    Extend,
}

/// How an acquire is asked, beyond what it asks for.
#[derive(Clone, Default)]
pub struct Manner {
    pub strict: bool,
    pub lease_ms: i32,
    pub wait_ms: i32,
    pub request: Option<String>,
}

/// A server's life, as far as anybody may see it: where it listens, and since when.
const LIFE: &str = ", concat_ws(' ', inet_server_port(), pg_postmaster_start_time())";

fn acquire_text(function: &str, more: &str) -> String {
    let microseconds = |time: &str| format!("(extract(epoch FROM {time}) * 1000000)::bigint");
    format!(
        "SELECT a.outcome, a.lock_token, a.signature, {}, {}, {}, a.details ->> 'cause', \
         a.details ->> 'earlier_message_hash', a.details ->> 'earlier_state'{more} \
         FROM slashguard.{function}($1, $2, $3, $4, $5, $6, $7, \
         lease_ms => $8, request_id => $9::text::uuid, wait_ms => $10) AS a",
        microseconds("a.expires_at"),
        microseconds("statement_timestamp()"),
        microseconds("clock_timestamp()"),
    )
}

impl Asked {
    const ALL: [Asked; 5] = [Asked::TryAcquire, Asked::Acquire, Asked::Record, Asked::Release, Asked::Extend];

    /// With one more column at the end, or none.
    fn text(self, more: &str) -> String {
        match self {
            Asked::TryAcquire => acquire_text("try_acquire_duty", more),
            Asked::Acquire => acquire_text("acquire_duty", more),
            Asked::Record => format!("SELECT slashguard.record_signature($1, $2)::text{more}"),
            Asked::Release => format!("SELECT slashguard.release_duty($1, $2){more}"),
            Asked::Extend => {
                format!("SELECT (extract(epoch FROM slashguard.extend_lease($1, $2)) * 1000000)::bigint{more}")
            }
        }
    }

    fn types(self) -> &'static [Type] {
        const ACQUIRE: [Type; 10] = [
            Type::TEXT,
            Type::TEXT,
            Type::INT8,
            Type::TEXT,
            Type::TEXT,
            Type::TEXT,
            Type::INT4,
            Type::INT4,
            Type::TEXT,
            Type::INT4,
        ];
        match self {
            Asked::TryAcquire | Asked::Acquire => &ACQUIRE,
            Asked::Record => &[Type::TEXT, Type::TEXT],
            Asked::Release => &[Type::TEXT, Type::BOOL],
            Asked::Extend => &[Type::TEXT, Type::INT4],
        }
    }
}

impl Live {
    fn open(mut client: Client, life: Life, is_pooled: bool) -> Result<Self, postgres::Error> {
        if is_pooled {
            return Ok(Live { client, life, prepared: None });
        }
        client.batch_execute(&format!("SET statement_timeout = '{STATEMENT_TIMEOUT}'"))?;
        let [a, b, c, d, e] = Asked::ALL.map(|asked| client.prepare(&asked.text("")));
        Ok(Live { prepared: Some([a?, b?, c?, d?, e?]), client, life })
    }

    fn query(&mut self, asked: Asked, with: &[&(dyn ToSql + Sync)]) -> Result<Row, postgres::Error> {
        let Some(prepared) = &self.prepared else {
            let typed: Vec<_> = with.iter().copied().zip(asked.types().iter().cloned()).collect();
            // An unnamed statement, parsed and executed in one message.
            return self.client.query_typed_one(&asked.text(LIFE), &typed);
        };
        self.client.query_one(&prepared[asked as usize], with)
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
        let which = if *strict { Asked::Acquire } else { Asked::TryAcquire };
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
        self.ask(call, Asked::Record, &[&token, &signature], recorded)
    }

    pub fn release(&mut self, key: Key, token: &str, certainly_unsigned: bool) -> Answer {
        let call = Call::Release { key, token: token.into(), certainly_unsigned };
        self.ask(call, Asked::Release, &[&token, &certainly_unsigned], released)
    }

    pub fn extend(&mut self, key: Key, token: &str, lease_ms: i32) -> Answer {
        let call = Call::Extend { key, token: token.into() };
        self.ask(call, Asked::Extend, &[&token, &lease_ms], |row| Answer::Extended(row.get(0)))
    }

    /// Tries what a token may do with one that nobody was given.
    pub fn forge(&mut self, token: &str, key: Key, dice: &mut Dice) {
        match dice.below(3) {
            0 => {
                let signature = texts::forged_signature(key, dice);
                self.ask(Call::Forged, Asked::Record, &[&token, &signature], recorded)
            }
            1 => self.ask(Call::Forged, Asked::Release, &[&token, &dice.chance(50)], released),
            _ => self.ask(Call::Forged, Asked::Extend, &[&token, &1000], |row| Answer::Extended(row.get(0))),
        };
    }

    fn ask(
        &mut self,
        call: Call,
        which: Asked,
        with: &[&(dyn ToSql + Sync)],
        read: impl FnOnce(&Row) -> Answer,
    ) -> Answer {
        let mut live = match self.live.take() {
            Some(live) => live,
            None => self.reopen(),
        };
        let start = self.gate.tick();
        let result = live.query(which, with);
        let end = self.gate.tick();
        let answer = match &result {
            Ok(row) => read(row),
            Err(error) => match error.as_db_error() {
                Some(error) => refusal(&call, error),
                None => Answer::Lost,
            },
        };
        let life = match &result {
            Ok(row) if self.gate.is_pooled() => self.gate.life(row.get(row.len() - 1)),
            _ => live.life,
        };
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
        let is_pooled = self.gate.is_pooled();
        for _ in 0..G::ATTEMPTS {
            let session = self.gate.knock();
            match session
                .and_then(|(client, life)| Live::open(client, life, is_pooled).map_err(|error| error.to_string()))
            {
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
    // Class 08: a pool lost its connection to the server, or the server does not know.
    let unknown = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN];
    if unknown.contains(code) || code.code().starts_with("08") || cancelled {
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
