//! Reading an interchange file: one pass over its text, which ends at the first fault.

use super::history::{Attestation, Block, History, Place, PublicKey};
use super::leaf;
use super::reader::Reader;
use super::walk::{Item, Items, Members, Object};
use crate::duty::error::Error;
use crate::duty::vote::{SignedVote, Vote};
use serde::de::{DeserializeSeed, MapAccess};
use std::mem::take;

/// What a file says of each validator, in the order in which it first names them.
///
/// 22P02 for what is not JSON or not of the format's shape, 22003 for numbers beyond what can be kept, 22023 for another
/// version of the format, SG008 for another chain.
pub fn read(text: &str, genesis_validators_root: &[u8; 32], last_epoch: i64) -> Result<Vec<History>, Error> {
    let mut reader = Reader::new(genesis_validators_root, last_epoch);
    let mut json = serde_json::Deserializer::from_str(text);
    let file = Members { reader: &mut reader, object: &mut File };
    match file.deserialize(&mut json).and_then(|()| json.end()) {
        Ok(()) => Ok(one_for_each_validator(reader.histories)),
        Err(error) => Err(reader.explain(&error)),
    }
}

struct File;

impl<'text> Object<'text> for File {
    const REQUIRED: &'static [&'static str] = &["metadata", "data"];

    fn member<A: MapAccess<'text>>(
        &mut self,
        key: &'static str,
        reader: &mut Reader<'text, '_>,
        members: &mut A,
    ) -> Result<(), A::Error> {
        if key == "metadata" {
            return members.next_value_seed(Members { reader, object: &mut Metadata });
        }
        reader.histories = members.next_value_seed(Items::of(reader))?;
        Ok(())
    }
}

struct Metadata;

impl<'text> Object<'text> for Metadata {
    const REQUIRED: &'static [&'static str] = &["interchange_format_version", "genesis_validators_root"];

    fn member<A: MapAccess<'text>>(
        &mut self,
        key: &'static str,
        reader: &mut Reader<'text, '_>,
        members: &mut A,
    ) -> Result<(), A::Error> {
        if key == "interchange_format_version" {
            return reader.leaf(members, leaf::format_version);
        }
        let expected = reader.genesis_validators_root;
        reader.leaf(members, |json| leaf::genesis_validators_root(json, expected))
    }
}

impl<'text> Item<'text> for History {
    fn begin(index: u32, reader: &mut Reader<'text, '_>) -> Self {
        reader.entry = index;
        Self { validator: [0; size_of::<PublicKey>()], blocks: Vec::new(), attestations: Vec::new() }
    }
}

impl<'text> Object<'text> for History {
    const REQUIRED: &'static [&'static str] = &["pubkey", "signed_blocks", "signed_attestations"];

    fn member<A: MapAccess<'text>>(
        &mut self,
        key: &'static str,
        reader: &mut Reader<'text, '_>,
        members: &mut A,
    ) -> Result<(), A::Error> {
        match key {
            "pubkey" => self.validator = reader.leaf(members, leaf::bytes)?,
            "signed_blocks" => self.blocks = members.next_value_seed(Items::of(reader))?,
            _ => self.attestations = members.next_value_seed(Items::of(reader))?,
        }
        Ok(())
    }
}

impl<'text> Item<'text> for Block {
    fn begin(index: u32, reader: &mut Reader<'text, '_>) -> Self {
        Self { slot: 0, signing_root: None, place: Place { entry: reader.entry, item: index } }
    }
}

impl<'text> Object<'text> for Block {
    const REQUIRED: &'static [&'static str] = &["slot"];
    const OPTIONAL: &'static [&'static str] = &["signing_root"];

    fn member<A: MapAccess<'text>>(
        &mut self,
        key: &'static str,
        reader: &mut Reader<'text, '_>,
        members: &mut A,
    ) -> Result<(), A::Error> {
        match key {
            "slot" => self.slot = reader.leaf(members, leaf::number)?,
            _ => self.signing_root = reader.leaf(members, leaf::optional_root)?,
        }
        Ok(())
    }
}

impl<'text> Item<'text> for Attestation {
    fn begin(index: u32, reader: &mut Reader<'text, '_>) -> Self {
        let vote = Vote { source_epoch: 0, target_epoch: 0 };
        Self { signed: SignedVote { vote, signing_root: None }, place: Place { entry: reader.entry, item: index } }
    }
}

impl<'text> Object<'text> for Attestation {
    const REQUIRED: &'static [&'static str] = &["source_epoch", "target_epoch"];
    const OPTIONAL: &'static [&'static str] = &["signing_root"];

    fn member<A: MapAccess<'text>>(
        &mut self,
        key: &'static str,
        reader: &mut Reader<'text, '_>,
        members: &mut A,
    ) -> Result<(), A::Error> {
        let last_epoch = reader.last_epoch;
        let epoch = |json: &str| leaf::epoch(json, last_epoch);
        match key {
            "source_epoch" => self.signed.vote.source_epoch = reader.leaf(members, epoch)?,
            "target_epoch" => self.signed.vote.target_epoch = reader.leaf(members, epoch)?,
            _ => self.signed.signing_root = reader.leaf(members, leaf::optional_root)?,
        }
        Ok(())
    }
}

/// Brings the entries of a validator together where its first one stands.
fn one_for_each_validator(mut entries: Vec<History>) -> Vec<History> {
    let mut by_validator: Vec<usize> = (0..entries.len()).collect();
    by_validator.sort_by_key(|&entry| entries[entry].validator);
    let mut repeated = vec![false; entries.len()];
    let mut first = 0;
    for entry in by_validator {
        if entry == first || entries[entry].validator != entries[first].validator {
            first = entry;
            continue;
        }
        let (blocks, attestations) = (take(&mut entries[entry].blocks), take(&mut entries[entry].attestations));
        entries[first].blocks.extend(blocks);
        entries[first].attestations.extend(attestations);
        repeated[entry] = true;
    }
    let mut repeated = repeated.into_iter();
    entries.retain(|_| repeated.next() != Some(true));
    entries
}
