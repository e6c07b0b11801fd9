//! `wire`: speaks the bare protocol and looks for answers that leave the server before their commit.

use slashguard_storm::environment::Environment;
use slashguard_storm::tally::Tally;
use slashguard_storm::wire::scratch::Scratch;
use slashguard_storm::wire::{before_commit, blocks, cursors, node_table, one_claim, pipelines, row_limits, wrappers};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut tally = Tally::default();
    match set_up() {
        Ok(mut scratch) => {
            for run in [
                row_limits::run,
                pipelines::run,
                blocks::run,
                one_claim::run,
                cursors::run,
                wrappers::run,
                before_commit::run,
                node_table::run,
            ] {
                run(&mut scratch, &mut tally);
            }
        }
        Err(what) => tally.check("the wire tests' database", Err(what)),
    }
    if tally.close() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn set_up() -> Result<Scratch, String> {
    Scratch::new(Environment::from_variables()?).map_err(|error| format!("{error:?}"))
}
