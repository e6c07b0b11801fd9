//! After the storm: every claim that a client was ever told of is asked for once more, with another hash.
//!
//! That tells without a look into the tables whether the claim is there, and what is pinned. And it would be the double
//! grant itself if the claim were gone and nothing covered it.

use super::seeker::Seeker;
use super::setting::Setting;
use crate::checker::board::{grants, signed, Board};
use crate::checker::lives::is_flushed;
use crate::checker::{Finding, Terms};
use crate::dice::{mix, Dice};
use crate::history::{Answer, Event, Hash, Key, Life};
use crate::storm::connection::{Connection, Manner, Why};
use crate::storm::texts;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// No player ever asks with it.
const OTHER_HASH: Hash = 99;
/// A standby may be asked first, or a failover be under way. Generous: it ends a wait for something that will never come.
const PATIENCE: Duration = Duration::from_secs(120);
const PROGRESS: Duration = Duration::from_secs(3);

/// A claim that a client was told of.
#[derive(Clone, Debug, PartialEq)]
struct Claim {
    key: Key,
    hash: Hash,
    /// Whether a failover may have lost it.
    may_be_lost: bool,
    told_signed: bool,
    /// Whether no crash or failover can have undone the signature.
    certainly_signed: bool,
}

#[derive(Default)]
pub struct Audit {
    pub there: usize,
    pub lost: usize,
    /// Of the claims that are there, those whose signature is not.
    pub signatures_lost: usize,
    /// Claims that are neither there nor covered, or have another hash.
    pub claims: Vec<Finding>,
    pub signatures: Vec<Finding>,
    pub events: Vec<Event>,
}

/// What the server said about a claim.
enum Found {
    There { signed: bool },
    Covered,
    Wrong(String),
}

pub fn audit(setting: &Arc<Setting>, events: &[Event], connections: u16, seed: u64) -> Result<Audit, String> {
    let claims = claims(events, &setting.terms());
    println!("audit: {} claims were told; each is asked for with another hash", claims.len());
    let done = AtomicUsize::new(0);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let share = |number: u16| {
            let (claims, done, over) = (&claims, &done, &over);
            move || {
                let mut connection = Connection::new(Seeker::new(setting.clone(), number), number);
                let mut dice = Dice::new(mix(!seed ^ u64::from(number)));
                let mut audit = Audit::default();
                for claim in claims.iter().skip(usize::from(number)).step_by(usize::from(connections)) {
                    audit.note(claim, ask(&mut connection, claim, &mut dice, over));
                    done.fetch_add(1, Relaxed);
                }
                audit.events = connection.history;
                audit
            }
        };
        let threads: Vec<_> = (0..connections).map(|number| scope.spawn(share(number))).collect();
        let mut said = Instant::now();
        while !threads.iter().all(|thread| thread.is_finished()) {
            thread::sleep(Duration::from_millis(20));
            if said.elapsed() >= PROGRESS {
                said = Instant::now();
                println!("audit: {} of {} claims", done.load(Relaxed), claims.len());
            }
        }
        let mut all = Audit::default();
        for thread in threads {
            all.add(thread.join().map_err(|_| "an auditor panicked; its message is above")?);
        }
        Ok(all)
    })
}

fn claims(events: &[Event], terms: &Terms) -> Vec<Claim> {
    let board = Board::new(events);
    let last = last_life(events);
    let of_key = |(key, of_key): (&Key, &Vec<&Event>)| {
        let granted = grants(of_key);
        let first = granted.first()?;
        let signed = signed(of_key);
        let stays = |event: &Event| Some(event.life) == last || (!terms.lagging && is_flushed(&board, terms, event));
        Some(Claim {
            key: *key,
            hash: first.hash,
            may_be_lost: terms.lagging && granted.iter().all(|grant| Some(grant.event.life) != last),
            told_signed: !signed.is_empty(),
            certainly_signed: signed.iter().any(|(event, _)| stays(event)),
        })
    };
    board.keys.iter().filter_map(of_key).collect()
}

/// The life that granted last.
fn last_life(events: &[Event]) -> Option<Life> {
    let granted = events.iter().filter(|event| matches!(event.answer, Answer::Acquired { .. }));
    granted.max_by_key(|event| event.end).map(|event| event.life)
}

/// Once nobody answered for one claim, `over`, the others are asked for once.
fn ask(connection: &mut Connection<Seeker>, claim: &Claim, dice: &mut Dice, over: &AtomicBool) -> Found {
    let manner = Manner { lease_ms: 1000, ..Manner::default() };
    let began = Instant::now();
    let mut answer = connection.acquire(claim.key, OTHER_HASH, &manner, dice);
    while matches!(answer, Answer::Lost | Answer::Halted | Answer::Refused(..)) && !over.load(Relaxed) {
        if began.elapsed() > PATIENCE {
            over.store(true, Relaxed);
        }
        answer = connection.acquire(claim.key, OTHER_HASH, &manner, dice);
    }
    let pinned = texts::message_hash(claim.key, claim.hash, dice).to_lowercase();
    find(&answer, &connection.why, &pinned)
}

