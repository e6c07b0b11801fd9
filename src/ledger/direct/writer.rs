//! Many new rows of one table: a page's rows are written together, and the index is opened once.

use super::table::{add_to_index, only_one, Place, Row, Table, LONGEST_KEY};
use crate::duty::error::Error;
use crate::ledger::statement::Value;
use crate::unguarded::guarded;
use pgrx::pg_sys;

/// Rows that are written together.
const MOST_PENDING: usize = 128;

/// Writes rows as they fill up, the last of them with `finish`.
pub struct Writer<'table> {
    table: &'table Table,
    index: pg_sys::Relation,
    information: *mut pg_sys::IndexInfo,
    slots: Vec<*mut pg_sys::TupleTableSlot>,
    keys: Vec<Key>,
}

/// The values of the primary key's columns. None of them is a pointer: each is a number.
struct Key {
    values: [pg_sys::Datum; LONGEST_KEY],
    nulls: [bool; LONGEST_KEY],
}

impl<'table> Writer<'table> {
    pub fn begin(table: &'table Table) -> Self {
        let index = table.open_index();
        // SAFETY: the index is open; slots are dropped by `drop`.
        let (information, slots) = unsafe {
            let columns = (*table.relation).rd_att;
            let slot = |_| pg_sys::MakeSingleTupleTableSlot(columns, &raw const pg_sys::TTSOpsHeapTuple);
            (pg_sys::BuildIndexInfo(index), (0..MOST_PENDING).map(slot).collect())
        };
        Self { table, index, information, slots, keys: Vec::with_capacity(MOST_PENDING) }
    }

    /// As `Table::insert`.
    pub fn add(&mut self, values: &[(impl Place, Value)]) -> Result<(), Error> {
        let mut row: Row = self.table.row_of(values)?;
        let (key, nulls) = row.key();
        // SAFETY: the row is of the table's columns. The slot frees it when the next one comes.
        unsafe {
            let tuple = row.form();
            pg_sys::ExecStoreHeapTuple(tuple, self.slots[self.keys.len()], true);
        }
        self.keys.push(Key { values: key, nulls });
        if self.keys.len() == MOST_PENDING {
            self.write()?;
        }
        Ok(())
    }

    /// Writes what is left, and makes all of it visible to what comes after.
    pub fn finish(mut self) -> Result<(), Error> {
        self.write()?;
        // SAFETY: between two commands of this transaction.
        unsafe { pg_sys::CommandCounterIncrement() };
        Ok(())
    }

    fn write(&mut self) -> Result<(), Error> {
        if self.keys.is_empty() {
            return Ok(());
        }
        // SAFETY: as many slots as keys hold rows of this table.
        unsafe {
            pg_sys::heap_multi_insert(
                self.table.relation,
                self.slots.as_mut_ptr(),
                self.keys.len() as i32,
                pg_sys::GetCurrentCommandId(true),
                0,
                std::ptr::null_mut(),
            );
            for (slot, key) in self.slots.iter().zip(&mut self.keys) {
                let place = &raw mut (**slot).tts_tid;
                let (table, index, information) = (self.table.relation, self.index, self.information);
                let is_only_one =
                    guarded(|| add_to_index(table, index, information, (&mut key.values, &mut key.nulls), place));
                only_one(is_only_one)?;
            }
        }
        self.keys.clear();
        Ok(())
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        // After an error Postgres itself gives everything back.
        if std::thread::panicking() {
            return;
        }
        // SAFETY: made by `begin` and given back once.
        unsafe {
            for slot in &self.slots {
                pg_sys::ExecDropSingleTupleTableSlot(*slot);
            }
            pg_sys::index_close(self.index, pg_sys::NoLock as pg_sys::LOCKMODE);
        }
    }
}
