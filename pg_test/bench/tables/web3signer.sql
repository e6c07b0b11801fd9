-- Tables of Web3Signer's slashing protection, as far as an attestation touches them: a bigint id, validator id, epochs as
-- NUMERIC(20), the signing root; three indexes: the id, and (validator, target) twice.
CREATE TABLE validators (
    id serial PRIMARY KEY,
    public_key bytea NOT NULL UNIQUE,
    enabled boolean NOT NULL DEFAULT true
);
CREATE TABLE metadata (
    id integer PRIMARY KEY CHECK (id = 1),
    genesis_validators_root bytea NOT NULL,
    high_watermark_epoch numeric(20),
    high_watermark_slot numeric(20)
);
CREATE TABLE low_watermarks (
    validator_id integer PRIMARY KEY REFERENCES validators,
    slot numeric(20),
    source_epoch numeric(20),
    target_epoch numeric(20),
    CHECK ((source_epoch IS NULL) = (target_epoch IS NULL))
);
CREATE TABLE signed_attestations (
    id bigserial PRIMARY KEY,
    validator_id integer NOT NULL REFERENCES validators,
    source_epoch numeric(20) NOT NULL,
    target_epoch numeric(20) NOT NULL,
    signing_root bytea,
    UNIQUE (validator_id, target_epoch),
    CHECK (source_epoch <= target_epoch)
);
CREATE INDEX signed_attestations_by_target ON signed_attestations (validator_id, target_epoch);

INSERT INTO metadata VALUES (1, '\x4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95');
