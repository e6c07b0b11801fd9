//! The run itself: everybody plays, whatever becomes of the servers, until somebody says stop.

use super::console::Word;
use super::player::Player;
use super::scoreboard::Scoreboard;
use super::setting::Setting;
use crate::history::Event;
use std::sync::atomic::Ordering::Relaxed;
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
                    let why = player.play();
                    board.note(player.since(before), &why);
                }
                player.history()
            }
        };
        let threads: Vec<_> = (0..connections).map(|number| scope.spawn(play(number))).collect();
        let watched = watch(board, words, connections, time, || threads.iter().any(|thread| thread.is_finished()));
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

/// Waits for the end, says how it goes, and answers those who await grants.
fn watch(
    board: &Scoreboard,
    words: &Receiver<Word>,
    connections: u16,
    time: Duration,
    somebody_died: impl Fn() -> bool,
) -> Result<(), String> {
    let began = Instant::now();
    let mut shown = Duration::ZERO;
    let mut awaited: Option<(u64, u64, Instant)> = None;
    while began.elapsed() < time && board.calls.load(Relaxed) < MOST_CALLS && !somebody_died() {
        match words.recv_timeout(Duration::from_millis(50)) {
            Ok(Word::Stop) => return Ok(()),
            Ok(Word::Await(number)) => {
                // Each client may have an answer in its hands that an earlier life of the server gave.
                let enough = board.acquired.load(Relaxed) + number + u64::from(connections);
                awaited = Some((number, enough, Instant::now()));
            }
            Ok(Word::Unknown(line)) => return Err(format!("unknown word {line:?}; known are `await N` and `stop`")),
            Err(_) => {}
        }
        if began.elapsed() - shown >= PROGRESS {
            shown += PROGRESS;
            board.show(shown);
        }
        if let Some((number, enough, since)) = awaited {
            if board.acquired.load(Relaxed) >= enough {
                println!("granted: {number} more");
                awaited = None;
            } else if since.elapsed() > PATIENCE {
                return Err(format!("gave up waiting for {number} more grants after {} s", PATIENCE.as_secs()));
            }
        }
    }
    Ok(())
}
