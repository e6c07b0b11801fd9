//! What SQL sees: one file a family of functions, each of them thin.

mod acquire;
mod attempt;
mod batch;
mod bridge;
mod chains;
mod cleanup;
mod clock;
mod crypto;
mod daily_limit;
mod entry;
mod ethereum;
mod grant;
mod guard;
mod holder;
mod interchange;
mod plain_claims;
mod protection;
mod record;
mod record_batch;
mod recovery;
mod refusals_of_batch;
mod sequencer;
mod shards;
mod signed_message;
mod switches;
mod trigger;
mod waiting;

#[cfg(test)]
mod declarations;
