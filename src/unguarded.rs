//! Postgres' functions as they are, for the hot path. pgrx puts each call of one into a frame that catches an error of Postgres' and
//! makes a panic of it; setting that up costs as much as many of these functions do, and its code, which is another for each of
//! them, has to be fetched.
//!
//! Those that may raise are called in `guarded` alone, several of them in one such frame. The others are called as they are.

use pgrx::pg_sys::{self, *};
use std::ffi::{c_int, c_void};

/// Catches an error of Postgres' as pgrx does for each of its own functions.
///
/// SAFETY: an error jumps out of `work`, so nothing in it may need to be dropped.
#[inline]
pub unsafe fn guarded<T: Copy>(work: impl FnOnce() -> T) -> T {
    unsafe { pg_sys::ffi::pg_guard_ffi_boundary(work) }
}

/// Declares functions of Postgres' with the types that pgrx knows them by: another one does not compile.
macro_rules! functions {
    ($(fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $answer:ty)?;)*) => {
        unsafe extern "C-unwind" {
            $(pub fn $name($($argument: $type),*) $(-> $answer)?;)*
        }
        $(const _: unsafe fn($($type),*) $(-> $answer)? = pg_sys::$name;)*
    };
}

// They raise nothing.
functions! {
    fn GetCurrentTimestamp() -> TimestampTz;
    fn GetCurrentStatementStartTimestamp() -> TimestampTz;
    fn GetTopTransactionIdIfAny() -> TransactionId;
    fn GetOuterUserId() -> Oid;
    fn RecoveryInProgress() -> bool;
    fn TransactionStartedDuringRecovery() -> bool;
    fn GetXLogInsertRecPtr() -> XLogRecPtr;
    fn pfree(chunk: *mut c_void);
}

// They may raise.
functions! {
    fn ConditionalLockRelationOid(relation: Oid, mode: LOCKMODE) -> bool;
    fn try_relation_open(relation: Oid, mode: LOCKMODE) -> Relation;
    fn relation_close(relation: Relation, mode: LOCKMODE);
    fn index_open(relation: Oid, mode: LOCKMODE) -> Relation;
    fn index_close(relation: Relation, mode: LOCKMODE);
    fn BuildIndexInfo(index: Relation) -> *mut IndexInfo;
    fn index_insert(
        index: Relation, values: *mut Datum, nulls: *mut bool, place: ItemPointer, table: Relation,
        unique: IndexUniqueCheck::Type, unchanged: bool, information: *mut IndexInfo,
    ) -> bool;
    fn GetLatestSnapshot() -> Snapshot;
    fn RegisterSnapshot(snapshot: Snapshot) -> Snapshot;
    fn UnregisterSnapshot(snapshot: Snapshot);
    fn ScanKeyInit(
        entry: ScanKey, attribute: AttrNumber, strategy: StrategyNumber, procedure: RegProcedure, argument: Datum,
    );
    fn systable_beginscan(
        table: Relation, index: Oid, by_index: bool, snapshot: Snapshot, keys: c_int, key: ScanKey,
    ) -> SysScanDesc;
    fn systable_getnext(scan: SysScanDesc) -> HeapTuple;
    fn systable_endscan(scan: SysScanDesc);
    fn heap_copytuple(tuple: HeapTuple) -> HeapTuple;
    fn heap_deform_tuple(tuple: HeapTuple, columns: TupleDesc, values: *mut Datum, nulls: *mut bool);
    fn heap_form_tuple(columns: TupleDesc, values: *mut Datum, nulls: *mut bool) -> HeapTuple;
    fn heap_insert(table: Relation, tuple: HeapTuple, command: CommandId, options: c_int, state: BulkInsertState);
    fn GetCurrentCommandId(used: bool) -> CommandId;
    fn CommandCounterIncrement();
    fn ReadBuffer(table: Relation, page: BlockNumber) -> Buffer;
    fn LockBuffer(buffer: Buffer, mode: c_int);
    fn ReleaseBuffer(buffer: Buffer);
    fn heap_hot_search_buffer(
        place: ItemPointer, table: Relation, buffer: Buffer, snapshot: Snapshot, tuple: HeapTuple, all_dead: *mut bool,
        first: bool,
    ) -> bool;
}

#[cfg(feature = "pg15")]
functions! {
    fn heap_update(
        table: Relation, old: ItemPointer, new: HeapTuple, command: CommandId, crosscheck: Snapshot, wait: bool,
        failure: *mut TM_FailureData, mode: *mut LockTupleMode::Type,
    ) -> TM_Result::Type;
}
#[cfg(not(feature = "pg15"))]
functions! {
    fn heap_update(
        table: Relation, old: ItemPointer, new: HeapTuple, command: CommandId, crosscheck: Snapshot, wait: bool,
        failure: *mut TM_FailureData, mode: *mut LockTupleMode::Type, indexes: *mut TU_UpdateIndexes::Type,
    ) -> TM_Result::Type;
}
