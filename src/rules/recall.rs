//! Does this ledger still have what a position says it granted? A data directory that was put back is the same in every mark
//! that a server has; only what its clients were told is not there.

use crate::duty::clock::Timestamp;
use crate::duty::position::Position;

/// A start of the server, as the ledger has it on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The server has run ever since; its write-ahead log has come so far.
    Current { wal_end: u64 },
    /// The next start on record found the write-ahead log at `wal_end`, on the same server, timeline and database.
    Over { wal_end: u64 },
    /// The ledger was moved, restored or promoted after it, or it is not on record at all.
    Unknown,
}

/// What the ledger has of the duty that a position speaks of. Nothing where not even the chain is here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnRecord {
    /// Whatever was granted until then is on record, or below a watermark.
    pub covered_until: Option<Timestamp>,
    /// The chain was frozen when the ledger was moved or promoted, and what that means is told by its unfreeze.
    pub doubt_while_frozen: bool,
    /// At or below it nothing is granted: a low watermark or a quarantine.
    pub watermark: Option<i64>,
    /// The same for the sources of attestations: below it.
    pub source_watermark: Option<i64>,
    pub message_hash: Option<[u8; 32]>,
    /// A tombstone says that the claim was freed.
    pub freed: bool,
}

/// The write-ahead log has come as far as it was when the grant was answered: enough where the server never stopped, as every
/// connection knows that has seen the node before.
pub fn is_in_running_server(position: &Position, start: Start) -> bool {
    matches!(start, Start::Current { wal_end } if position.wal_end <= wal_end)
}

/// What a position that is handed back tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recall {
    Here,
    Lost,
    /// Nothing is granted there for now, and a receipt may yet cover it.
    NotToBeJudged,
}

/// Whether the ledger still has what it granted.
pub fn judge(position: &Position, start: Start, record: &OnRecord) -> Recall {
    if record.covered_until.is_some_and(|covered| position.granted_at <= covered) {
        return Recall::Here;
    }
    if record.doubt_while_frozen {
        return Recall::NotToBeJudged;
    }
    let whole_log = match start {
        Start::Current { wal_end } | Start::Over { wal_end } => position.wal_end <= wal_end,
        Start::Unknown => false,
    };
    let on_record =
        record.message_hash == Some(position.message_hash) || record.freed || is_below_watermarks(position, record);
    if whole_log && on_record {
        Recall::Here
    } else {
        Recall::Lost
    }
}

/// Nothing that stands against it is granted any more. An attestation below the watermark could yet be surrounded by one with an
/// earlier source.
fn is_below_watermarks(position: &Position, record: &OnRecord) -> bool {
    let source = position.source_epoch;
    record.watermark.is_some_and(|watermark| position.key.slot <= watermark)
        && source.is_none_or(|source| record.source_watermark.is_some_and(|watermark| source <= watermark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duty::key::DutyKey;

    fn position() -> Position {
        Position {
            ledger: [0; 16],
            database_oid: 1,
            server_start: 10,
            wal_end: 100,
            granted_at: 50,
            node_id: 1,
            key: DutyKey { chain_id: 1, slot: 7, validator_id: 1, duty_type_id: 3, block_index: -1 },
            source_epoch: None,
            message_hash: [1; 32],
        }
    }

    fn granted() -> OnRecord {
        OnRecord { message_hash: Some([1; 32]), ..OnRecord::default() }
    }

    fn here(position: &Position, start: Start, record: &OnRecord) -> bool {
        judge(position, start, record) == Recall::Here
    }

    #[test]
    fn what_is_frozen_and_in_doubt_is_not_judged() {
        let frozen = OnRecord { doubt_while_frozen: true, covered_until: Some(49), ..OnRecord::default() };
        assert_eq!(judge(&position(), Start::Unknown, &frozen), Recall::NotToBeJudged);
        let covered = OnRecord { covered_until: Some(50), ..frozen };
        assert_eq!(judge(&position(), Start::Unknown, &covered), Recall::Here);
    }

    #[test]
    fn what_is_on_record_is_here() {
        for start in [Start::Current { wal_end: 100 }, Start::Over { wal_end: 100 }] {
            assert!(here(&position(), start, &granted()));
        }
    }

    #[test]
    fn a_log_that_ends_before_the_grant_has_lost_it() {
        for start in [Start::Current { wal_end: 99 }, Start::Over { wal_end: 99 }, Start::Unknown] {
            assert!(!here(&position(), start, &granted()), "{start:?}");
            assert!(!is_in_running_server(&position(), start));
        }
        assert!(is_in_running_server(&position(), Start::Current { wal_end: 100 }));
        assert!(!is_in_running_server(&position(), Start::Over { wal_end: 100 }));
    }

    #[test]
    fn a_long_log_without_the_claim_has_lost_it() {
        let start = Start::Over { wal_end: 1_000 };
        assert!(!here(&position(), start, &OnRecord::default()));
        let other = OnRecord { message_hash: Some([2; 32]), ..OnRecord::default() };
        assert!(!here(&position(), start, &other));
    }

    #[test]
    fn released_and_cleaned_up_is_no_loss() {
        let start = Start::Over { wal_end: 1_000 };
        assert!(here(&position(), start, &OnRecord { freed: true, ..OnRecord::default() }));
        assert!(here(&position(), start, &OnRecord { watermark: Some(7), ..OnRecord::default() }));
        assert!(!here(&position(), start, &OnRecord { watermark: Some(6), ..OnRecord::default() }));
    }

    #[test]
    fn a_vote_is_covered_where_its_source_is() {
        let start = Start::Over { wal_end: 1_000 };
        let vote = Position { source_epoch: Some(3), ..position() };
        let cleaned = OnRecord { watermark: Some(7), source_watermark: Some(3), ..OnRecord::default() };
        assert!(here(&vote, start, &cleaned));
        assert!(!here(&vote, start, &OnRecord { source_watermark: Some(2), ..cleaned.clone() }));
        assert!(!here(&vote, start, &OnRecord { source_watermark: None, ..cleaned.clone() }));
        assert!(!here(&vote, start, &OnRecord { watermark: Some(6), ..cleaned }));
    }

    #[test]
    fn what_a_quarantine_covers_raises_no_alarm_again() {
        let covered = OnRecord { covered_until: Some(50), ..OnRecord::default() };
        assert!(here(&position(), Start::Unknown, &covered));
        let before = OnRecord { covered_until: Some(49), ..OnRecord::default() };
        assert!(!here(&position(), Start::Unknown, &before));
    }
}
