//! `survivors`: clients that fight for duties while their server crashes or another one takes its place. Then judges what
//! they were told, and asks once more for every claim that was ever granted.
//!
//! A script leads it by words on standard input: `await N` is answered with `granted: N more`, `hold`
//! with `held: N`, `stop` ends the run.

use slashguard_storm::judgement::{judge_coverage, judge_history, show};
use slashguard_storm::storm::table;
use slashguard_storm::survivors::arguments::{self, Across, USAGE};
use slashguard_storm::survivors::audit::{audit, Audit};
use slashguard_storm::survivors::coverage::coverage;
use slashguard_storm::survivors::scoreboard::Scoreboard;
use slashguard_storm::survivors::setting::Setting;
use slashguard_storm::survivors::{console, voyage};
use slashguard_storm::tally::Tally;
use std::process::ExitCode;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;
use std::time::Duration;

fn main() -> ExitCode {
    let mut tally = Tally::default();
    if let Err(what) = run(&mut tally) {
        tally.check("the survivors came home", Err(what));
    }
    if tally.close() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run(tally: &mut Tally) -> Result<(), String> {
    let arguments = arguments::read(std::env::args().skip(1)).map_err(|what| format!("{what}\n{USAGE}"))?;
    let setting = Arc::new(Setting::learn(&arguments)?);
    println!("{} connections, seed {}", arguments.connections, arguments.seed);

    let board = Scoreboard::default();
    let time = Duration::from_secs(arguments.seconds);
    let words = console::listen();
    let mut events = voyage::sail(&setting, &board, &words, arguments.connections, time, arguments.seed)?;
    let audit = audit(&setting, &events, arguments.connections, arguments.seed)?;
    events.extend(audit.events.iter().cloned());
    tally.check("the survivors came home", Ok(format!("{} calls", events.len())));

    print!("{}", table::outcomes(&events));
    let double_grants = judge_history(&events, &setting.terms(), tally);
    judge_audit(&audit, setting.across, tally, &events);
    let quarantined = board.quarantined.load(Relaxed) as i64;
    if setting.across == Across::Crash {
        let calm = if quarantined == 0 { Ok(String::new()) } else { Err(format!("{quarantined} refusals")) };
        tally.check("a crash that loses nothing quarantines nothing", calm);
    }
    judge_coverage(coverage(&events, &audit, setting.across, arguments.lives, quarantined), tally);
    println!("signatures lost: {}", audit.signatures_lost);
    println!("claims lost: {}", audit.lost);
    println!("double grants: {double_grants}");
    Ok(())
}

fn judge_audit(audit: &Audit, across: Across, tally: &mut Tally, events: &[slashguard_storm::history::Event]) {
    let claims = match across {
        Across::LaggingFailover => "every claim ever told is there, or was lost and is in quarantine",
        Across::Crash | Across::Failover => "every claim ever told is there, with its hash",
    };
    for (name, findings) in [(claims, &audit.claims), ("every signature that was flushed is there", &audit.signatures)]
    {
        let result = match findings.as_slice() {
            [] => Ok(format!("{} there, {} lost", audit.there, audit.lost)),
            findings => Err(show(findings, events)),
        };
        tally.check(name, result);
    }
}
