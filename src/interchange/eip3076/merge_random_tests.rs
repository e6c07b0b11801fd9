//! Tests of merging with any records, against a model that looks at every pair.

use super::history::{Attestation, Block, History, Known, KnownAttestation, KnownBlock, State};
use super::merge::{merge, Merged};
use super::merge_tests::{attestation, block, history, signed};
use crate::duty::vote::SignedVote;
use proptest::prelude::*;

/// Few different ones, so that many are for one key.
fn root() -> impl Strategy<Value = Option<u8>> {
    prop::option::weighted(0.7, 1..4_u8)
}

fn state() -> impl Strategy<Value = State> {
    prop::sample::select(vec![State::Signed, State::Signed, State::Imported, State::Imported, State::Unsigned])
}

fn file() -> impl Strategy<Value = History> {
    let blocks = prop::collection::vec((0..6_i64, root()).prop_map(|(slot, root)| block(slot, root)), 0..8);
    let vote = (0..6_i64, 0..6_i64, root()).prop_map(|(source, target, root)| attestation(source, target, root));
    (blocks, prop::collection::vec(vote, 0..8)).prop_map(|(blocks, attestations)| history(blocks, attestations))
}

/// Distinct indices for each key, as the ledger's own key demands.
fn known() -> impl Strategy<Value = Known> {
    let blocks = prop::collection::vec((0..6_i64, root(), state()), 0..4);
    let votes = prop::collection::vec((0..6_i64, 0..6_i64, root(), state()), 0..4);
    (any::<bool>(), blocks, votes).prop_map(|(registered_before, blocks, votes)| Known {
        registered_before,
        blocks: (1..)
            .zip(blocks)
            .map(|(count, (slot, root, state))| KnownBlock {
                slot,
                signing_root: root.map(|byte| [byte; 32]),
                state,
                block_index: -count,
            })
            .collect(),
        attestations: (1..)
            .zip(votes)
            .map(|(count, (source, target, root, state))| KnownAttestation {
                signed: signed(source, target, root),
                state,
                block_index: -count,
            })
            .collect(),
    })
}

/// A record as the model sees it: its key, its source, its root.
type Plain = (i64, i64, Option<[u8; 32]>);

fn of_block(slot: i64, root: Option<[u8; 32]>) -> Plain {
    (slot, 0, root)
}

fn of_vote(signed: &SignedVote) -> Plain {
    (signed.vote.target_epoch, signed.vote.source_epoch, signed.signing_root)
}

fn distinct(records: Vec<Plain>) -> Vec<Plain> {
    let mut distinct: Vec<Plain> = Vec::new();
    for record in &records {
        let (key, source, root) = *record;
        let with_root = |other: &Plain| (other.0, other.1) == (key, source) && other.2.is_some();
        let absorbed = root.is_none() && records.iter().any(with_root);
        if !absorbed && !distinct.contains(record) {
            distinct.push(*record);
        }
    }
    distinct
}

fn double(one: &Plain, other: &Plain) -> bool {
    let other_root = one.2.is_some() && other.2.is_some() && one.2 != other.2;
    one.0 == other.0 && (one.1 != other.1 || other_root)
}

fn surround(one: &Plain, other: &Plain) -> bool {
    (one.1 < other.1 && other.0 < one.0) || (other.1 < one.1 && one.0 < other.0)
}

fn model_blocks(file: &[Block]) -> Vec<Plain> {
    distinct(file.iter().map(|block| of_block(block.slot, block.signing_root)).collect())
}

fn model_votes(file: &[Attestation]) -> Vec<Plain> {
    distinct(file.iter().map(|attestation| of_vote(&attestation.signed)).collect())
}

fn model_slashable(file: &History, known: &Known) -> u64 {
    let (blocks, votes) = (model_blocks(&file.blocks), model_votes(&file.attestations));
    let known_blocks = known.blocks.iter().map(|known| of_block(known.slot, known.signing_root));
    let known_votes = known.attestations.iter().map(|known| of_vote(&known.signed));
    let all_blocks: Vec<Plain> = blocks.iter().copied().chain(known_blocks).collect();
    let all_votes: Vec<Plain> = votes.iter().copied().chain(known_votes).collect();
    let bad_block = |block: &&Plain| all_blocks.iter().any(|other| double(block, other));
    let bad_vote =
        |vote: &&Plain| vote.1 > vote.0 || all_votes.iter().any(|other| double(vote, other) || surround(vote, other));
    (blocks.iter().filter(bad_block).count() + votes.iter().filter(bad_vote).count()) as u64
}

/// A message that nobody may be signing just now, beside what may be.
fn model_refused(file: &History, known: &Known) -> bool {
    let block = |block: &Block, known: &KnownBlock| {
        known.slot == block.slot && !(known.signing_root.is_some() && known.signing_root == block.signing_root)
    };
    let vote = |vote: &Attestation, known: &KnownAttestation| {
        let (vote, known) = (of_vote(&vote.signed), of_vote(&known.signed));
        surround(&vote, &known) || (vote.0 == known.0 && !(known.2.is_some() && vote == known))
    };
    let unsigned_blocks = || known.blocks.iter().filter(|known| known.state == State::Unsigned);
    let unsigned_votes = || known.attestations.iter().filter(|known| known.state == State::Unsigned);
    file.blocks.iter().any(|one| unsigned_blocks().any(|known| block(one, known)))
        || file.attestations.iter().any(|one| unsigned_votes().any(|known| vote(one, known)))
}

