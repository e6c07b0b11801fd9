//! One client's connection. Whatever it asks and is told goes into its history, and when it dies it comes back.

use super::history::{Answer, Call, Duty, Event, Message};
use super::scene::Scene;
use super::statements::{Asked, Statements};
use super::texts;
use crate::dice::Dice;
use postgres::types::ToSql;
use postgres::Client;
use std::time::Duration;

/// Generous: a call that takes longer hangs, and hanging must end in a failure.
const STATEMENT_TIMEOUT: &str = "60s";
const ATTEMPTS: u32 = 200;
const PAUSE: Duration = Duration::from_millis(50);

pub struct Connection {
    scene: Scene,
    number: u16,
    live: Option<(Client, Statements)>,
    pub history: Vec<Event>,
}

/// How an acquire is asked, beyond what it asks for.
#[derive(Clone, Default)]
pub struct Manner {
    pub strict: bool,
    pub lease_ms: i32,
    pub wait_ms: i32,
    pub request: Option<String>,
}

/// An error is of the storm itself: the connection cannot be made anew.
impl Connection {
    pub fn new(scene: Scene, number: u16) -> Self {
        Connection { scene, number, live: None, history: Vec::new() }
    }

    pub fn acquire(&mut self, message: Message, manner: &Manner, dice: &mut Dice) -> Result<Answer, String> {
        let Manner { strict, lease_ms, wait_ms, request } = manner;
        let validator = texts::public_key(message.validator);
        let root = texts::signing_root(message, dice);
        let chain = texts::CHAINS[usize::from(message.validator.chain)];
        let node = format!("node-{}", self.number % 8);
        let call = Call::Acquire { message, request: request.clone(), strict: *strict };
        let asked = Asked::acquire(message.duty, *strict);
        match message.duty {
            Duty::Block { slot } => {
                self.ask(call, asked, &[&chain, &validator, &slot, &root, &node, lease_ms, request, wait_ms])
            }
            Duty::Vote { source, target } => {
                let with: [&(dyn ToSql + Sync); 9] =
                    [&chain, &validator, &source, &target, &root, &node, lease_ms, request, wait_ms];
                self.ask(call, asked, &with)
            }
        }
    }

    pub fn record(&mut self, message: Message, token: &str, dice: &mut Dice) -> Result<Answer, String> {
        let signature = texts::signature(message, dice);
        let call = Call::Record { message, token: token.into(), signature: signature.clone() };
        self.ask(call, Asked::Record, &[&token, &signature])
    }

    pub fn release(&mut self, message: Message, token: &str, certainly_unsigned: bool) -> Result<Answer, String> {
        let call = Call::Release { message, token: token.into(), certainly_unsigned };
        self.ask(call, Asked::Release, &[&token, &certainly_unsigned])
    }

    fn ask(&mut self, call: Call, asked: Asked, with: &[&(dyn ToSql + Sync)]) -> Result<Answer, String> {
        let (mut client, statements) = match self.live.take() {
            Some(live) => live,
            None => self.reopen()?,
        };
        let start = self.scene.tick();
        let answer = statements.ask(&mut client, &call, asked, with);
        let end = self.scene.tick();
        if !client.is_closed() {
            self.live = Some((client, statements));
        }
        self.history.push(Event { start, end, connection: self.number, call, answer: answer.clone() });
        Ok(answer)
    }

    /// It may be killed again while it comes back, so there are several attempts, but not endlessly many.
    fn reopen(&self) -> Result<(Client, Statements), String> {
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            match self.open() {
                Ok(live) => return Ok(live),
                Err(error) => last = format!("{error:?}"),
            }
            std::thread::sleep(PAUSE);
        }
        Err(format!("connection {} cannot come back: {last}", self.number))
    }

    fn open(&self) -> Result<(Client, Statements), postgres::Error> {
        let mut client = self.scene.client()?;
        client.batch_execute(&format!("SET statement_timeout = '{STATEMENT_TIMEOUT}'"))?;
        let statements = Statements::prepare(&mut client)?;
        Ok((client, statements))
    }
}
