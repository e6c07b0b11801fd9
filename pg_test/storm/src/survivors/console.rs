//! The words by which a script leads the run, one a line on standard input.

use std::io::BufRead;
use std::sync::mpsc::{channel, Receiver};
use std::thread;

#[derive(Debug, PartialEq, Eq)]
pub enum Word {
    /// `await N`: say so when that many more claims were granted.
    Await(u64),
    /// `hold`: from now on each client holds a claim whose transaction it never commits. That is the mistake that the
    /// extension exists to prevent, and a crash must bring it to light.
    Hold,
    /// `stop`, or the end of the input: nobody would ever say it.
    Stop,
    Unknown(String),
}

pub fn listen() -> Receiver<Word> {
    let (sender, receiver) = channel();
    // Never joined: reading may block for ever, and ends with the process.
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let word = line.map_or(Word::Stop, |line| understand(&line));
            if sender.send(word).is_err() {
                return;
            }
        }
        let _ = sender.send(Word::Stop);
    });
    receiver
}

fn understand(line: &str) -> Word {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["stop"] => Word::Stop,
        ["hold"] => Word::Hold,
        ["await", number] => number.parse().map_or_else(|_| Word::Unknown(line.into()), Word::Await),
        _ => Word::Unknown(line.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_understood_or_named() {
        assert_eq!(understand("await 300"), Word::Await(300));
        assert_eq!(understand(" stop "), Word::Stop);
        assert_eq!(understand("hold"), Word::Hold);
        for line in ["", "await", "await many", "stop now"] {
            assert_eq!(understand(line), Word::Unknown(line.into()));
        }
    }
}
