//! `waiting NODES VALIDATORS SLOTS WAITERS SECONDS`: prints as JSON how long waiters wait after the signature was recorded
//! (microseconds, ascending), and how many processors a crowd of waiters keeps busy.

use slashguard_storm::environment::Environment;
use slashguard_storm::waiting::{crowd, race};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("{what}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let arguments: Result<Vec<usize>, _> = std::env::args().skip(1).map(|argument| argument.parse()).collect();
    let Ok([nodes, validators, slots, waiters, seconds]) = arguments.as_deref() else {
        return Err("usage: waiting NODES VALIDATORS SLOTS WAITERS SECONDS".to_owned());
    };
    let environment = Environment::from_variables()?;
    let mut waited = race::run(&environment, *nodes, *validators, *slots)?;
    waited.sort_unstable();
    let busy = crowd::run(&environment, *waiters, *validators, *seconds as u64)?;
    println!("{}", serde_json::json!({ "waited_us": waited, "waiters": waiters, "processors": busy }));
    Ok(())
}
