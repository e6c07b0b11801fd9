//! The run itself: everybody plays, whatever becomes of the servers, until somebody says stop.

use super::console::Word;
use super::player::Player;
use super::scoreboard::Scoreboard;
use super::setting::Setting;
use crate::history::Event;
use crate::storm::connection::Why;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::Receiver;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A history of this length takes about 500 MB.
const MOST_CALLS: u64 = 1_500_000;
const PROGRESS: Duration = Duration::from_secs(3);
/// There to end a wait for grants that will never come, so it is generous.
const PATIENCE: Duration = Duration::from_secs(120);

/// Everybody's history. An error is of the run itself: no server was found, nobody granted anything, a thread died.
pub fn sail(
    setting: &Arc<Setting>,
    board: &Scoreboard,
    words: &Receiver<Word>,
    connections: u16,
    time: Duration,
    seed: u64,
) -> Result<Vec<Event>, String> {
    thread::scope(|scope| {
        let play = |number| {
            move || {
                let mut player = Player::new(setting.clone(), number, seed);
                while !board.over.load(Relaxed) {
                    let before = player.calls();
                    let mut why = Why::default();
                    if !board.holding.load(Relaxed) {
                        why = player.play();
                    } else if player.act_early() {
                        board.note(player.since(before), &why);
                        board.held.fetch_add(1, Relaxed);
                        wait_for_the_end(board);
                        break;
                    }
                    board.note(player.since(before), &why);
                }
                player.history()
            }
        };
        let threads: Vec<_> = (0..connections).map(|number| scope.spawn(play(number))).collect();
        let watched = watch(board, words, connections, time, || {
            !board.holding.load(Relaxed) && threads.iter().any(|thread| thread.is_finished())
        });
        board.over.store(true, Relaxed);
        let mut events = Vec::new();
        let mut trouble = watched;
        for thread in threads {
            match thread.join() {
                Ok(history) => events.extend(history),
                Err(_) => trouble = Err("a client panicked; its message is above".into()),
            }
        }
        trouble.map(|()| events)
    })
}

fn wait_for_the_end(board: &Scoreboard) {
    while !board.over.load(Relaxed) {
        thread::sleep(Duration::from_millis(20));
    }
}

/// Something that a script waits for.
struct Awaited<'a> {
    counter: &'a AtomicU64,
    enough: u64,
    /// Said when it is there.
    line: String,
    since: Instant,
}

/// Waits for the end, says how it goes, and answers those who wait for something.
fn watch(
    board: &Scoreboard,
    words: &Receiver<Word>,
    connections: u16,
    time: Duration,
    somebody_died: impl Fn() -> bool,
) -> Result<(), String> {
    let began = Instant::now();
    let mut shown = Duration::ZERO;
    let mut awaited: Option<Awaited> = None;
    while began.elapsed() < time && board.calls.load(Relaxed) < MOST_CALLS && !somebody_died() {
        let connections = u64::from(connections);
        let wait = |counter, enough, line| Some(Awaited { counter, enough, line, since: Instant::now() });
        match words.recv_timeout(Duration::from_millis(50)) {
            Ok(Word::Stop) => return Ok(()),
            Ok(Word::Await(number)) => {
                // Each client may have an answer in its hands that an earlier life of the server gave.
                let enough = board.acquired.load(Relaxed) + number + connections;
                awaited = wait(&board.acquired, enough, format!("granted: {number} more"));
            }
            Ok(Word::Hold) => {
                board.holding.store(true, Relaxed);
                awaited = wait(&board.held, connections, format!("held: {connections}"));
            }
            Ok(Word::Unknown(line)) => {
                return Err(format!("unknown word {line:?}; known are `await N`, `hold` and `stop`"));
            }
            Err(_) => {}
        }
        if began.elapsed() - shown >= PROGRESS {
            shown += PROGRESS;
            board.show(shown);
        }
        if let Some(Awaited { counter, enough, line, since }) = &awaited {
            if counter.load(Relaxed) >= *enough {
                println!("{line}");
                awaited = None;
            } else if since.elapsed() > PATIENCE {
                return Err(format!("gave up waiting for {line:?} after {} s", PATIENCE.as_secs()));
            }
        }
    }
    Ok(())
}
