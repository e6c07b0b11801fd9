//! Rows of small tables that every claim reads, found where they were last: on the first page, without the index.
//!
//! A place is only a guess. The row there counts if it is visible in the snapshot and has the key, because no two visible rows
//! have; otherwise the index is asked. A row that changes stays in the chain of versions that begins at its place, unless it
//! moves to another page.

use super::table::{Row, Snapshot, Table};
use crate::duty::error::Error;
use crate::ledger::statement::Value;
use crate::unguarded::{self, guarded};
use pgrx::pg_sys;

/// Chains that a server has are few.
pub const MOST_PLACES: usize = 32;
/// As many rows as a page can have, and more.
const MOST_ROWS_OF_A_PAGE: usize = 2048;
/// The first page is there as long as the table has any row.
const FIRST_PAGE: pg_sys::BlockNumber = 0;

/// A row's key, a number, and where its chain of versions begins on the first page.
pub type LastPlace = (i64, pg_sys::OffsetNumber);

impl Table {
    /// The row of a key of one number, as `find_at` finds it. For tables of few rows. None: there is none, or it has to be left to a
    /// statement.
    pub fn find_again(&self, snapshot: &Snapshot, key: Value) -> Result<Option<Row<'_>>, Error> {
        let Some(number) = key.number() else {
            return Err(Error::internal("a key that is no number"));
        };
        let last = self.shape().places.borrow().iter().find(|place| place.0 == number).map(|place| place.1);
        if let Some(last) = last {
            if let Some(row) = self.at_place(snapshot, last)? {
                if row.key_number()? == Some(number) {
                    return Ok(Some(row));
                }
            }
        }
        if !self.lock_index() {
            return Ok(None);
        }
        let found = self.find_at(snapshot, &[key])?;
        if let Some(begin) = found.as_ref().and_then(|row| self.begin_of_versions(row)) {
            let mut places = self.shape().places.borrow_mut();
            places.retain(|place| place.0 != number);
            if places.len() < MOST_PLACES {
                places.push((number, begin));
            }
        }
        Ok(found)
    }

    /// The version that is visible, of those that begin there. None: there is none, or none begin there any more.
    fn at_place(&self, snapshot: &Snapshot, begin: pg_sys::OffsetNumber) -> Result<Option<Row<'_>>, Error> {
        let mut row = self.blank()?;
        let mut place = on_first_page(begin);
        let mut found = pg_sys::HeapTupleData::default();
        let (relation, snapshot, found) = (self.relation, snapshot.pointer(), &raw mut found);
        let (values, nulls) = (row.values.as_mut_ptr(), row.nulls.as_mut_ptr());
        // SAFETY: the page is pinned as long as the row in it is used, and locked while its versions are looked through. The copy is
        // split by the description of its own table.
        row.tuple = unsafe {
            guarded(|| {
                let buffer = unguarded::ReadBuffer(relation, FIRST_PAGE);
                unguarded::LockBuffer(buffer, pg_sys::BUFFER_LOCK_SHARE as i32);
                let none = std::ptr::null_mut();
                let is_visible =
                    unguarded::heap_hot_search_buffer(&mut place, relation, buffer, snapshot, found, none, true);
                unguarded::LockBuffer(buffer, pg_sys::BUFFER_LOCK_UNLOCK as i32);
                let copy = if is_visible { unguarded::heap_copytuple(found) } else { std::ptr::null_mut() };
                unguarded::ReleaseBuffer(buffer);
                if !copy.is_null() {
                    unguarded::heap_deform_tuple(copy, (*relation).rd_att, values, nulls);
                }
                copy
            })
        };
        Ok(if row.tuple.is_null() { None } else { Some(row) })
    }

    /// Where the chain of versions of a row that was just read begins. None: not on the first page.
    fn begin_of_versions(&self, row: &Row) -> Option<pg_sys::OffsetNumber> {
        let mut begins = [pg_sys::InvalidOffsetNumber; MOST_ROWS_OF_A_PAGE];
        let (page, version) = row.place();
        if page != FIRST_PAGE {
            return None;
        }
        // SAFETY: the page is pinned and locked; the list is longer than any page needs.
        unsafe {
            let buffer = pg_sys::ReadBuffer(self.relation, FIRST_PAGE);
            pg_sys::LockBuffer(buffer, pg_sys::BUFFER_LOCK_SHARE as i32);
            pg_sys::heap_get_root_tuples(pg_sys::BufferGetPage(buffer), begins.as_mut_ptr());
            pg_sys::UnlockReleaseBuffer(buffer);
        }
        begins.get(usize::from(version).checked_sub(1)?).copied().filter(|begin| *begin != pg_sys::InvalidOffsetNumber)
    }
}

fn on_first_page(offset: pg_sys::OffsetNumber) -> pg_sys::ItemPointerData {
    pg_sys::ItemPointerData { ip_blkid: pg_sys::BlockIdData { bi_hi: 0, bi_lo: 0 }, ip_posid: offset }
}
