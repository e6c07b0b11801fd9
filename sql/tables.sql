-- One row: what tells this ledger from others. Written when the first chain is registered and not here, so that a dump
-- brings its own.
CREATE TABLE slashguard.ledger (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    id uuid NOT NULL,
    began_at timestamptz NOT NULL,
    system_identifier bigint NOT NULL,
    timeline integer NOT NULL,
    database_oid oid NOT NULL,
    written_by xid NOT NULL,
    server_start timestamptz NOT NULL,
    covered_until timestamptz,
    seal_key bytea NOT NULL CHECK (pg_catalog.length(seal_key) = 32),
    former_seal_keys bytea NOT NULL DEFAULT '' CHECK (pg_catalog.length(former_seal_keys) % 32 = 0)
);
COMMENT ON TABLE slashguard.ledger IS 'The identity of this ledger, and of the server that it was last sure to be on. A row whose xmin is not written_by was copied.';
COMMENT ON COLUMN slashguard.ledger.covered_until IS 'When a doubt was settled last: for chains that are not here.';
COMMENT ON COLUMN slashguard.ledger.seal_key IS 'What positions and receipts are sealed with. A ledger that was moved or restored takes a new one, so that what it gives out means nothing to its original.';

-- Written to every second: so it is not in the ledger's row, whose xmin says who wrote it.
CREATE TABLE slashguard.clock_mark (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    latest timestamptz NOT NULL
) WITH (fillfactor = 10);
COMMENT ON TABLE slashguard.clock_mark IS 'The latest time that this ledger has seen, to the second.';

CREATE TABLE slashguard.server_start (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at timestamptz NOT NULL,
    wal_begin bigint NOT NULL,
    system_identifier bigint NOT NULL,
    timeline integer NOT NULL,
    database_oid oid NOT NULL,
    UNIQUE (started_at, system_identifier, timeline, database_oid)
);
COMMENT ON TABLE slashguard.server_start IS 'Every start of the server that this ledger was used in, and where its write-ahead log was by then.';

CREATE TABLE slashguard.chain (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    rules text COLLATE "C" NOT NULL,
    identity text COLLATE "C" NOT NULL,
    validator_bytes integer NOT NULL,
    genesis_time timestamptz,
    slot_duration_us bigint CHECK (slot_duration_us > 0),
    slots_per_epoch integer CHECK (slots_per_epoch > 0),
    first_use text NOT NULL CHECK (first_use IN ('quarantine', 'trust')),
    horizon_slots integer CHECK (horizon_slots >= 0),
    margin_slots integer NOT NULL CHECK (margin_slots >= 0),
    allow_unsigned_release boolean NOT NULL,
    signature_scheme text COLLATE "C" NOT NULL
        CHECK (signature_scheme IN ('either', 'eip191', 'digest', 'ed25519', 'bls12_381', 'none')),
    record_commit text NOT NULL CHECK (record_commit IN ('async', 'durable')),
    require_standby boolean NOT NULL,
    retention_us bigint CHECK (retention_us >= 0),
    quorum integer CHECK (quorum > 0),
    daily_limit numeric CHECK (daily_limit >= 0 AND daily_limit < 'Infinity'),
    low_watermark bigint,
    low_source_epoch bigint,
    high_watermark bigint,
    cleaned_slot bigint,
    cleaned_source_epoch bigint,
    reach_slot bigint,
    quarantine_slot bigint,
    quarantine_source_epoch bigint,
    quarantine_cause text,
    covered_until timestamptz,
    awaited_slot bigint,
    awaited_since timestamptz,
    frozen_at timestamptz,
    frozen_reason text,
    freeze_id uuid,
    doubt_while_frozen text,
    validator_bounds_version bigint NOT NULL DEFAULT 0,
    sharded_at timestamptz,
    registered_at timestamptz NOT NULL,
    retired_at timestamptz,
    UNIQUE (rules, identity),
    CONSTRAINT only_a_bridge_has_no_clock
        CHECK ((rules = 'bridge') = (genesis_time IS NULL) AND (genesis_time IS NULL) = (slot_duration_us IS NULL)),
    CONSTRAINT deleted_history_is_below_the_watermark CHECK (cleaned_slot IS NULL OR low_watermark >= cleaned_slot),
    CONSTRAINT deleted_sources_are_below_the_watermark
        CHECK (cleaned_source_epoch IS NULL OR low_source_epoch >= cleaned_source_epoch)
) WITH (fillfactor = 50);
COMMENT ON TABLE slashguard.chain IS 'Registered chains: identity, clock, options, watermarks.';
COMMENT ON COLUMN slashguard.chain.cleaned_slot IS 'History at or below it is deleted.';
COMMENT ON COLUMN slashguard.chain.low_source_epoch IS 'No attestation with a source below it is granted.';
COMMENT ON COLUMN slashguard.chain.cleaned_source_epoch IS 'The latest source of the attestations that are deleted.';
COMMENT ON COLUMN slashguard.chain.quarantine_source_epoch IS 'No attestation with a source below it is granted. Null: below the epoch of quarantine_slot.';
COMMENT ON COLUMN slashguard.chain.reach_slot IS 'How far ahead claims may have been granted under a horizon that was wider than today''s.';
COMMENT ON COLUMN slashguard.chain.covered_until IS 'Whatever was granted for this chain until then is on record here, or below a watermark.';
COMMENT ON COLUMN slashguard.chain.awaited_slot IS 'After a restart, nothing is granted at or below it before the witnesses have reported.';
COMMENT ON COLUMN slashguard.chain.awaited_since IS 'Nodes that handed back a position since then are the witnesses.';
COMMENT ON COLUMN slashguard.chain.doubt_while_frozen IS 'What raised doubt while nothing could be granted. The unfreeze settles it: by a receipt, or by a quarantine.';
COMMENT ON COLUMN slashguard.chain.sharded_at IS 'From then on this ledger owns the validators of its ranges alone. Null: all of them.';
COMMENT ON COLUMN slashguard.chain.validator_bounds_version IS 'Rises with every change to a bound of one validator, so that a claim need not read them each time.';

