//! Where a row trigger of ours enters: the row that is about to be written in, the row to write, or none, out.

use super::entry::Answer;
use crate::duty::error::{Error, SqlState};
use crate::interchange::aztec_table::{Column, Kind, Shape, Unrecognised};
use crate::ledger::direct;
use pgrx::{pg_sys, FromDatum};
use std::cell::RefCell;
use std::ffi::{CStr, CString};

/// One firing of a BEFORE trigger for a row.
pub struct Firing {
    data: *const pg_sys::TriggerData,
}

impl Firing {
    /// SAFETY: called in the function whose `fcinfo` it is given, and not used after it.
    pub unsafe fn of(fcinfo: pg_sys::FunctionCallInfo) -> Result<Self, Error> {
        const BEFORE_A_ROW: u32 = pg_sys::TRIGGER_EVENT_ROW | pg_sys::TRIGGER_EVENT_BEFORE;
        unsafe {
            let context = (*fcinfo).context;
            if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
                return Err(not_a_trigger());
            }
            let data = context.cast::<pg_sys::TriggerData>();
            if (*data).tg_event & BEFORE_A_ROW != BEFORE_A_ROW {
                return Err(not_a_trigger());
            }
            Ok(Self { data })
        }
    }

    /// What the trigger was made with.
    pub fn arguments(&self) -> Vec<String> {
        // SAFETY: as many C strings as it says, alive while the trigger runs.
        unsafe {
            let trigger = &*(*self.data).tg_trigger;
            (0..trigger.tgnargs.max(0) as usize)
                .map(|number| CStr::from_ptr(*trigger.tgargs.add(number)).to_string_lossy().into_owned())
                .collect()
        }
    }

    pub fn table(&self) -> Table {
        // SAFETY: open while the trigger runs.
        Table { relation: unsafe { (*self.data).tg_relation } }
    }

    /// The row as it is, or of an INSERT, as it comes.
    pub fn row(&self) -> Tuple {
        // SAFETY: set for every row trigger.
        unsafe { Tuple { tuple: (*self.data).tg_trigtuple, description: (*self.table().relation).rd_att } }
    }

    /// Of an UPDATE: the row as it is to be.
    pub fn new_row(&self) -> Result<Tuple, Error> {
        // SAFETY: null where there is none.
        let tuple = unsafe { (*self.data).tg_newtuple };
        if tuple.is_null() {
            return Err(not_a_trigger());
        }
        // SAFETY: as above.
        Ok(Tuple { tuple, description: unsafe { (*self.table().relation).rd_att } })
    }
}

fn not_a_trigger() -> Error {
    Error::new(SqlState::TRIGGER_PROTOCOL_VIOLATED, "this function is for the triggers of a protected table")
        .hint("Call slashguard.protect_table.")
}

thread_local! {
    /// The table that was looked at last, and how often tables had changed by then.
    static KNOWN: RefCell<Option<(u32, u64, Shape)>> = const { RefCell::new(None) };
}

/// A table that is open.
#[derive(Clone, Copy)]
pub struct Table {
    relation: pg_sys::Relation,
}

impl Table {
    /// SAFETY: `relation` is open as long as this is used.
    pub unsafe fn new(relation: pg_sys::Relation) -> Self {
        Self { relation }
    }

    pub fn oid(&self) -> u32 {
        // SAFETY: open.
        unsafe { (*self.relation).rd_id }.to_u32()
    }

    /// As it is now. Looked at again when any table has changed since: Postgres says that, and not always which.
    pub fn shape(&self) -> Result<Shape, Unrecognised> {
        let (oid, changes) = (self.oid(), direct::changes());
        let known = KNOWN.with_borrow(|known| {
            known.as_ref().filter(|known| known.0 == oid && known.1 == changes).map(|known| known.2.clone())
        });
        if let Some(shape) = known {
            return Ok(shape);
        }
        let shape = Shape::recognise(|name| self.column(name), &self.key())?;
        KNOWN.set(Some((oid, changes, shape.clone())));
        Ok(shape)
    }

    fn column(&self, name: &str) -> Option<Column> {
        let name = CString::new(name).ok()?;
        // SAFETY: reads the description of an open table. System columns have numbers below zero.
        unsafe {
            let description = (*self.relation).rd_att;
            let number = pg_sys::SPI_fnumber(description, name.as_ptr());
            if number <= 0 {
                return None;
            }
            let kind = match pg_sys::SPI_gettypeid(description, number) {
                pg_sys::TEXTOID | pg_sys::VARCHAROID => Kind::Text,
                pg_sys::INT8OID => Kind::Bigint,
                pg_sys::INT4OID => Kind::Integer,
                pg_sys::TIMESTAMPOID => Kind::Timestamp,
                _ => Kind::Other,
            };
            Some(Column { number: number as i16, kind })
        }
    }

    fn key(&self) -> Vec<i16> {
        // SAFETY: the set is a copy, and its members count from the lowest number that a column can have.
        unsafe {
            let columns = pg_sys::RelationGetIndexAttrBitmap(
                self.relation,
                pg_sys::IndexAttrBitmapKind::INDEX_ATTR_BITMAP_PRIMARY_KEY,
            );
            let mut key = Vec::new();
            let mut member = pg_sys::bms_next_member(columns, -1);
            while member >= 0 {
                key.push((member + pg_sys::FirstLowInvalidHeapAttributeNumber) as i16);
                member = pg_sys::bms_next_member(columns, member);
            }
            key
        }
    }

