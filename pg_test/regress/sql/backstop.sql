-- The backstop behind the code: not even a superuser's slip rewrites or forgets what was granted.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
SELECT '0x' || repeat('51', 65) AS signature \gset
\set SHOW_CONTEXT never

SELECT slashguard.register_chain('backstop', 'aztec', '1:0x000000000000000000000000000000000000bac4', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "horizon_slots": null}');
SELECT lock_token AS token FROM slashguard.try_acquire_duty('backstop', :'validator', 7, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000) \gset

-- The key and the hash of a claim.
UPDATE slashguard.claim SET message_hash = decode(repeat('bb', 32), 'hex');
\echo :LAST_ERROR_SQLSTATE
UPDATE slashguard.claim SET slot = slot + 1;
UPDATE slashguard.claim SET validator_id = validator_id + 1;
UPDATE slashguard.claim SET chain_id = chain_id + 1;
UPDATE slashguard.claim SET duty_type_id = 4;
UPDATE slashguard.claim SET block_index = 5;

-- A claim that no watermark and no tombstone covers.
DELETE FROM slashguard.claim;
\echo :LAST_ERROR_SQLSTATE
TRUNCATE slashguard.claim;
\echo :LAST_ERROR_SQLSTATE
-- Among many that are covered, one that is not is enough.
SELECT outcome FROM slashguard.try_acquire_duty('backstop', :'validator', 9000000000, 'ATTESTATION', :'message', 'node-a', lease_ms => 86400000);
BEGIN;
UPDATE slashguard.chain SET low_watermark = 7 WHERE name = 'backstop';
SAVEPOINT covered;
DELETE FROM slashguard.claim AS c USING slashguard.chain AS h WHERE h.id = c.chain_id AND h.name = 'backstop';
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO covered;
DELETE FROM slashguard.claim AS c USING slashguard.chain AS h WHERE h.id = c.chain_id AND h.name = 'backstop' AND c.slot = 7;
ROLLBACK;

-- Watermarks only rise.
UPDATE slashguard.chain SET low_watermark = 100 WHERE name = 'backstop';
UPDATE slashguard.chain SET low_watermark = 99 WHERE name = 'backstop';
\echo :LAST_ERROR_SQLSTATE
UPDATE slashguard.chain SET low_watermark = NULL WHERE name = 'backstop';
\echo :LAST_ERROR_SQLSTATE
-- What a chain is does not change, and a retired one stays retired.
\set VERBOSITY terse
UPDATE slashguard.chain SET identity = '1:0x' || repeat('ee', 20) WHERE name = 'backstop';
UPDATE slashguard.chain SET rules = 'ethereum' WHERE name = 'backstop';
UPDATE slashguard.chain SET genesis_time = genesis_time + interval '1 day' WHERE name = 'backstop';
UPDATE slashguard.chain SET slot_duration_us = 1 WHERE name = 'backstop';
SELECT slashguard.retire_chain('backstop');
UPDATE slashguard.chain SET retired_at = NULL WHERE name = 'backstop';
-- Chains, validators, nodes and duty types are not forgotten: what they stand for would go along. Nor is the ledger's identity.
DELETE FROM slashguard.chain WHERE name = 'backstop';
TRUNCATE slashguard.chain;
DELETE FROM slashguard.validator;
TRUNCATE slashguard.validator;
DELETE FROM slashguard.node;
TRUNCATE slashguard.node;
DELETE FROM slashguard.ledger;
TRUNCATE slashguard.ledger;
DELETE FROM slashguard.duty_type;
TRUNCATE slashguard.duty_type;
UPDATE slashguard.duty_type SET id = 9 WHERE name = 'ATTESTATION';
UPDATE slashguard.duty_type SET protected = false WHERE name = 'ATTESTATION';
\set VERBOSITY default

-- After all that the ledger is what it was.
SELECT slot, state, holder, left(message_hash, 4) AS hash FROM slashguard.duties WHERE chain = 'backstop' ORDER BY slot;
SELECT low_watermark, retired_at IS NOT NULL AS retired FROM slashguard.chains WHERE chain = 'backstop';
SELECT outcome FROM slashguard.try_acquire_duty('backstop', :'validator', 7, 'ATTESTATION', :'other', 'node-a');