CREATE TABLE slashguard.validator (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    chain_id integer NOT NULL,
    key bytea NOT NULL,
    first_seen timestamptz NOT NULL,
    first_use_slot bigint,
    declared_new_at timestamptz,
    low_watermark bigint,
    low_source_epoch bigint,
    history_block_slot bigint,
    history_source_epoch bigint,
    history_target_epoch bigint,
    votes_may_surround boolean NOT NULL DEFAULT false,
    high_watermark bigint,
    frozen_at timestamptz,
    frozen_reason text,
    elsewhere_at timestamptz,
    UNIQUE (chain_id, key),
    CONSTRAINT elsewhere_is_frozen_here CHECK (elsewhere_at IS NULL OR frozen_at IS NOT NULL)
);
COMMENT ON COLUMN slashguard.validator.elsewhere_at IS 'Since then it is outside the ranges that this ledger owns: another shard grants to it, and here it stays frozen.';
COMMENT ON COLUMN slashguard.validator.history_block_slot IS 'Where the imported history of its blocks begins: at or below it no other block is granted.';
COMMENT ON COLUMN slashguard.validator.history_source_epoch IS 'The earliest source of its imported attestations: below it none is granted.';
COMMENT ON COLUMN slashguard.validator.history_target_epoch IS 'Where the imported history of its attestations begins: at or below it no other one is granted.';
COMMENT ON COLUMN slashguard.validator.votes_may_surround IS 'Whether imported history has attestations that may surround others, so that each is looked at and not only the next ones.';
COMMENT ON TABLE slashguard.validator IS 'Validators seen here, and the slot up to which each may have signed elsewhere.';

CREATE TABLE slashguard.node (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE
);
COMMENT ON TABLE slashguard.node IS 'Nodes that were granted something.';

CREATE TABLE slashguard.witness (
    chain_id integer NOT NULL,
    node_id integer NOT NULL,
    reported_at timestamptz NOT NULL,
    heard_since timestamptz NOT NULL,
    PRIMARY KEY (chain_id, node_id)
) WITH (fillfactor = 50);
COMMENT ON TABLE slashguard.witness IS 'Nodes that hand back positions: when last, and the start of the server since which they have told what was granted before it.';

-- Append-only. Two names may share an id: then they are the same duty.
CREATE TABLE slashguard.duty_type (
    rules text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    id smallint NOT NULL,
    is_alias boolean NOT NULL DEFAULT false,
    protected boolean NOT NULL,
    least_block_index integer NOT NULL,
    greatest_block_index integer,
    by_epochs boolean NOT NULL DEFAULT false,
    by_request_id boolean NOT NULL DEFAULT false,
    built_in boolean NOT NULL DEFAULT false,
    PRIMARY KEY (rules, name)
);
COMMENT ON TABLE slashguard.duty_type IS 'Duty types: which block index each has, whether it is asked for by epochs or by a request''s id, and whether it is protected.';

INSERT INTO slashguard.duty_type
       (rules, name, id, is_alias, protected, least_block_index, greatest_block_index, built_in)
