-- A protected table, by whoever means no good or knows no better: for one duty never two messages.
\getenv folder PG_ABS_SRCDIR
\set statements :folder '/node/statements.psql'
\set a :folder '/node/generation_a.psql'
\set b :folder '/node/generation_b.psql'
\set options '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null}'
\set ECHO none
\i :statements
\i :b
\set ECHO all
\set rollup 0x00000000000000000000000000000000000000ab
SELECT '0x' || repeat('51', 65) AS signature \gset

-- Whatever was protected by this name before.
SELECT slashguard.unprotect_table('validator_duties') IS NOT NULL AS asked;

-- Rows from before, of an earlier package and of another than ours: a cleanup takes them as it would.
ALTER TABLE validator_duties DROP CONSTRAINT validator_duties_duty_type_check;
INSERT INTO validator_duties SELECT :'rollup', :'validator', 1, 1, 0, duty_type, 'signing', :'message', NULL, 'node-1', 'token'
  FROM unnest(ARRAY['GOVERNANCE_VOTE', 'OF_TOMORROW']) AS duty_type;
SELECT slashguard.protect_table('validator_duties', 'attacked', '1:0x00000000000000000000000000000000000000ab',
                                '2020-01-01 00:00+00', '12 s', :'options');
DELETE FROM validator_duties WHERE status = 'signing' AND slot = 1;

-- Statements that change what is there.
\set slot 7
\set hash :message
:insert
\set VERBOSITY terse
INSERT INTO validator_duties VALUES (:'rollup', :'validator', 7, 1, 0, 'BLOCK_PROPOSAL', 'signing', :'other', NULL, 'node-2', '22222222222222222222222222222222')
    ON CONFLICT (:key_columns) DO UPDATE SET message_hash = EXCLUDED.message_hash, lock_token = EXCLUDED.lock_token RETURNING node_id;
INSERT INTO validator_duties VALUES (:'rollup', :'validator', 7, 1, 0, 'BLOCK_PROPOSAL', 'signing', :'message', NULL, 'node-2', '22222222222222222222222222222222')
    ON CONFLICT (:key_columns) DO UPDATE SET lock_token = EXCLUDED.lock_token RETURNING node_id;
MERGE INTO validator_duties AS d USING (SELECT 7::bigint AS slot) AS s ON d.slot = s.slot
 WHEN MATCHED THEN UPDATE SET message_hash = '0x' || repeat('bb', 32);
MERGE INTO validator_duties AS d USING (SELECT 7::bigint AS slot) AS s ON d.slot = s.slot WHEN MATCHED THEN DELETE;
MERGE INTO validator_duties AS d USING (SELECT 7::bigint AS slot, 3 AS block_index) AS s ON d.slot = s.slot AND d.block_index_within_checkpoint = s.block_index
 WHEN NOT MATCHED THEN INSERT VALUES ('0x00000000000000000000000000000000000000ab', '0x' || repeat('11', 20), 7, 1, 3, 'BLOCK_PROPOSAL', 'signing', '0x' || repeat('aa', 32), NULL, 'node-1', repeat('1', 32));
MERGE INTO validator_duties AS d USING (SELECT 7::bigint AS slot, i AS block_index FROM generate_series(3, 5) AS i) AS s ON d.slot = s.slot AND d.block_index_within_checkpoint = s.block_index
 WHEN NOT MATCHED THEN INSERT VALUES ('0x00000000000000000000000000000000000000ab', '0x' || repeat('11', 20), 7, 1, s.block_index, 'BLOCK_PROPOSAL', 'signing', '0x' || repeat('bb', 32), NULL, 'node-1', repeat('1', 32));
UPDATE validator_duties SET slot = 8;
UPDATE validator_duties SET block_index_within_checkpoint = block_index_within_checkpoint + 1;
UPDATE validator_duties SET duty_type = 'ATTESTATION';
UPDATE validator_duties SET rollup_address = upper(rollup_address);
UPDATE validator_duties SET status = 'signed';
UPDATE validator_duties SET signature = :'signature';
UPDATE validator_duties SET status = 'signed', signature = '';
UPDATE validator_duties SET status = 'signed', signature = '0x12';
UPDATE validator_duties SET status = 'signed', signature = :'signature', message_hash = :'other' WHERE lock_token = '11111111111111111111111111111111';

