//! Clients that outlive their server: it crashes, or another one takes its place, and they go on asking.

pub mod arguments;
pub mod audit;
pub mod console;
pub mod coverage;
pub mod player;
pub mod scoreboard;
pub mod seeker;
pub mod setting;
pub mod voyage;
