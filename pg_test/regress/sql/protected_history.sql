-- What a table has when it is protected is history. Who may protect it, and what becomes of it when it changes.
\getenv folder PG_ABS_SRCDIR
\set statements :folder '/node/statements.psql'
\set b :folder '/node/generation_b.psql'
\set c :folder '/node/generation_c.psql'
\set options '{"signature_scheme": "none", "horizon_slots": null}'
\set ECHO none
\i :statements
\i :b
\set ECHO all
\set rollup 0x00000000000000000000000000000000000000aa
SELECT '0x' || repeat('51', 65) AS signature \gset

-- A clock whose current slot is 100.
SELECT now() - interval '100 minutes 30 s' AS genesis \gset
INSERT INTO validator_duties (rollup_address, validator_address, slot, block_number, block_index_within_checkpoint, duty_type,
                              status, message_hash, signature, node_id, lock_token)
SELECT CASE WHEN other THEN '0x' || repeat('99', 20) ELSE :'rollup' END, validator, slot, 1, block_index, duty_type, status, hash, signature, 'node', 'token'
  FROM (VALUES (false, '0x' || repeat('11', 20), 90, -1, 'ATTESTATION', 'signed', '0x' || repeat('aa', 32), :'signature'),
               (false, '0x' || repeat('11', 20), 91, -1, 'ATTESTATION', 'signing', '0x' || repeat('AB', 32), NULL),
               (false, '0x' || repeat('11', 20), 92, 3, 'BLOCK_PROPOSAL', 'signed', '0x' || repeat('aa', 32), 'no signature'),
               -- One duty in two spellings, with two messages.
               (false, '0x' || repeat('cd', 20), 93, -1, 'ATTESTATION', 'signed', '0x' || repeat('aa', 32), :'signature'),
               (false, '0x' || repeat('CD', 20), 93, -1, 'ATTESTATION', 'signed', '0x' || repeat('bb', 32), :'signature'),
               -- As an earlier package indexed it; no message; nothing that could be asked for; another rollup.
               (false, '0x' || repeat('cd', 20), 94, 0, 'GOVERNANCE_VOTE', 'signed', '0x' || repeat('aa', 32), :'signature'),
               (false, '0x' || repeat('cd', 20), 95, -1, 'ATTESTATION', 'signing', 'no hash', NULL),
               (false, 'no address', 95, -1, 'ATTESTATION', 'signing', '0x' || repeat('aa', 32), NULL),
               (true, '0x' || repeat('11', 20), 96, -1, 'ATTESTATION', 'signing', '0x' || repeat('aa', 32), NULL),
               -- An absurd slot ends no validator's life.
               (false, '0x' || repeat('ee', 20), 9000000000000000000, -1, 'ATTESTATION', 'signed', '0x' || repeat('aa', 32), NULL))
       AS given (other, validator, slot, block_index, duty_type, status, hash, signature);
CREATE TABLE before AS SELECT * FROM validator_duties;

-- History alone: any number of calls is as good as one.
SELECT slashguard.register_chain('history', 'aztec', '1:0x00000000000000000000000000000000000000aa', :'genesis', '1 minute', :'options');
SELECT slashguard.migrate_table('validator_duties', 'history');
SELECT slashguard.migrate_table('validator_duties', 'history');
SELECT left(validator, 4) AS validator, slot, duty_type, block_index, state, holder, left(message_hash, 4) AS hash, left(signature, 4) AS signature
  FROM slashguard.duties WHERE chain = 'history' ORDER BY slot;
SELECT slashguard.protect_table('validator_duties', 'history');
SELECT slashguard.protect_table('validator_duties', 'history');
SELECT count(*) AS changed FROM (TABLE before EXCEPT TABLE validator_duties) AS rows;

-- A validator whose history came in does not wait; below where it begins, nothing is granted. Another one waits.
SELECT left(validator, 4) AS validator, kind, low_watermark FROM slashguard.watermarks WHERE chain = 'history' ORDER BY 1;
\set duty ATTESTATION
\set block_index -1
\set hash :message
\set slot 100
:insert
\set slot 89
\set VERBOSITY terse
:insert
\set slot 91
:insert
\set hash 0xabababababababababababababababababababababababababababababababab
\set token 22222222222222222222222222222222
:insert
\set validator 0xcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
\set slot 95
:insert
DELETE FROM validator_duties WHERE slot IN (93, 95);
\set slot 93
:insert
\set validator 0x2222222222222222222222222222222222222222
\set slot 100
-- What the refusal leaves on record must be kept, so no error tells it: no row comes back, and the package asks again.
:insert
:insert
SELECT left(validator, 4) AS validator, kind, low_watermark FROM slashguard.watermarks WHERE chain = 'history' ORDER BY 1;
\set VERBOSITY default

