//! Rows of the ledger's tables, found and written without a statement: what the executor does around one row costs several
//! times as much as the row.
//!
//! Only while a table is as slashguard's script made it. Where an operator has added something to it (an index, a trigger, a
//! policy), or a lock on it would have to be waited for, there is no [`Table`], and the caller runs the statement that does
//! the same, which honours all that and waits no longer than lock_timeout.
//!
//! Every look is at a snapshot taken for it, or at what is under way as well.

mod last_place;
mod shape;
mod table;
mod writer;

pub use shape::{changes, watch, Comparison, Description, Kind};
pub use table::{Access, Place, Presence, Row, Snapshot, Table, Updated};
pub use writer::Writer;

/// Describes a table: `Place` names its columns, those of the primary key first.
macro_rules! describe {
    ($name:literal, key $key:literal, written $written:literal; $($place:ident = $column:literal: $kind:ident,)*) => {
        #[derive(Clone, Copy)]
        #[allow(dead_code, reason = "of a table that is written every column is known, also one that nobody asks for")]
        pub enum Place { $($place),* }

        impl $crate::ledger::direct::Place for Place {
            fn number(self) -> usize {
                self as usize
            }
        }

        static DESCRIPTION: $crate::ledger::direct::Description = $crate::ledger::direct::Description {
            name: $name,
            columns: &[$(($column, $crate::ledger::direct::Kind::$kind)),*],
            key: $key,
            written: $written,
        };
    };
}
pub(super) use describe;