fn find(answer: &Answer, why: &Why, pinned: &str) -> Found {
    match answer {
        Answer::Conflict if why.earlier_message_hash.as_deref() == Some(pinned) => {
            Found::There { signed: why.earlier_state.as_deref() == Some("signed") }
        }
        Answer::Stale if why.cause.as_deref() == Some("quarantine") => Found::Covered,
        _ => Found::Wrong(format!("{answer:?}, {why:?}, but {pinned} was granted")),
    }
}

impl Audit {
    fn note(&mut self, claim: &Claim, found: Found) {
        match found {
            Found::There { signed } => {
                self.there += 1;
                if claim.told_signed && !signed {
                    self.signatures_lost += 1;
                    if claim.certainly_signed {
                        self.signatures.push(Finding::new(Some(claim.key), "its signature is gone", &[]));
                    }
                }
            }
            Found::Covered => {
                self.lost += 1;
                if !claim.may_be_lost {
                    let what = "granted, and not there any more, though a quarantine covers it";
                    self.claims.push(Finding::new(Some(claim.key), what, &[]));
                }
            }
            Found::Wrong(what) => {
                self.lost += 1;
                self.claims.push(Finding::new(Some(claim.key), what, &[]));
            }
        }
    }

    fn add(&mut self, other: Audit) {
        self.there += other.there;
        self.lost += other.lost;
        self.signatures_lost += other.signatures_lost;
        self.claims.extend(other.claims);
        self.signatures.extend(other.signatures);
        self.events.extend(other.events);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::story::Story;

    const PINNED: &str = "0x01";

    fn judged(told: &Story, terms: &Terms, answer: Answer, why: Why) -> Audit {
        let mut audit = Audit::default();
        for claim in claims(&told.events, terms) {
            audit.note(&claim, find(&answer, &why, PINNED));
        }
        audit
    }

    fn conflict(hash: &str, state: &str) -> Why {
        Why { earlier_message_hash: Some(hash.into()), earlier_state: Some(state.into()), cause: None }
    }

    fn stale(cause: &str) -> Why {
        Why { cause: Some(cause.into()), ..Why::default() }
    }

    fn granted() -> Story {
        let mut story = Story::default();
        story.acquired(1, "a", 100);
        story
    }

    #[test]
    fn a_conflict_with_its_own_hash_is_the_only_proof() {
        let terms = Terms::default();
        let good = judged(&granted(), &terms, Answer::Conflict, conflict(PINNED, "signing"));
        assert_eq!((good.there, good.lost, good.claims.len()), (1, 0, 0));
        let again = Answer::Acquired { token: "b".into(), expires: 9, stamp: Default::default() };
        for (answer, why) in [
            (Answer::Conflict, conflict("0x02", "signing")),
            (Answer::Conflict, Why::default()),
            (again, Why::default()),
            (Answer::Stale, stale("low_watermark")),
            (Answer::Stale, stale("quarantine")),
            (Answer::Halted, Why::default()),
            (Answer::Lost, Why::default()),
        ] {
            let bad = judged(&granted(), &terms, answer.clone(), why);
            assert_eq!((bad.there, bad.lost, bad.claims.len()), (0, 1, 1), "{answer:?}");
        }
    }

    #[test]
    fn a_standby_that_lagged_may_lack_a_claim_that_its_quarantine_covers() {
        let lagging = Terms { lagging: true, ..Terms::default() };
        let mut story = granted();
        story.life = 1;
        let other = Key { slot: 99, ..crate::checker::story::KEY };
        story.acquired(1, "b", 100);
        if let crate::history::Call::Acquire { key, .. } = &mut story.last().call {
            *key = other;
        }
        let lost = judged(&story, &lagging, Answer::Stale, stale("quarantine"));
        assert_eq!(lost.lost, 2);
        let keys: Vec<_> = lost.claims.iter().map(|finding| finding.key).collect();
        assert_eq!(keys, [Some(other)], "what the survivor granted itself is there");
        let uncovered = judged(&story, &lagging, Answer::InProgress { expires: None, stamp: None }, Why::default());
        assert_eq!(uncovered.claims.len(), 2);
    }

    #[test]
    fn a_signature_may_be_lost_only_where_it_was_not_flushed() {
        let gone = |story: &Story, terms: &Terms| {
            let audit = judged(story, terms, Answer::Conflict, conflict(PINNED, "open"));
            (audit.signatures_lost, audit.signatures.len())
        };
        let mut story = granted();
        story.recorded(1, "a", "s");
        assert_eq!(gone(&story, &Terms::default()), (1, 1), "there was no crash");
        story.life = 1;
        story.acquired(1, "b", 900);
        assert_eq!(gone(&story, &Terms::default()), (1, 0));
        assert_eq!(gone(&story, &Terms { records_durably: vec![true], ..Terms::default() }), (1, 1));
        assert_eq!(gone(&granted(), &Terms::default()), (0, 0), "nobody was told that it is signed");
    }

    #[test]
    fn what_nobody_was_told_is_no_claim() {
        let mut story = Story::default();
        story.acquire(1, Answer::Lost);
        story.conflict(2);
        assert!(claims(&story.events, &Terms::default()).is_empty());
    }
}
