//! May this transaction vouch for an answer? Only if the answer reaches the client after its commit.

use super::{held_answer, outermost};
use crate::duty::error::{Error, SqlState};
use crate::settings;
use crate::unguarded;
use pgrx::pg_sys;

/// True on a hot standby, which answers from the past and can promise nothing. A transaction that began before a promotion can
/// write nothing after it.
pub fn on_standby() -> bool {
    // SAFETY: reads shared state and this backend's transaction state only.
    unsafe { unguarded::RecoveryInProgress() || unguarded::TransactionStartedDuringRecovery() }
}

/// 25006 for what writes and has no outcome of its own to say it with.
pub fn refuse_on_standby() -> Result<(), Error> {
    if on_standby() {
        return Err(Error::new(SqlState::READ_ONLY_TRANSACTION, "this server is a standby and changes nothing")
            .hint("Call the primary."));
    }
    Ok(())
}

/// SG007 where the client could read the answer of a claim that is not, or never will be, committed.
pub fn require_vouching() -> Result<(), Error> {
    if settings::allow_transaction_blocks() {
        return Ok(());
    }
    if in_block_or_pipeline() {
        return Err(refused(
            "a claim cannot be asked for inside a transaction block or pipeline",
            "The client would read the answer before it is committed.",
            "Send the call as a statement of its own, in autocommit. \
             psycopg: autocommit=True, outside a pipeline; pgx, Npgsql: not in a batch; JDBC: setAutoCommit(true).",
        ));
    }
    if uses_one_snapshot() {
        return Err(refused(
            "a claim needs isolation level read committed",
            "In repeatable read and serializable a watermark raised meanwhile is not seen.",
            "Set default_transaction_isolation to 'read committed' for this role.",
        ));
    }
    if !outermost::is_plain_select() {
        return Err(refused(
            "a claim must be asked for by a plain SELECT that is read to its end",
            "A cursor, a fetch size, COPY, EXECUTE, RETURNING, DO or CALL can hand out the answer before it is committed.",
            "Send SELECT * FROM slashguard.try_acquire_duty(..) by itself and without a row limit. \
             If a function of yours wraps it, put slashguard's library into session_preload_libraries.",
        ));
    }
    Ok(())
}

/// SG007 where the client could read a receipt of what is not, or never will be, committed. `what`: the beginning of the sentence.
pub fn require_promise(what: &str) -> Result<(), Error> {
    if settings::allow_transaction_blocks() {
        return Ok(());
    }
    if in_block_or_pipeline() || !outermost::is_plain_select() {
        return Err(refused(
            &format!("{what} must be asked for by a plain SELECT of its own"),
            "In a transaction block, a pipeline, a cursor, DO or CALL it could be read before it is committed.",
            "Send the call as a statement of its own, in autocommit.",
        ));
    }
    require_fresh_snapshots(what)
}

/// SG007 for what holds its chain's lock until the commit: an open transaction would keep operators from it. `what`: the beginning of
/// the sentence.
pub fn require_own_transaction(what: &str) -> Result<(), Error> {
    if settings::allow_transaction_blocks() || !in_block_or_pipeline() {
        return Ok(());
    }
    Err(refused(
        &format!("{what} cannot be part of a transaction block or pipeline"),
        "It holds the chain's lock until the commit, and an operator's freeze would wait for that.",
        "Send the call as a statement of its own, in autocommit.",
    ))
}

/// SG007 where the client could read what its INSERT into a protected table returns before it is committed. What it returns is kept
/// until then from here on.
pub fn require_vouching_insert() -> Result<(), Error> {
    if settings::allow_transaction_blocks() {
        return Ok(());
    }
    if in_block_or_pipeline() {
        return Err(refused(
            "a row of a protected table cannot be inserted inside a transaction block or pipeline",
            "The client would read that it holds the duty before that is committed.",
            "Send the INSERT as a statement of its own, in autocommit, as validator-ha-signer does.",
        ));
    }
    if uses_one_snapshot() {
        return Err(refused(
            "a protected table needs isolation level read committed",
            "In repeatable read and serializable a watermark raised meanwhile is not seen.",
            "Set default_transaction_isolation to 'read committed' for this role.",
        ));
    }
    // SAFETY: reads this backend's transaction state.
    let in_savepoint = unsafe { pg_sys::GetCurrentTransactionNestLevel() } > 1;
    if in_savepoint || !outermost::is_plain_change() {
        return Err(refused(
            "a row of a protected table must be inserted by the client's own INSERT",
            "COPY, EXECUTE, DO, CALL and functions can hand out what it returned before it is committed, or undo it.",
            "Send the INSERT by itself, as validator-ha-signer does. History comes in with slashguard.migrate_table.",
        ));
    }
    held_answer::keep_until_commit();
    Ok(())
}

/// SG007: a row limit on what a claim or a signature returns.
pub fn row_limit() -> Error {
    refused(
        "what a change of a protected table returns must be read to its end",
        "A row limit hands it out before it is committed.",
        "Send it without a fetch size or row limit.",
    )
}

/// SG007: a second claim in the statement of the first.
pub fn second_claim() -> Error {
    refused(
        "one statement may ask for one claim only",
        "What goes wrong with one of them would undo the others.",
        "Send one statement a claim.",
    )
}

/// Whether the statement that is running is a transaction of its own. Makes the first statement of a pipeline commit at
/// once, as VACUUM does.
pub fn in_block_or_pipeline() -> bool {
    // SAFETY: both read this backend's transaction state; the second cannot raise after the first answered false.
    unsafe {
        if pg_sys::IsInTransactionBlock(true) {
            return true;
        }
        pg_sys::PreventInTransactionBlock(true, c"a claim".as_ptr());
    }
    false
}

/// SG007 where what others have committed meanwhile is not seen. `what`: the beginning of the sentence.
pub fn require_fresh_snapshots(what: &str) -> Result<(), Error> {
    if !uses_one_snapshot() {
        return Ok(());
    }
    Err(refused(
        &format!("{what} needs isolation level read committed"),
        "In repeatable read and serializable what was committed meanwhile is not seen.",
        "Begin the transaction with isolation level read committed.",
    ))
}

fn uses_one_snapshot() -> bool {
    // SAFETY: a plain read of this backend's variable.
    unsafe { pg_sys::XactIsoLevel >= pg_sys::XACT_REPEATABLE_READ as i32 }
}

fn refused(message: &str, detail: &str, hint: &str) -> Error {
    Error::new(SqlState::UNSAFE_TRANSACTION, message).detail(detail).hint(hint)
}