-- Several rows in a statement; one of them, twice, is one claim.
INSERT INTO validator_duties SELECT :'rollup', :'validator', 9, 1, i, 'BLOCK_PROPOSAL', 'signing', :'message', NULL, 'node-1', :'token' FROM generate_series(0, 2) AS i;
INSERT INTO validator_duties SELECT :'rollup', :'validator', 9, 1, 0, 'BLOCK_PROPOSAL', 'signing', hash, NULL, 'node-1', :'token'
  FROM unnest(ARRAY[:'message', :'other']) AS hash ON CONFLICT DO NOTHING RETURNING left(message_hash, 4);
INSERT INTO validator_duties SELECT :'rollup', :'validator', 9, 1, 0, 'BLOCK_PROPOSAL', 'signing', :'message', NULL, 'node-1', :'token'
  FROM generate_series(1, 2) ON CONFLICT DO NOTHING RETURNING left(message_hash, 4);

-- Cursors of functions, by names of their own, in a session that has not met slashguard before: what they return could be undone.
\c -
\set VERBOSITY terse
DO $$ DECLARE
    cursor_of_function refcursor := 'own';
    inserted record;
BEGIN
    OPEN cursor_of_function FOR EXECUTE
        'INSERT INTO validator_duties SELECT ''0x00000000000000000000000000000000000000ab'', ''0x'' || repeat(''11'', 20), 9, 1, 5, ''BLOCK_PROPOSAL'', ''signing'', ''0x'' || repeat(''aa'', 32), NULL, ''node-1'', ''token'' RETURNING slot';
    FETCH cursor_of_function INTO inserted;
    RAISE EXCEPTION 'undone: %', inserted;
END $$;

-- What is null.
INSERT INTO validator_duties VALUES (NULL, :'validator', 10, 1, 0, 'BLOCK_PROPOSAL', 'signing', :'message', NULL, 'node-1', :'token');
INSERT INTO validator_duties VALUES (:'rollup', NULL, 10, 1, 0, 'BLOCK_PROPOSAL', 'signing', :'message', NULL, 'node-1', :'token');
INSERT INTO validator_duties VALUES (:'rollup', :'validator', NULL, 1, 0, 'BLOCK_PROPOSAL', 'signing', :'message', NULL, 'node-1', :'token');
INSERT INTO validator_duties VALUES (:'rollup', :'validator', 10, NULL, 0, 'BLOCK_PROPOSAL', 'signing', :'message', NULL, 'node-1', :'token');
INSERT INTO validator_duties VALUES (:'rollup', :'validator', 10, 1, NULL, 'BLOCK_PROPOSAL', 'signing', :'message', NULL, 'node-1', :'token');
INSERT INTO validator_duties VALUES (:'rollup', :'validator', 10, 1, 0, NULL, 'signing', :'message', NULL, 'node-1', :'token');
INSERT INTO validator_duties VALUES (:'rollup', :'validator', 10, 1, 0, 'BLOCK_PROPOSAL', NULL, :'message', NULL, 'node-1', :'token');
INSERT INTO validator_duties VALUES (:'rollup', :'validator', 10, 1, 0, 'BLOCK_PROPOSAL', 'signing', NULL, NULL, 'node-1', :'token');
INSERT INTO validator_duties VALUES (:'rollup', :'validator', 10, 1, 0, 'BLOCK_PROPOSAL', 'signing', :'message', NULL, NULL, :'token');
INSERT INTO validator_duties VALUES (:'rollup', :'validator', 10, 1, 0, 'BLOCK_PROPOSAL', 'signing', :'message', NULL, 'node-1', NULL);
SELECT slot, block_index, left(message_hash, 4) AS hash, holder, answers FROM slashguard.duties WHERE chain = 'attacked' AND slot >= 7 ORDER BY 1, 2;

-- Every node reads every row's lock token. By another's, a node of another role frees nothing, and deletes no row whose lease runs.
CREATE ROLE attack_first;
CREATE ROLE attack_second;
CREATE ROLE attack_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON validator_duties TO attack_first, attack_second;
SELECT slashguard.set_chain_option('attacked', 'allow_unsigned_release', 'true');
SET ROLE attack_first;
\set slot 11
\set hash :message
:insert
SET ROLE attack_second;
SELECT lock_token AS seen FROM validator_duties WHERE slot = 11 \gset
DELETE FROM validator_duties WHERE slot = 11 AND lock_token = :'seen';
\set node node-2
\set token :seen
:insert
\set hash :other
:insert
RESET ROLE;
SET slashguard.clock_offset = 10;
SET ROLE attack_second;
DELETE FROM validator_duties WHERE slot = 11 AND lock_token = :'seen';
:insert
RESET ROLE;
SET slashguard.clock_offset = 0;
-- The role that it was granted to does free it.
SET ROLE attack_first;
\set slot 12
\set hash :message
\set node node-1
\set token 12121212121212121212121212121212
:insert
:fail
\set hash :other
:insert
RESET ROLE;
SELECT slashguard.set_chain_option('attacked', 'allow_unsigned_release', 'false');
-- A statement that does not name the token delivers no signature that nobody verifies.
UPDATE validator_duties SET status = 'signed', signature = :'signature' WHERE slot = 12;
:sign

