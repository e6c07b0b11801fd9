//! Where SQL enters: arguments in, an answer or an error out.
//!
//! pgrx' own `#[pg_extern]` knows only Postgres' error codes; one of ours would reach the client as XX000. So the outermost
//! frame is this file's, and raises the error as `raised` says.

use crate::duty::acquisition::Acquisition;
use crate::duty::error::Error;
use crate::ledger::statement;
use crate::raised::Raised;
use pgrx::{pg_sys, FromDatum, IntoDatum};

/// One argument of a SQL function. All of them may be NULL: a STRICT function answers NULL, and a client's check falls
/// through.
pub trait Argument: Sized {
    /// The type's name as the SQL declaration writes it.
    #[cfg(test)]
    const SQL: &'static str;
    /// SAFETY: `datum` is a value of that type and not null.
    unsafe fn read(datum: pg_sys::Datum) -> Option<Self>;
}

/// `timestamptz`, in microseconds since 2000-01-01 UTC.
#[derive(Clone, Copy)]
pub struct Timestamptz(pub i64);

#[derive(Clone, Copy)]
pub struct Interval {
    pub months: i32,
    pub days: i32,
    pub microseconds: i64,
}

/// A jsonb value as text: pgrx' own type panics on what serde_json cannot hold.
pub struct JsonText(pub String);

/// `numeric`, as Postgres writes it: Rust has no number that holds all of them.
pub struct Numeric(pub String);

/// The oid of a table.
#[derive(Clone, Copy)]
pub struct Regclass(pub u32);

#[derive(Clone, Copy)]
pub struct Uuid(pub [u8; 16]);

macro_rules! arguments {
    ($($rust:ty, $sql:literal, |$datum:ident| $read:expr;)*) => {$(
        impl Argument for $rust {
            #[cfg(test)]
            const SQL: &'static str = $sql;
            unsafe fn read($datum: pg_sys::Datum) -> Option<Self> {
                $read
            }
        }
    )*};
}

arguments! {
    String, "text", |datum| read_text(datum);
    Vec<u8>, "bytea", |datum| Vec::<u8>::from_datum(datum, false);
    bool, "boolean", |datum| bool::from_datum(datum, false);
    i32, "integer", |datum| i32::from_datum(datum, false);
    i64, "bigint", |datum| i64::from_datum(datum, false);
    Vec<Option<String>>, "text[]", |datum| Vec::<Option<String>>::from_datum(datum, false);
    Vec<Option<i64>>, "bigint[]", |datum| Vec::<Option<i64>>::from_datum(datum, false);
    JsonText, "jsonb", |datum| read_json(datum);
    Numeric, "numeric", |datum| read_numeric(datum);
    Regclass, "regclass", |datum| Some(Regclass(datum.value() as u32));
    Timestamptz, "timestamptz", |datum| Some(Timestamptz(datum.value() as i64));
    Uuid, "uuid", |datum| pgrx::Uuid::from_datum(datum, false).map(|uuid| Uuid(*uuid.as_bytes()));
    Interval, "interval", |datum| read_interval(datum);
}

/// Letters and digits that are stored as they are need no call into Postgres, of which each argument would cost one.
unsafe fn read_text(datum: pg_sys::Datum) -> Option<String> {
    use pgrx::varlena::{varatt_is_1b, varatt_is_1b_e, varatt_is_4b_u, vardata_any, varsize_any_exhdr};
    let text = datum.cast_mut_ptr::<pg_sys::varlena>();
    unsafe {
        if varatt_is_4b_u(text) || varatt_is_1b(text) && !varatt_is_1b_e(text) {
            let bytes = std::slice::from_raw_parts(vardata_any(text).cast::<u8>(), varsize_any_exhdr(text));
            // The same in every encoding that a database may have.
            if let (true, Ok(ascii)) = (bytes.is_ascii(), std::str::from_utf8(bytes)) {
                return Some(ascii.to_owned());
            }
        }
        String::from_datum(datum, false)
    }
}

unsafe fn read_json(datum: pg_sys::Datum) -> Option<JsonText> {
    let text = unsafe { pgrx::direct_function_call::<&std::ffi::CStr>(pg_sys::jsonb_out, &[Some(datum)]) }?;
    text.to_str().ok().map(|text| JsonText(text.to_owned()))
}

unsafe fn read_numeric(datum: pg_sys::Datum) -> Option<Numeric> {
    let text = unsafe { pgrx::direct_function_call::<&std::ffi::CStr>(pg_sys::numeric_out, &[Some(datum)]) }?;
    text.to_str().ok().map(|text| Numeric(text.to_owned()))
}