-- What the ledger has with another message is told, and nothing is lost.
SELECT slashguard.unprotect_table('validator_duties');
UPDATE validator_duties SET message_hash = '0x' || repeat('cc', 32) WHERE slot = 90;
SELECT slashguard.protect_table('validator_duties', 'history');
SELECT left(message_hash, 4) AS hash FROM slashguard.duties WHERE chain = 'history' AND slot = 90;

-- Shapes. New columns do not matter; what does not fit stops all grants, with the reason, and nothing is forgotten.
\set validator 0x1111111111111111111111111111111111111111
\set slot 101
ALTER TABLE validator_duties ADD COLUMN anything text DEFAULT 'x', DROP COLUMN error_message;
:insert
ALTER TABLE validator_duties RENAME COLUMN lock_token TO token;
\set slot 102
INSERT INTO validator_duties VALUES (:'rollup', :'validator', 102, 1, -1, 'ATTESTATION', 'signing', :'hash', NULL, 'node', 'token');
UPDATE validator_duties SET status = 'signed';
SELECT slashguard.protect_table('validator_duties', 'history');
ALTER TABLE validator_duties RENAME COLUMN token TO lock_token;
ALTER TABLE validator_duties DROP CONSTRAINT validator_duties_pkey;
INSERT INTO validator_duties VALUES (:'rollup', :'validator', 102, 1, -1, 'ATTESTATION', 'signing', :'hash', NULL, 'node', 'token');
ALTER TABLE validator_duties ADD PRIMARY KEY (validator_address, slot, duty_type, block_index_within_checkpoint, node_id);
INSERT INTO validator_duties VALUES (:'rollup', :'validator', 102, 1, -1, 'ATTESTATION', 'signing', :'hash', NULL, 'node', 'token');
DELETE FROM validator_duties WHERE slot = 101;
ALTER TABLE validator_duties DROP CONSTRAINT validator_duties_pkey;
ALTER TABLE validator_duties ADD PRIMARY KEY (rollup_address, validator_address, slot, duty_type, block_index_within_checkpoint);
\set hash :other
:insert

-- What is no table of a node's.
CREATE TABLE no_node (slot bigint PRIMARY KEY);
CREATE VIEW node_view AS SELECT * FROM validator_duties;
CREATE TABLE node_child () INHERITS (no_node);
SELECT slashguard.protect_table('no_node', 'history');
DROP TABLE node_child;
SELECT slashguard.protect_table('no_node', 'history');
SELECT slashguard.protect_table('node_view', 'history');
SELECT slashguard.protect_table(0, 'history');
SELECT slashguard.protect_table(NULL, 'history');
SELECT slashguard.protect_table('validator_duties', NULL);
SELECT slashguard.protect_table('validator_duties', 'nobody');
DROP VIEW node_view;
DROP TABLE no_node;

-- Whose it is. The node itself needs no right on anything of slashguard's, and gets none.
CREATE ROLE protect_owner IN ROLE slashguard_maintainer;
CREATE ROLE protect_stranger IN ROLE slashguard_maintainer;
CREATE ROLE protect_node;
GRANT SELECT, INSERT, UPDATE, DELETE ON validator_duties TO protect_node;
ALTER TABLE validator_duties OWNER TO protect_owner;
SET ROLE protect_stranger;
SELECT slashguard.protect_table('validator_duties', 'history');
SELECT slashguard.unprotect_table('validator_duties');
SELECT slashguard.migrate_table('validator_duties', 'history');
SET ROLE protect_node;
SELECT slashguard.protect_table('validator_duties', 'history');
\set slot 103
:insert
\set signature_of_node :signature
:sign
:fail
:cleanup_stuck
SET ROLE protect_owner;
SELECT slashguard.unprotect_table('validator_duties');
SELECT slashguard.protect_table('validator_duties', 'history');
SELECT * FROM slashguard.protected_tables;
CREATE TRIGGER own BEFORE INSERT ON validator_duties FOR EACH ROW EXECUTE FUNCTION slashguard.guard_insert('history');
RESET ROLE;
CREATE TRIGGER misplaced AFTER INSERT ON validator_duties FOR EACH ROW EXECUTE FUNCTION slashguard.guard_insert('history');
\set slot 104
:insert
DROP TRIGGER misplaced ON validator_duties;
SELECT slashguard.guard_insert();

