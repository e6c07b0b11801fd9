//! The life of a claim, played against a model: whatever happens in whatever order, one key never sees two hashes.

use super::one_message::{judge, may_be_freed, Verdict};
use crate::duty::claim::{Claim, Replay};
use proptest::prelude::*;

/// What nodes may do, with small numbers so that they meet.
#[derive(Debug, Clone)]
enum Action {
    Acquire { node: u8, hash: u8, request: Option<u8>, lease: i64 },
    Sign { grant: usize },
    Release { grant: usize, certainly_unsigned: bool },
    OpenStuck,
    Pass { time: i64 },
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (0..4_u8, 0..3_u8, proptest::option::of(0..3_u8), 1..20_i64)
            .prop_map(|(node, hash, request, lease)| Action::Acquire { node, hash, request, lease }),
        2 => (0..8_usize).prop_map(|grant| Action::Sign { grant }),
        3 => (0..8_usize, any::<bool>())
            .prop_map(|(grant, certainly_unsigned)| Action::Release { grant, certainly_unsigned }),
        1 => Just(Action::OpenStuck),
        3 => (1..15_i64).prop_map(|time| Action::Pass { time }),
    ]
}

/// What the ledger does with a verdict, in memory: one row or none.
#[derive(Default)]
struct Ledger {
    row: Option<Claim>,
    now: i64,
    secrets: u8,
}

/// An answer that let somebody sign.
#[derive(Clone)]
struct Granted {
    hash: u8,
    secret: [u8; 16],
}

impl Ledger {
    fn acquire(&mut self, node: u8, hash: u8, request: Option<u8>, lease: i64) -> Option<Granted> {
        let replay = request.map(|id| Replay { role: u32::from(node), request_id: [id; 16] });
        let verdict = self.row.as_ref().map(|claim| judge(claim, &[hash; 32], replay.as_ref(), self.now));
        let answers = self.row.as_ref().map_or(0, |claim| claim.answers) + 1;
        match verdict {
            None | Some(Verdict::TakeOver) => {
                self.secrets = self.secrets.wrapping_add(1);
                let secret = [self.secrets; 16];
                self.row = Some(Claim {
                    message_hash: Some([hash; 32]),
                    node: node.to_string(),
                    lease_until: self.now + lease,
                    secret: Some(secret),
                    replay,
                    answers,
                    signature: None,
                    imported: false,
                    source_epoch: None,
                });
                Some(Granted { hash, secret })
            }
            Some(Verdict::Replay) => {
                let claim = self.row.as_mut()?;
                claim.answers = answers;
                claim.secret.map(|secret| Granted { hash, secret })
            }
            Some(Verdict::Conflict | Verdict::AlreadySigned | Verdict::InProgress) => None,
        }
    }

    fn sign(&mut self, granted: &Granted) {
        if let Some(claim) = self.row.as_mut() {
            if claim.secret == Some(granted.secret) && claim.signature.is_none() {
                claim.signature = Some(vec![granted.hash]);
            }
        }
    }

    /// True if the key is free for other data.
    fn release(&mut self, granted: &Granted, certainly_unsigned: bool) -> bool {
        let Some(claim) = self.row.as_mut() else {
            return false;
        };
        if certainly_unsigned && may_be_freed(claim, &granted.secret) {
            self.row = None;
            return true;
        }
        if claim.secret == Some(granted.secret) && claim.signature.is_none() {
            claim.secret = None;
            claim.replay = None;
        }
        false
    }

    fn open_stuck(&mut self) {
        if let Some(claim) = self.row.as_mut() {
            if claim.signature.is_none() && claim.lease_until <= self.now {
                claim.secret = None;
                claim.replay = None;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// The model knows nothing of rows: it keeps the hashes that somebody may have signed, and takes one away only when its
    /// only holder swore that it did not.
    #[test]
    fn two_hashes_are_never_out_at_once(actions in proptest::collection::vec(action(), 1..60)) {
        let mut ledger = Ledger::default();
        let mut grants: Vec<Granted> = Vec::new();
        let mut possibly_signed: Vec<u8> = Vec::new();
        for action in actions {
            match action {
                Action::Acquire { node, hash, request, lease } => {
                    if let Some(granted) = ledger.acquire(node, hash, request, lease) {
                        possibly_signed.push(hash);
                        grants.push(granted);
                    }
                }
                Action::Sign { grant } => {
                    if let Some(granted) = grants.get(grant) {
                        ledger.sign(granted);
                    }
                }
                Action::Release { grant, certainly_unsigned } => {
                    if let Some(granted) = grants.get(grant).cloned() {
                        if ledger.release(&granted, certainly_unsigned) {
                            let place = possibly_signed.iter().position(|hash| *hash == granted.hash);
                            possibly_signed.remove(place.expect("only a granted hash is freed"));
                        }
                    }
                }
                Action::OpenStuck => ledger.open_stuck(),
                Action::Pass { time } => ledger.now += time,
            }
            let first = possibly_signed.first();
            prop_assert!(possibly_signed.iter().all(|hash| Some(hash) == first), "{:?}", possibly_signed);
            if let (Some(first), Some(claim)) = (first, ledger.row.as_ref()) {
                prop_assert_eq!(claim.message_hash, Some([*first; 32]));
            }
            prop_assert!(first.is_none() || ledger.row.is_some(), "a hash that may be signed is forgotten");
        }
    }
}
