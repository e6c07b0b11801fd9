//! What the client's own statement is. A claim deep inside it must know, because only a plain SELECT that runs to its
//! end in one go is answered after its commit.
//!
//! Execute with a row limit, then Flush, hands out rows while the transaction is open, and nothing else in the server
//! notices. So every outermost executor run is looked at when it starts.
//!
//! The library must be loaded by then. A SECURITY DEFINER function loads its library only when it is first called, which
//! is too late; so the functions that claim have a planner support function, which loads it when the statement is planned.

use super::held_answer;
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::CStr;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outermost {
    /// No run has started, or the library was loaded in the middle of one.
    Unseen,
    PlainSelect,
    /// An INSERT, UPDATE or DELETE, with RETURNING or in a WITH or without.
    PlainChange,
    Other,
}

thread_local! {
    static OUTERMOST: Cell<Outermost> = const { Cell::new(Outermost::Unseen) };
    static PREVIOUS: Cell<pg_sys::ExecutorRun_hook_type> = const { Cell::new(None) };
}

/// Installs the hook.
pub fn watch() {
    // SAFETY: single-threaded start-up of the library; the previous hook is kept and called.
    unsafe {
        PREVIOUS.set(pg_sys::ExecutorRun_hook);
        pg_sys::ExecutorRun_hook = Some(executor_run);
    }
}

/// Whether the client sent a plain SELECT, to be read to its end and straight to the client.
pub fn is_plain_select() -> bool {
    OUTERMOST.get() == Outermost::PlainSelect
}

/// Whether the client sent an INSERT, UPDATE or DELETE by itself, not one that a function or a utility command runs for it. A
/// trigger asks: nothing loads the library before the first row that it fires for in a session, so a run that was not looked at
/// when it began is looked at now.
pub fn is_plain_change() -> bool {
    match OUTERMOST.get() {
        Outermost::PlainChange => true,
        // SAFETY: asked while a statement runs.
        Outermost::Unseen => unsafe { changes_by_itself(pg_sys::ActivePortal).is_some() },
        Outermost::PlainSelect | Outermost::Other => false,
    }
}

/// `slashguard.load_before_run(internal)`: a planner support function that supports nothing but loading the library.
#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn slashguard_load_before_run(_fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    pg_sys::Datum::from(0_usize)
}

#[unsafe(no_mangle)]
extern "C-unwind" fn pg_finfo_slashguard_load_before_run() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// At the end of a transaction no run is under way, also where an error jumped out of one.
pub fn forget() {
    OUTERMOST.set(Outermost::Unseen);
}

#[cfg(not(feature = "pg18"))]
unsafe extern "C-unwind" fn executor_run(
    query: *mut pg_sys::QueryDesc,
    direction: pg_sys::ScanDirection::Type,
    count: u64,
    execute_once: bool,
) {
    // Declared here rather than taken from pgrx: its wrapper would turn every error that passes into a Rust panic, and
    // codes that are not Postgres' own would be lost. This frame has nothing to drop, so errors may jump over it.
    unsafe extern "C-unwind" {
        fn standard_ExecutorRun(
            query: *mut pg_sys::QueryDesc,
            direction: pg_sys::ScanDirection::Type,
            count: u64,
            execute_once: bool,
        );
    }
    unsafe {
        let run = enter(query, count);
        match PREVIOUS.get() {
            Some(previous) => previous(query, direction, count, execute_once),
            None => standard_ExecutorRun(query, direction, count, execute_once),
        }
        leave(query, run);
    }
}

#[cfg(feature = "pg18")]
unsafe extern "C-unwind" fn executor_run(
    query: *mut pg_sys::QueryDesc,
    direction: pg_sys::ScanDirection::Type,
    count: u64,
) {
    // As above.
    unsafe extern "C-unwind" {
        fn standard_ExecutorRun(query: *mut pg_sys::QueryDesc, direction: pg_sys::ScanDirection::Type, count: u64);
    }
    unsafe {
        let run = enter(query, count);
        match PREVIOUS.get() {
            Some(previous) => previous(query, direction, count),
            None => standard_ExecutorRun(query, direction, count),
        }
        leave(query, run);
    }
}

/// A run as it was when it started.
#[derive(Clone, Copy)]
enum Run {
    Nested,
    Outermost {
        /// Where the rows go. Null: nobody stands before it.
        client: *mut pg_sys::DestReceiver,
    },
}

/// Looks at a run that starts.
unsafe fn enter(query: *mut pg_sys::QueryDesc, count: u64) -> Run {
    if OUTERMOST.get() != Outermost::Unseen {
        return Run::Nested;
    }
    let outermost = unsafe { look_at(query, count) };
    OUTERMOST.set(outermost);
    if outermost != Outermost::PlainSelect {
        return Run::Outermost { client: std::ptr::null_mut() };
    }
    unsafe {
        let client = (*query).dest;
        (*query).dest = held_answer::before(client);
        Run::Outermost { client }
    }
}

unsafe fn leave(query: *mut pg_sys::QueryDesc, run: Run) {
    if let Run::Outermost { client } = run {
        OUTERMOST.set(Outermost::Unseen);
        if !client.is_null() {
            unsafe { (*query).dest = client };
        }
    }
}

/// SAFETY: `query` is the run's own descriptor, alive and with its destination set.
unsafe fn look_at(query: *const pg_sys::QueryDesc, count: u64) -> Outermost {
    let portal = unsafe { pg_sys::ActivePortal };
    if portal.is_null() {
        return Outermost::Other;
    }
    let plain = unsafe {
        let to_client =
            matches!((*(*query).dest).mydest, pg_sys::CommandDest::DestRemote | pg_sys::CommandDest::DestRemoteExecute);
        // The portal's own query, not one that a utility command such as EXECUTE or COPY runs for it.
        let own =
            (*portal).strategy == pg_sys::PortalStrategy::PORTAL_ONE_SELECT && std::ptr::eq((*portal).queryDesc, query);
        to_client && own && count == 0
    };
    if plain {
        return Outermost::PlainSelect;
    }
    match unsafe { changes_by_itself(portal) } {
        Some(plan) if std::ptr::eq(plan, unsafe { (*query).plannedstmt }) => Outermost::PlainChange,
        _ => Outermost::Other,
    }
}

/// Whether the portal runs what the client has sent. A cursor that a function opens, by whatever name, has words of its own.
unsafe fn is_of_client(portal: &pg_sys::PortalData) -> bool {
    unsafe {
        let (words, sent) = (portal.sourceText, pg_sys::debug_query_string);
        !words.is_null() && !sent.is_null() && CStr::from_ptr(words) == CStr::from_ptr(sent)
    }
}

/// The one statement of a client's portal, where it changes rows. Its rows reach the client when it has run to its end.
unsafe fn changes_by_itself(portal: pg_sys::Portal) -> Option<*const pg_sys::PlannedStmt> {
    unsafe {
        let portal = portal.as_ref()?;
        let statements = portal.stmts.as_ref()?;
        let runs_first = matches!(
            portal.strategy,
            pg_sys::PortalStrategy::PORTAL_ONE_RETURNING
                | pg_sys::PortalStrategy::PORTAL_ONE_MOD_WITH
                | pg_sys::PortalStrategy::PORTAL_MULTI_QUERY
        );
        if !runs_first || !is_of_client(portal) || statements.length != 1 {
            return None;
        }
        let statement = (*statements.elements).ptr_value.cast::<pg_sys::PlannedStmt>();
        let is_utility = (*statement).commandType == pg_sys::CmdType::CMD_UTILITY;
        (!is_utility).then_some(statement.cast_const())
    }
}
