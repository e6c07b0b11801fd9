//! One of the ledger's tables, open for one piece of work.

use super::shape::{self, Comparison, Description, Kind, Shape};
use crate::duty::error::{Error, SqlState};
use crate::ledger::statement::{Column, Value};
use crate::unguarded::{self, guarded};
use pgrx::pg_sys;
use std::ffi::c_int;
use std::ops::ControlFlow;
use std::rc::Rc;

const NO_LOCK: pg_sys::LOCKMODE = pg_sys::NoLock as pg_sys::LOCKMODE;
const ACCESS_SHARE: pg_sys::LOCKMODE = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
/// More columns than any table here has.
const MOST_COLUMNS: usize = 64;
/// More than any primary key here has.
pub(super) const LONGEST_KEY: usize = 5;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Read,
    /// Rows of a small table, by `find_again` alone.
    ReadAgain,
    Write,
}

/// A table that is open and locked, and as slashguard's script made it. The lock is kept to the end of the transaction, as that of
/// a statement is.
pub struct Table {
    pub(super) relation: pg_sys::Relation,
    description: &'static Description,
    shape: Rc<Shape>,
}

/// A row as it was found, with its values by the place of the column in the description.
pub struct Row<'table> {
    table: &'table Table,
    pub(super) tuple: pg_sys::HeapTuple,
    pub(super) values: [pg_sys::Datum; MOST_COLUMNS],
    pub(super) nulls: [bool; MOST_COLUMNS],
}

/// A column by name.
pub trait Place: Copy {
    /// Where it is in the description.
    fn number(self) -> usize;
}

/// Whether a row was replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Updated {
    Now,
    /// Somebody else is changing it, or has done so since it was read.
    Meanwhile,
}

/// What is under a key, committed or not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Nothing,
    /// A row whose insert is committed.
    There,
    /// A row that somebody is just inserting, or one that has been there.
    Unclear,
}

impl Table {
    /// None: the table has to be left to a statement.
    pub fn open(description: &'static Description, access: Access) -> Option<Self> {
        // SAFETY: plain reads of this backend's variables.
        let (read_only, from_elsewhere, without_indexes, one_snapshot) = unsafe {
            (
                pg_sys::XactReadOnly,
                pg_sys::SessionReplicationRole == pg_sys::SESSION_REPLICATION_ROLE_REPLICA as c_int,
                pg_sys::IgnoreSystemIndexes,
                pg_sys::XactIsoLevel >= pg_sys::XACT_REPEATABLE_READ as c_int,
            )
        };
        // Without its index a table is read whole and in no order. A snapshot that is kept belongs to statements.
        if without_indexes || one_snapshot {
            return None;
        }
        // A statement raises the error, or fires the triggers.
        if access == Access::Write && (read_only || from_elsewhere) {
            return None;
        }
        let lock = match access {
            Access::Read | Access::ReadAgain => pg_sys::AccessShareLock,
            Access::Write => pg_sys::RowExclusiveLock,
        } as pg_sys::LOCKMODE;
        let oid = shape::oid(description);
        if oid == pg_sys::InvalidOid {
            return None;
        }
        // SAFETY: the relation is opened under its lock, which stays; one that was dropped meanwhile is null.
        let relation = unsafe {
            guarded(|| match unguarded::ConditionalLockRelationOid(oid, lock) {
                true => unguarded::try_relation_open(oid, NO_LOCK),
                false => std::ptr::null_mut(),
            })
        };
        if relation.is_null() {
            return None;
        }
        let closed_if_unknown = Open(relation);
        // SAFETY: open and locked.
        let shape = unsafe { shape::of(description, relation) }?;
        std::mem::forget(closed_if_unknown);
        let table = Self { relation, description, shape };
        (access == Access::ReadAgain || table.lock_index()).then_some(table)
    }

    /// Whoever makes the index anew holds it up, and a look at it would wait without end. False: it is held up.
    pub(super) fn lock_index(&self) -> bool {
        let index = self.shape.index;
        // SAFETY: the table is open and locked.
        unsafe { guarded(|| unguarded::ConditionalLockRelationOid(index, ACCESS_SHARE)) }
    }

