//! Where in typed data something stands, as errors name it: `message.to[2].wallet`.

use crate::duty::error::{Error, SqlState};
use crate::duty::excerpt::cut;
use std::fmt::{Display, Formatter, Result};

/// A name of the data's own is shown no longer than this.
const LONGEST_NAME: usize = 40;

/// A place, which knows the one it is in.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    /// Of the SQL function.
    argument: &'static str,
    outer: Option<&'a Path<'a>>,
    step: Step<'a>,
    depth: usize,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

impl<'a> Path<'a> {
    pub fn root(argument: &'static str, name: &'a str) -> Self {
        Self { argument, outer: None, step: Step::Member(name), depth: 0 }
    }

    pub fn member<'b>(&'b self, name: &'b str) -> Path<'b> {
        self.inner(Step::Member(name))
    }

    pub fn item(&self, index: usize) -> Path<'_> {
        self.inner(Step::Item(index))
    }

    fn inner<'b>(&'b self, step: Step<'b>) -> Path<'b> {
        Path { argument: self.argument, outer: Some(self), step, depth: self.depth + 1 }
    }

    /// How many places it is in.
    pub fn depth(&self) -> usize {
        self.depth
    }

    pub fn fault(&self, code: SqlState, message: impl Display, hint: impl Into<String>) -> Error {
        Error::argument(code, self.argument, format!("{self}: {message}")).hint(hint)
    }

    pub fn malformed(&self, message: impl Display, hint: impl Into<String>) -> Error {
        self.fault(SqlState::INVALID_TEXT_REPRESENTATION, message, hint)
    }

    pub fn not_allowed(&self, message: impl Display, hint: impl Into<String>) -> Error {
        self.fault(SqlState::INVALID_PARAMETER_VALUE, message, hint)
    }

    /// An error about a value that knew nothing of its place.
    pub fn locate(&self, error: Error) -> Error {
        Error { message: format!("{self}: {}", error.message), ..error }.detail(format!("Argument: {}.", self.argument))
    }
}

impl Display for Path<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        if let Some(outer) = self.outer {
            Display::fmt(outer, formatter)?;
        }
        match self.step {
            Step::Item(index) => write!(formatter, "[{index}]"),
            Step::Member(name) if self.outer.is_none() => formatter.write_str(&cut(name, LONGEST_NAME)),
            Step::Member(name) => write!(formatter, ".{}", cut(name, LONGEST_NAME)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_in_a_program() {
        let root = Path::root("typed_data", "message");
        let to = root.member("to");
        let item = to.item(2);
        let wallet = item.member("wallet");
        assert_eq!(wallet.to_string(), "message.to[2].wallet");
        assert_eq!(wallet.depth(), 3);
        let error = wallet.malformed("is blue", "Paint it.");
        assert_eq!(error.message, "message.to[2].wallet: is blue");
        assert_eq!(error.detail.as_deref(), Some("Argument: typed_data."));
    }

    #[test]
    fn a_name_is_cut_and_stays_on_its_line() {
        let name = format!("a\n{}", "b".repeat(1000));
        assert_eq!(
            Path::root("message", "message").member(&name).to_string(),
            format!("message.a\u{fffd}{}...", "b".repeat(38))
        );
    }
}
