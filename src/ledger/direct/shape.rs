//! What a table looks like, and whether that is what slashguard's script made. Looked at once, and again when Postgres says that
//! the table has changed.

use super::last_place::LastPlace;
use crate::ledger::server;
use pgrx::pg_sys;
use std::cell::{Cell, RefCell};
use std::ffi::{c_int, CStr};
use std::rc::Rc;

/// The type of a column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Smallint,
    Integer,
    Bigint,
    Timestamp,
    Text,
    Bytes,
    Uuid,
    Oid,
    Integers,
}

impl Kind {
    pub fn oid(self) -> pg_sys::Oid {
        match self {
            Self::Bool => pg_sys::BOOLOID,
            Self::Smallint => pg_sys::INT2OID,
            Self::Integer => pg_sys::INT4OID,
            Self::Bigint => pg_sys::INT8OID,
            Self::Timestamp => pg_sys::TIMESTAMPTZOID,
            Self::Text => pg_sys::TEXTOID,
            Self::Bytes => pg_sys::BYTEAOID,
            Self::Uuid => pg_sys::UUIDOID,
            Self::Oid => pg_sys::OIDOID,
            Self::Integers => pg_sys::INT4ARRAYOID,
        }
    }

    /// The function that compares a value of the key with one that is given. None: nothing here looks for such a value.
    pub fn function(self, comparison: Comparison) -> Option<u32> {
        match (self, comparison) {
            (Self::Bool, Comparison::Equal) => Some(pg_sys::F_BOOLEQ),
            (Self::Smallint, Comparison::Equal) => Some(pg_sys::F_INT2EQ),
            (Self::Integer, Comparison::Equal) => Some(pg_sys::F_INT4EQ),
            (Self::Bigint, Comparison::Equal) => Some(pg_sys::F_INT8EQ),
            // By the bytes: a key here is COLLATE "C".
            (Self::Text, Comparison::Equal) => Some(pg_sys::F_TEXTEQ),
            (Self::Bytes, Comparison::Equal) => Some(pg_sys::F_BYTEAEQ),
            (Self::Bigint, Comparison::Greater) => Some(pg_sys::F_INT8GT),
            _ => None,
        }
    }
}

/// How a column of the key compares with a value that is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    Greater,
}

impl Comparison {
    /// What a B-tree calls it.
    pub fn strategy(self) -> pg_sys::StrategyNumber {
        match self {
            Self::Equal => pg_sys::BTEqualStrategyNumber as pg_sys::StrategyNumber,
            Self::Greater => pg_sys::BTGreaterStrategyNumber as pg_sys::StrategyNumber,
        }
    }
}

/// What is known here of one of slashguard's tables.
pub struct Description {
    pub name: &'static CStr,
    /// By name, with their types. Those of the key come first, in its order.
    pub columns: &'static [(&'static CStr, Kind)],
    /// How many columns the key has: the primary one, or another unique one.
    pub key: usize,
    /// Whether rows are written. Then there is no column beside those above.
    pub written: bool,
}

/// Where everything is in the table as it is now.
pub struct Shape {
    pub index: pg_sys::Oid,
    /// The numbers of the description's columns, in its order.
    pub numbers: Vec<i16>,
    /// Where rows of a small table were last.
    pub places: RefCell<Vec<LastPlace>>,
}

/// A shape that was looked at, by the address of its description. None: the table is not as it was made.
type Known = (*const Description, pg_sys::Oid, Option<Rc<Shape>>);

thread_local! {
    static KNOWN: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
    /// How often a table has changed, so that a look which met a change in the middle is not kept.
    static CHANGES: Cell<u64> = const { Cell::new(0) };
}

/// How often Postgres has said that a table has changed, ours or another.
pub fn changes() -> u64 {
    CHANGES.get()
}

/// Asks Postgres to say when a table changes.
pub fn watch() {
    // SAFETY: the callback is a function of this library, which is never unloaded.
    unsafe {
        let nothing = pg_sys::Datum::from(0_usize);
        pg_sys::CacheRegisterRelcacheCallback(Some(forget), nothing);
        // A schema that is renamed changes what the names of its tables stand for.
        let schemas = pg_sys::SysCacheIdentifier::NAMESPACEOID as c_int;
        pg_sys::CacheRegisterSyscacheCallback(schemas, Some(forget_names), nothing);
    }
}

unsafe extern "C-unwind" fn forget_names(_argument: pg_sys::Datum, _cache: c_int, _hash: u32) {
    server::forget_table(pg_sys::InvalidOid);
}

/// A table was changed, or all may have been. Called in the middle of anything, so it neither raises nor allocates.
unsafe extern "C-unwind" fn forget(_argument: pg_sys::Datum, table: pg_sys::Oid) {
    server::forget_table(table);
    let _ = CHANGES.try_with(|changes| changes.set(changes.get().wrapping_add(1)));
    let _ = KNOWN.try_with(|known| {
        if let Ok(mut known) = known.try_borrow_mut() {
            known.retain(|(_, oid, shape)| {
                let index = shape.as_ref().map_or(pg_sys::InvalidOid, |shape| shape.index);
                table != pg_sys::InvalidOid && table != *oid && table != index
            });
        }
    });
}

/// The table's oid, and its shape where that is known. To be asked before the table is locked.
pub fn oid(of: &'static Description) -> pg_sys::Oid {
    server::table_oid(of.name).into()
}

