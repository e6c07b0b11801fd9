//! One attempt to make the server answer too early: who said what, and whether each `acquired` was committed at the moment
//! the client read it.

use super::scratch::{Scratch, DATABASE};
use super::script::Script;
use super::session::{Refusal, Reply, Session};

pub struct Attempt<'a> {
    pub scratch: &'a mut Scratch,
    session: Session,
    replies: Vec<Reply>,
    answers: Vec<Answered>,
}

#[derive(Clone, Debug)]
struct Answered {
    slot: i64,
    /// Seen by another connection when the client had just read it.
    committed: bool,
}

const REPLIES_SHOWN: usize = 8;
const LINE_SHOWN: usize = 300;

/// Polls of a server that must, in the end, either answer or wait at the gate.
const MOST_GLANCES: usize = 3000;

impl<'a> Attempt<'a> {
    pub fn new(scratch: &'a mut Scratch) -> Result<Self, String> {
        Self::with_options(scratch, "")
    }

    pub fn with_options(scratch: &'a mut Scratch, options: &str) -> Result<Self, String> {
        let session = Session::open(&scratch.environment, DATABASE, options)?;
        Ok(Attempt { scratch, session, replies: Vec::new(), answers: Vec::new() })
    }

    /// Has the session claim something in the ordinary way, so that the extension's library is loaded.
    pub fn load_library(mut self) -> Result<Self, String> {
        let slot = self.scratch.new_slot();
        self.query(&super::scratch::claim(slot))?;
        self.granted(slot)?;
        self.forget();
        Ok(self)
    }

    /// Something that must succeed and is not what the test is about.
    pub fn prepare(mut self, text: &str) -> Result<Self, String> {
        self.query(text)?;
        if let Some(error) = self.errors().first() {
            return Err(format!("{text}: {error:?}"));
        }
        self.forget();
        Ok(self)
    }

    fn forget(&mut self) {
        self.replies.clear();
        self.answers.clear();
    }

    /// One simple query, to its end.
    pub fn query(&mut self, text: &str) -> Result<(), String> {
        self.session.say(Script::new().query(text))?;
        self.hear_ready()
    }

    /// Says this and a Flush, hears the end of so many executions, and only then sends Sync.
    pub fn flushed(&mut self, script: Script, executions: usize) -> Result<(), String> {
        self.flush_only(script, executions)?;
        self.session.say(Script::new().sync())?;
        self.hear_ready()
    }

