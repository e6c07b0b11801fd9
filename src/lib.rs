//! slashguard keeps validators from being slashed: one message for one duty, decided and recorded in one atomic step.
//!
//! `duty` and `rules` are pure. `ledger` reads and writes the tables, `durability` answers for the transaction, and
//! `api` is what SQL sees. A room knows only the rooms after it: api, maintenance, durability and ledger, rules, duty.
//! `crypto` is pure too: hashes, addresses and signatures. `sequencer`, pure as well, knows what a sequencer signs.

mod api;
mod crypto;
mod durability;
mod duty;
#[cfg(test)]
mod fuzz;
mod interchange;
mod ledger;
mod maintenance;
mod raised;
mod rules;
mod sequencer;
mod settings;
mod unguarded;

::pgrx::pg_module_magic!();

/// Called by Postgres when the library is loaded into a backend.
#[pgrx::pg_guard]
pub extern "C-unwind" fn _PG_init() {
    // A client must not read file paths in the DETAIL of an error because somebody set RUST_BACKTRACE for the server.
    std::env::set_var("RUST_LIB_BACKTRACE", "0");
    settings::define();
    ledger::direct::watch();
    durability::outermost::watch();
    durability::commit::watch();
    durability::bell::hang();
}