-- Transactions that cannot vouch.
\set slot 105
\set VERBOSITY terse
BEGIN;
:insert
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
COMMIT;
SET default_transaction_isolation = 'repeatable read';
:insert
RESET default_transaction_isolation;
INSERT INTO validator_duties VALUES (:'rollup', :'validator', 105, 1, -1, 'ATTESTATION', 'signing', :'hash', NULL, 'node', 'token') \; SELECT 1;
DO $$ BEGIN
    INSERT INTO validator_duties SELECT '0x00000000000000000000000000000000000000aa', '0x' || repeat('11', 20), 105, 1, -1, 'ATTESTATION', 'signing', '0x' || repeat('aa', 32), NULL, 'node', 'token';
END $$;
DO $$
DECLARE
    inserted record;
BEGIN
    FOR inserted IN INSERT INTO validator_duties SELECT '0x00000000000000000000000000000000000000aa', '0x' || repeat('11', 20), 105, 1, -1, 'ATTESTATION', 'signing', '0x' || repeat('aa', 32), NULL, 'node', 'token' RETURNING * LOOP
        RAISE NOTICE '%', inserted;
    END LOOP;
END $$;
CREATE FUNCTION node_insert() RETURNS SETOF bigint LANGUAGE sql AS
    $$ INSERT INTO validator_duties SELECT '0x00000000000000000000000000000000000000aa', '0x' || repeat('11', 20), 105, 1, -1, 'ATTESTATION', 'signing', '0x' || repeat('aa', 32), NULL, 'node', 'token' RETURNING slot $$;
SELECT node_insert();
DROP FUNCTION node_insert();
PREPARE prepared AS INSERT INTO validator_duties SELECT '0x00000000000000000000000000000000000000aa', '0x' || repeat('11', 20), 105, 1, -1, 'ATTESTATION', 'signing', '0x' || repeat('aa', 32), NULL, 'node', 'token';
EXECUTE prepared;
EXPLAIN ANALYZE INSERT INTO validator_duties VALUES (:'rollup', :'validator', 105, 1, -1, 'ATTESTATION', 'signing', :'hash', NULL, 'node', 'token');
COPY validator_duties (rollup_address, validator_address, slot, block_number, block_index_within_checkpoint, duty_type, status, message_hash, node_id, lock_token) FROM STDIN;
0x00000000000000000000000000000000000000aa	0x1111111111111111111111111111111111111111	105	1	-1	ATTESTATION	signing	0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa	node	token
\.
\set VERBOSITY default
SELECT count(*) FROM slashguard.duties WHERE chain = 'history' AND slot = 105;

-- Switches hold for the node's rows, too, and other rules have other tables.
SELECT slashguard.freeze('history', reason => 'maintenance') IS NOT NULL AS frozen;
\set slot 106
:insert
SELECT slashguard.protect_table('validator_duties', 'history');
SELECT slashguard.unfreeze('history');
SELECT slashguard.set_high_watermark('history', 107);
\set slot 107
:insert
SELECT slashguard.set_high_watermark('history', NULL);
SELECT slashguard.register_chain('no aztec', 'ethereum', '0x' || repeat('77', 32), '2020-01-01 00:00+00', '12 s');
SELECT slashguard.protect_table('validator_duties', 'no aztec');
SELECT slashguard.retire_chain('history');
:insert

-- Dropped and made anew under its name, it is protected anew; dropped after the protection was taken off, it is not.
DROP TABLE validator_duties;
CREATE TABLE other_table (a integer);
\set ECHO none
\i :b
\set ECHO all
SELECT * FROM slashguard.protected_tables;
:insert
SELECT slashguard.unprotect_table('validator_duties');
DROP TABLE validator_duties;
\set ECHO none
\i :b
\set ECHO all
SELECT * FROM slashguard.protected_tables;
DROP TABLE validator_duties, before, other_table;
DROP ROLE protect_owner, protect_stranger, protect_node;
