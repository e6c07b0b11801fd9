//! Statements against the ledger's tables: prepared once a backend, every one of them on a fresh snapshot.
//!
//! pgrx' own SPI client runs a statement read-only, on the caller's snapshot, until the transaction has written
//! something. After waiting for somebody else's commit that snapshot still shows the old row, and here that is a double
//! signature. So nothing in this file ever passes `read_only = true`.
//!
//! The functions on the hot path are declared without SECURITY DEFINER and without SET, because most calls need neither: they
//! run no statement (see `direct`). Whoever does run one takes the rights of the function's owner and these settings for as long
//! as its session lasts.

use crate::duty::error::Error;
use pgrx::{pg_sys, FromDatum, IntoDatum};
use std::cell::Cell;
use std::ffi::{c_int, CStr, CString};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicPtr, Ordering};

/// What holds while statements run, whatever the caller's session has: names and operators are pg_catalog's, a look-up by key is
/// one, and nobody is waited for without end.
const SETTINGS: [(&CStr, &CStr); 4] =
    [(c"search_path", c"pg_catalog, pg_temp"), (c"enable_seqscan", c"off"), (c"jit", c"off"), (c"lock_timeout", c"2s")];

thread_local! {
    /// The SQL function of slashguard's that is running.
    static FUNCTION: Cell<pg_sys::Oid> = const { Cell::new(pg_sys::InvalidOid) };
}

/// Runs the body of a SQL function, whose statements have its owner's rights.
pub fn as_function<T>(function: pg_sys::Oid, body: impl FnOnce() -> T) -> T {
    let outer = FUNCTION.replace(function);
    let answer = body();
    // After an error the next function sets its own.
    FUNCTION.set(outer);
    answer
}

/// The ledger for the length of one call. Connected to SPI, with rights and settings, from its first statement on.
pub struct Session {
    before: Cell<Option<Before>>,
    _not_shared: PhantomData<*const ()>,
}

/// What a session was opened in.
#[derive(Clone, Copy)]
struct Before {
    user: pg_sys::Oid,
    security: c_int,
    /// None: the function has settings of its own, and they hold. An operator's waits as long as it takes.
    settings: Option<c_int>,
}

impl Session {
    pub fn open() -> Self {
        Self { before: Cell::new(None), _not_shared: PhantomData }
    }

    /// Takes what statements need. To be called before a subtransaction that shall run some: it would take it all back.
    pub fn connect(&self) {
        if self.before.get().is_some() {
            return;
        }
        // SAFETY: rights and settings are taken back by `drop`, or by Postgres when the (sub)transaction is aborted, as those of
        // a SECURITY DEFINER function with SET clauses are. SPI_connect answers SPI_OK_CONNECT or raises.
        unsafe {
            let mut before = Before { user: pg_sys::InvalidOid, security: 0, settings: None };
            pg_sys::GetUserIdAndSecContext(&mut before.user, &mut before.security);
            let function = running_function();
            if let Some(function) = &function {
                let local = before.security | pg_sys::SECURITY_LOCAL_USERID_CHANGE as c_int;
                pg_sys::SetUserIdAndSecContext(function.owner, local);
            }
            let has_settings = function.is_some_and(|function| function.has_settings);
            before.settings = (!has_settings).then(|| pg_sys::NewGUCNestLevel());
            for (name, value) in SETTINGS.iter().filter(|_| !has_settings) {
                pg_sys::set_config_option(
                    name.as_ptr(),
                    value.as_ptr(),
                    pg_sys::GucContext::PGC_USERSET,
                    pg_sys::GucSource::PGC_S_SESSION,
                    pg_sys::GucAction::GUC_ACTION_SAVE,
                    true,
                    0,
                    false,
                );
            }
            pg_sys::SPI_connect();
            self.before.set(Some(before));
        }
    }
}

/// What a SQL function of ours is declared with.
struct Declared {
    /// Whoever made the extension.
    owner: pg_sys::Oid,
    /// Whether it has SET clauses.
    has_settings: bool,
}

