//! The ledger's clock, for the views.

use super::entry::{sql_functions, Timestamptz};
use crate::ledger::server;

sql_functions! {
    /// The ledger's time: the server's, shifted by the test setting slashguard.clock_offset.
    fn ledger_time() -> Option<Timestamptz> {
        Ok(Some(Timestamptz(server::now())))
    }
}
