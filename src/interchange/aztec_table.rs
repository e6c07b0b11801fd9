//! The table of Aztec's validator-ha-signer, by the columns that its generations have given it.
//!
//! Source: `db/schema.ts` and `db/migrations` of `@aztec/validator-ha-signer`. A: 4.0 nightlies, no rollup's address. B: 4.1.
//! C: with checkpoint_number, and later expires_at. They differ in nothing else that matters here; other columns may be added.

use crate::duty::request::{Arguments, SubjectArguments};

/// What a column holds, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Bigint,
    Integer,
    /// Without time zone.
    Timestamp,
    Other,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Text => "varchar",
            Self::Bigint => "bigint",
            Self::Integer => "integer",
            Self::Timestamp => "timestamp",
            Self::Other => "another type",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub number: i16,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    A,
    B,
    C,
}

impl Generation {
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        }
    }
}

/// The numbers of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    pub rollup: Option<i16>,
    pub validator: i16,
    pub slot: i16,
    pub block_number: i16,
    pub checkpoint_number: Option<i16>,
    pub block_index: i16,
    pub duty_type: i16,
    pub status: i16,
    pub message_hash: i16,
    pub signature: i16,
    pub node_id: i16,
    pub lock_token: i16,
    pub started_at: i16,
    pub completed_at: i16,
}

/// What a table of another shape lacks, as the middle of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrecognised(pub String);

/// The names of the columns, where a statement is put together for them.
pub const ROLLUP: &str = "rollup_address";
pub const KEY: [&str; 4] = ["validator_address", "slot", "duty_type", "block_index_within_checkpoint"];

impl Shape {
    /// `find` knows a column by its name; `key` has the numbers of the primary key's columns.
    pub fn recognise(find: impl Fn(&str) -> Option<Column>, key: &[i16]) -> Result<Self, Unrecognised> {
        let need = |name: &str, kind: Kind| match find(name) {
            Some(column) if column.kind == kind => Ok(column.number),
            Some(_) => Err(Unrecognised(format!("column {name} is not of type {}", kind.name()))),
            None => Err(Unrecognised(format!("it has no column {name} ({})", kind.name()))),
        };
        let may_have = |name: &str, kind: Kind| find(name).map(|_| need(name, kind)).transpose();
        let shape = Self {
            rollup: may_have(ROLLUP, Kind::Text)?,
            validator: need("validator_address", Kind::Text)?,
            slot: need("slot", Kind::Bigint)?,
            block_number: need("block_number", Kind::Bigint)?,
            checkpoint_number: may_have("checkpoint_number", Kind::Bigint)?,
            block_index: need("block_index_within_checkpoint", Kind::Integer)?,
            duty_type: need("duty_type", Kind::Text)?,
            status: need("status", Kind::Text)?,
            message_hash: need("message_hash", Kind::Text)?,
            signature: need("signature", Kind::Text)?,
            node_id: need("node_id", Kind::Text)?,
            lock_token: need("lock_token", Kind::Text)?,
            started_at: need("started_at", Kind::Timestamp)?,
            completed_at: need("completed_at", Kind::Timestamp)?,
        };
        let mut expected: Vec<i16> = shape.key().collect();
        let mut found = key.to_vec();
        expected.sort_unstable();
        found.sort_unstable();
        if expected == found {
            return Ok(shape);
        }
        let rollup = shape.rollup.map_or("", |_| "rollup_address, ");
        Err(Unrecognised(format!("its primary key is not ({rollup}{})", KEY.join(", "))))
    }

    /// The columns of the primary key.
    pub fn key(&self) -> impl Iterator<Item = i16> {
        self.rollup.into_iter().chain([self.validator, self.slot, self.duty_type, self.block_index])
    }

    pub fn generation(&self) -> Generation {
        match (self.rollup, self.checkpoint_number) {
            (None, _) => Generation::A,
            (Some(_), None) => Generation::B,
            (Some(_), Some(_)) => Generation::C,
        }
    }
}

/// A row as a node inserts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    pub rollup: Option<String>,
    pub validator: Option<String>,
    pub slot: Option<i64>,
    pub block_number: Option<i64>,
    pub checkpoint_number: Option<i64>,
    pub block_index: Option<i32>,
    pub duty_type: Option<String>,
    pub message_hash: Option<String>,
    pub node_id: Option<String>,
}

