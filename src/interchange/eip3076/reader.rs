//! How far the reading of an interchange file has come, and the errors that end it.

use super::history::History;
use super::leaf::fault;
use super::path::Path;
use crate::duty::error::{Error, SqlState};
use serde::de::MapAccess;
use serde_json::value::RawValue;

pub struct Reader<'text, 'expected> {
    pub genesis_validators_root: &'expected [u8; 32],
    pub last_epoch: i64,
    /// Of what is being read. Not left behind on a fault, so that it then is the path of the fault.
    pub path: Path<'text>,
    /// What must stand at the path: an object or an array.
    pub shape: &'static str,
    /// Ours, which the parser's own error type cannot carry.
    fault: Option<Error>,
    /// The item of `data` that is being read.
    pub entry: u32,
    pub histories: Vec<History>,
}

impl<'text, 'expected> Reader<'text, 'expected> {
    pub fn new(genesis_validators_root: &'expected [u8; 32], last_epoch: i64) -> Self {
        Self {
            genesis_validators_root,
            last_epoch,
            path: Path::default(),
            shape: "",
            fault: None,
            entry: 0,
            histories: Vec::new(),
        }
    }

    pub fn leaf<A: MapAccess<'text>, T>(
        &mut self,
        members: &mut A,
        parse: impl FnOnce(&str) -> Result<T, Error>,
    ) -> Result<T, A::Error> {
        let json: &'text RawValue = members.next_value()?;
        parse(json.get()).map_err(|error| self.refuse(error))
    }

    /// Keeps the fault, and makes the error that ends the parsing.
    fn refuse<E: serde::de::Error>(&mut self, error: Error) -> E {
        self.fault = Some(self.located(error));
        E::custom("refused")
    }

    fn located(&self, error: Error) -> Error {
        Error { message: format!("{}: {}", self.path, error.message), ..error }
    }

    pub fn malformed<E: serde::de::Error>(&mut self, message: &str, hint: &str) -> E {
        self.refuse(fault(SqlState::INVALID_TEXT_REPRESENTATION, message, hint))
    }

    /// Why the parsing ended.
    pub fn explain(self, error: &serde_json::Error) -> Error {
        if let Some(fault) = self.fault {
            return fault;
        }
        if !error.is_data() {
            return self.located(fault(
                SqlState::INVALID_TEXT_REPRESENTATION,
                format!("not JSON: {error}"),
                "Give the whole file as it was exported. A tool such as jq shows where it is broken.",
            ));
        }
        let code = if self.path.is_whole_file() {
            SqlState::INVALID_PARAMETER_VALUE
        } else {
            SqlState::INVALID_TEXT_REPRESENTATION
        };
        let hint = format!("Write {} here, as EIP-3076 has it.", self.shape);
        self.located(fault(code, format!("not {}", self.shape), hint))
    }
}
