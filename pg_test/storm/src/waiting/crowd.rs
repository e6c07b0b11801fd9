//! Many wait for signatures that do not come. How much of a processor do they cost the server?

use super::{Signer, Told};
use crate::environment::Environment;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// A slot that the race does not reach.
const SLOT: i64 = 1_000_000;
/// First looks are more frequent, and are over by then.
const SETTLED: Duration = Duration::from_secs(1);
/// Waits last so much longer than they are watched, for connections come one after the other.
const SPARE: Duration = Duration::from_secs(4);

/// The processors that `waiters` keep busy, over `seconds`; 1.0 is one of them all the time.
pub fn run(environment: &Environment, waiters: usize, validators: usize, seconds: u64) -> Result<f64, String> {
    let mut holders = Vec::new();
    for validator in 0..validators {
        let mut holder = Signer::connect(environment, 0, validator)?;
        let Told::Acquired(_) = holder.acquire(SLOT, 0)? else {
            return Err("the holder of a duty was not granted it".to_owned());
        };
        holders.push(holder);
    }
    let mut signers = Vec::new();
    let mut backends = Vec::new();
    for waiter in 0..waiters {
        let mut signer = Signer::connect(environment, 1, waiter % validators)?;
        backends.push(signer.backend()?);
        signers.push(signer);
    }
    let wait = SETTLED + Duration::from_secs(seconds) + SPARE;
    let wait_ms = i32::try_from(wait.as_millis()).map_err(|error| error.to_string())?;
    let threads: Vec<_> =
        signers.into_iter().map(|mut signer| thread::spawn(move || signer.wait_in_vain(SLOT, wait_ms))).collect();
    thread::sleep(SETTLED);
    let began = Instant::now();
    let before = busy_nanoseconds(&backends)?;
    thread::sleep(Duration::from_secs(seconds));
    let busy = busy_nanoseconds(&backends)? - before;
    let watched = began.elapsed();
    if threads.iter().any(thread::JoinHandle::is_finished) {
        return Err("a waiter was answered before its time: not all of them found a place".to_owned());
    }
    for thread in threads {
        thread.join().map_err(|_| "a waiter's thread panicked")??;
    }
    Ok(busy as f64 / watched.as_nanos() as f64)
}

fn busy_nanoseconds(backends: &[i32]) -> Result<u64, String> {
    let mut sum = 0;
    for backend in backends {
        let file = format!("/proc/{backend}/schedstat");
        let text = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
        let first = text.split_whitespace().next().unwrap_or_default();
        sum += first.parse::<u64>().map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(sum)
}