    /// The row of a key in a snapshot taken now. `key`: the values of the primary key's columns, in its order.
    pub fn find(&self, key: &[Value]) -> Result<Option<Row<'_>>, Error> {
        self.find_at(&Snapshot::now(), key)
    }

    /// The same where many are found at one moment.
    pub fn find_at(&self, snapshot: &Snapshot, key: &[Value]) -> Result<Option<Row<'_>>, Error> {
        let mut row = self.blank()?;
        let mut conditions = Conditions::of(self, &equal(key))?;
        let (relation, index, snapshot) = (self.relation, self.shape.index, snapshot.0);
        let (values, nulls) = (row.values.as_mut_ptr(), row.nulls.as_mut_ptr());
        // SAFETY: table and index are open, and the snapshot lives. A copy outlives the scan; it is split by the description of its own
        // table, which has no more columns than there is room for.
        row.tuple = unsafe {
            guarded(|| {
                let scan = conditions.begin(relation, index, snapshot);
                let found = unguarded::systable_getnext(scan);
                let copy = if found.is_null() { found } else { unguarded::heap_copytuple(found) };
                unguarded::systable_endscan(scan);
                if !copy.is_null() {
                    unguarded::heap_deform_tuple(copy, (*relation).rd_att, values, nulls);
                }
                copy
            })
        };
        Ok(if row.tuple.is_null() { None } else { Some(row) })
    }

    /// The rows in the order of the key in a snapshot taken now, until `look` has seen enough. `conditions`: of the first columns of
    /// the primary key, in its order.
    pub fn look_through(
        &self,
        conditions: &[(Comparison, Value)],
        mut look: impl FnMut(&Row) -> Result<ControlFlow<()>, Error>,
    ) -> Result<(), Error> {
        let snapshot = Snapshot::now();
        let scan = Scan::begin(self, conditions, snapshot.0)?;
        while let Some(found) = scan.next() {
            if look(&self.row(found)?)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// A copy outlives the look that found the row.
    pub(super) fn row(&self, found: pg_sys::HeapTuple) -> Result<Row<'_>, Error> {
        let mut row = self.blank()?;
        let (values, nulls) = (row.values.as_mut_ptr(), row.nulls.as_mut_ptr());
        let relation = self.relation;
        // SAFETY: as above.
        row.tuple = unsafe {
            guarded(|| {
                let copy = unguarded::heap_copytuple(found);
                unguarded::heap_deform_tuple(copy, (*relation).rd_att, values, nulls);
                copy
            })
        };
        Ok(row)
    }

    pub(super) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// What is under a key now, whoever wrote it, committed or not.
    pub fn presence(&self, key: &[Value]) -> Result<Presence, Error> {
        let mut anything =
            pg_sys::SnapshotData { snapshot_type: pg_sys::SnapshotType::SNAPSHOT_DIRTY, ..Default::default() };
        let mut conditions = Conditions::of(self, &equal(key))?;
        let (relation, index, snapshot) = (self.relation, self.shape.index, &raw mut anything);
        // SAFETY: table and index are open; the snapshot lives as long as the scan.
        let (found, has_entry) = unsafe {
            guarded(|| {
                let scan = conditions.begin(relation, index, snapshot);
                let by_index = (*scan).iscan;
                // Where the last entry of the index leads to that the look comes by; nowhere where it comes by none.
                if !by_index.is_null() {
                    (*by_index).xs_heaptid.ip_posid = pg_sys::InvalidOffsetNumber;
                }
                let found = !unguarded::systable_getnext(scan).is_null();
                let has_entry = by_index.is_null() || (*by_index).xs_heaptid.ip_posid != pg_sys::InvalidOffsetNumber;
                unguarded::systable_endscan(scan);
                (found, has_entry)
            })
        };
        // Written by the look: the transaction that is inserting the row.
        Ok(match (found, anything.xmin == pg_sys::InvalidTransactionId) {
            (false, _) if !has_entry => Presence::Nothing,
            // What the index led to is dead: freed, or just written anew in another place that the look did not come by.
            (false, _) => Presence::Unclear,
            (true, true) => Presence::There,
            (true, false) => Presence::Unclear,
        })
    }

    /// Writes a new row, null where no value is given: the table's defaults are not looked at. 55P03 where the key has a row by now.
    pub fn insert(&self, values: &[(impl Place, Value)]) -> Result<(), Error> {
        let mut row = self.row_of(values)?;
        let ((mut key, mut key_nulls), relation, index) = (row.key(), self.relation, self.shape.index);
        let (values, nulls) = (row.values.as_mut_ptr(), row.nulls.as_mut_ptr());
        // SAFETY: values and nulls are of this table's columns.
        let is_only_one = unsafe {
            guarded(|| {
                let tuple = unguarded::heap_form_tuple((*relation).rd_att, values, nulls);
                unguarded::heap_insert(relation, tuple, unguarded::GetCurrentCommandId(true), 0, std::ptr::null_mut());
                let is_only_one = index_row(relation, index, &mut key, &mut key_nulls, &raw mut (*tuple).t_self);
                unguarded::CommandCounterIncrement();
                is_only_one
            })
        };
        only_one(is_only_one)
    }

    /// Writes a row anew with other values in some columns, none of them of the key. Nobody is waited for.
    pub fn update(&self, row: &mut Row, changes: &[(impl Place, Value)]) -> Result<Updated, Error> {
        row.set_all(changes)?;
        let ((mut key, mut key_nulls), relation, index, old) = (row.key(), self.relation, self.shape.index, row.tuple);
        let (values, nulls) = (row.values.as_mut_ptr(), row.nulls.as_mut_ptr());
        // SAFETY: the row is of this table, and was read in this transaction.
        let written = unsafe {
            guarded(|| {
                let tuple = unguarded::heap_form_tuple((*relation).rd_att, values, nulls);
                if !replace(relation, old, tuple) {
                    return None;
                }
                // A row that stays on its page is found by the index entry that is there.
                let stays = u32::from((*(*tuple).t_data).t_infomask2) & pg_sys::HEAP_ONLY_TUPLE != 0;
                let is_only_one =
                    stays || index_row(relation, index, &mut key, &mut key_nulls, &raw mut (*tuple).t_self);
                unguarded::CommandCounterIncrement();
                Some(is_only_one)
            })
        };
        match written {
            None => Ok(Updated::Meanwhile),
            Some(is_only_one) => only_one(is_only_one).map(|()| Updated::Now),
        }
    }

    /// A row that is not written yet.
    pub(super) fn row_of(&self, values: &[(impl Place, Value)]) -> Result<Row<'_>, Error> {
        let mut row = self.blank()?;
        row.set_all(values)?;
        Ok(row)
    }

    pub(super) fn blank(&self) -> Result<Row<'_>, Error> {
        // SAFETY: reads the description of an open table.
        let width = unsafe { (*(*self.relation).rd_att).natts }.max(0) as usize;
        if width > MOST_COLUMNS {
            return Err(Error::internal("a table with more columns than any of slashguard's"));
        }
        Ok(Row {
            table: self,
            tuple: std::ptr::null_mut(),
            values: [pg_sys::Datum::from(0_usize); MOST_COLUMNS],
            nulls: [true; MOST_COLUMNS],
        })
    }

    pub(super) fn open_index(&self) -> pg_sys::Relation {
        // SAFETY: the index is there as long as its table is locked.
        unsafe { pg_sys::index_open(self.shape.index, pg_sys::RowExclusiveLock as pg_sys::LOCKMODE) }
    }
}

