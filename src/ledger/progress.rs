//! Words to whoever waits for something long.

use super::server;
use crate::duty::clock::Timestamp;

/// Says how far something has come, every two seconds at most.
pub struct Progress {
    last: Timestamp,
}

/// Microseconds.
const BETWEEN_WORDS: i64 = 2_000_000;

impl Progress {
    pub fn begin() -> Self {
        Self { last: server::now() }
    }

    pub fn say(&mut self, words: impl FnOnce() -> String) {
        let now = server::now();
        if now.saturating_sub(self.last) >= BETWEEN_WORDS {
            self.last = now;
            server::notice(&words());
        }
    }
}
