//! One connection, message by message.

use super::script::Script;
use crate::environment::Environment;
use bytes::{Buf, BytesMut};
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{DataRowBody, ErrorFields, Message};
use postgres_protocol::message::frontend;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Generous: a server that says nothing for so long says nothing any more, and that is a failure.
const SILENCE: Duration = Duration::from_secs(60);
/// How long to look whether more comes where the server may rightly be silent.
const GLANCE: Duration = Duration::from_millis(20);
/// The answer to a fast-path call, which client libraries no longer know.
const FUNCTION_CALL_RESPONSE: u8 = b'V';

#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    Row(String),
    /// COPY's rows.
    Data(String),
    Notice(String),
    /// Of a fast-path call.
    Result(String),
    Complete(String),
    Suspended,
    Error(Refusal),
    Ready,
    /// Announces or confirms something and carries no answer.
    Other,
}

impl Reply {
    /// All that a client could read an answer from.
    pub fn text(&self) -> &str {
        match self {
            Reply::Row(text) | Reply::Data(text) | Reply::Notice(text) | Reply::Result(text) => text,
            _ => "",
        }
    }

    /// Whether this is the last word on one Execute.
    pub fn ends_execution(&self) -> bool {
        matches!(self, Reply::Complete(_) | Reply::Suspended | Reply::Error(_) | Reply::Ready)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub code: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
}

pub struct Session {
    stream: UnixStream,
    heard: BytesMut,
    pub process: i32,
}

impl Session {
    /// `options`: settings for the session's start, as `-c name=value`.
    pub fn open(environment: &Environment, database: &str, options: &str) -> Result<Self, String> {
        let socket = environment.socket();
        let stream = UnixStream::connect(&socket).map_err(|e| format!("{}: {e}", socket.display()))?;
        let mut session = Session { stream, heard: BytesMut::new(), process: 0 };
        let mut start = BytesMut::new();
        let mut parameters = vec![("user", environment.user.as_str()), ("database", database)];
        if !options.is_empty() {
            parameters.push(("options", options));
        }
        frontend::startup_message(parameters, &mut start).map_err(|e| e.to_string())?;
        session.send(&start)?;
        loop {
            match session.message(SILENCE)?.ok_or("the server did not greet")? {
                Heard::Message(Message::AuthenticationOk) => {}
                Heard::Message(Message::BackendKeyData(body)) => session.process = body.process_id(),
                Heard::Message(Message::ReadyForQuery(_)) => return Ok(session),
                Heard::Message(Message::ParameterStatus(_) | Message::NoticeResponse(_)) => {}
                Heard::Message(Message::ErrorResponse(body)) => {
                    return Err(format!("not let in: {:?}", refusal(body.fields())?));
                }
                _ => return Err("the server asks for a password; these tests need a socket that trusts".into()),
            }
        }
    }

    pub fn say(&mut self, script: Script) -> Result<(), String> {
        self.send(&script.into_bytes()?)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.stream.write_all(bytes).map_err(|e| format!("sending: {e}"))
    }

    /// Ends the connection without a word.
    pub fn cut(&mut self) -> Result<(), String> {
        self.stream.shutdown(Shutdown::Both).map_err(|e| e.to_string())
    }

    /// The next reply. Fails when none comes.
    pub fn hear(&mut self) -> Result<Reply, String> {
        match self.message(SILENCE)? {
            Some(heard) => reply(heard),
            None => Err(format!("the server said nothing for {} s", SILENCE.as_secs())),
        }
    }

    /// The next reply if one is there.
    pub fn glance(&mut self) -> Result<Option<Reply>, String> {
        self.message(GLANCE)?.map(reply).transpose()
    }

    fn message(&mut self, patience: Duration) -> Result<Option<Heard>, String> {
        self.stream.set_read_timeout(Some(patience)).map_err(|e| e.to_string())?;
        let mut chunk = [0; 65536];
        loop {
            if let Some(heard) = self.parse()? {
                return Ok(Some(heard));
            }
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err("the server closed the connection".into()),
                Ok(count) => self.heard.extend_from_slice(&chunk[..count]),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Ok(None),
                Err(e) => return Err(format!("reading: {e}")),
            }
        }
    }

    fn parse(&mut self) -> Result<Option<Heard>, String> {
        if self.heard.first() != Some(&FUNCTION_CALL_RESPONSE) {
            return Ok(Message::parse(&mut self.heard).map_err(|e| e.to_string())?.map(Heard::Message));
        }
        let length = match self.heard.get(1..5) {
            Some(bytes) => (&mut &*bytes).get_u32() as usize,
            None => return Ok(None),
        };
        if self.heard.len() < 1 + length {
            return Ok(None);
        }
        let body = self.heard.split_to(1 + length);
        // Tag, length, length of the value, value.
        Ok(Some(Heard::FunctionResult(String::from_utf8_lossy(&body[9.min(body.len())..]).into())))
    }
}

enum Heard {
    Message(Message),
    FunctionResult(String),
}

fn reply(heard: Heard) -> Result<Reply, String> {
    let message = match heard {
        Heard::FunctionResult(text) => return Ok(Reply::Result(text)),
        Heard::Message(message) => message,
    };
    Ok(match message {
        Message::DataRow(body) => Reply::Row(row(&body)?),
        Message::CopyData(body) => Reply::Data(String::from_utf8_lossy(body.data()).into()),
        Message::NoticeResponse(body) => Reply::Notice(refusal(body.fields())?.message),
        Message::CommandComplete(body) => Reply::Complete(body.tag().map_err(|e| e.to_string())?.into()),
        Message::EmptyQueryResponse => Reply::Complete(String::new()),
        Message::PortalSuspended => Reply::Suspended,
        Message::ErrorResponse(body) => Reply::Error(refusal(body.fields())?),
        Message::ReadyForQuery(_) => Reply::Ready,
        _ => Reply::Other,
    })
}

/// The columns with `|` between them.
fn row(body: &DataRowBody) -> Result<String, String> {
    let mut ranges = body.ranges();
    let mut columns = Vec::new();
    while let Some(range) = ranges.next().map_err(|e| e.to_string())? {
        let column = range.map(|range| String::from_utf8_lossy(&body.buffer()[range]).into_owned());
        columns.push(column.unwrap_or_default());
    }
    Ok(columns.join("|"))
}

fn refusal(mut fields: ErrorFields) -> Result<Refusal, String> {
    let mut refusal = Refusal { code: String::new(), message: String::new(), detail: None, hint: None };
    while let Some(field) = fields.next().map_err(|e| e.to_string())? {
        let value = String::from_utf8_lossy(field.value_bytes()).into_owned();
        match field.type_() {
            b'C' => refusal.code = value,
            b'M' => refusal.message = value,
            b'D' => refusal.detail = Some(value),
            b'H' => refusal.hint = Some(value),
            _ => {}
        }
    }
    Ok(refusal)
}