unsafe fn read_interval(datum: pg_sys::Datum) -> Option<Interval> {
    let interval = unsafe { datum.cast_mut_ptr::<pg_sys::Interval>().as_ref() }?;
    Some(Interval { months: interval.month, days: interval.day, microseconds: interval.time })
}

/// What a SQL function answers; None is NULL.
pub trait Answer {
    #[cfg(test)]
    const SQL: &'static str;
    /// SAFETY: called in the function whose `fcinfo` it is given.
    unsafe fn datum(self, fcinfo: pg_sys::FunctionCallInfo) -> Option<pg_sys::Datum>;
}

macro_rules! answers {
    ($($rust:ty, $sql:literal;)*) => {$(
        impl Answer for $rust {
            #[cfg(test)]
            const SQL: &'static str = $sql;
            unsafe fn datum(self, _fcinfo: pg_sys::FunctionCallInfo) -> Option<pg_sys::Datum> {
                self.into_datum()
            }
        }
    )*};
}

answers! {
    bool, "boolean";
    i32, "integer";
    i64, "bigint";
    String, "text";
    Vec<u8>, "bytea";
}

impl Answer for () {
    #[cfg(test)]
    const SQL: &'static str = "void";
    unsafe fn datum(self, _fcinfo: pg_sys::FunctionCallInfo) -> Option<pg_sys::Datum> {
        Some(pg_sys::Datum::from(0_usize))
    }
}

impl Answer for Option<String> {
    #[cfg(test)]
    const SQL: &'static str = "text";
    unsafe fn datum(self, _fcinfo: pg_sys::FunctionCallInfo) -> Option<pg_sys::Datum> {
        self.into_datum()
    }
}

impl Answer for Option<Timestamptz> {
    #[cfg(test)]
    const SQL: &'static str = "timestamptz";
    unsafe fn datum(self, _fcinfo: pg_sys::FunctionCallInfo) -> Option<pg_sys::Datum> {
        self.map(|time| pg_sys::Datum::from(time.0))
    }
}

/// Fields of `slashguard.acquisition`, in the order of its declaration.
const ACQUISITION_FIELDS: usize = 8;

impl Acquisition {
    fn fields(self) -> [Option<pg_sys::Datum>; ACQUISITION_FIELDS] {
        [
            self.outcome.name().into_datum(),
            self.lock_token.into_datum(),
            self.signature.into_datum(),
            self.holder.into_datum(),
            self.expires_at.map(pg_sys::Datum::from),
            self.position.into_datum(),
            self.reason.into_datum(),
            self.details.map(pgrx::JsonB).into_datum(),
        ]
    }
}

impl Answer for Acquisition {
    #[cfg(test)]
    const SQL: &'static str = "slashguard.acquisition";
    unsafe fn datum(self, fcinfo: pg_sys::FunctionCallInfo) -> Option<pg_sys::Datum> {
        unsafe { form_composite(fcinfo, self.fields()) }
    }
}

impl Answer for Vec<Acquisition> {
    #[cfg(test)]
    const SQL: &'static str = "slashguard.acquisition[]";
    unsafe fn datum(self, fcinfo: pg_sys::FunctionCallInfo) -> Option<pg_sys::Datum> {
        unsafe { form_array(fcinfo, self.into_iter().map(Acquisition::fields)) }
    }
}

/// What became of one of many signatures, as `slashguard.recording` has it.
pub struct Recording {
    recorded_at: Option<i64>,
    sqlstate: Option<&'static str>,
    reason: Option<String>,
}

impl Recording {
    pub fn at(time: i64) -> Self {
        Self { recorded_at: Some(time), sqlstate: None, reason: None }
    }

    pub fn refused(error: &Error) -> Self {
        Self { recorded_at: None, sqlstate: Some(error.code.0), reason: Some(error.message.clone()) }
    }
}

const RECORDING_FIELDS: usize = 3;

impl Answer for Vec<Recording> {
    #[cfg(test)]
    const SQL: &'static str = "slashguard.recording[]";
    unsafe fn datum(self, fcinfo: pg_sys::FunctionCallInfo) -> Option<pg_sys::Datum> {
        let rows = self.into_iter().map(|recording| -> [Option<pg_sys::Datum>; RECORDING_FIELDS] {
            [
                recording.recorded_at.map(pg_sys::Datum::from),
                recording.sqlstate.into_datum(),
                recording.reason.into_datum(),
            ]
        });
        unsafe { form_array(fcinfo, rows) }
    }
}