/// Adds a row that was just written to the index of the key. Whether the key is its alone.
///
/// SAFETY: in `guarded`; the table is open, and `place` is where the row with this key is.
unsafe fn index_row(
    relation: pg_sys::Relation,
    index: pg_sys::Oid,
    key: &mut [pg_sys::Datum; LONGEST_KEY],
    nulls: &mut [bool; LONGEST_KEY],
    place: pg_sys::ItemPointer,
) -> bool {
    unsafe {
        let index = unguarded::index_open(index, pg_sys::RowExclusiveLock as pg_sys::LOCKMODE);
        let information = unguarded::BuildIndexInfo(index);
        let is_only_one = add_to_index(relation, index, information, (key, nulls), place);
        unguarded::index_close(index, NO_LOCK);
        is_only_one
    }
}

/// The same where the index is open.
///
/// SAFETY: as above.
pub(super) unsafe fn add_to_index(
    relation: pg_sys::Relation,
    index: pg_sys::Relation,
    information: *mut pg_sys::IndexInfo,
    key: (&mut [pg_sys::Datum; LONGEST_KEY], &mut [bool; LONGEST_KEY]),
    place: pg_sys::ItemPointer,
) -> bool {
    // Partial: tells of another row with the key instead of waiting for its transaction.
    unsafe {
        unguarded::index_insert(
            index,
            key.0.as_mut_ptr(),
            key.1.as_mut_ptr(),
            place,
            relation,
            pg_sys::IndexUniqueCheck::UNIQUE_CHECK_PARTIAL,
            false,
            information,
        )
    }
}

/// 55P03 where another row has the key.
pub(super) fn only_one(is: bool) -> Result<(), Error> {
    if is {
        return Ok(());
    }
    Err(Error::new(SqlState::LOCK_NOT_AVAILABLE, "somebody else has just written to the ledger by hand")
        .detail("Nothing was granted or recorded.")
        .hint("Ask again."))
}

