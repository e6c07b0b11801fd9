//! Tests of merging: what is new, what is refused, and what is slashable.

use super::history::{Attestation, Block, History, Known, KnownAttestation, KnownBlock, Place, State};
use super::merge::{merge, Merged, NewAttestation, NewBlock, Refused};
use crate::duty::vote::{SignedVote, Vote};
use crate::rules::ethereum::LowWatermarks;

pub fn block(slot: i64, root: Option<u8>) -> Block {
    Block { slot, signing_root: root.map(|byte| [byte; 32]), place: Place { entry: 0, item: 0 } }
}

pub fn signed(source_epoch: i64, target_epoch: i64, root: Option<u8>) -> SignedVote {
    SignedVote { vote: Vote { source_epoch, target_epoch }, signing_root: root.map(|byte| [byte; 32]) }
}

pub fn attestation(source_epoch: i64, target_epoch: i64, root: Option<u8>) -> Attestation {
    Attestation { signed: signed(source_epoch, target_epoch, root), place: Place { entry: 0, item: 0 } }
}

/// A history whose records stand in the file as they are given.
pub fn history(mut blocks: Vec<Block>, mut attestations: Vec<Attestation>) -> History {
    blocks.iter_mut().zip(0..).for_each(|(block, item)| block.place.item = item);
    attestations.iter_mut().zip(0..).for_each(|(attestation, item)| attestation.place.item = item);
    History { validator: [1; 48], blocks, attestations }
}

fn known_block(slot: i64, root: Option<u8>, state: State, block_index: i32) -> KnownBlock {
    KnownBlock { slot, signing_root: root.map(|byte| [byte; 32]), state, block_index }
}

fn known_vote(signed: SignedVote, state: State, block_index: i32) -> KnownAttestation {
    KnownAttestation { signed, state, block_index }
}

fn new_block(slot: i64, root: Option<u8>, block_index: i32) -> NewBlock {
    NewBlock { slot, signing_root: root.map(|byte| [byte; 32]), block_index }
}

fn new_vote(signed: SignedVote, block_index: i32) -> NewAttestation {
    NewAttestation { signed, block_index }
}

fn merge_blocks(blocks: &[Block], known: &[KnownBlock]) -> Result<Merged, Refused> {
    merge(history(blocks.to_vec(), vec![]), &Known { blocks: known.to_vec(), ..Known::default() })
}

fn merge_votes(attestations: &[Attestation], known: &[KnownAttestation]) -> Result<Merged, Refused> {
    merge(history(vec![], attestations.to_vec()), &Known { attestations: known.to_vec(), ..Known::default() })
}

fn new_blocks(blocks: &[Block], known: &[KnownBlock]) -> Vec<NewBlock> {
    merge_blocks(blocks, known).unwrap().blocks
}

fn new_votes(attestations: &[Attestation], known: &[KnownAttestation]) -> Vec<NewAttestation> {
    merge_votes(attestations, known).unwrap().attestations
}

fn slashable_votes(attestations: &[Attestation], known: &[KnownAttestation]) -> u64 {
    merge_votes(attestations, known).unwrap().slashable
}

fn votes_may_surround(attestations: &[Attestation]) -> bool {
    merge_votes(attestations, &[]).unwrap().votes_may_surround
}

#[test]
fn an_empty_history_adds_nothing() {
    let merged = merge(history(vec![], vec![]), &Known { registered_before: true, ..Known::default() }).unwrap();
    let nothing = Merged {
        blocks: vec![],
        attestations: vec![],
        low: LowWatermarks::default(),
        votes_may_surround: false,
        slashable: 0,
        blocks_in_file: 0,
        attestations_in_file: 0,
    };
    assert_eq!(merged, nothing);
}

#[test]
fn identical_records_are_one() {
    for root in [None, Some(1)] {
        let file = history(vec![block(5, root); 3], vec![attestation(1, 2, root); 3]);
        let merged = merge(file, &Known::default()).unwrap();
        assert_eq!(merged.blocks, [new_block(5, root, -1)]);
        assert_eq!(merged.attestations, [new_vote(signed(1, 2, root), -1)]);
        assert_eq!((merged.blocks_in_file, merged.attestations_in_file), (1, 1));
        assert_eq!((merged.slashable, merged.votes_may_surround), (0, false));
    }
}

