-- The tables of @aztec/validator-ha-signer 4.1.2, as its migration makes them: columns, types, checks, keys and indexes.

CREATE TABLE validator_duties (
    rollup_address varchar(42) NOT NULL,
    validator_address varchar(42) NOT NULL,
    slot bigint NOT NULL,
    block_number bigint NOT NULL,
    block_index_within_checkpoint integer NOT NULL DEFAULT 0,
    duty_type varchar(30) NOT NULL CHECK (duty_type IN (
        'BLOCK_PROPOSAL', 'CHECKPOINT_PROPOSAL', 'ATTESTATION', 'ATTESTATIONS_AND_SIGNERS', 'GOVERNANCE_VOTE', 'SLASHING_VOTE')),
    status varchar(20) NOT NULL CHECK (status IN ('signing', 'signed')),
    message_hash varchar(66) NOT NULL,
    signature varchar(132),
    node_id varchar(255) NOT NULL,
    lock_token varchar(64) NOT NULL,
    started_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    completed_at timestamp,
    error_message text,
    PRIMARY KEY (rollup_address, validator_address, slot, duty_type, block_index_within_checkpoint),
    CHECK (completed_at IS NULL OR completed_at >= started_at)
);
CREATE INDEX idx_validator_duties_status ON validator_duties (status, started_at);
CREATE INDEX idx_validator_duties_node ON validator_duties (node_id, started_at);