-- The table's owner has hung triggers and indexes on it. They run with no more rights than the owner's, whoever is refused or taken over from.
ALTER TABLE validator_duties OWNER TO attack_owner;
GRANT CREATE ON SCHEMA public TO attack_owner;
SET ROLE attack_owner;
CREATE TABLE attack_seen (number integer GENERATED ALWAYS AS IDENTITY, what text);
CREATE FUNCTION attack_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.attack_seen (what) VALUES (TG_OP || ' as ' || current_user);
    RETURN COALESCE(NEW, OLD);
END $$;
CREATE FUNCTION attack_predicate() RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
    IF current_user NOT IN ('attack_owner', 'attack_first', 'attack_second') THEN
        RAISE WARNING 'the predicate of an index runs as %', current_user;
    END IF;
    RETURN true;
END $$;
CREATE TRIGGER attack BEFORE DELETE ON validator_duties FOR EACH ROW EXECUTE FUNCTION attack_trigger();
CREATE INDEX attack ON validator_duties (slot) WHERE attack_predicate();
RESET ROLE;
GRANT INSERT ON attack_seen TO PUBLIC;
SET ROLE attack_first;
\set slot 13
\set hash :message
:insert
\set hash :other
:insert
RESET ROLE;
SET slashguard.clock_offset = 10;
SET ROLE attack_second;
\set hash :message
\set token 22222222222222222222222222222222
:insert
RESET ROLE;
SET slashguard.clock_offset = 0;
SELECT what FROM attack_seen ORDER BY number;
SELECT slashguard.protect_table('validator_duties', 'attacked');
DROP INDEX attack;
DROP TRIGGER attack ON validator_duties;
-- Nor does it matter what they make of a row: what the node asked for is on record.
CREATE FUNCTION attack_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    NEW.message_hash := '0x' || repeat('bb', 32);
    RETURN NEW;
END $$;
CREATE TRIGGER z_attack BEFORE INSERT ON validator_duties FOR EACH ROW EXECUTE FUNCTION attack_rewrite();
\set slot 14
\set token 11111111111111111111111111111111
:insert
\set hash :other
\set token 22222222222222222222222222222222
:insert
DELETE FROM validator_duties WHERE slot = 14;
:insert
SELECT left(message_hash, 4) AS hash FROM slashguard.duties WHERE chain = 'attacked' AND slot = 14;
DROP TRIGGER z_attack ON validator_duties;

-- Triggers that a setting would leave out.
\set slot 15
\set hash :message
SET session_replication_role = replica;
:insert
RESET session_replication_role;
\set hash :other
:insert
\set VERBOSITY default
ALTER TABLE validator_duties DISABLE TRIGGER slashguard_insert;
SELECT enabled FROM slashguard.protected_tables;
\set slot 16
\set hash :message
:insert
ALTER TABLE validator_duties ENABLE TRIGGER slashguard_insert;
SELECT slashguard.protect_table('validator_duties', 'attacked');
DELETE FROM validator_duties WHERE slot = 16;
\set VERBOSITY terse
\set hash :other
:insert
SELECT enabled FROM slashguard.protected_tables;

-- Written while nobody looked, with another message than was granted before: neither is granted again.
\set slot 17
\set hash :message
:insert
SELECT slashguard.unprotect_table('validator_duties');
UPDATE validator_duties SET message_hash = :'other', status = 'signed', signature = :'signature' WHERE slot IN (16, 17);
SELECT slashguard.protect_table('validator_duties', 'attacked');
SELECT slashguard.protect_table('validator_duties', 'attacked');
DELETE FROM validator_duties WHERE slot = 17;
SET slashguard.clock_offset = 10;
:insert
\set hash :other
:insert
SET slashguard.clock_offset = 0;
SELECT slot, state, left(message_hash, 4) AS hash, left(signature, 4) AS signature FROM slashguard.duties WHERE chain = 'attacked' AND slot = 17;
SELECT slot, left(message_hash, 4) AS hash, holder, cause FROM slashguard.freed_duties WHERE chain = 'attacked' ORDER BY slot;

