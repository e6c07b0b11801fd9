-- Which validators this ledger owns where it is one shard of several, and to whom it gave ranges.
CREATE TABLE slashguard.validator_range (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    chain_id integer NOT NULL,
    first_validator bytea NOT NULL,
    last_validator bytea NOT NULL,
    owned_at timestamptz NOT NULL,
    disowned_at timestamptz,
    receipt_id uuid UNIQUE,
    low_watermark bigint,
    low_source_epoch bigint,
    CHECK (first_validator <= last_validator
           AND pg_catalog.length(first_validator) = pg_catalog.length(last_validator))
);
COMMENT ON TABLE slashguard.validator_range IS 'Ranges of validators that this ledger owns, or owned until disowned_at.';
COMMENT ON COLUMN slashguard.validator_range.receipt_id IS 'Of the handover by which it came. A receipt is used once.';
COMMENT ON COLUMN slashguard.validator_range.low_watermark IS 'What was granted in this range elsewhere is at or below it.';
COMMENT ON COLUMN slashguard.validator_range.low_source_epoch IS 'No attestation that was granted in this range elsewhere has a later source.';

-- So that a receipt whose answer was lost can be answered again.
CREATE TABLE slashguard.handover (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    chain_id integer NOT NULL,
    first_validator bytea NOT NULL,
    last_validator bytea NOT NULL,
    recipient uuid NOT NULL,
    low_watermark bigint NOT NULL,
    low_source_epoch bigint,
    given_at timestamptz NOT NULL
);
COMMENT ON TABLE slashguard.handover IS 'Ranges of validators that this ledger gave up to another one, and what was granted there at the most.';

SELECT pg_catalog.pg_extension_config_dump('slashguard.validator_range', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.validator_range_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.handover', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.handover_number_seq', '');