/// The function that is running. None: it is gone.
unsafe fn running_function() -> Option<Declared> {
    let function = FUNCTION.get();
    let cache = pg_sys::SysCacheIdentifier::PROCOID as c_int;
    unsafe {
        let row = pg_sys::SearchSysCache1(cache, function.into());
        if row.is_null() {
            return None;
        }
        let owner = (*pg_sys::GETSTRUCT(row).cast::<pg_sys::FormData_pg_proc>()).proowner;
        let mut has_none = true;
        pg_sys::SysCacheGetAttr(cache, row, pg_sys::Anum_pg_proc_proconfig as pg_sys::AttrNumber, &mut has_none);
        pg_sys::ReleaseSysCache(row);
        Some(Declared { owner, has_settings: !has_none })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // After an error Postgres itself takes everything back when it aborts the (sub)transaction.
        if let (Some(before), false) = (self.before.get(), std::thread::panicking()) {
            // SAFETY: taken by `connect`, and given back in the opposite order.
            unsafe {
                pg_sys::SPI_finish();
                if let Some(settings) = before.settings {
                    pg_sys::AtEOXact_GUC(true, settings);
                }
                pg_sys::SetUserIdAndSecContext(before.user, before.security);
            }
        }
    }
}

/// A parameter. The variant says the SQL type.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    Bool(bool),
    Smallint(i16),
    Integer(Option<i32>),
    Bigint(Option<i64>),
    /// Microseconds since 2000-01-01 UTC.
    Timestamp(Option<i64>),
    Text(Option<&'a str>),
    Bytes(Option<&'a [u8]>),
    Uuid(Option<[u8; 16]>),
    Oid(Option<u32>),
    /// Arrays.
    Bools(&'a [bool]),
    Smallints(&'a [i16]),
    Integers(&'a [i32]),
    Bigints(&'a [i64]),
    OptionalBigints(&'a [Option<i64>]),
    ManyBytes(&'a [Option<&'a [u8]>]),
    Uuids(&'a [[u8; 16]]),
}

impl Value<'_> {
    pub(super) fn type_oid(&self) -> pg_sys::Oid {
        match self {
            Self::Bool(_) => pg_sys::BOOLOID,
            Self::Smallint(_) => pg_sys::INT2OID,
            Self::Integer(_) => pg_sys::INT4OID,
            Self::Bigint(_) => pg_sys::INT8OID,
            Self::Timestamp(_) => pg_sys::TIMESTAMPTZOID,
            Self::Text(_) => pg_sys::TEXTOID,
            Self::Bytes(_) => pg_sys::BYTEAOID,
            Self::Uuid(_) => pg_sys::UUIDOID,
            Self::Oid(_) => pg_sys::OIDOID,
            Self::Bools(_) => pg_sys::BOOLARRAYOID,
            Self::Smallints(_) => pg_sys::INT2ARRAYOID,
            Self::Integers(_) => pg_sys::INT4ARRAYOID,
            Self::Bigints(_) | Self::OptionalBigints(_) => pg_sys::INT8ARRAYOID,
            Self::ManyBytes(_) => pg_sys::BYTEAARRAYOID,
            Self::Uuids(_) => pg_sys::UUIDARRAYOID,
        }
    }

    /// As a number that tells it from others of its type, where it is a small one.
    pub(super) fn number(&self) -> Option<i64> {
        match self {
            Self::Bool(value) => Some(i64::from(*value)),
            Self::Integer(value) => value.map(i64::from),
            _ => None,
        }
    }

    pub(super) fn datum(self) -> Option<pg_sys::Datum> {
        match self {
            Self::Bool(value) => value.into_datum(),
            Self::Smallint(value) => value.into_datum(),
            Self::Integer(value) => value.into_datum(),
            Self::Bigint(value) | Self::Timestamp(value) => value.into_datum(),
            Self::Text(value) => value.into_datum(),
            Self::Bytes(value) => value.into_datum(),
            Self::Uuid(value) => value.map(pgrx::Uuid::from_bytes).into_datum(),
            Self::Oid(value) => value.map(pg_sys::Oid::from).into_datum(),
            Self::Bools(values) => values.to_vec().into_datum(),
            Self::Smallints(values) => values.to_vec().into_datum(),
            Self::Integers(values) => values.to_vec().into_datum(),
            Self::Bigints(values) => values.to_vec().into_datum(),
            Self::OptionalBigints(values) => values.to_vec().into_datum(),
            Self::ManyBytes(values) => values.to_vec().into_datum(),
            Self::Uuids(values) => {
                values.iter().map(|bytes| pgrx::Uuid::from_bytes(*bytes)).collect::<Vec<_>>().into_datum()
            }
        }
    }
}

/// A statement with its plan, kept from its first run to the end of the backend. Tables are qualified in every text;
/// operators are pg_catalog's because a session pins search_path.
pub struct Statement {
    text: &'static CStr,
    plan: AtomicPtr<pg_sys::_SPI_plan>,
}

/// A statement whose text is put together from literals.
macro_rules! statement {
    ($($part:literal)*) => {
        match std::ffi::CStr::from_bytes_with_nul(concat!($($part,)* "\0").as_bytes()) {
            Ok(text) => $crate::ledger::statement::Statement::new(text),
            Err(_) => panic!("the text has no inner zero byte"),
        }
    };
}
pub(super) use statement;

const MOST_PARAMETERS: usize = 20;

impl Statement {
    pub const fn new(text: &'static CStr) -> Self {
        Self { text, plan: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// Runs the statement on a snapshot taken now.
    pub fn run<'session>(&self, session: &'session Session, parameters: &[Value]) -> Result<Rows<'session>, Error> {
        session.connect();
        let plan = self.plan(parameters)?;
        let mut values = [pg_sys::Datum::from(0_usize); MOST_PARAMETERS];
        let mut nulls = [b' ' as std::ffi::c_char; MOST_PARAMETERS];
        for (place, parameter) in parameters.iter().enumerate() {
            match parameter.datum() {
                Some(datum) => values[place] = datum,
                None => nulls[place] = b'n' as std::ffi::c_char,
            }
        }
        // SAFETY: the plan was made for as many parameters of these types; the session is open.
        let status = unsafe {
            pg_sys::SPI_tuptable = std::ptr::null_mut();
            pg_sys::SPI_execute_plan(plan, values.as_mut_ptr(), nulls.as_ptr(), false, 0)
        };
        if status < 0 {
            return Err(self.failed("run", status));
        }
        // SAFETY: set by the call above.
        Ok(unsafe { Rows { table: pg_sys::SPI_tuptable, count: pg_sys::SPI_processed, _session: PhantomData } })
    }

    fn plan(&self, parameters: &[Value]) -> Result<pg_sys::SPIPlanPtr, Error> {
        let kept = self.plan.load(Ordering::Relaxed);
        if !kept.is_null() {
            return Ok(kept);
        }
        if parameters.len() > MOST_PARAMETERS {
            return Err(self.failed("prepare", pg_sys::SPI_ERROR_PARAM));
        }
        let mut types = [pg_sys::InvalidOid; MOST_PARAMETERS];
        for (place, parameter) in parameters.iter().enumerate() {
            types[place] = parameter.type_oid();
        }
        // SAFETY: text and types outlive the call; the kept plan is never freed.
        let plan = unsafe {
            // Generic from the start: a plan for given values shows them, a token's secret among them, to whatever logs plans.
            let plan = pg_sys::SPI_prepare_cursor(
                self.text.as_ptr(),
                parameters.len() as i32,
                types.as_mut_ptr(),
                pg_sys::CURSOR_OPT_GENERIC_PLAN as i32,
            );
            if plan.is_null() {
                return Err(self.failed("prepare", pg_sys::SPI_result));
            }
            pg_sys::SPI_keepplan(plan);
            plan
        };
        self.plan.store(plan, Ordering::Relaxed);
        Ok(plan)
    }

    fn failed(&self, step: &str, status: i32) -> Error {
        Error::internal(format!("cannot {step} a statement (SPI status {status})")).detail(self.text.to_string_lossy())
    }
}

/// Runs a text that is put together, about a table that is not ours. Each name in it must be quoted and qualified.
pub fn run_text<'session>(
    session: &'session Session,
    text: &str,
    parameters: &[Value],
) -> Result<Rows<'session>, Error> {
    session.connect();
    let failed = |status| Error::internal(format!("cannot run a statement (SPI status {status})")).detail(text);
    let Ok(c_text) = CString::new(text) else {
        return Err(failed(pg_sys::SPI_ERROR_ARGUMENT));
    };
    let mut types: Vec<pg_sys::Oid> = parameters.iter().map(Value::type_oid).collect();
    let (mut values, mut nulls) = (Vec::new(), Vec::new());
    for parameter in parameters {
        let datum = parameter.datum();
        nulls.push(if datum.is_some() { b' ' } else { b'n' } as std::ffi::c_char);
        values.push(datum.unwrap_or(pg_sys::Datum::from(0_usize)));
    }
    // SAFETY: as many types, values and null flags as parameters, alive during the call; the session is open.
    let status = unsafe {
        pg_sys::SPI_tuptable = std::ptr::null_mut();
        pg_sys::SPI_execute_with_args(
            c_text.as_ptr(),
            parameters.len() as i32,
            types.as_mut_ptr(),
            values.as_mut_ptr(),
            nulls.as_ptr(),
            false,
            0,
        )
    };
    if status < 0 {
        return Err(failed(status));
    }
    // SAFETY: set by the call above.
    Ok(unsafe { Rows { table: pg_sys::SPI_tuptable, count: pg_sys::SPI_processed, _session: PhantomData } })
}

/// What a statement returned; `count` rows were returned or changed.
pub struct Rows<'session> {
    table: *mut pg_sys::SPITupleTable,
    pub count: u64,
    _session: PhantomData<&'session Session>,
}

impl Rows<'_> {
    /// Whether the statement changed or found anything.
    pub fn any(&self) -> bool {
        self.count > 0
    }

    pub fn first(&self) -> Option<Row<'_>> {
        self.iter().next()
    }

    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        let count = if self.table.is_null() {
            0
        } else {
            // SAFETY: a table SPI has just filled.
            unsafe { (*self.table).numvals as usize }
        };
        (0..count).map(move |number| Row { rows: self, number })
    }
}

