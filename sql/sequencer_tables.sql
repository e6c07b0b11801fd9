-- What sequencers have signed. The tables, before sql/backstop.sql guards them.

-- Every key that a chain's sequencer ever had here: what was verified with one keeps it.
CREATE TABLE slashguard.sequencer_key (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    chain_id integer NOT NULL,
    public_key bytea NOT NULL CHECK (pg_catalog.length(public_key) IN (20, 64)),
    address bytea NOT NULL CHECK (pg_catalog.length(address) = 20),
    set_at timestamptz NOT NULL,
    set_by text NOT NULL
);
COMMENT ON TABLE slashguard.sequencer_key IS 'The keys of sequencers, former ones too: a public key, or where only that was given an address.';

CREATE TABLE slashguard.sequencer (
    chain_id integer PRIMARY KEY,
    key_id integer NOT NULL,
    forgotten_before bigint CHECK (forgotten_before >= 0)
) WITH (fillfactor = 50);
COMMENT ON TABLE slashguard.sequencer IS 'The sequencer of a chain: its key of today, and where its log begins.';
COMMENT ON COLUMN slashguard.sequencer.forgotten_before IS 'Messages below it may be deleted, so none is accepted there any more. Null: nothing was forgotten.';

CREATE TABLE slashguard.sequencer_message (
    chain_id integer NOT NULL,
    key_id integer NOT NULL,
    sequence bigint NOT NULL CHECK (sequence >= 0),
    unix_seconds bigint NOT NULL CHECK (unix_seconds >= 0),
    accepted_at timestamptz NOT NULL,
    message_hash bytea NOT NULL CHECK (pg_catalog.length(message_hash) = 32),
    signature bytea NOT NULL CHECK (pg_catalog.length(signature) = 65),
    message_type text NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (chain_id, sequence)
);
COMMENT ON TABLE slashguard.sequencer_message IS 'The log of accepted messages: one for each sequence.';

-- Kept up with each message: the log itself may be long.
CREATE TABLE slashguard.missing_range (
    chain_id integer NOT NULL,
    first_sequence bigint NOT NULL,
    last_sequence bigint NOT NULL,
    PRIMARY KEY (chain_id, first_sequence),
    CHECK (first_sequence >= 0 AND first_sequence <= last_sequence)
) WITH (fillfactor = 70);
COMMENT ON TABLE slashguard.missing_range IS 'Sequences between accepted messages that have not come.';

CREATE TABLE slashguard.sequencer_equivocation (
    chain_id integer NOT NULL,
    sequence bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    times_refused bigint NOT NULL,
    PRIMARY KEY (chain_id, sequence)
) WITH (fillfactor = 70);
COMMENT ON TABLE slashguard.sequencer_equivocation IS 'Sequences for which a sequencer has signed more than one payload, and how often another one was refused.';

CREATE TABLE slashguard.sequencer_evidence (
    chain_id integer NOT NULL,
    key_id integer NOT NULL,
    sequence bigint NOT NULL,
    unix_seconds bigint NOT NULL,
    seen_at timestamptz NOT NULL,
    is_accepted boolean NOT NULL,
    message_hash bytea NOT NULL,
    signature bytea NOT NULL,
    message_type text NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (chain_id, sequence, message_hash)
);
COMMENT ON TABLE slashguard.sequencer_evidence IS 'Messages with different payloads for one sequence, each with its signature: the accepted one and up to 15 others.';

SELECT pg_catalog.pg_extension_config_dump('slashguard.sequencer_key', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.sequencer_key_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.sequencer', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.sequencer_message', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.missing_range', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.sequencer_equivocation', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.sequencer_evidence', '');
