//! Where in an interchange file an item stands, as errors name it: `data[3].signed_blocks[7].slot`.

use crate::duty::excerpt::cut;
use std::borrow::Cow;
use std::fmt::{Display, Formatter, Result};

/// A key of the file itself is shown no longer than this.
const LONGEST_KEY: usize = 40;

#[derive(Debug)]
pub enum Step<'text> {
    Key(Cow<'text, str>),
    Item(u32),
}

/// From the outside in.
#[derive(Debug, Default)]
pub struct Path<'text>(Vec<Step<'text>>);

impl<'text> Path<'text> {
    pub fn enter(&mut self, step: Step<'text>) {
        self.0.push(step);
    }

    pub fn leave(&mut self) {
        self.0.pop();
    }

    pub fn is_whole_file(&self) -> bool {
        self.0.is_empty()
    }
}

impl Display for Path<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        if self.is_whole_file() {
            return formatter.write_str("interchange");
        }
        for (depth, step) in self.0.iter().enumerate() {
            match step {
                Step::Item(index) => write!(formatter, "[{index}]")?,
                Step::Key(key) if depth == 0 => formatter.write_str(&cut(key, LONGEST_KEY))?,
                Step::Key(key) => write!(formatter, ".{}", cut(key, LONGEST_KEY))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_in_a_program() {
        let mut path = Path::default();
        assert_eq!(path.to_string(), "interchange");
        path.enter(Step::Key("data".into()));
        path.enter(Step::Item(3));
        path.enter(Step::Key("signed_blocks".into()));
        assert_eq!(path.to_string(), "data[3].signed_blocks");
        path.leave();
        assert_eq!(path.to_string(), "data[3]");
    }

    #[test]
    fn a_key_of_the_file_is_cut_and_stays_on_its_line() {
        let mut path = Path::default();
        path.enter(Step::Key(format!("a\n{}", "b".repeat(1000)).into()));
        assert_eq!(path.to_string(), format!("a\u{fffd}{}...", "b".repeat(38)));
    }
}