/// An array of the composite type whose array type the function is declared to return.
unsafe fn form_array<const FIELDS: usize>(
    fcinfo: pg_sys::FunctionCallInfo,
    rows: impl Iterator<Item = [Option<pg_sys::Datum>; FIELDS]>,
) -> Option<pg_sys::Datum> {
    // SAFETY: the declaration test holds the SQL type's fields against those given; the count is checked here. Postgres copies the
    // elements.
    unsafe {
        let array_type = pg_sys::get_func_rettype((*(*fcinfo).flinfo).fn_oid);
        let element_type = pg_sys::get_element_type(array_type);
        let description = pg_sys::lookup_rowtype_tupdesc_copy(element_type, -1);
        if (*description).natts as usize != FIELDS {
            return None;
        }
        let description = pg_sys::BlessTupleDesc(description);
        let mut elements: Vec<pg_sys::Datum> = rows
            .map(|fields| {
                let mut values = [pg_sys::Datum::from(0_usize); FIELDS];
                let mut nulls = [true; FIELDS];
                for (place, field) in fields.into_iter().enumerate() {
                    if let Some(datum) = field {
                        values[place] = datum;
                        nulls[place] = false;
                    }
                }
                let tuple = pg_sys::heap_form_tuple(description, values.as_mut_ptr(), nulls.as_mut_ptr());
                pg_sys::HeapTupleHeaderGetDatum((*tuple).t_data)
            })
            .collect();
        let array = pg_sys::construct_array(
            elements.as_mut_ptr(),
            elements.len() as i32,
            element_type,
            -1,
            false,
            b'd' as std::ffi::c_char,
        );
        Some(pg_sys::Datum::from(array))
    }
}

/// A row of the composite type the function is declared to return.
pub unsafe fn form_composite<const FIELDS: usize>(
    fcinfo: pg_sys::FunctionCallInfo,
    fields: [Option<pg_sys::Datum>; FIELDS],
) -> Option<pg_sys::Datum> {
    let mut values = [pg_sys::Datum::from(0_usize); FIELDS];
    let mut nulls = [true; FIELDS];
    for (place, field) in fields.into_iter().enumerate() {
        if let Some(datum) = field {
            values[place] = datum;
            nulls[place] = false;
        }
    }
    // SAFETY: the declaration test holds the SQL type's fields against the ones above; the count is checked here.
    unsafe {
        let mut description: pg_sys::TupleDesc = std::ptr::null_mut();
        let class = pg_sys::get_call_result_type(fcinfo, std::ptr::null_mut(), &mut description);
        if class != pg_sys::TypeFuncClass::TYPEFUNC_COMPOSITE || (*description).natts as usize != FIELDS {
            return None;
        }
        let description = pg_sys::BlessTupleDesc(description);
        let tuple = pg_sys::heap_form_tuple(description, values.as_mut_ptr(), nulls.as_mut_ptr());
        Some(pg_sys::HeapTupleHeaderGetDatum((*tuple).t_data))
    }
}

/// What an import has brought for one validator, as `slashguard.imported_history` has it.
pub struct ImportedHistory {
    pub validator: String,
    pub blocks: i64,
    pub attestations: i64,
    pub new_blocks: i64,
    pub new_attestations: i64,
    pub slashable: i64,
    pub low_slot: Option<i64>,
    pub low_source_epoch: Option<i64>,
    pub low_target_epoch: Option<i64>,
    pub first_use_slot: Option<i64>,
}

const IMPORTED_HISTORY_FIELDS: usize = 10;

impl Answer for Vec<ImportedHistory> {
    #[cfg(test)]
    const SQL: &'static str = "SETOF slashguard.imported_history";
    unsafe fn datum(self, fcinfo: pg_sys::FunctionCallInfo) -> Option<pg_sys::Datum> {
        let rows = self.into_iter().map(|history| -> [Option<pg_sys::Datum>; IMPORTED_HISTORY_FIELDS] {
            [
                history.validator.into_datum(),
                history.blocks.into_datum(),
                history.attestations.into_datum(),
                history.new_blocks.into_datum(),
                history.new_attestations.into_datum(),
                history.slashable.into_datum(),
                history.low_slot.into_datum(),
                history.low_source_epoch.into_datum(),
                history.low_target_epoch.into_datum(),
                history.first_use_slot.into_datum(),
            ]
        });
        unsafe { return_set(fcinfo, rows) };
        None
    }
}