/// Replaces a row unless somebody else is changing it or has changed it.
///
/// SAFETY: in `guarded`. `old` is a row of the relation, read in this transaction; `new` was formed by its description.
unsafe fn replace(relation: pg_sys::Relation, old: pg_sys::HeapTuple, new: pg_sys::HeapTuple) -> bool {
    let mut failure = pg_sys::TM_FailureData::default();
    let mut lock_mode: pg_sys::LockTupleMode::Type = 0;
    #[cfg(not(feature = "pg15"))]
    let mut indexes: pg_sys::TU_UpdateIndexes::Type = 0;
    let result = unsafe {
        unguarded::heap_update(
            relation,
            &raw mut (*old).t_self,
            new,
            unguarded::GetCurrentCommandId(true),
            std::ptr::null_mut(),
            false,
            &raw mut failure,
            &raw mut lock_mode,
            #[cfg(not(feature = "pg15"))]
            &raw mut indexes,
        )
    };
    result == pg_sys::TM_Result::TM_Ok
}

impl Drop for Table {
    fn drop(&mut self) {
        drop(Open(self.relation));
    }
}

impl Drop for Row<'_> {
    /// A waiter looks at a row again and again within one transaction.
    fn drop(&mut self) {
        if !self.tuple.is_null() && !std::thread::panicking() {
            // SAFETY: a copy that this row owns; nothing that was read of it points into it.
            unsafe { unguarded::pfree(self.tuple.cast()) };
        }
    }
}

/// A relation that is to be closed.
struct Open(pg_sys::Relation);

impl Drop for Open {
    fn drop(&mut self) {
        // After an error Postgres itself closes what was open.
        if !std::thread::panicking() {
            let relation = self.0;
            // SAFETY: opened by `Table::open` and closed once.
            unsafe { guarded(|| unguarded::relation_close(relation, NO_LOCK)) };
        }
    }
}

impl Row<'_> {
    /// Where a column of the description is in the table.
    fn number(&self, column: usize) -> usize {
        self.table.shape.numbers[column] as usize - 1
    }

    /// The value of a column of the description; None for SQL NULL. An error where it is not of the type asked for: reading it as
    /// another would be memory-unsafe.
    pub fn get<T: Column>(&self, column: impl Place) -> Result<Option<T>, Error> {
        let column = column.number();
        self.require_type(column, T::TYPE)?;
        let place = self.number(column);
        // SAFETY: by the shape the column has the type that was compared.
        Ok(if self.nulls[place] { None } else { unsafe { T::read(self.values[place]) } })
    }

    /// The value of a column that is never null.
    pub fn need<T: Column>(&self, column: impl Place) -> Result<T, Error> {
        self.get(column)?.ok_or_else(|| Error::internal("a column of the ledger is null"))
    }

    pub fn is_null(&self, column: impl Place) -> bool {
        self.nulls[self.number(column.number())]
    }

    fn set_all(&mut self, values: &[(impl Place, Value)]) -> Result<(), Error> {
        values.iter().try_for_each(|(column, value)| self.set(column.number(), *value))
    }

    /// Its key, where that is one number.
    pub(super) fn key_number(&self) -> Result<Option<i64>, Error> {
        let (_, kind) = self.table.description.columns[0];
        let value = self.values[self.number(0)].value();
        Ok(match kind {
            Kind::Integer => Some(i64::from(value as i32)),
            Kind::Bool => Some(i64::from(value as u8 != 0)),
            _ => None,
        })
    }

    /// The page and the number in it where the row was found.
    pub(super) fn place(&self) -> (pg_sys::BlockNumber, pg_sys::OffsetNumber) {
        // SAFETY: a row that was found has a place.
        pgrx::itemptr::item_pointer_get_both(unsafe { (*self.tuple).t_self })
    }

    /// The values of the primary key's columns, and which are null.
    pub(super) fn key(&self) -> ([pg_sys::Datum; LONGEST_KEY], [bool; LONGEST_KEY]) {
        let mut key = [pg_sys::Datum::from(0_usize); LONGEST_KEY];
        let mut nulls = [true; LONGEST_KEY];
        for column in 0..self.table.description.key {
            let number = self.number(column);
            (key[column], nulls[column]) = (self.values[number], self.nulls[number]);
        }
        (key, nulls)
    }

    /// The row as the table stores it.
    ///
    /// SAFETY: what the values point to is still there.
    pub(super) unsafe fn form(&mut self) -> pg_sys::HeapTuple {
        unsafe {
            let columns = (*self.table.relation).rd_att;
            pg_sys::heap_form_tuple(columns, self.values.as_mut_ptr(), self.nulls.as_mut_ptr())
        }
    }

    fn set(&mut self, column: usize, value: Value) -> Result<(), Error> {
        self.require_type(column, value.type_oid())?;
        let place = self.number(column);
        match value.datum() {
            Some(datum) => (self.values[place], self.nulls[place]) = (datum, false),
            None => self.nulls[place] = true,
        }
        Ok(())
    }

    fn require_type(&self, column: usize, asked: pg_sys::Oid) -> Result<(), Error> {
        let (name, kind) = self.table.description.columns[column];
        if kind.oid() == asked {
            return Ok(());
        }
        Err(Error::internal(format!("column {} is of another type", name.to_string_lossy())))
    }
}