-- Rows of its children are nobody's request, and it is not moved below a parent.
CREATE TABLE attack_child () INHERITS (validator_duties);
INSERT INTO attack_child VALUES (:'rollup', :'validator', 18, 1, 0, 'BLOCK_PROPOSAL', 'signing', :'message', NULL, 'node-1', :'token');
\set slot 18
:insert
DROP TABLE attack_child;
\set slot 19
\set hash :message
:insert
TRUNCATE validator_duties;
\set hash :other
:insert

-- Whatever comes by its name is protected for it.
CREATE TABLE attack_next (LIKE validator_duties INCLUDING ALL);
ALTER TABLE validator_duties RENAME TO attack_last;
ALTER TABLE attack_next RENAME TO validator_duties;
:insert
DROP TABLE validator_duties;
ALTER TABLE attack_last RENAME TO validator_duties;
:insert
CREATE SCHEMA attack_schema;
CREATE TABLE attack_schema.validator_duties (LIKE validator_duties INCLUDING ALL);
DROP TABLE validator_duties;
ALTER TABLE attack_schema.validator_duties SET SCHEMA public;
:insert
CREATE TABLE attack_next AS SELECT * FROM validator_duties;
DROP TABLE validator_duties;
SELECT * INTO validator_duties FROM attack_next;
:insert
DROP TABLE validator_duties;
CREATE TABLE validator_duties AS SELECT * FROM attack_next;
ALTER TABLE validator_duties ADD PRIMARY KEY (:key_columns);
:insert
DROP TABLE validator_duties;
CREATE TABLE validator_duties (LIKE attack_next, PRIMARY KEY (:key_columns)) PARTITION BY RANGE (slot);
CREATE TABLE attack_part PARTITION OF validator_duties FOR VALUES FROM (0) TO (1000);
:insert
\set slot 25
\set hash :message
ALTER TABLE validator_duties ALTER COLUMN started_at SET DEFAULT now();
:insert
\set hash :other
:insert
INSERT INTO attack_part SELECT rollup_address, validator_address, 26, 1, 0, duty_type, status, message_hash, NULL, node_id, lock_token, now() FROM validator_duties;
INSERT INTO attack_part SELECT rollup_address, validator_address, 26, 1, 0, duty_type, status, :'other', NULL, node_id, lock_token, now() FROM validator_duties WHERE slot = 25 ON CONFLICT DO NOTHING;
UPDATE validator_duties SET slot = 999;
SELECT slot, left(message_hash, 4) AS hash, answers FROM slashguard.duties WHERE chain = 'attacked' AND slot >= 19 ORDER BY slot;
SELECT table_name, chains, enabled FROM slashguard.protected_tables ORDER BY 1;
SELECT slashguard.unprotect_table('validator_duties');
SELECT * FROM slashguard.protected_tables;
DROP TABLE validator_duties, attack_next;

-- A table of two rollups that loses the column which tells them apart grants nothing: a row may be of either.
\set ECHO none
\i :b
\set ECHO all
SELECT slashguard.protect_table('validator_duties', 'attacked');
SELECT slashguard.protect_table('validator_duties', 'attacked too', '1:0x00000000000000000000000000000000000000ac',
                                '2020-01-01 00:00+00', '12 s', :'options');
\set rollup 0x00000000000000000000000000000000000000ac
\set slot 30
\set hash :message
:insert
TRUNCATE validator_duties;
ALTER TABLE validator_duties DROP COLUMN rollup_address;
ALTER TABLE validator_duties ADD PRIMARY KEY (validator_address, slot, duty_type, block_index_within_checkpoint);
INSERT INTO validator_duties VALUES (:'validator', 30, 1, 0, 'BLOCK_PROPOSAL', 'signing', :'other', NULL, 'node-1', :'token');
SELECT slashguard.unprotect_table('validator_duties');
DROP TABLE validator_duties, attack_seen;
DROP SCHEMA attack_schema;
DROP FUNCTION attack_trigger, attack_predicate, attack_rewrite;
REVOKE CREATE ON SCHEMA public FROM attack_owner;
DROP ROLE attack_first, attack_second, attack_owner;