#[test]
fn a_record_without_root_adds_nothing_beside_one_with_a_root_in_the_file() {
    assert_eq!(new_blocks(&[block(5, None), block(5, Some(1))], &[]), [new_block(5, Some(1), -1)]);
    let votes = [attestation(1, 2, Some(1)), attestation(1, 2, None)];
    assert_eq!(new_votes(&votes, &[]), [new_vote(signed(1, 2, Some(1)), -1)]);
    assert_eq!(slashable_votes(&votes, &[]), 0);
    assert!(!votes_may_surround(&votes));
}

#[test]
fn a_record_without_root_adds_nothing_beside_a_known_one() {
    for root in [None, Some(1)] {
        for state in [State::Signed, State::Imported] {
            assert_eq!(new_blocks(&[block(5, None)], &[known_block(5, root, state, -1)]), []);
            let known = [known_vote(signed(1, 2, root), state, -1)];
            assert_eq!(new_votes(&[attestation(1, 2, None)], &known), []);
            assert_eq!(slashable_votes(&[attestation(1, 2, None)], &known), 0);
        }
    }
}

#[test]
fn a_record_with_root_adds_nothing_beside_a_known_one_without() {
    let known = [known_block(5, None, State::Imported, -1), known_block(5, Some(9), State::Imported, -2)];
    let merged = merge_blocks(&[block(5, Some(1)), block(5, Some(2))], &known).unwrap();
    assert_eq!(merged.blocks, []);
    assert_eq!(merged.slashable, 2);
    let known = [known_vote(signed(1, 2, None), State::Imported, -1)];
    assert_eq!(new_votes(&[attestation(1, 2, Some(1))], &known), []);
    assert_eq!(slashable_votes(&[attestation(1, 2, Some(1))], &known), 0);
}

#[test]
fn a_vote_without_root_from_another_source_is_another_vote() {
    let votes = [attestation(1, 2, None), attestation(0, 2, Some(1))];
    assert_eq!(new_votes(&votes, &[]), [new_vote(signed(0, 2, Some(1)), -1), new_vote(signed(1, 2, None), -2)]);
    assert_eq!(slashable_votes(&votes, &[]), 2);
    let known = [known_vote(signed(0, 2, None), State::Imported, -1)];
    assert_eq!(new_votes(&votes[..1], &known), [new_vote(signed(1, 2, None), -2)]);
    assert_eq!(slashable_votes(&votes[..1], &known), 1);
}

#[test]
fn different_records_for_one_key_count_down_in_an_order_of_their_own() {
    let blocks = [block(5, Some(3)), block(4, None), block(5, Some(1)), block(5, Some(2)), block(5, None)];
    let expected =
        [new_block(4, None, -1), new_block(5, Some(1), -1), new_block(5, Some(2), -2), new_block(5, Some(3), -3)];
    assert_eq!(new_blocks(&blocks, &[]), expected);
    let votes = [
        attestation(1, 3, None),
        attestation(2, 3, Some(1)),
        attestation(1, 3, Some(9)),
        attestation(0, 3, None),
        attestation(1, 3, Some(8)),
    ];
    let expected = [
        new_vote(signed(1, 3, Some(8)), -1),
        new_vote(signed(1, 3, Some(9)), -2),
        new_vote(signed(2, 3, Some(1)), -3),
        new_vote(signed(0, 3, None), -4),
    ];
    assert_eq!(new_votes(&votes, &[]), expected);
}

