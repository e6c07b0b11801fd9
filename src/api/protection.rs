//! Protecting a node's own table: its triggers ask the ledger as `try_acquire_duty` does.

use super::entry::{sql_functions, Regclass};
use super::recovery::settle;
use super::trigger::Table;
use crate::durability::{commit, transaction};
use crate::duty::clock;
use crate::duty::error::{required, Error, SqlState};
use crate::duty::rules::Rules;
use crate::interchange::aztec_table::{Shape, Unrecognised};
use crate::ledger::chains::{self, Registered};
use crate::ledger::node_table::{self, Import, Imported, NodeTable};
use crate::ledger::statement::Session;
use crate::ledger::{audit, lock, server, shards, switches};
use pgrx::pg_sys;
use serde_json::json;

sql_functions! {
    /// Protects the table of Aztec's validator-ha-signer: from then on a row goes in only where `try_acquire_duty` would grant the
    /// duty, and the rows that are there count as history. Answers how many of them are new to the ledger.
    ///
    /// `table_name`: an ordinary table of one of the package's generations, of the caller's own. `chain`: a registered chain with the rules
    /// aztec; rows are told apart by their rollup's address, and a second call adds a second chain. Waits for statements on the
    /// table and for claims under way. Raises 42501 for another's table, 42809 for what is no ordinary table, 55000 for one of
    /// another shape or a retired or frozen chain, 42704 for an unknown chain, 22023 for one with other rules, SG007 outside read
    /// committed, SG004 where the clock is not to be believed, 25006 on a standby.
    fn protect_table(table_name: Regclass, chain: String) -> i64 {
        take_in(table_name, chain, true)
    }

    /// Takes the protection off: the table is as it was before. What was granted stays in the ledger. Answers false where the
    /// table was not protected. Raises 42501 for another's table, 25006 on a standby.
    fn unprotect_table(table_name: Regclass) -> bool {
        transaction::refuse_on_standby()?;
        let Regclass(oid) = required("table_name", table_name)?;
        let session = Session::open();
        let table = lock_own(&session, oid, pg_sys::AccessExclusiveLock)?;
        if table.chains.is_empty() {
            return Ok(false);
        }
        commit::durably();
        table.drop_triggers(&session)?;
        for chain in &table.chains {
            audit::write(&session, "unprotect_table", chain, &json!({ "table": table.name }))?;
        }
        Ok(true)
    }

    /// Copies what the table has into the ledger and leaves the table as it is. Answers how many rows were new. For nodes that are
    /// to call slashguard's functions. Where the table is protected, both sides have one ledger already and there is nothing
    /// left to copy; any number of calls is as good as one.
    ///
    /// Arguments and errors are those of `protect_table`.
    fn migrate_table(table_name: Regclass, chain: String) -> i64 {
        take_in(table_name, chain, false)
    }
}

fn take_in(table_name: Option<Regclass>, chain: Option<String>, protect: bool) -> Result<i64, Error> {
    transaction::refuse_on_standby()?;
    transaction::require_fresh_snapshots("taking in a table")?;
    let Regclass(oid) = required("table_name", table_name)?;
    let name = required("chain", chain)?;
    let session = Session::open();
    // The table first, as its INSERTs do; its triggers must not fire for a row that is read here as well.
    let mode = if protect { pg_sys::AccessExclusiveLock } else { pg_sys::ShareRowExclusiveLock };
    let table = lock_own(&session, oid, mode)?;
    require_plain(&table)?;
    let shape = recognise(&table)?;
    settle(&session)?;
    commit::durably();
    lock::exclude(with_rollup(&session, &name)?.0.lock);
    let (chain, rollup) = with_rollup(&session, &name)?;
    require_open(&chain)?;
    let is_other_chain = !table.chains.is_empty() && !table.chains.contains(&name);
    if shape.rollup.is_none() && is_other_chain {
        return Err(Error::new(
            SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("{} has no column rollup_address, so it is the table of one chain", table.name),
        )
        .detail(format!("It is protected for chain \"{}\".", table.chains.join("\", \"")))
        .hint("Give each rollup a table of its own, or update validator-ha-signer."));
    }
    let was_protected = table.chains.contains(&name);
    let imported = import(&session, &table, &shape, &chain, &rollup, was_protected)?;
    if protect {
        let mut chains = table.chains.clone();
        if !was_protected {
            chains.push(name.clone());
        }
        table.set_triggers(&session, &chains)?;
    }
    let action = if protect { "protect_table" } else { "migrate_table" };
    audit::write(
        &session,
        action,
        &name,
        &json!({
            "table": table.name, "generation": shape.generation().name(), "new_rows": imported.rows,
            "contradictory": imported.contradictory,
        }),
    )?;
    if !protect && table.chains.is_empty() {
        server::notice(&format!(
            "{} is not protected: what nodes write to it from now on is not in the ledger. Stop them, or call slashguard.protect_table",
            table.name
        ));
    }
    Ok(imported.rows)
}

