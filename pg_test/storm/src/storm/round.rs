//! One round of the storm: everybody plays until the time is over, or as many calls are made as fit into memory.

use super::maintainer::Maintainer;
use super::player::{Cupboard, Player};
use super::scene::{Scene, CLIENT_APPLICATION, DATABASE};
use crate::history::{Answer, Event};
use crate::reaper::Reaper;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// A history of this length takes about 500 MB.
const MOST_CALLS: u64 = 1_500_000;
const PROGRESS: Duration = Duration::from_secs(5);
/// Two, so that cleanups meet each other too.
const MAINTAINERS: u16 = 2;

#[derive(Default)]
struct Scoreboard {
    over: AtomicBool,
    calls: AtomicU64,
    acquired: AtomicU64,
    signed: AtomicU64,
    refused: AtomicU64,
    lost: AtomicU64,
}

impl Scoreboard {
    fn note(&self, events: &[Event]) {
        self.calls.fetch_add(events.len() as u64, Relaxed);
        for event in events {
            let place = match &event.answer {
                Answer::Acquired { .. } => &self.acquired,
                Answer::Recorded => &self.signed,
                Answer::Conflict | Answer::InProgress { .. } | Answer::Stale | Answer::Halted => &self.refused,
                Answer::Lost => &self.lost,
                _ => continue,
            };
            place.fetch_add(1, Relaxed);
        }
    }

    fn show(&self, elapsed: Duration) {
        println!(
            "{:4} s: {} calls, {} acquired, {} signed, {} refused, {} replies lost",
            elapsed.as_secs(),
            self.calls.load(Relaxed),
            self.acquired.load(Relaxed),
            self.signed.load(Relaxed),
            self.refused.load(Relaxed),
            self.lost.load(Relaxed)
        );
    }
}

/// Everybody's history. An error is of the storm itself: a connection that could not be made, or a thread that died.
pub fn play(scene: &Scene, connections: u16, time: Duration, seed: u64) -> Result<Vec<Event>, String> {
    let board = Scoreboard::default();
    let cupboard = Cupboard::default();
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for number in 0..connections {
            let mut player = Player::new(scene.clone(), number, seed, &cupboard);
            let board = &board;
            threads.push(scope.spawn(move || {
                while !board.over.load(Relaxed) {
                    let before = player.calls();
                    player.play();
                    board.note(player.since(before));
                }
                Ok(player.history())
            }));
        }
        for number in 0..MAINTAINERS {
            let board = &board;
            threads.push(scope.spawn(move || {
                let mut maintainer = Maintainer::new(scene.clone(), connections + number, seed).map_err(say)?;
                while !board.over.load(Relaxed) {
                    maintainer.play();
                }
                Ok(maintainer.history)
            }));
        }
        threads.push(scope.spawn(|| {
            let mut reaper = Reaper::new(&scene.environment, DATABASE, CLIENT_APPLICATION, seed).map_err(say)?;
            while !board.over.load(Relaxed) {
                reaper.play().map_err(say)?;
            }
            Ok(Vec::new())
        }));
        watch(&board, time);
        let mut events = Vec::new();
        let mut trouble = Ok(());
        for thread in threads {
            match thread.join() {
                Ok(Ok(history)) => events.extend(history),
                Ok(Err(what)) => trouble = Err(what),
                Err(_) => trouble = Err("a thread of the storm panicked; its message is above".into()),
            }
        }
        trouble.map(|()| events)
    })
}

fn watch(board: &Scoreboard, time: Duration) {
    let began = Instant::now();
    let mut shown = Duration::ZERO;
    while began.elapsed() < time && board.calls.load(Relaxed) < MOST_CALLS {
        thread::sleep(Duration::from_millis(100));
        if began.elapsed() - shown >= PROGRESS {
            shown += PROGRESS;
            board.show(shown);
        }
    }
    board.over.store(true, Relaxed);
}

fn say(error: postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{}: {}", error.code().code(), error.message()),
        None => error.to_string(),
    }
}