#[test]
fn new_records_go_below_the_least_index_that_is_known_for_their_key() {
    let known = [
        known_block(5, Some(9), State::Imported, -4),
        known_block(5, Some(2), State::Signed, -1),
        known_block(6, Some(2), State::Imported, -7),
    ];
    let blocks = [block(5, Some(1)), block(5, Some(2)), block(5, Some(3))];
    assert_eq!(new_blocks(&blocks, &known), [new_block(5, Some(1), -5), new_block(5, Some(3), -6)]);
    let known = [known_vote(signed(1, 5, Some(9)), State::Imported, -1)];
    assert_eq!(new_votes(&[attestation(0, 5, Some(9))], &known), [new_vote(signed(0, 5, Some(9)), -2)]);
}

#[test]
fn other_data_for_a_duty_that_may_yet_be_signed_is_refused() {
    let place = Place { entry: 0, item: 1 };
    let unsigned = known_block(5, Some(1), State::Unsigned, -1);
    for root in [None, Some(2)] {
        let refused = merge_blocks(&[block(4, None), block(5, root)], &[unsigned]);
        assert_eq!(refused, Err(Refused::Block(place, unsigned)));
        let refused = merge_blocks(&[block(5, Some(1)), block(5, root)], &[unsigned]);
        assert_eq!(refused, Err(Refused::Block(place, unsigned)));
    }
    assert_eq!(new_blocks(&[block(5, Some(1)), block(6, Some(2))], &[unsigned]), [new_block(6, Some(2), -1)]);

    let unsigned = known_vote(signed(1, 5, Some(1)), State::Unsigned, -1);
    for other in [attestation(1, 5, None), attestation(1, 5, Some(2)), attestation(0, 5, Some(1))] {
        let refused = merge_votes(&[attestation(0, 4, None), other], &[unsigned]);
        assert_eq!(refused, Err(Refused::Attestation(place, unsigned)));
    }
    assert_eq!(new_votes(&[attestation(1, 5, Some(1))], &[unsigned]), []);
}

#[test]
fn a_record_is_refused_beside_one_without_root_that_may_yet_be_signed() {
    let unsigned = known_block(5, None, State::Unsigned, -1);
    for root in [None, Some(1)] {
        let refused = merge_blocks(&[block(5, root)], &[unsigned]);
        assert_eq!(refused, Err(Refused::Block(Place { entry: 0, item: 0 }, unsigned)));
    }
}

#[test]
fn a_surround_with_a_vote_that_may_yet_be_cast_is_refused() {
    let unsigned = known_vote(signed(3, 6, Some(1)), State::Unsigned, -1);
    let beside = [known_vote(signed(0, 1, Some(1)), State::Unsigned, -1), unsigned];
    for surround in [attestation(2, 7, Some(1)), attestation(4, 5, None)] {
        let refused = merge_votes(&[attestation(3, 7, None), surround], &beside);
        assert_eq!(refused, Err(Refused::Surround(Place { entry: 0, item: 1 }, unsigned)));
    }
    let signed_or_imported = [State::Signed, State::Imported].map(|state| KnownAttestation { state, ..unsigned });
    for known in signed_or_imported {
        assert_eq!(slashable_votes(&[attestation(2, 7, Some(1))], &[known]), 1);
    }
}

#[test]
fn the_refusal_that_stands_first_in_the_file_is_reported() {
    let first = known_vote(signed(3, 6, Some(1)), State::Unsigned, -1);
    let second = known_vote(signed(3, 8, Some(1)), State::Unsigned, -1);
    let mut file = history(vec![], vec![attestation(2, 8, None), attestation(2, 7, None), attestation(4, 6, None)]);
    let known = Known { attestations: vec![first, second], ..Known::default() };
    assert_eq!(merge(file.clone(), &known), Err(Refused::Attestation(Place { entry: 0, item: 0 }, second)));
    file.attestations.remove(0);
    file.attestations.reverse();
    assert_eq!(merge(file, &known), Err(Refused::Surround(Place { entry: 0, item: 1 }, first)));
}