impl Duty {
    /// The request that it is, with the lease of `try_acquire_duty`.
    pub fn arguments(self, chain: String, generation: Generation) -> Arguments {
        // Before checkpoint_number one column was for both numbers, and votes, which have neither, had 0.
        let (block_number, checkpoint_number) = match (generation, self.duty_type.as_deref()) {
            (Generation::C, _) => (self.block_number, self.checkpoint_number),
            (_, Some("CHECKPOINT_PROPOSAL")) => (None, self.block_number),
            (_, Some("GOVERNANCE_VOTE" | "SLASHING_VOTE")) => (None, None),
            _ => (self.block_number, None),
        };
        Arguments {
            chain: Some(chain),
            validator: self.validator,
            subject: SubjectArguments::Slot(self.slot),
            duty_type: self.duty_type,
            message_hash: self.message_hash,
            hash_argument: "message_hash",
            node_id: self.node_id,
            block_index: self.block_index,
            block_number,
            checkpoint_number,
            lease_ms: Some(LEASE_MS),
            request_id: None,
            wait_ms: Some(0),
            seen_position: None,
        }
    }
}

/// As long as the package's signers wait for each other.
pub const LEASE_MS: i32 = 3000;

#[cfg(test)]
mod tests {
    use super::*;

    const B: [(&str, Kind); 14] = [
        ("rollup_address", Kind::Text),
        ("validator_address", Kind::Text),
        ("slot", Kind::Bigint),
        ("block_number", Kind::Bigint),
        ("block_index_within_checkpoint", Kind::Integer),
        ("duty_type", Kind::Text),
        ("status", Kind::Text),
        ("message_hash", Kind::Text),
        ("signature", Kind::Text),
        ("node_id", Kind::Text),
        ("lock_token", Kind::Text),
        ("started_at", Kind::Timestamp),
        ("completed_at", Kind::Timestamp),
        ("error_message", Kind::Text),
    ];
    const KEY_OF_B: [&str; 5] =
        ["rollup_address", "validator_address", "slot", "duty_type", "block_index_within_checkpoint"];

    fn recognise(columns: &[(&str, Kind)], key: &[&str]) -> Result<Shape, Unrecognised> {
        let find = |name: &str| {
            let place = columns.iter().position(|(column, _)| *column == name)?;
            Some(Column { number: place as i16 + 1, kind: columns[place].1 })
        };
        let key: Vec<i16> = key.iter().filter_map(|name| find(name)).map(|column| column.number).collect();
        Shape::recognise(find, &key)
    }

    #[test]
    fn every_generation_is_known_by_its_columns() {
        assert_eq!(recognise(&B, &KEY_OF_B).map(|shape| shape.generation()), Ok(Generation::B));
        assert_eq!(recognise(&B[1..], &KEY_OF_B[1..]).map(|shape| shape.generation()), Ok(Generation::A));
        let mut newest = B.to_vec();
        newest.push(("checkpoint_number", Kind::Bigint));
        newest.push(("expires_at", Kind::Timestamp));
        assert_eq!(recognise(&newest, &KEY_OF_B).map(|shape| shape.generation()), Ok(Generation::C));
    }

    #[test]
    fn a_column_that_is_missing_or_of_another_type_is_named() {
        for (place, (name, _)) in B.iter().enumerate().filter(|(_, (name, _))| *name != "error_message") {
            let mut columns = B.to_vec();
            columns[place].1 = Kind::Other;
            let Unrecognised(why) = recognise(&columns, &KEY_OF_B).unwrap_err();
            assert!(why.contains(name), "{why}");
            columns.remove(place);
            match recognise(&columns, &KEY_OF_B) {
                Err(Unrecognised(why)) => assert!(why.contains(name), "{why}"),
                Ok(shape) => assert_eq!((*name, shape.generation()), ("rollup_address", Generation::A)),
            }
        }
    }

    #[test]
    fn another_key_is_another_table() {
        for key in [&KEY_OF_B[1..], &KEY_OF_B[..4], &[], &["node_id"]] {
            assert!(recognise(&B, key).is_err(), "{key:?}");
        }
        let mut wider = KEY_OF_B.to_vec();
        wider.push("node_id");
        assert!(recognise(&B, &wider).is_err());
    }
}
