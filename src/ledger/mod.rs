//! Reads and writes the tables; only maintenance does so too, in bulk.

pub mod audit;
pub mod batch;
pub mod bounds;
pub mod chains;
pub mod claims;
pub mod clock_mark;
pub mod counts;
pub mod identity;
pub mod imports;
pub mod known_names;
pub mod lock;
pub mod node_table;
pub mod patience;
pub mod positions;
pub mod progress;
pub mod refusals;
pub mod registry;
pub mod replication;
pub mod sequencer;
pub mod server;
pub mod signatures;
pub mod statement;
pub mod switches;
pub mod votes;
pub mod withdrawals;
pub mod witnesses;
