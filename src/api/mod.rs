//! What SQL sees: one file a family of functions, each of them thin.

mod acquire;
mod attempt;
mod bridge;
mod chains;
mod cleanup;
mod clock;
mod crypto;
mod entry;
mod ethereum;
mod grant;
mod guard;
mod holder;
mod interchange;
mod protection;
mod record;
mod recovery;
mod sequencer;
mod signed_message;
mod switches;
mod trigger;
mod waiting;

#[cfg(test)]
mod declarations;