impl Drop for Rows<'_> {
    fn drop(&mut self) {
        if !self.table.is_null() && !std::thread::panicking() {
            // SAFETY: freed once, while its session is open.
            unsafe { pg_sys::SPI_freetuptable(self.table) };
        }
    }
}

pub struct Row<'rows> {
    rows: &'rows Rows<'rows>,
    number: usize,
}

/// A Rust type that one SQL type is read as.
pub trait Column: Sized {
    const TYPE: pg_sys::Oid;
    /// SAFETY: `datum` is a value of that SQL type and not null.
    unsafe fn read(datum: pg_sys::Datum) -> Option<Self>;
}

macro_rules! columns {
    ($($rust:ty = $oid:ident),*) => {$(
        impl Column for $rust {
            const TYPE: pg_sys::Oid = pg_sys::$oid;
            unsafe fn read(datum: pg_sys::Datum) -> Option<Self> {
                unsafe { <$rust>::from_datum(datum, false) }
            }
        }
    )*};
}

columns!(
    bool = BOOLOID,
    i16 = INT2OID,
    i32 = INT4OID,
    i64 = INT8OID,
    String = TEXTOID,
    Vec<u8> = BYTEAOID
);

/// `timestamptz` in microseconds.
pub struct Time(pub i64);

impl Column for Time {
    const TYPE: pg_sys::Oid = pg_sys::TIMESTAMPTZOID;
    unsafe fn read(datum: pg_sys::Datum) -> Option<Self> {
        Some(Self(datum.value() as i64))
    }
}