VALUES ('aztec', 'BLOCK_PROPOSAL', 1, false, true, 0, NULL, true),
       ('aztec', 'CHECKPOINT_PROPOSAL', 2, false, true, -1, -1, true),
       ('aztec', 'ATTESTATION', 3, false, true, -1, -1, true),
       ('aztec', 'CHECKPOINT_ATTESTATION', 3, true, true, -1, -1, true),
       ('aztec', 'ATTESTATIONS_AND_SIGNERS', 4, false, true, -1, -1, true),
       ('aztec', 'GOVERNANCE_VOTE', 5, false, true, -1, -1, true),
       ('aztec', 'SLASHING_VOTE', 6, false, true, -1, -1, true),
       ('aztec', 'AUTH_REQUEST', 7, false, false, -1, -1, true),
       ('aztec', 'TXS', 8, false, false, -1, -1, true);

-- Named as the remote signing API names them (Web3Signer's openapi, ethereum/remote-signing-api).
INSERT INTO slashguard.duty_type
       (rules, name, id, is_alias, protected, least_block_index, greatest_block_index, by_epochs, built_in)
SELECT 'ethereum', d.name, d.id, d.is_alias, d.protected, -1, -1, d.by_epochs, true
  FROM (VALUES ('BLOCK', 1, false, true, false),
               ('BLOCK_V2', 1, true, true, false),
               ('ATTESTATION', 2, false, true, true),
               ('AGGREGATION_SLOT', 3, false, false, false),
               ('AGGREGATE_AND_PROOF', 4, false, false, false),
               ('AGGREGATE_AND_PROOF_V2', 4, true, false, false),
               ('RANDAO_REVEAL', 5, false, false, false),
               ('SYNC_COMMITTEE_MESSAGE', 6, false, false, false),
               ('SYNC_COMMITTEE_SELECTION_PROOF', 7, false, false, false),
               ('SYNC_COMMITTEE_CONTRIBUTION_AND_PROOF', 8, false, false, false),
               ('VOLUNTARY_EXIT', 9, false, false, false),
               ('VALIDATOR_REGISTRATION', 10, false, false, false),
               ('DEPOSIT', 11, false, false, false)) AS d (name, id, is_alias, protected, by_epochs);

INSERT INTO slashguard.duty_type
       (rules, name, id, protected, least_block_index, greatest_block_index, by_request_id, built_in)
VALUES ('bridge', 'WITHDRAWAL', 1, true, -1, -1, true, true),
       ('bridge', 'STATE', 2, true, -1, -1, false, true);

-- The one table on the hot path. Slot early in the key: new rows land on the same hot pages. No second index, and a little room in
-- each page, so that recording a signature rewrites no index: what was signed makes room for what is signed next. No CHECK either:
-- each costs as much as writing the row. A row without a hash would only refuse.
CREATE TABLE slashguard.claim (
    slot bigint NOT NULL,
    granted_at timestamptz NOT NULL,
    lease_until timestamptz NOT NULL,
    signed_at timestamptz,
    block_number bigint,
    checkpoint_number bigint,
    source_epoch bigint,
    imported_at timestamptz,
    released_at timestamptz,
    chain_id integer NOT NULL,
    validator_id integer NOT NULL,
    block_index integer NOT NULL,
    node_id integer NOT NULL,
    answers integer NOT NULL DEFAULT 1,
    request_role oid,
    duty_type_id smallint NOT NULL,
    secret uuid,
    request_id uuid,
    previous_node_ids integer[],
    message_hash bytea,
    signature bytea,
    attestation text,
    PRIMARY KEY (chain_id, slot, validator_id, duty_type_id, block_index)
) WITH (fillfactor = 95);
COMMENT ON TABLE slashguard.claim IS 'Duties granted: the pinned hash, the lease, the signature. And what was signed elsewhere, imported.';
COMMENT ON COLUMN slashguard.claim.slot IS 'Of an attestation, the first slot of its target epoch; of a state, its sequence; of a withdrawal, the id of its request.';
COMMENT ON COLUMN slashguard.claim.released_at IS 'Its last holder gave it up then, and nobody was granted it since.';
COMMENT ON COLUMN slashguard.claim.imported_at IS 'It was signed elsewhere, and came in then. Of node 0, unless it was granted here since.';
COMMENT ON COLUMN slashguard.claim.block_index IS 'Below -1: imported history has several messages for one duty.';
COMMENT ON COLUMN slashguard.claim.attestation IS 'Kept beside the signature as its signer gave it.';
COMMENT ON COLUMN slashguard.claim.message_hash IS 'Null: imported history says that something was signed, but not what.';

-- The key of a withdrawal has no order, so each request is given a number: it stands where others have a slot. Kept for ever, or
-- a request that comes again would be another one.
CREATE TABLE slashguard.withdrawal_request (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY CHECK (id > 0),
    chain_id integer NOT NULL,
    request_id bytea NOT NULL CHECK (pg_catalog.length(request_id) = 32),
    -- As the views show it, and relayers ask for it: a comparison that leaks nothing goes through to the index, an expression would not.
    shown text COLLATE "C" GENERATED ALWAYS AS ('0x' || pg_catalog.encode(request_id, 'hex')) STORED,
    UNIQUE (chain_id, request_id)
);
CREATE INDEX withdrawal_request_shown ON slashguard.withdrawal_request (shown);
COMMENT ON TABLE slashguard.withdrawal_request IS 'Requests of withdrawals, and the number that each has here.';

CREATE TABLE slashguard.withdrawal (
    withdrawal_request_id bigint NOT NULL,
    message_hash bytea NOT NULL,
    validator_id integer NOT NULL,
    chain_id integer NOT NULL,
    recipient bytea NOT NULL CHECK (pg_catalog.length(recipient) = 20),
    amount numeric NOT NULL CHECK (amount >= 0 AND amount < 'Infinity'),
    sequence bigint NOT NULL,
    counted_at timestamptz NOT NULL,
    PRIMARY KEY (withdrawal_request_id, message_hash, validator_id)
);
CREATE INDEX withdrawal_counted ON slashguard.withdrawal (chain_id, recipient, counted_at);
COMMENT ON TABLE slashguard.withdrawal IS 'What the messages of withdrawals say, as each signer was granted them.';
COMMENT ON COLUMN slashguard.withdrawal.counted_at IS 'On this day it counts against its recipient''s limit, unless every signer has released it.';

CREATE TABLE slashguard.tombstone (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    chain_id integer NOT NULL,
    slot bigint NOT NULL,
    validator_id integer NOT NULL,
    duty_type_id smallint NOT NULL,
    block_index integer NOT NULL,
    message_hash bytea NOT NULL,
    source_epoch bigint,
    node_id integer NOT NULL,
    granted_at timestamptz NOT NULL,
    freed_at timestamptz NOT NULL,
    freed_by text NOT NULL,
    cause text NOT NULL
);
CREATE INDEX tombstone_slot ON slashguard.tombstone (chain_id, slot);
COMMENT ON TABLE slashguard.tombstone IS 'Claims that were freed, and have no signature; and claims that a node''s table contradicted, which stay pinned without a message.';

-- Bounded: each refusal has its place in a ring, and a later one may take it.
CREATE TABLE slashguard.refusal (
    place integer PRIMARY KEY,
    chain_id integer NOT NULL,
    validator bytea NOT NULL,
    slot bigint NOT NULL,
    source_epoch bigint,
    withdrawal_request_id bytea,
    duty_type_id smallint NOT NULL,
    block_index integer NOT NULL,
    message_hash bytea NOT NULL,
    node text NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    count bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE slashguard.refusal IS 'Who asked for what, and what stood against it. The newest 8192 of each kind, about.';

-- What no claim on record tells: other answers, and the sums of history that is gone.
CREATE TABLE slashguard.counter (
    chain_id integer NOT NULL,
    duty_type_id smallint NOT NULL,
    node_id integer NOT NULL,
    event text COLLATE "C" NOT NULL,
    shard integer NOT NULL,
    count bigint NOT NULL,
    microseconds bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (chain_id, duty_type_id, node_id, event, shard)
) WITH (fillfactor = 50);
COMMENT ON TABLE slashguard.counter IS 'Counters of answers and of history that is cleaned up.';

CREATE TABLE slashguard.audit_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    who text NOT NULL,
    action text NOT NULL,
    chain text NOT NULL,
    details jsonb NOT NULL,
    transaction_id xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id()
);
COMMENT ON TABLE slashguard.audit_entry IS 'Who changed what, when.';

-- pg_dump leaves out the rows of an extension's tables unless they are named here; sequences too.
SELECT pg_catalog.pg_extension_config_dump('slashguard.ledger', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.clock_mark', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.server_start', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.server_start_number_seq', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.chain', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.chain_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.validator', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.validator_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.node', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.node_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.witness', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.duty_type', 'WHERE NOT built_in');
SELECT pg_catalog.pg_extension_config_dump('slashguard.claim', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.withdrawal_request', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.withdrawal_request_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.withdrawal', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.tombstone', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.tombstone_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.refusal', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.counter', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.audit_entry', '');
SELECT pg_catalog.pg_extension_config_dump('slashguard.audit_entry_id_seq', '');
