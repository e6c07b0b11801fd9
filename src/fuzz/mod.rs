//! Inputs that nobody thought of, for everything that reads what a client sends. Tests only.
//!
//! An input is a valid one that is changed as a careless or hostile client would change it, or noise. No input may be a panic or
//! exhaust the stack. `SLASHGUARD_CASES` says how many there are of each kind, `SLASHGUARD_SEED` with which to begin.

pub mod change;
pub mod dice;
pub mod json;

use dice::Dice;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::time::Instant;

/// What a function finds of the stack at the least: Postgres refuses to go deeper than `max_stack_depth`, and has that end so far
/// above the end of the stack (`STACK_DEPTH_SLOP` in tcop/postgres.c).
const STACK_BYTES: usize = 512 * 1024;

/// How many random cases a test has that was not made for one number of them.
pub fn cases() -> u32 {
    number("SLASHGUARD_CASES").unwrap_or(2_000)
}

/// Runs a test on as little stack as a backend can have left, once for each case.
pub fn every_case(name: &str, test: impl Fn(&mut Dice) + Send + 'static) {
    let first = number("SLASHGUARD_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    // Past the capturing of output, which is lost when the stack overflows.
    let _ = writeln!(std::io::stderr(), "{name}: begins with SLASHGUARD_SEED={first}");
    let run = move || {
        for case in 0..cases() {
            let case = Case(first.wrapping_add(u64::from(case)));
            test(&mut Dice::new(case.0));
        }
    };
    let thread = std::thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES);
    let begun = Instant::now();
    if let Err(panic) = thread.spawn(run).unwrap().join() {
        std::panic::resume_unwind(panic);
    }
    let _ = writeln!(std::io::stderr(), "{name}: {} cases in {} s", cases(), begun.elapsed().as_secs());
}

/// Says which case it was that failed.
struct Case(u64);

impl Drop for Case {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the case alone: SLASHGUARD_SEED={} SLASHGUARD_CASES=1", self.0);
        }
    }
}

fn number<T: std::str::FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok()?.parse().ok()
}
