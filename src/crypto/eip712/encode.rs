//! Values by their types: `hashStruct`, `encodeData`.

use super::json::Json;
use super::path::Path;
use super::types::{Base, Types};
use crate::crypto::keccak::keccak256;
use crate::duty::error::Error;

/// Values in values. The stack has an end, and nobody signs what is nested like this.
const DEEPEST: usize = 128;

pub struct Encoder<'t> {
    types: &'t Types,
    /// Of those that have been met.
    type_hashes: Vec<Option<[u8; 32]>>,
}

impl<'t> Encoder<'t> {
    pub fn new(types: &'t Types) -> Self {
        Self { types, type_hashes: vec![None; types.count()] }
    }

    pub fn hash_struct(&mut self, index: usize, json: Json, path: &Path) -> Result<[u8; 32], Error> {
        let members = json.members(path)?;
        let types = self.types;
        let mut data = self.type_hash(index).to_vec();
        for field in types.fields(index) {
            let here = path.member(&field.name);
            let Some(value) = members.get(&field.name) else {
                return Err(here.not_allowed(
                    format!("missing, and type {} has it", super::shown_name(types.name(index))),
                    "Every field of a type must be given. Is its name written alike?",
                ));
            };
            data.extend(self.word(field.base, &field.dimensions, *value, &here)?);
        }
        Ok(keccak256(&data))
    }

    fn word(&mut self, base: Base, dimensions: &[Option<usize>], json: Json, path: &Path) -> Result<[u8; 32], Error> {
        if path.depth() > DEEPEST {
            return Err(path.not_allowed(
                format!("nested more than {DEEPEST} values deep"),
                "Is the right value given? Typed data is not nested like this.",
            ));
        }
        if let Some((length, inner)) = dimensions.split_last() {
            return self.array(base, inner, *length, json, path);
        }
        match base {
            Base::Atomic(atomic) => atomic.word(json, path),
            // As eth_signTypedData_v4 has it: only so can a type refer to itself and come to an end.
            Base::Struct(_) if json.is_null() => Ok([0; 32]),
            Base::Struct(index) => self.hash_struct(index, json, path),
        }
    }

    fn array(
        &mut self,
        base: Base,
        inner: &[Option<usize>],
        length: Option<usize>,
        json: Json,
        path: &Path,
    ) -> Result<[u8; 32], Error> {
        let items = json.items(path)?;
        if let Some(length) = length.filter(|length| *length != items.len()) {
            return Err(path.not_allowed(
                format!("{} values where the type has {length}", items.len()),
                "Give as many values as the type says.",
            ));
        }
        let mut data = Vec::new();
        for (place, item) in items.into_iter().enumerate() {
            data.extend(self.word(base, inner, item, &path.item(place))?);
        }
        Ok(keccak256(&data))
    }

    fn type_hash(&mut self, index: usize) -> [u8; 32] {
        let types = self.types;
        match self.type_hashes.get_mut(index) {
            Some(known) => *known.get_or_insert_with(|| types.type_hash(index)),
            None => types.type_hash(index),
        }
    }
}