fn model_votes_may_surround(file: &History, known: &Known, any_new: bool) -> bool {
    let votes = model_votes(&file.attestations);
    let pair =
        |place: usize, one: &Plain| votes[place + 1..].iter().any(|other| one.0 == other.0 || surround(one, other));
    votes.iter().any(|vote| vote.1 > vote.0)
        || votes.iter().enumerate().any(|(place, vote)| pair(place, vote))
        || known.registered_before && any_new
}

fn imported(known: &Known, merged: &Merged) -> Known {
    let mut all = Known { registered_before: true, ..known.clone() };
    all.blocks.extend(merged.blocks.iter().map(|new| KnownBlock {
        slot: new.slot,
        signing_root: new.signing_root,
        state: State::Imported,
        block_index: new.block_index,
    }));
    all.attestations.extend(merged.attestations.iter().map(|new| KnownAttestation {
        signed: new.signed,
        state: State::Imported,
        block_index: new.block_index,
    }));
    all
}

proptest! {
    #[test]
    fn what_is_slashable_and_refused_is_what_looking_at_every_pair_says(file in file(), known in known()) {
        let outcome = merge(file.clone(), &known);
        prop_assert_eq!(outcome.is_err(), model_refused(&file, &known));
        if let Ok(merged) = outcome {
            prop_assert_eq!(merged.slashable, model_slashable(&file, &known));
            let any_new = !merged.attestations.is_empty();
            prop_assert_eq!(merged.votes_may_surround, model_votes_may_surround(&file, &known, any_new));
            prop_assert_eq!(merged.blocks_in_file, model_blocks(&file.blocks).len() as u64);
            prop_assert_eq!(merged.attestations_in_file, model_votes(&file.attestations).len() as u64);
        }
    }

    #[test]
    fn a_file_that_was_merged_brings_nothing_new(file in file(), known in known()) {
        if let Ok(merged) = merge(file.clone(), &known) {
            let again = merge(file, &imported(&known, &merged));
            prop_assert_eq!(again.as_ref().map(|again| (again.blocks.len(), again.attestations.len())), Ok((0, 0)));
            prop_assert_eq!(again.map(|again| again.low), Ok(merged.low));
        }
    }

    #[test]
    fn every_record_of_the_file_is_in_the_ledger_afterwards(file in file(), known in known()) {
        if let Ok(merged) = merge(file.clone(), &known) {
            let all = imported(&known, &merged);
            let same_or_unknown = |one: Plain, other: Plain| {
                (one.0, one.1) == (other.0, other.1) && (one.2 == other.2 || one.2.is_none() || other.2.is_none())
            };
            for one in &file.blocks {
                let record = of_block(one.slot, one.signing_root);
                prop_assert!(all.blocks.iter().any(|known| same_or_unknown(record, of_block(known.slot, known.signing_root))));
            }
            for one in &file.attestations {
                let record = of_vote(&one.signed);
                prop_assert!(all.attestations.iter().any(|known| same_or_unknown(record, of_vote(&known.signed))));
            }
        }
    }

    #[test]
    fn no_index_is_given_twice_for_a_key(file in file(), known in known()) {
        if let Ok(merged) = merge(file, &known) {
            let all = imported(&known, &merged);
            let mut blocks: Vec<_> = all.blocks.iter().map(|block| (block.slot, block.block_index)).collect();
            let mut votes: Vec<_> =
                all.attestations.iter().map(|known| (known.signed.vote.target_epoch, known.block_index)).collect();
            let (block_count, vote_count) = (blocks.len(), votes.len());
            blocks.sort_unstable();
            blocks.dedup();
            votes.sort_unstable();
            votes.dedup();
            prop_assert_eq!((blocks.len(), votes.len()), (block_count, vote_count));
            prop_assert!(merged.blocks.iter().all(|block| block.block_index < 0));
        }
    }

    #[test]
    fn the_order_of_the_file_does_not_matter(
        (file, other) in file().prop_flat_map(|file| {
            let shuffled = (Just(file.blocks.clone()).prop_shuffle(), Just(file.attestations.clone()).prop_shuffle());
            (Just(file), shuffled.prop_map(|(blocks, attestations)| history(blocks, attestations)))
        }),
        (known, other_known) in known().prop_flat_map(|known| {
            let shuffled = (Just(known.blocks.clone()).prop_shuffle(), Just(known.attestations.clone()).prop_shuffle());
            let registered_before = known.registered_before;
            (Just(known), shuffled.prop_map(move |(blocks, attestations)| Known { registered_before, blocks, attestations }))
        }),
    ) {
        // Which item is refused is a matter of places, which do change.
        prop_assert_eq!(merge(file.clone(), &known).ok(), merge(other, &known).ok());
        prop_assert_eq!(merge(file.clone(), &known), merge(file, &other_known));
    }
}