#[test]
fn the_low_watermarks_are_the_least_of_the_file_even_if_all_is_known() {
    let file = history(
        vec![block(9, None), block(5, Some(1)), block(7, None)],
        vec![attestation(3, 4, None), attestation(2, 6, None)],
    );
    let low = LowWatermarks { block_slot: Some(5), source_epoch: Some(2), target_epoch: Some(4) };
    assert_eq!(merge(file.clone(), &Known::default()).unwrap().low, low);
    let known = Known {
        registered_before: true,
        blocks: file
            .blocks
            .iter()
            .map(|block| KnownBlock {
                slot: block.slot,
                signing_root: block.signing_root,
                state: State::Imported,
                block_index: -1,
            })
            .collect(),
        attestations: file
            .attestations
            .iter()
            .map(|attestation| known_vote(attestation.signed, State::Imported, -1))
            .collect(),
    };
    let merged = merge(file, &known).unwrap();
    assert_eq!((merged.low, merged.blocks, merged.attestations), (low, vec![], vec![]));
    assert_eq!(
        merge_blocks(&[block(5, None)], &[]).unwrap().low,
        LowWatermarks { block_slot: Some(5), ..LowWatermarks::default() }
    );
}

#[test]
fn votes_in_order_do_not_surround() {
    assert!(!votes_may_surround(&[
        attestation(2, 3, None),
        attestation(0, 1, None),
        attestation(0, 2, None),
        attestation(3, 3 + 1, None)
    ]));
}

#[test]
fn votes_may_surround_where_the_file_has_them_out_of_order() {
    assert!(votes_may_surround(&[attestation(1, 4, None), attestation(2, 3, None)]));
    assert!(votes_may_surround(&[attestation(1, 9, None), attestation(2, 3, None), attestation(3, 4, None)]));
    assert!(votes_may_surround(&[attestation(1, 4, Some(1)), attestation(1, 4, Some(2))]));
    assert!(votes_may_surround(&[attestation(1, 4, None), attestation(2, 4, None)]));
    assert!(votes_may_surround(&[attestation(4, 3, None)]));
}

#[test]
fn new_votes_of_a_validator_that_was_known_may_surround_what_is_not_at_hand() {
    let known = Known { registered_before: true, ..Known::default() };
    assert!(merge(history(vec![], vec![attestation(1, 2, None)]), &known).unwrap().votes_may_surround);
    assert!(!merge(history(vec![block(1, None)], vec![]), &known).unwrap().votes_may_surround);
    let same = vec![known_vote(signed(1, 2, None), State::Imported, -1)];
    let known = Known { attestations: same, ..known };
    assert!(!merge(history(vec![], vec![attestation(1, 2, None)]), &known).unwrap().votes_may_surround);
}

#[test]
fn doubles_are_slashable_where_both_roots_are_known() {
    let slashable = |blocks: &[Block], known: &[KnownBlock]| merge_blocks(blocks, known).unwrap().slashable;
    assert_eq!(slashable(&[block(5, Some(1)), block(5, Some(2)), block(5, Some(2)), block(6, Some(1))], &[]), 2);
    assert_eq!(slashable(&[block(5, Some(1)), block(5, None)], &[]), 0);
    assert_eq!(slashable(&[block(5, Some(1))], &[known_block(5, Some(2), State::Signed, -1)]), 1);
    assert_eq!(slashable(&[block(5, Some(1))], &[known_block(5, None, State::Signed, -1)]), 0);
    assert_eq!(slashable(&[block(5, Some(1))], &[known_block(5, Some(1), State::Unsigned, -1)]), 0);
    assert_eq!(slashable_votes(&[attestation(1, 5, Some(1)), attestation(1, 5, Some(2))], &[]), 2);
    assert_eq!(
        slashable_votes(&[attestation(1, 5, Some(1))], &[known_vote(signed(1, 5, Some(2)), State::Signed, -1)]),
        1
    );
}

#[test]
fn surrounds_and_sources_after_targets_are_slashable() {
    assert_eq!(slashable_votes(&[attestation(1, 9, None), attestation(2, 3, None), attestation(9, 10, None)], &[]), 2);
    assert_eq!(slashable_votes(&[attestation(5, 4, Some(1)), attestation(9, 10, None)], &[]), 1);
}