impl Column for [u8; 16] {
    const TYPE: pg_sys::Oid = pg_sys::UUIDOID;
    unsafe fn read(datum: pg_sys::Datum) -> Option<Self> {
        unsafe { pgrx::Uuid::from_datum(datum, false) }.map(|uuid| *uuid.as_bytes())
    }
}

impl Column for u32 {
    const TYPE: pg_sys::Oid = pg_sys::OIDOID;
    unsafe fn read(datum: pg_sys::Datum) -> Option<Self> {
        Some(datum.value() as u32)
    }
}

impl Row<'_> {
    /// The value of a column, counted from 1; None for SQL NULL. An error where the type is not the one asked for:
    /// reading it as another would be memory-unsafe.
    pub fn get<T: Column>(&self, column: i32) -> Result<Option<T>, Error> {
        // SAFETY: the row exists while its table does; the column's type is checked before the datum is read.
        unsafe {
            let table = &*self.rows.table;
            let type_oid = pg_sys::SPI_gettypeid(table.tupdesc, column);
            if type_oid != T::TYPE {
                return Err(Error::internal(format!(
                    "column {column} has type {} where {} is expected",
                    type_oid.to_u32(),
                    T::TYPE.to_u32()
                )));
            }
            let tuple = *table.vals.add(self.number);
            let mut is_null = false;
            let datum = pg_sys::SPI_getbinval(tuple, table.tupdesc, column, &mut is_null);
            Ok(if is_null { None } else { T::read(datum) })
        }
    }

    /// The value of a column that is never null.
    pub fn need<T: Column>(&self, column: i32) -> Result<T, Error> {
        self.get(column)?.ok_or_else(|| Error::internal(format!("column {column} is null")))
    }
}
