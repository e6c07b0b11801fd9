//! Many connections fight for few duties, while claims are cleaned up and connections die.

pub mod connection;
pub mod coverage;
pub mod maintainer;
pub mod player;
pub mod round;
pub mod scene;
pub mod table;
pub mod texts;