/// A snapshot taken now.
pub struct Snapshot(pg_sys::Snapshot);

impl Snapshot {
    pub fn now() -> Self {
        // SAFETY: inside a transaction. Registered, because the next snapshot would overwrite it.
        Self(unsafe { guarded(|| unguarded::RegisterSnapshot(unguarded::GetLatestSnapshot())) })
    }
}

impl Snapshot {
    pub(super) fn pointer(&self) -> pg_sys::Snapshot {
        self.0
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let snapshot = self.0;
            // SAFETY: registered by `now`.
            unsafe { guarded(|| unguarded::UnregisterSnapshot(snapshot)) };
        }
    }
}

fn equal<'a>(key: &[Value<'a>]) -> Vec<(Comparison, Value<'a>)> {
    key.iter().map(|value| (Comparison::Equal, *value)).collect()
}

/// What the first columns of the key are compared with.
struct Conditions {
    keys: [pg_sys::ScanKeyData; LONGEST_KEY],
    compared: [Compared; LONGEST_KEY],
    count: usize,
}

#[derive(Clone, Copy)]
struct Compared {
    column: i16,
    strategy: pg_sys::StrategyNumber,
    function: u32,
    value: pg_sys::Datum,
}

impl Conditions {
    fn of(table: &Table, conditions: &[(Comparison, Value)]) -> Result<Self, Error> {
        let columns = &table.description.columns[..table.description.key];
        if conditions.len() > columns.len() {
            return Err(Error::internal("a key that is too long"));
        }
        let nothing = Compared { column: 0, strategy: 0, function: 0, value: pg_sys::Datum::from(0_usize) };
        let mut compared = [nothing; LONGEST_KEY];
        for (place, ((comparison, value), (_, kind))) in conditions.iter().zip(columns).enumerate() {
            let (Some(function), Some(datum), true) =
                (kind.function(*comparison), value.datum(), value.type_oid() == kind.oid())
            else {
                return Err(Error::internal("a key of another type"));
            };
            compared[place] = Compared {
                column: table.shape.numbers[place],
                strategy: comparison.strategy(),
                function,
                value: datum,
            };
        }
        Ok(Self { keys: Default::default(), compared, count: conditions.len() })
    }

    /// SAFETY: in `guarded`; table and index are open, and the snapshot lives as long as the scan. The keys are copied.
    unsafe fn begin(
        &mut self,
        relation: pg_sys::Relation,
        index: pg_sys::Oid,
        snapshot: pg_sys::Snapshot,
    ) -> pg_sys::SysScanDesc {
        unsafe {
            for (key, compared) in self.keys.iter_mut().zip(&self.compared[..self.count]) {
                unguarded::ScanKeyInit(
                    key,
                    compared.column,
                    compared.strategy,
                    compared.function.into(),
                    compared.value,
                );
            }
            let count = self.count as c_int;
            unguarded::systable_beginscan(relation, index, true, snapshot, count, self.keys.as_mut_ptr())
        }
    }
}

/// A look-up by the primary key, or the first columns of it.
struct Scan(pg_sys::SysScanDesc);

impl Scan {
    fn begin(table: &Table, conditions: &[(Comparison, Value)], snapshot: pg_sys::Snapshot) -> Result<Self, Error> {
        let mut conditions = Conditions::of(table, conditions)?;
        let (relation, index) = (table.relation, table.shape.index);
        // SAFETY: the table is open, and the snapshot lives as long as the scan.
        Ok(Self(unsafe { guarded(|| conditions.begin(relation, index, snapshot)) }))
    }

    /// Alive until the scan goes on or ends.
    fn next(&self) -> Option<pg_sys::HeapTuple> {
        // SAFETY: begun by `begin`.
        let tuple = unsafe { pg_sys::systable_getnext(self.0) };
        (!tuple.is_null()).then_some(tuple)
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: begun by `begin` and ended once.
            unsafe { pg_sys::systable_endscan(self.0) };
        }
    }
}
