//! Several nodes want every duty of a slot at once. Whoever gets it signs and records; the others wait in the server. How long
//! after the return of the record does each of them have the signature?

use super::{Signer, Told};
use crate::environment::Environment;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

/// What a signer needs for its signature: a remote one, mostly.
const SIGNING: Duration = Duration::from_millis(20);
/// Longer than any of it takes.
const PATIENCE_MS: i32 = 20_000;
/// Names are looked up and plans made, also those that only a loser needs: in so many slots each session has lost some.
const WARM_UP_SLOTS: usize = 6;

enum Moment {
    Recorded(Instant),
    HadSignature(Instant),
}

/// The times, in microseconds, of all who waited: `nodes` with a connection for each of `validators`, over `slots` slots.
pub fn run(environment: &Environment, nodes: usize, validators: usize, slots: usize) -> Result<Vec<u64>, String> {
    let barrier = Arc::new(Barrier::new(nodes * validators));
    let mut signers = Vec::new();
    for validator in 0..validators {
        for node in 0..nodes {
            signers.push((validator, Signer::connect(environment, node, validator)?));
        }
    }
    let threads: Vec<_> = signers
        .into_iter()
        .map(|(validator, mut signer)| {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || -> Result<Vec<(usize, usize, Moment)>, String> {
                let mut moments = Ok(Vec::new());
                for slot in 0..WARM_UP_SLOTS + slots {
                    barrier.wait();
                    // Whoever failed still comes to the barrier, or the others would wait there for ever.
                    moments = moments.and_then(|mut moments: Vec<_>| {
                        moments.push((slot, validator, play(&mut signer, slot as i64 + 1)?));
                        Ok(moments)
                    });
                }
                // The end of a session is work for the processors that others still wait for.
                barrier.wait();
                moments
            })
        })
        .collect();
    let mut moments = Vec::new();
    for thread in threads {
        moments.extend(thread.join().map_err(|_| "a waiter's thread panicked")??);
    }
    times(&moments, slots, validators, nodes)
}

fn play(signer: &mut Signer, slot: i64) -> Result<Moment, String> {
    match signer.acquire(slot, PATIENCE_MS)? {
        Told::Acquired(lock_token) => {
            thread::sleep(SIGNING);
            signer.record(&lock_token)?;
            Ok(Moment::Recorded(Instant::now()))
        }
        Told::AlreadySigned => Ok(Moment::HadSignature(Instant::now())),
    }
}

fn times(
    moments: &[(usize, usize, Moment)],
    slots: usize,
    validators: usize,
    nodes: usize,
) -> Result<Vec<u64>, String> {
    let mut times = Vec::new();
    for (slot, validator) in
        (WARM_UP_SLOTS..WARM_UP_SLOTS + slots).flat_map(|slot| (0..validators).map(move |validator| (slot, validator)))
    {
        let of_duty = || moments.iter().filter(move |moment| (moment.0, moment.1) == (slot, validator));
        let recorded: Vec<Instant> = of_duty()
            .filter_map(|(_, _, moment)| match moment {
                Moment::Recorded(at) => Some(*at),
                Moment::HadSignature(_) => None,
            })
            .collect();
        let [recorded] = recorded[..] else {
            return Err(format!("{} nodes were granted one duty", recorded.len()));
        };
        let before = times.len();
        times.extend(of_duty().filter_map(|(_, _, moment)| match moment {
            // A waiter may have it before the winner's own answer has arrived: then it took no time.
            Moment::HadSignature(at) => Some(at.saturating_duration_since(recorded).as_micros() as u64),
            Moment::Recorded(_) => None,
        }));
        if times.len() - before != nodes - 1 {
            return Err("a waiter has no time".to_owned());
        }
    }
    Ok(times)
}
