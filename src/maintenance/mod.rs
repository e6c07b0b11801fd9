//! Cleanup that never makes a duty signable again.

pub mod old_duties;
pub mod stuck_duties;
