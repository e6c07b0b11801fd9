//! The table of claims, as `direct` reads and writes it.

use super::direct::{describe, Access, Table};
use super::statement::Value;
use crate::duty::key::DutyKey;

describe! {
    c"claim", key 5, written true;
    ChainId = c"chain_id": Integer,
    Slot = c"slot": Bigint,
    ValidatorId = c"validator_id": Integer,
    DutyTypeId = c"duty_type_id": Smallint,
    BlockIndex = c"block_index": Integer,
    MessageHash = c"message_hash": Bytes,
    NodeId = c"node_id": Integer,
    Secret = c"secret": Uuid,
    GrantedAt = c"granted_at": Timestamp,
    LeaseUntil = c"lease_until": Timestamp,
    RequestId = c"request_id": Uuid,
    RequestRole = c"request_role": Oid,
    BlockNumber = c"block_number": Bigint,
    CheckpointNumber = c"checkpoint_number": Bigint,
    SourceEpoch = c"source_epoch": Bigint,
    Answers = c"answers": Integer,
    Signature = c"signature": Bytes,
    SignedAt = c"signed_at": Timestamp,
    Attestation = c"attestation": Text,
    ImportedAt = c"imported_at": Timestamp,
    ReleasedAt = c"released_at": Timestamp,
    PreviousNodeIds = c"previous_node_ids": Integers,
}

/// None: the table has to be left to statements.
pub fn open(access: Access) -> Option<Table> {
    Table::open(&DESCRIPTION, access)
}

pub fn key_values(key: &DutyKey) -> [Value<'static>; 5] {
    [
        Value::Integer(Some(key.chain_id)),
        Value::Bigint(Some(key.slot)),
        Value::Integer(Some(key.validator_id)),
        Value::Smallint(key.duty_type_id),
        Value::Integer(Some(key.block_index)),
    ]
}
