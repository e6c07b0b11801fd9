//! The history of one validator's votes, played against a slow model that looks at all of it: what both accept is never slashable,
//! and what only the fast one refuses, a watermark forbids.

use super::ethereum::{self, LowWatermarks, Neighbours};
use super::watermark::{self, Bounds, ValidatorBounds, Wanted};
use crate::duty::epochs::Epochs;
use crate::duty::vote::{SignedVote, Vote};
use crate::fuzz::cases;
use crate::interchange::eip3076::history::{Attestation, History, Known, KnownAttestation, Place, State};
use crate::interchange::eip3076::merge::merge;
use proptest::prelude::*;
use std::collections::BTreeMap;

const SLOTS_PER_EPOCH: i32 = 4;
/// Epochs are few, so that votes meet.
const EPOCHS: i64 = 14;

/// What may happen to a validator's history.
#[derive(Debug, Clone)]
enum Event {
    Attempt(SignedVote),
    /// All votes with a target up to there are forgotten.
    Prune(i64),
    /// A file, and what its signer had signed before the file begins.
    Import {
        file: Vec<SignedVote>,
        pruned: Vec<SignedVote>,
    },
}

fn vote() -> impl Strategy<Value = Vote> {
    (0..EPOCHS, 0..EPOCHS).prop_map(|(source_epoch, target_epoch)| Vote { source_epoch, target_epoch })
}

fn with_root() -> impl Strategy<Value = SignedVote> {
    (vote(), 1..4_u8).prop_map(|(vote, root)| SignedVote { vote, signing_root: Some([root; 32]) })
}

fn imported() -> impl Strategy<Value = SignedVote> {
    (vote(), 0..3_u8).prop_map(|(vote, root)| SignedVote { vote, signing_root: (root > 0).then_some([root; 32]) })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        12 => with_root().prop_map(Event::Attempt),
        1 => (0..EPOCHS).prop_map(Event::Prune),
        1 => (proptest::collection::vec(imported(), 1..6), proptest::collection::vec(with_root(), 0..4))
            .prop_map(|(file, pruned)| Event::Import { pruned: before(&file, pruned), file }),
    ]
}

/// Those of the votes that a signer may have forgotten whose file begins there.
fn before(file: &[SignedVote], mut votes: Vec<SignedVote>) -> Vec<SignedVote> {
    let source = file.iter().map(|signed| signed.vote.source_epoch).min();
    let target = file.iter().map(|signed| signed.vote.target_epoch).min();
    votes.retain(|signed| Some(signed.vote.source_epoch) <= source && Some(signed.vote.target_epoch) < target);
    votes
}

/// The ledger, in memory: what the tables of votes, the chain and the validator have.
#[derive(Default)]
struct Ledger {
    /// By target and the place among several for one.
    votes: BTreeMap<(i64, i32), (SignedVote, State)>,
    cleaned_slot: Option<i64>,
    cleaned_source_epoch: Option<i64>,
    history: LowWatermarks,
    votes_may_surround: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Accepted,
    Slashable,
    Watermark,
}

impl Ledger {
    fn bounds(&self) -> Bounds {
        Bounds {
            chain: "ethereum".into(),
            epochs: Some(Epochs::new(SLOTS_PER_EPOCH)),
            low_watermark: self.cleaned_slot,
            low_source_epoch: self.cleaned_source_epoch,
            high_watermark: None,
            retired: false,
            quarantine: None,
            frozen: None,
            awaited_slot: None,
            validator: ValidatorBounds { history: self.history, ..ValidatorBounds::default() },
            current_slot: 0,
            horizon_slots: None,
        }
    }

    /// As the server does: what stands against the vote, the record for its target, the watermarks.
    fn attempt(&mut self, new: &SignedVote) -> Answer {
        let Some(root) = &new.signing_root else {
            return Answer::Slashable;
        };
        let vote = new.vote;
        let on_record = self.votes.get(&(vote.target_epoch, -1));
        if on_record.is_some_and(|(earlier, _)| ethereum::double_vote(vote, root, earlier)) {
            return Answer::Slashable;
        }
        let imported = on_record.is_some_and(|(_, state)| *state == State::Imported);
        let several = self.votes.range((vote.target_epoch, i32::MIN)..(vote.target_epoch, -1)).next().is_some();
        if several || self.stands_against(vote) {
            return Answer::Slashable;
        }
        let slot = Epochs::new(SLOTS_PER_EPOCH).first_slot(vote.target_epoch);
        let wanted = Wanted { slot, vote: Some(vote), was_signed: imported };
        if watermark::refusal(&self.bounds(), &wanted).is_some() {
            return Answer::Watermark;
        }
        self.votes.entry((vote.target_epoch, -1)).or_insert((*new, State::Signed));
        Answer::Accepted
    }

