//! Reads and writes the tables; only maintenance does so too, in bulk.

pub mod audit;
pub mod bounds;
pub mod chains;
pub mod claims;
pub mod counts;
pub mod identity;
pub mod known_names;
pub mod lock;
pub mod refusals;
pub mod registry;
pub mod server;
pub mod statement;