/// The table's shape. None: it is not as slashguard's script made it.
///
/// SAFETY: `relation` is open and locked.
pub unsafe fn of(description: &'static Description, relation: pg_sys::Relation) -> Option<Rc<Shape>> {
    let address = std::ptr::from_ref(description);
    let oid = unsafe { (*relation).rd_id };
    let known = KNOWN.with_borrow(|known| {
        known.iter().find(|known| known.0 == address && known.1 == oid).map(|known| known.2.clone())
    });
    if let Some(shape) = known {
        return shape;
    }
    let changes = CHANGES.get();
    let Ok(shape) = (unsafe { look_at(description, relation) }) else {
        return None;
    };
    let shape = shape.map(Rc::new);
    // Whoever changes it beside this transaction (CREATE INDEX CONCURRENTLY) waits for this one, but not for the next.
    if CHANGES.get() == changes {
        KNOWN.with_borrow_mut(|known| {
            known.retain(|known| known.0 != address);
            known.push((address, oid, shape.clone()));
        });
    }
    shape
}

/// Somebody is making an index anew: what it will be is not known yet.
struct Busy;

unsafe fn look_at(description: &Description, relation: pg_sys::Relation) -> Result<Option<Shape>, Busy> {
    unsafe {
        let class = &*(*relation).rd_rel;
        let plain = class.relkind == pg_sys::RELKIND_RELATION as std::ffi::c_char
            && class.relpersistence == pg_sys::RELPERSISTENCE_PERMANENT as std::ffi::c_char
            && class.relam == pg_sys::HEAP_TABLE_AM_OID
            && !class.relrowsecurity
            && !class.relispartition
            && !class.relhassubclass
            && !class.relhasrules;
        if !plain {
            return Ok(None);
        }
        let Some(numbers) = numbers(description, relation) else {
            return Ok(None);
        };
        if description.written && !(is_written_plainly(description, relation) && has_no_other_trigger(relation)) {
            return Ok(None);
        }
        let index = index_of_key(description, relation, &numbers)?;
        Ok(index.map(|index| Shape { index, numbers, places: RefCell::default() }))
    }
}

unsafe fn numbers(description: &Description, relation: pg_sys::Relation) -> Option<Vec<i16>> {
    unsafe {
        let columns = (*relation).rd_att;
        description
            .columns
            .iter()
            .map(|(name, kind)| {
                let number = pg_sys::SPI_fnumber(columns, name.as_ptr());
                (number > 0 && pg_sys::SPI_gettypeid(columns, number) == kind.oid()).then_some(number as i16)
            })
            .collect()
    }
}

/// No columns, checks or generated values but those that are known.
unsafe fn is_written_plainly(description: &Description, relation: pg_sys::Relation) -> bool {
    unsafe {
        let columns = (*relation).rd_att;
        let live = (1..=(*columns).natts)
            .filter(|number| pg_sys::SPI_gettypeid(columns, *number) != pg_sys::InvalidOid)
            .count();
        let constraints = (*columns).constr.as_ref();
        live == description.columns.len()
            && constraints.is_none_or(|constraints| constraints.num_check == 0 && !constraints.has_generated_stored)
    }
}

/// Nothing fires for the rows that are written here. What fires for others' rows, or for other columns, does so in statements.
unsafe fn has_no_other_trigger(relation: pg_sys::Relation) -> bool {
    const INSERT_OR_UPDATE: u32 = pg_sys::TRIGGER_TYPE_INSERT | pg_sys::TRIGGER_TYPE_UPDATE;
    const PINNED: &CStr = c"pinned";
    unsafe {
        let Some(triggers) = (*relation).trigdesc.as_ref() else {
            return true;
        };
        (0..triggers.numtriggers.max(0) as usize).all(|number| {
            let trigger = &*triggers.triggers.add(number);
            let fires = trigger.tgenabled as u8 != pg_sys::TRIGGER_FIRES_ON_REPLICA
                && trigger.tgenabled as u8 != pg_sys::TRIGGER_DISABLED;
            // Of key and message (sql/backstop.sql), which no update here changes.
            let is_pinned = trigger.tgnattr > 0 && CStr::from_ptr(trigger.tgname) == PINNED;
            !fires || is_pinned || trigger.tgtype as u32 & INSERT_OR_UPDATE == 0
        })
    }
}

/// The index of the key, where the table has it as it was made with it. One that is written has no other.
unsafe fn index_of_key(
    description: &Description,
    relation: pg_sys::Relation,
    numbers: &[i16],
) -> Result<Option<pg_sys::Oid>, Busy> {
    unsafe {
        let indexes = pg_sys::RelationGetIndexList(relation);
        let Some(list) = indexes.as_ref() else {
            return Ok(None);
        };
        let count = list.length.max(0) as usize;
        let oids: Vec<pg_sys::Oid> = (0..count).map(|number| (*list.elements.add(number)).oid_value).collect();
        pg_sys::list_free(indexes);
        if description.written && count != 1 {
            return Ok(None);
        }
        for oid in oids {
            if is_index_of(oid, &numbers[..description.key])? {
                return Ok(Some(oid));
            }
        }
        Ok(None)
    }
}

/// Whether an index is of these columns in this order, and keeps them unique.
unsafe fn is_index_of(oid: pg_sys::Oid, numbers: &[i16]) -> Result<bool, Busy> {
    let lock = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
    unsafe {
        if !pg_sys::ConditionalLockRelationOid(oid, lock) {
            return Err(Busy);
        }
        let index = pg_sys::index_open(oid, pg_sys::NoLock as pg_sys::LOCKMODE);
        let form = &*(*index).rd_index;
        let is = form.indisunique
            && form.indimmediate
            && form.indisvalid
            && form.indisready
            && !form.indcheckxmin
            && form.indkey.values.as_slice(form.indnatts.max(0) as usize) == numbers
            && (*(*index).rd_rel).relam == pg_sys::BTREE_AM_OID
            && (*index).rd_indexprs.is_null()
            && (*index).rd_indpred.is_null();
        pg_sys::index_close(index, lock);
        Ok(is)
    }
}