    /// The same, but instead of a Sync the connection ends; waits until the server has undone what it must.
    pub fn cut_off(&mut self, script: Script, executions: usize) -> Result<(), String> {
        self.flush_only(script, executions)?;
        self.session.cut()?;
        for _ in 0..MOST_GLANCES {
            if !self.scratch.is_alive(self.session.process)? {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Err("the server process does not end".into())
    }

    fn flush_only(&mut self, script: Script, executions: usize) -> Result<(), String> {
        self.session.say(script.flush())?;
        let mut ended = 0;
        while ended < executions {
            let reply = self.hear()?;
            if matches!(reply, Reply::Error(_)) {
                break; // the server skips the rest until Sync
            }
            ended += usize::from(reply.ends_execution());
        }
        Ok(())
    }

    /// Says this, which ends with a Sync or is a message that needs none.
    pub fn whole(&mut self, script: Script) -> Result<(), String> {
        self.session.say(script)?;
        self.hear_ready()
    }

    /// Says this while the gate is closed, and hears all that comes before the server waits there.
    pub fn at_gate(&mut self, script: Script) -> Result<(), String> {
        self.scratch.close_gate()?;
        let heard = self.session.say(script).and_then(|()| self.hear_until_waiting());
        self.scratch.open_gate()?;
        if heard? {
            return Ok(());
        }
        self.hear_ready()
    }

    /// True when the server came to its end without waiting.
    fn hear_until_waiting(&mut self) -> Result<bool, String> {
        for _ in 0..MOST_GLANCES {
            // Asked first: what was sent before the wait began is then already on its way.
            let waits = self.scratch.is_waiting(self.session.process)?;
            while let Some(reply) = self.session.glance()? {
                if self.note(reply)? == Reply::Ready {
                    return Ok(true);
                }
            }
            if waits {
                return Ok(false);
            }
        }
        Err("the server neither answered nor came to the gate".into())
    }

    fn hear_ready(&mut self) -> Result<(), String> {
        while self.hear()? != Reply::Ready {}
        Ok(())
    }

    fn hear(&mut self) -> Result<Reply, String> {
        let reply = self.session.hear()?;
        self.note(reply)
    }

    fn note(&mut self, reply: Reply) -> Result<Reply, String> {
        for slot in slots_acquired(reply.text()) {
            // The first time the client reads it is the one that counts.
            if self.answers.iter().all(|answered| answered.slot != slot) {
                let committed = self.scratch.granted(slot)? > 0;
                self.answers.push(Answered { slot, committed });
            }
        }
        self.replies.push(reply.clone());
        Ok(reply)
    }

    pub fn errors(&self) -> Vec<&Refusal> {
        let refusals = self.replies.iter().filter_map(|reply| match reply {
            Reply::Error(refusal) => Some(refusal),
            _ => None,
        });
        refusals.collect()
    }

    pub fn rows(&self) -> Vec<&str> {
        let rows = self.replies.iter().filter(|reply| matches!(reply, Reply::Row(_)));
        rows.map(Reply::text).collect()
    }

    /// SG007, with detail and hint; no answer, and nothing granted.
    pub fn refused(&mut self, slots: &[i64]) -> Result<String, String> {
        self.nothing_granted(slots)?;
        let errors = self.errors();
        let Some(error) = errors.first() else {
            return Err(format!("not refused: {}", self.story()));
        };
        if error.code != "SG007" {
            return Err(format!("refused with {} instead of SG007: {}", error.code, error.message));
        }
        if error.detail.is_none() || error.hint.is_none() {
            return Err(format!("refused without detail or hint: {error:?}"));
        }
        Ok(String::new())
    }

    /// No answer, and nothing granted, whatever the server says about it.
    pub fn nothing_granted(&mut self, slots: &[i64]) -> Result<String, String> {
        if !self.answers.is_empty() {
            return Err(format!("answered: {}", self.story()));
        }
        for slot in slots {
            if self.scratch.granted(*slot)? > 0 {
                return Err(format!("slot {slot} is granted, and nobody was told: {}", self.story()));
            }
        }
        Ok(String::new())
    }

    /// SG007 as above; or every answer was committed when it was read, and still is.
    pub fn refused_or_committed(&mut self, slots: &[i64]) -> Result<String, String> {
        if self.answers.is_empty() {
            return self.refused(slots).map(|_| "refused".into());
        }
        for answered in self.answers.clone() {
            if !answered.committed {
                return Err(format!("LEAK: slot {} answered before its commit: {}", answered.slot, self.story()));
            }
            if self.scratch.granted(answered.slot)? == 0 {
                return Err(format!("slot {} was answered and is gone: {}", answered.slot, self.story()));
            }
        }
        Ok("committed".into())
    }

    /// Answered once, committed by then, and no error.
    pub fn granted(&mut self, slot: i64) -> Result<String, String> {
        let [Answered { slot: of, committed: true }] = self.answers[..] else {
            return Err(format!("not granted: {}", self.story()));
        };
        if of != slot || !self.errors().is_empty() {
            return Err(format!("not granted alone: {}", self.story()));
        }
        Ok(String::new())
    }

    /// What the server said, shortened.
    pub fn story(&self) -> String {
        let told = self.replies.iter().filter(|reply| !matches!(reply, Reply::Other | Reply::Ready));
        let line = |reply: &Reply| format!("{reply:?}").chars().take(LINE_SHOWN).collect();
        let mut lines: Vec<String> = told.clone().take(REPLIES_SHOWN).map(line).collect();
        let left_out = told.count() - lines.len();
        if left_out > 0 {
            lines.push(format!("and {left_out} replies more"));
        }
        lines.push(format!("{:?}", self.answers));
        lines.join("\n  ")
    }
}

/// The slots of all `acquired@SLOT` in a text.
fn slots_acquired(text: &str) -> Vec<i64> {
    let after = text.split("acquired@").skip(1);
    after
        .filter_map(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_found_in_any_text() {
        assert_eq!(slots_acquired("acquired@17|x acquired@3\n"), [17, 3]);
        assert_eq!(slots_acquired("in_progress@17"), [0_i64; 0]);
    }
}
