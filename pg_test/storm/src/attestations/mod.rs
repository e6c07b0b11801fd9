//! Many connections vote and propose for few validators, also against each other, while history is cleaned up and imported.

pub mod checker;
pub mod connection;
pub mod coverage;
pub mod history;
pub mod importer;
pub mod interchange;
pub mod maintainer;
pub mod player;
pub mod round;
pub mod scene;
pub mod statements;
pub mod table;
pub mod texts;