/// Hands all rows over at once; whoever asked in a way that takes no set gets Postgres' own error.
unsafe fn return_set<const FIELDS: usize>(
    fcinfo: pg_sys::FunctionCallInfo,
    rows: impl Iterator<Item = [Option<pg_sys::Datum>; FIELDS]>,
) {
    // SAFETY: the declaration test holds the SQL type's fields against those given; the call raises where no set is taken.
    unsafe {
        pg_sys::InitMaterializedSRF(fcinfo, 0);
        let result = (*fcinfo).resultinfo.cast::<pg_sys::ReturnSetInfo>();
        if (*(*result).setDesc).natts as usize != FIELDS {
            return;
        }
        for row in rows {
            let mut values = [pg_sys::Datum::from(0_usize); FIELDS];
            let mut nulls = [true; FIELDS];
            for (place, field) in row.into_iter().enumerate() {
                if let Some(datum) = field {
                    values[place] = datum;
                    nulls[place] = false;
                }
            }
            pg_sys::tuplestore_putvalues(
                (*result).setResult,
                (*result).setDesc,
                values.as_mut_ptr(),
                nulls.as_mut_ptr(),
            );
        }
    }
}

/// SAFETY: `number` is below the number of arguments that the SQL function is declared with.
pub unsafe fn argument<T: Argument>(fcinfo: pg_sys::FunctionCallInfo, number: usize) -> Option<T> {
    let given = unsafe { pgrx::fcinfo::pg_get_nullable_datum(fcinfo, number) };
    if given.isnull {
        None
    } else {
        unsafe { T::read(given.value) }
    }
}

/// What the body of a function left behind: nothing here needs dropping.
#[derive(Clone, Copy)]
enum Left {
    Value(pg_sys::Datum),
    Null,
    Raised(Raised),
}

/// Runs the body of a SQL function and answers or raises.
///
/// SAFETY: called by Postgres as the function whose `fcinfo` it is.
pub unsafe fn enter<A: Answer>(
    fcinfo: pg_sys::FunctionCallInfo,
    body: impl FnOnce() -> Result<A, Error>,
) -> pg_sys::Datum {
    let left = unsafe {
        let function = (*(*fcinfo).flinfo).fn_oid;
        pg_sys::panic::pgrx_extern_c_guard(move || match statement::as_function(function, body) {
            Ok(answer) => answer.datum(fcinfo).map_or(Left::Null, Left::Value),
            Err(error) => Left::Raised(Raised::keep(&error)),
        })
    };
    match left {
        Left::Value(datum) => datum,
        Left::Null => {
            unsafe { (*fcinfo).isnull = true };
            pg_sys::Datum::from(0_usize)
        }
        Left::Raised(raised) => unsafe { raised.raise() },
    }
}

/// A function's declaration as Rust knows it; a test holds it against the SQL.
#[cfg(test)]
pub struct Declaration {
    pub name: &'static str,
    pub symbol: &'static str,
    pub arguments: &'static [(&'static str, &'static str)],
    pub returns: &'static str,
}

/// Declares SQL functions. `fn name(a: T) -> A { .. }` becomes the C symbol `slashguard_name`; every argument arrives as
/// `Option<T>` and the body answers `Result<A, Error>`. `fn name as other(..)` has the name `other` in SQL: where functions
/// share theirs, each has its own symbol.
macro_rules! sql_functions {
    ($(
        $(#[$attribute:meta])*
        fn $name:ident $(as $shared:ident)? ($($argument:ident: $type:ty),* $(,)?) -> $answer:ty $body:block
    )*) => {
        $(
            $(#[$attribute])*
            #[allow(clippy::too_many_arguments, reason = "the SQL signature is the product's promise")]
            fn $name($($argument: Option<$type>),*) -> Result<$answer, $crate::duty::error::Error> $body

            const _: () = {
                #[unsafe(export_name = concat!("slashguard_", stringify!($name)))]
                unsafe extern "C-unwind" fn entry(
                    fcinfo: pgrx::pg_sys::FunctionCallInfo,
                ) -> pgrx::pg_sys::Datum {
                    unsafe {
                        $crate::api::entry::enter(fcinfo, || {
                            let mut _number = 0_usize;
                            $(
                                let $argument =
                                    $crate::api::entry::argument::<$type>(fcinfo, _number);
                                _number += 1;
                            )*
                            $name($($argument),*)
                        })
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
        pub const DECLARATIONS: &[$crate::api::entry::Declaration] = &[$(
            $crate::api::entry::Declaration {
                name: $crate::api::entry::sql_name!($name $($shared)?),
                symbol: concat!("slashguard_", stringify!($name)),
                arguments: &[$((
                    stringify!($argument),
                    <$type as $crate::api::entry::Argument>::SQL,
                )),*],
                returns: <$answer as $crate::api::entry::Answer>::SQL,
            }
        ),*];
    };
}

#[cfg(test)]
macro_rules! sql_name {
    ($name:ident) => {
        stringify!($name)
    };
    ($name:ident $shared:ident) => {
        stringify!($shared)
    };
}

pub(crate) use sql_functions;
#[cfg(test)]
pub(crate) use sql_name;