    /// Its columns, for people.
    pub fn columns(&self) -> String {
        // SAFETY: reads the description of an open table.
        unsafe {
            let description = (*self.relation).rd_att;
            // A dropped column is left without type.
            (1..=(*description).natts)
                .filter(|number| pg_sys::SPI_gettypeid(description, *number) != pg_sys::InvalidOid)
                .filter_map(|number| {
                    let name = pg_sys::SPI_fname(description, number);
                    let kind = pg_sys::SPI_gettype(description, number);
                    if name.is_null() || kind.is_null() {
                        return None;
                    }
                    let (name, kind) = (CStr::from_ptr(name).to_string_lossy(), CStr::from_ptr(kind).to_string_lossy());
                    Some(format!("{name} {kind}"))
                })
                .collect::<Vec<_>>()
                .join(", ")
        }
    }
}

/// A row of a table whose shape is known.
#[derive(Clone, Copy)]
pub struct Tuple {
    tuple: pg_sys::HeapTuple,
    description: pg_sys::TupleDesc,
}

impl Tuple {
    fn datum(&self, column: i16) -> Option<pg_sys::Datum> {
        let mut is_null = false;
        // SAFETY: row and description belong together; a column that is not there reads as null.
        let datum = unsafe { pg_sys::SPI_getbinval(self.tuple, self.description, i32::from(column), &mut is_null) };
        (!is_null).then_some(datum)
    }

    /// The value of a column that the shape says is text.
    pub fn text(&self, column: i16) -> Option<String> {
        // SAFETY: text and varchar are stored alike.
        self.datum(column).and_then(|datum| unsafe { String::from_datum(datum, false) })
    }

    pub fn bigint(&self, column: i16) -> Option<i64> {
        // SAFETY: by its shape the column is a bigint.
        self.datum(column).and_then(|datum| unsafe { i64::from_datum(datum, false) })
    }

    pub fn integer(&self, column: i16) -> Option<i32> {
        // SAFETY: by its shape the column is an integer.
        self.datum(column).and_then(|datum| unsafe { i32::from_datum(datum, false) })
    }

    /// Microseconds since 2000-01-01, on some clock of some zone.
    pub fn timestamp(&self, column: i16) -> Option<i64> {
        self.datum(column).map(|datum| datum.value() as i64)
    }

    /// The same row with another value in a column of type timestamp, in the memory of whoever called the trigger.
    pub fn with_timestamp(self, column: i16, time: i64) -> Self {
        let (mut column, mut value, mut is_null) = (i32::from(column), pg_sys::Datum::from(time), false);
        // SAFETY: one column of the description's type; Postgres copies row and value.
        let tuple = unsafe {
            pg_sys::heap_modify_tuple_by_cols(self.tuple, self.description, 1, &mut column, &mut value, &mut is_null)
        };
        Self { tuple, ..self }
    }
}

/// What a BEFORE trigger says about its row.
pub enum Before {
    Write(Tuple),
    /// As if the statement had not named the row.
    Skip,
}

impl Answer for Before {
    #[cfg(test)]
    const SQL: &'static str = "trigger";
    unsafe fn datum(self, _fcinfo: pg_sys::FunctionCallInfo) -> Option<pg_sys::Datum> {
        Some(match self {
            Self::Write(row) => pg_sys::Datum::from(row.tuple),
            Self::Skip => pg_sys::Datum::from(0_usize),
        })
    }
}

/// Declares trigger functions. `fn name(firing) { .. }` becomes the C symbol `slashguard_name`; the body answers
/// `Result<Before, Error>`.
macro_rules! trigger_functions {
    ($(
        $(#[$attribute:meta])*
        fn $name:ident($firing:ident) $body:block
    )*) => {
        $(
            $(#[$attribute])*
            fn $name($firing: &$crate::api::trigger::Firing) -> Result<$crate::api::trigger::Before, $crate::duty::error::Error> $body

            const _: () = {
                #[unsafe(export_name = concat!("slashguard_", stringify!($name)))]
                unsafe extern "C-unwind" fn entry(
                    fcinfo: pgrx::pg_sys::FunctionCallInfo,
                ) -> pgrx::pg_sys::Datum {
                    unsafe {
                        $crate::api::entry::enter(fcinfo, || $name(&$crate::api::trigger::Firing::of(fcinfo)?))
                    }
                }

                #[unsafe(export_name = concat!("pg_finfo_slashguard_", stringify!($name)))]
                extern "C-unwind" fn version_1() -> &'static pgrx::pg_sys::Pg_finfo_record {
                    const V1: pgrx::pg_sys::Pg_finfo_record =
                        pgrx::pg_sys::Pg_finfo_record { api_version: 1 };
                    &V1
                }
            };
        )*

        #[cfg(test)]
        pub const TRIGGERS: &[$crate::api::entry::Declaration] = &[$(
            $crate::api::entry::Declaration {
                name: stringify!($name),
                symbol: concat!("slashguard_", stringify!($name)),
                arguments: &[],
                returns: <$crate::api::trigger::Before as $crate::api::entry::Answer>::SQL,
            }
        ),*];
    };
}
pub(crate) use trigger_functions;