fn import(
    session: &Session,
    table: &NodeTable,
    shape: &Shape,
    chain: &Registered,
    rollup: &str,
    was_protected: bool,
) -> Result<Imported, Error> {
    switches::count_change(session, chain)?;
    let now = server::now();
    let current_slot = clock::current_slot(chain.chain.clock.as_ref(), now);
    let signed_elsewhere = !was_protected;
    let import = Import { table, shape, chain, rollup, current_slot, now, signed_elsewhere };
    let imported = node_table::import(session, &import)?;
    shards::settle(session, chain, now)?;
    if imported.contradictory > 0 {
        server::warning(&format!(
            "{} rows of {} have another message than the ledger has for their duty; of these duties nothing else is granted",
            imported.contradictory, table.name
        ));
    }
    Ok(imported)
}

/// The table, locked. 42501 where it is not the caller's.
fn lock_own(session: &Session, oid: u32, mode: u32) -> Result<NodeTable, Error> {
    // Before the lock: nobody holds up what is another's.
    own(session, oid)?;
    // SAFETY: a lock of this transaction; on a table that is gone it harms nobody.
    unsafe { pg_sys::LockRelationOid(pg_sys::Oid::from(oid), mode as i32) };
    own(session, oid)
}

fn own(session: &Session, oid: u32) -> Result<NodeTable, Error> {
    let Some(table) = node_table::describe(session, oid, server::caller())? else {
        return Err(Error::argument(SqlState::UNDEFINED_OBJECT, "table_name", "table_name is not a table")
            .hint("Give the table's name with its schema, such as 'public.validator_duties'."));
    };
    if !table.is_own {
        return Err(Error::argument(
            SqlState::INSUFFICIENT_PRIVILEGE,
            "table_name",
            format!("must be owner of table {}", table.name),
        )
        .hint("Call this as a superuser, or as a role that has the rights of its owner."));
    }
    Ok(table)
}

/// 42809 for a table whose rows may be elsewhere, or go.
fn require_plain(table: &NodeTable) -> Result<(), Error> {
    if table.is_plain {
        return Ok(());
    }
    Err(Error::argument(SqlState::WRONG_OBJECT_TYPE, "table_name", format!("{} is not an ordinary table", table.name))
        .detail(
            "Argument: table_name. Partitions, inheritance, views, unlogged and temporary tables are not for history.",
        )
        .hint("Give the table that validator-ha-signer's migrations have made."))
}

fn recognise(table: &NodeTable) -> Result<Shape, Error> {
    // SAFETY: locked to the end of the transaction; closed before anything else looks at it.
    let (shape, columns) = unsafe {
        let relation = pg_sys::table_open(pg_sys::Oid::from(table.oid), pg_sys::NoLock as i32);
        let open = Table::new(relation);
        let found = (open.shape(), open.columns());
        pg_sys::table_close(relation, pg_sys::NoLock as i32);
        found
    };
    shape.map_err(|Unrecognised(why)| {
        Error::argument(
            SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
            "table_name",
            format!("{} is no table of validator-ha-signer that slashguard knows: {why}", table.name),
        )
        .detail(format!("Argument: table_name. Its columns are: {columns}."))
        .hint("Run the migrations of validator-ha-signer: aztec migrate-ha-db up.")
    })
}

/// The chain and its rollup's address. 22023 for other rules.
fn with_rollup(session: &Session, name: &str) -> Result<(Registered, String), Error> {
    let chain = chains::named(session, name)?;
    match chain.chain.identity.split_once(':') {
        Some((_, rollup)) if chain.chain.rules == Rules::Aztec => {
            let rollup = rollup.to_owned();
            Ok((chain, rollup))
        }
        _ => Err(Error::argument(
            SqlState::INVALID_PARAMETER_VALUE,
            "chain",
            format!("chain \"{name}\" has the rules {}", chain.chain.rules.name()),
        )
        .hint("The table of validator-ha-signer is for chains with the rules aztec.")),
    }
}

/// 55000 for a retired or frozen chain, as for every import.
fn require_open(chain: &Registered) -> Result<(), Error> {
    let name = &chain.chain.name;
    let refuse = |what: &str, hint: &str| {
        Err(Error::argument(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, "chain", format!("chain \"{name}\" is {what}"))
            .hint(hint))
    };
    if chain.retired {
        refuse("retired", "Nothing is granted for it any more.")
    } else if chain.frozen {
        refuse("frozen", "Unfreeze it first: the receipt of its freeze does not vouch for what comes in later.")
    } else {
        Ok(())
    }
}
