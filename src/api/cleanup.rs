//! Cleanup, as maintainers and pg_cron call it.

use super::entry::{sql_functions, Interval};
use super::recovery::settle;
use crate::durability::{commit, transaction};
use crate::duty::clock::{interval_to_duration, Duration};
use crate::duty::error::{required, Error, SqlState};
use crate::ledger::statement::Session;
use crate::ledger::{chains, clock_mark, lock, server};
use crate::maintenance::{old_duties, stuck_duties};

const LARGEST_BATCH: i32 = 1_000_000;

sql_functions! {
    /// Opens claims whose lease ended at least `max_age` ago (default: two slots of their chain): their tokens die, any node
    /// may take them over with the same hash. Answers how many. Raises 22023 for a negative age or one with months, 25006 on a
    /// standby.
    fn cleanup_stuck_duties(max_age: Interval) -> i64 {
        transaction::refuse_on_standby()?;
        let max_age = parse_age(max_age)?;
        let may_be_asynchronous = commit::may_be_asynchronous();
        let session = Session::open();
        wait_for_other_cleanups(&session)?;
        let mut opened = 0;
        for chain in chains::all(&session)? {
            opened += stuck_duties::open(&session, &chain, max_age, server::now())?;
        }
        // Claims that are opened shall not be locked for as long as a standby is silent.
        commit::asynchronously_if(may_be_asynchronous);
        Ok(opened)
    }

    /// Deletes one batch of history older than `max_age` (default: the chain's retention), and first raises the low watermark
    /// over it, in the same transaction. Answers how many rows went; 0: nothing is left.
    ///
    /// `chain`: null for all. `batch_size`: 1 to 1,000,000 rows. Raises 42704 for an unknown chain, 22023 and 22004 for bad
    /// input, SG004 where the clock is not to be believed, 25006 on a standby.
    fn cleanup_old_duties(max_age: Interval, chain: String, batch_size: i32) -> i64 {
        transaction::refuse_on_standby()?;
        let max_age = parse_age(max_age)?;
        let batch_size = parse_batch_size(batch_size)?;
        let session = Session::open();
        // What is old is told by the clock.
        settle(&session)?;
        wait_for_other_cleanups(&session)?;
        let chains = match chain {
            Some(name) => vec![chains::named(&session, &name)?],
            None => chains::all(&session)?,
        };
        let mut left = i64::from(batch_size);
        for chain in chains {
            if left == 0 {
                break;
            }
            if let Some(cutoff) = old_duties::cutoff(&chain, max_age, server::now()) {
                left -= old_duties::delete(&session, &chain, cutoff, left)?;
            }
        }
        Ok(i64::from(batch_size) - left)
    }

    /// Takes the lock that only one run of maintenance holds, until the end of the transaction. False where another run has
    /// it. 25006 on a standby, SG004 where the clock is not to be believed.
    fn begin_maintenance() -> bool {
        transaction::refuse_on_standby()?;
        let session = Session::open();
        // A node that only asks strictly leaves no trace of the doubt it meets, and its quarantine would never begin.
        settle(&session)?;
        // Also where nobody claims: a ledger that is maintained is awake.
        clock_mark::touch(&session, server::now())?;
        let Some(name) = chains::maintenance_lock(&session)? else {
            return Ok(true);
        };
        // Held to the end of the transaction.
        Ok(lock::try_exclude(name).is_some())
    }
}

/// Two cleanups at once would meet on the same rows in different orders.
fn wait_for_other_cleanups(session: &Session) -> Result<(), Error> {
    if let Some(name) = chains::maintenance_lock(session)? {
        lock::wait_for(name);
    }
    Ok(())
}

/// 1 to a million rows.
pub fn parse_batch_size(batch_size: Option<i32>) -> Result<i32, Error> {
    let batch_size = required("batch_size", batch_size)?;
    if (1..=LARGEST_BATCH).contains(&batch_size) {
        return Ok(batch_size);
    }
    Err(Error::argument(SqlState::INVALID_PARAMETER_VALUE, "batch_size", format!("batch_size is {batch_size}"))
        .hint(format!("Give 1 to {LARGEST_BATCH} rows.")))
}

fn parse_age(max_age: Option<Interval>) -> Result<Option<Duration>, Error> {
    let Some(age) = max_age else {
        return Ok(None);
    };
    let age = interval_to_duration("max_age", age.months, age.days, age.microseconds)?;
    if age < 0 {
        return Err(Error::argument(SqlState::INVALID_PARAMETER_VALUE, "max_age", "max_age is negative")
            .hint("Give an interval of zero or more."));
    }
    Ok(Some(age))
}
