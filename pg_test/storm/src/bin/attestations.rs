//! `attestations [--seconds N] [--connections N] [--seed N]`: lets connections vote and propose for a few validators of two
//! Ethereum chains, also against each other, then judges what they were told.

use slashguard_storm::attestations::checker::{judge, report};
use slashguard_storm::attestations::coverage::coverage;
use slashguard_storm::attestations::texts::FREES;
use slashguard_storm::attestations::{round, scene, table};
use slashguard_storm::environment::Environment;
use slashguard_storm::judgement::judge_coverage;
use slashguard_storm::tally::Tally;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

/// A slow machine may need longer to have seen everything, but not for ever.
const MOST_ROUNDS: u64 = 4;

struct Arguments {
    seconds: u64,
    connections: u16,
    seed: u64,
}

fn arguments() -> Result<Arguments, String> {
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut arguments = Arguments { seconds: 20, connections: 32, seed: clock.as_micros() as u64 };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let value = given.next().ok_or(format!("{name} needs a value"))?;
        let number: u64 = value.parse().map_err(|_| format!("{name} needs a number, not {value}"))?;
        match name.as_str() {
            "--seconds" if (1..=3600).contains(&number) => arguments.seconds = number,
            "--connections" if (2..=500).contains(&number) => arguments.connections = number as u16,
            "--seed" => arguments.seed = number,
            "--seconds" => return Err("--seconds is 1 to 3600".into()),
            "--connections" => return Err("--connections is 2 to 500".into()),
            _ => return Err(format!("unknown option {name}; known are --seconds, --connections and --seed")),
        }
    }
    Ok(arguments)
}

fn main() -> ExitCode {
    let mut tally = Tally::default();
    if let Err(what) = run(&mut tally) {
        tally.check("the storm ran to its end", Err(what));
    }
    if tally.close() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run(tally: &mut Tally) -> Result<(), String> {
    let arguments = arguments()?;
    let environment = Environment::from_variables()?;
    let (scene, mut control) = scene::set_up(environment).map_err(|error| format!("{error:?}"))?;
    println!("{} connections, seed {}", arguments.connections, arguments.seed);

    let mut events = Vec::new();
    for number in 0..MOST_ROUNDS {
        if number > 0 {
            println!("not everything was seen yet, so another round");
        }
        let time = Duration::from_secs(arguments.seconds);
        events.extend(round::play(&scene, arguments.connections, time, arguments.seed + number)?);
        if coverage(&events, &FREES).iter().all(|seen| seen.enough()) {
            break;
        }
    }
    tally.check("the storm ran to its end", Ok(format!("{} calls", events.len())));
    // A crash of any backend would have ended this connection too.
    let alive = control.simple_query("SELECT 1").map(|_| String::new()).map_err(|error| error.to_string());
    tally.check("the server never crashed", alive);

    print!("{}", table::outcomes(&events));
    let slashable = report(&judge(&events, &FREES), tally);
    judge_coverage(coverage(&events, &FREES), tally);
    println!("slashable pairs: {slashable}");
    Ok(())
}
