//! `conformance`: plays the official test files of EIP-3076 against fresh ledgers.

use slashguard_storm::conformance::file::{self, File};
use slashguard_storm::conformance::folder::{files, Files, VARIABLE};
use slashguard_storm::conformance::play::{play, Played};
use slashguard_storm::environment::Environment;
use slashguard_storm::tally::Tally;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut tally = Tally::default();
    if let Err(what) = run(&mut tally) {
        tally.check("the official test files", Err(what));
    }
    if tally.close() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run(tally: &mut Tally) -> Result<(), String> {
    let found = match files()? {
        Files::Found(found) => found,
        Files::Absent(folder) => {
            println!("The official test files of EIP-3076 are not here: there is no {}.", folder.display());
            println!("Get them from github.com/eth-clients/slashing-protection-interchange-tests, and name the folder in {VARIABLE}.");
            tally.check("NOT RUN: the official test files are not here, so none was played", Ok(String::new()));
            return Ok(());
        }
    };
    let environment = Environment::from_variables()?;
    let (mut tests, mut attempts, mut complete) = (0, 0, 0);
    let mut incomplete = Vec::new();
    for path in found {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let file = match read(&path) {
            Ok(Some(file)) => file,
            Ok(None) => {
                println!("left out, it is no test: {}", path.display());
                continue;
            }
            Err(what) => {
                tests += 1;
                tally.check(&name, Err(what));
                continue;
            }
        };
        tests += 1;
        match play(&environment, &file) {
            Ok(played) => {
                tally.check(&name, verdict(&played));
                attempts += played.attempts;
                complete += played.complete;
                incomplete.extend(played.incomplete.into_iter().map(|what| format!("{name}, {what}")));
            }
            Err(what) => tally.check(&name, Err(what)),
        }
    }
    if tests == 0 {
        return Err("none of the files is a test".into());
    }
    for what in &incomplete {
        println!("not the complete answer: {what}");
    }
    println!("complete answers: {complete} of {attempts}");
    Ok(())
}

fn read(path: &Path) -> Result<Option<File>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    file::read(&text)
}

fn verdict(played: &Played) -> Result<String, String> {
    if played.wrong.is_empty() {
        Ok(format!("complete answers: {} of {}", played.complete, played.attempts))
    } else {
        Err(played.wrong.join("\n"))
    }
}
