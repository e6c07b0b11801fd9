//! The bare protocol, to see what leaves the server and when. A client library would hide just that.

pub mod attempt;
pub mod before_commit;
pub mod blocks;
pub mod cursors;
pub mod node_table;
pub mod one_claim;
pub mod pipelines;
pub mod row_limits;
pub mod scratch;
pub mod script;
pub mod session;
pub mod wrappers;