    fn stands_against(&self, vote: Vote) -> bool {
        let target = vote.target_epoch;
        let before = self.votes.range(..(target, i32::MIN)).rev().map(|(_, (vote, _))| *vote);
        let mut before = before.take_while(|earlier| earlier.vote.target_epoch > vote.source_epoch);
        let mut after = self.votes.range((target + 1, i32::MIN)..).map(|(_, (vote, _))| *vote);
        if self.votes_may_surround {
            return before.chain(after).any(|earlier| {
                ethereum::surround(vote, &Neighbours { before: Some(earlier), after: Some(earlier) }).is_some()
            });
        }
        ethereum::surround(vote, &Neighbours { before: before.next(), after: after.next() }).is_some()
    }

    fn prune(&mut self, cutoff: i64) {
        let kept = self.votes.split_off(&(cutoff + 1, i32::MIN));
        let forgotten = std::mem::replace(&mut self.votes, kept);
        let latest = forgotten.values().map(|(vote, _)| vote.vote.source_epoch).max();
        self.cleaned_source_epoch = self.cleaned_source_epoch.max(latest);
        self.cleaned_slot = self.cleaned_slot.max(Some(Epochs::new(SLOTS_PER_EPOCH).first_slot(cutoff)));
    }

    fn import(&mut self, votes: &[SignedVote]) {
        let attestations = votes
            .iter()
            .enumerate()
            .map(|(item, signed)| Attestation { signed: *signed, place: Place { entry: 0, item: item as u32 } });
        let file = History { validator: [0; 48], blocks: Vec::new(), attestations: attestations.collect() };
        let known = self.votes.iter().map(|((_, block_index), (signed, state))| KnownAttestation {
            signed: *signed,
            state: *state,
            block_index: *block_index,
        });
        let known =
            Known { registered_before: !self.votes.is_empty(), blocks: Vec::new(), attestations: known.collect() };
        let merged = merge(file, &known).expect("everything here is signed");
        for new in merged.attestations {
            let key = (new.signed.vote.target_epoch, new.block_index);
            self.votes.insert(key, (new.signed, State::Imported));
        }
        let reversed = votes.iter().filter(|signed| ethereum::source_after_target(signed.vote));
        let low = merged.low;
        self.history = LowWatermarks {
            block_slot: None,
            source_epoch: self
                .history
                .source_epoch
                .max(low.source_epoch)
                .max(reversed.map(|signed| signed.vote.source_epoch).max()),
            target_epoch: self.history.target_epoch.max(low.target_epoch),
        };
        self.votes_may_surround |= merged.votes_may_surround;
    }
}

/// Every vote that was ever cast, pruned or not.
#[derive(Default)]
struct Model {
    cast: Vec<SignedVote>,
    /// Without a signing root, and taken for one of the others.
    alike: Vec<SignedVote>,
}

impl Model {
    /// A vote without signing root is taken for the one that is known from the same source to the same target.
    fn import(&mut self, file: Vec<SignedVote>) {
        let (known, unknown): (Vec<_>, Vec<_>) = file.into_iter().partition(|signed| signed.signing_root.is_some());
        self.cast.extend(known);
        for signed in unknown {
            let is_alike = self.cast.iter().any(|earlier| earlier.vote == signed.vote);
            if is_alike { &mut self.alike } else { &mut self.cast }.push(signed);
        }
    }

    /// Whether anything stands against it, if what is alike were other votes.
    fn refuses(&self, new: &SignedVote) -> bool {
        !self.accepts(new) || self.alike.iter().any(|earlier| earlier.vote.target_epoch == new.vote.target_epoch)
    }

    fn accepts(&self, new: &SignedVote) -> bool {
        self.cast.iter().all(|earlier| {
            let same = earlier == new;
            let double = earlier.vote.target_epoch == new.vote.target_epoch && !same;
            let (a, b) = (earlier.vote, new.vote);
            let surround = a.source_epoch < b.source_epoch && b.target_epoch < a.target_epoch
                || b.source_epoch < a.source_epoch && a.target_epoch < b.target_epoch;
            !double && !surround
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn nothing_slashable_is_accepted_and_nothing_else_refused(
        events in proptest::collection::vec(event(), 1..60),
    ) {
        let mut ledger = Ledger::default();
        let mut model = Model::default();
        for event in events {
            match event {
                Event::Attempt(new) if ethereum::source_after_target(new.vote) => {}
                Event::Attempt(new) => {
                    let accepts = model.accepts(&new);
                    match ledger.attempt(&new) {
                        Answer::Accepted => {
                            prop_assert!(accepts, "{:?} beside {:?}", new, model.cast);
                            model.cast.push(new);
                        }
                        Answer::Slashable => prop_assert!(model.refuses(&new), "{:?} beside {:?}", new, model.cast),
                        Answer::Watermark => {}
                    }
                }
                Event::Prune(cutoff) => ledger.prune(cutoff),
                Event::Import { file, pruned } => {
                    ledger.import(&file);
                    model.import(file);
                    model.cast.extend(pruned);
                }
            }
        }
    }
}
