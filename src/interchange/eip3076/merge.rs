//! What an import adds to the ledger for one validator, and what stands in its way.

use super::by_key::ByKey;
use super::history::{Attestation, Block, History, Known, KnownAttestation, KnownBlock, Place, SigningRoot, State};
use super::record::{alike, OnRecord, Placed, Record};
use super::votes_by_target::VotesByTarget;
use crate::duty::vote::SignedVote;
use crate::rules::ethereum::{source_after_target, LowWatermarks};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewBlock {
    pub slot: i64,
    pub signing_root: Option<SigningRoot>,
    pub block_index: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewAttestation {
    pub signed: SignedVote,
    pub block_index: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// By slot, then downwards by index.
    pub blocks: Vec<NewBlock>,
    /// By target, then downwards by index.
    pub attestations: Vec<NewAttestation>,
    /// The least slot, source and target of the file, new or not.
    pub low: LowWatermarks,
    /// Whether the votes on record may not be such that two neighbours stand for all of them.
    pub votes_may_surround: bool,
    /// The file's records that are slashable by themselves or beside another one, of the file or among those given as known.
    pub slashable: u64,
    /// Without those that add nothing beside another record of the file.
    pub blocks_in_file: u64,
    pub attestations_in_file: u64,
}

/// The item of the file that is not taken, and the ledger's record that is in its way: one that may yet be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    Block(Place, KnownBlock),
    Attestation(Place, KnownAttestation),
    Surround(Place, KnownAttestation),
}

/// Nothing here depends on the order of the records.
///
/// A record without root says no more than its like with one: it is dropped beside that. Beside a like without root in the
/// ledger, one with a root is dropped too, as what the ledger has for a duty is never rewritten.
pub fn merge(file: History, known: &Known) -> Result<Merged, Refused> {
    check_blocks(&file.blocks, &known.blocks)?;
    check_attestations(&file.attestations, &known.attestations)?;

    let (known_blocks, known_attestations) = (ByKey::all(&known.blocks), ByKey::all(&known.attestations));
    let low = low_watermarks(&file);
    let (blocks, attestations) = (distinct(file.blocks), distinct(file.attestations));
    let votes = VotesByTarget::new(attestations.iter().map(|attestation| attestation.signed.vote));
    let known_votes = VotesByTarget::new(known.attestations.iter().map(|known| known.signed.vote));
    let new_attestations = added(&attestations, &known_attestations, |attestation, block_index| NewAttestation {
        signed: attestation.signed,
        block_index,
    });
    let slashable_vote = |attestation: &Attestation| {
        let vote = attestation.signed.vote;
        source_after_target(vote) || votes.beside(vote).is_some() || known_votes.beside(vote).is_some()
    };
    Ok(Merged {
        low,
        votes_may_surround: out_of_order(&attestations, &votes)
            || known.registered_before && !new_attestations.is_empty(),
        slashable: count_slashable(&blocks, &known_blocks, |_| false)
            + count_slashable(&attestations, &known_attestations, slashable_vote),
        blocks_in_file: blocks.len() as u64,
        attestations_in_file: attestations.len() as u64,
        blocks: added(&blocks, &known_blocks, |block, block_index| NewBlock {
            slot: block.slot,
            signing_root: block.signing_root,
            block_index,
        }),
        attestations: new_attestations,
    })
}

/// Nobody may be signing another block for a slot of the file just now.
fn check_blocks(blocks: &[Block], known: &[KnownBlock]) -> Result<(), Refused> {
    let unsigned = ByKey::unsigned(known);
    check(blocks, |block| {
        let other = unsigned.beside(block.key()).other_than(block)?;
        Some(Refused::Block(block.place, other))
    })
}

/// Nobody may be casting a vote just now that is slashable beside one of the file.
fn check_attestations(attestations: &[Attestation], known: &[KnownAttestation]) -> Result<(), Refused> {
    let by_key = ByKey::unsigned(known);
    let unsigned = || known.iter().filter(|known| known.state == State::Unsigned);
    let votes = VotesByTarget::new(unsigned().map(|known| known.signed.vote));
    check(attestations, |attestation| {
        if let Some(other) = by_key.beside(attestation.key()).other_than(attestation) {
            return Some(Refused::Attestation(attestation.place, other));
        }
        let vote = votes.beside(attestation.signed.vote)?;
        let in_the_way = unsigned().filter(|known| known.signed.vote == vote).max_by_key(|known| known.block_index)?;
        Some(Refused::Surround(attestation.place, *in_the_way))
    })
}

/// The refusal of the item that stands first in the file.
fn check<F: Placed>(items: &[F], refused: impl Fn(&F) -> Option<Refused>) -> Result<(), Refused> {
    let mut first: Option<(Place, Refused)> = None;
    for item in items {
        if first.is_some_and(|(place, _)| place < item.place()) {
            continue;
        }
        first = refused(item).map(|refused| (item.place(), refused)).or(first);
    }
    first.map_or(Ok(()), |(_, refused)| Err(refused))
}

fn low_watermarks(file: &History) -> LowWatermarks {
    let votes = || file.attestations.iter().map(|attestation| attestation.signed.vote);
    LowWatermarks {
        block_slot: file.blocks.iter().map(|block| block.slot).min(),
        source_epoch: votes().map(|vote| vote.source_epoch).min(),
        target_epoch: votes().map(|vote| vote.target_epoch).min(),
    }
}

/// In the order of contents, without those that add nothing.
fn distinct<F: Record>(mut records: Vec<F>) -> Vec<F> {
    records.sort_unstable_by(|one, other| one.contents().cmp(&other.contents()));
    records.dedup_by(|next, kept| {
        alike(next, kept) && (next.signing_root().is_none() || next.signing_root() == kept.signing_root())
    });
    records
}

/// The records that the ledger lacks, each with an index that is free for its key.
fn added<F: Record, K: OnRecord, N>(records: &[F], known: &ByKey<K>, new: impl Fn(&F, i32) -> N) -> Vec<N> {
    let mut added = Vec::new();
    let mut lacking: Vec<&F> = Vec::new();
    for same_key in records.chunk_by(|one, next| one.key() == next.key()) {
        let beside = known.beside(same_key[0].key());
        lacking.clear();
        lacking.extend(same_key.iter().filter(|record| !beside.absorbs(*record)));
        // One with a root goes first, for the first alone answers when a duty is asked for again.
        lacking.sort_by_key(|record| record.signing_root().is_none());
        let next_index = beside.next_index();
        let indices = (0..).map(|count| next_index.saturating_sub(count));
        added.extend(lacking.iter().zip(indices).map(|(record, block_index)| new(record, block_index)));
    }
    added
}

/// Doubles, and whatever else is slashable. Distinct records for one key are always doubles.
fn count_slashable<F: Record, K: OnRecord>(records: &[F], known: &ByKey<K>, otherwise: impl Fn(&F) -> bool) -> u64 {
    let mut count = 0;
    for same_key in records.chunk_by(|one, next| one.key() == next.key()) {
        let beside = known.beside(same_key[0].key());
        let slashable = |record: &&F| same_key.len() > 1 || beside.has_other_message(*record) || otherwise(record);
        count += same_key.iter().filter(slashable).count() as u64;
    }
    count
}

/// Whether two neighbours may not stand for all of the file's votes.
fn out_of_order(attestations: &[Attestation], votes: &VotesByTarget) -> bool {
    attestations.iter().any(|attestation| source_after_target(attestation.signed.vote))
        || attestations.windows(2).any(|pair| pair[0].key() == pair[1].key())
        || votes.any_surrounds()
}
