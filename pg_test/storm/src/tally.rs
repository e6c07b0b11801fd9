//! Named checks, one line each, and the closing line that a runner reads.

#[derive(Default)]
pub struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    /// Prints one check's result. `Err` carries what was seen instead of what was promised.
    pub fn check(&mut self, name: &str, result: Result<String, String>) {
        match result {
            Ok(note) if note.is_empty() => {
                self.passed += 1;
                println!("ok    {name}");
            }
            Ok(note) => {
                self.passed += 1;
                println!("ok    {name} ({note})");
            }
            Err(what) => {
                self.failed += 1;
                println!("FAIL  {name}");
                for line in what.lines() {
                    println!("      {line}");
                }
            }
        }
    }

    /// The last line of the output. True when everything passed and something ran at all.
    pub fn close(self) -> bool {
        println!("{} passed, {} failed", self.passed, self.failed);
        self.failed == 0 && self.passed > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_run_is_not_success() {
        assert!(!Tally::default().close());
    }

    #[test]
    fn one_failure_fails_the_whole() {
        let mut tally = Tally::default();
        tally.check("good", Ok(String::new()));
        tally.check("bad", Err("seen".into()));
        assert!(!tally.close());
    }
}
