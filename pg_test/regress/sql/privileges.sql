-- What a curious role can do: what its name says, and nothing else.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
SELECT '0x' || repeat('51', 65) AS signature \gset

SELECT slashguard.register_chain('roles', 'aztec', '1:0x00000000000000000000000000000000000401e5', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null}');
CREATE ROLE regress_slashguard_node_a IN ROLE slashguard_client;
CREATE ROLE regress_slashguard_node_b IN ROLE slashguard_client;
CREATE ROLE regress_slashguard_operator IN ROLE slashguard_maintainer;
CREATE ROLE regress_slashguard_viewer IN ROLE slashguard_reader;
CREATE ROLE regress_slashguard_nobody;
-- Each of these begins in a session that has not loaded the library yet. The message alone tells enough.
\set VERBOSITY terse

-- A client claims, records, releases and extends.
\c -
SET SESSION AUTHORIZATION regress_slashguard_node_a;
SELECT outcome, lock_token AS token FROM slashguard.try_acquire_duty('roles', :'validator', 7, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000,
    request_id => '4d5ce2c6-3f4b-4c41-9d0b-0d2a8f6a7b01') \gset
\echo :outcome
SELECT slashguard.extend_lease(:'token', 3600000) IS NOT NULL AS extended;
-- It reads no table and no view, and cannot call what is for others.
SELECT * FROM slashguard.claim;
SELECT * FROM slashguard.duties;
SELECT * FROM slashguard.chains;
UPDATE slashguard.claim SET signature = NULL;
SELECT slashguard.register_chain('mine', 'aztec', '1:0x' || repeat('aa', 20), now(), '12 s');
SELECT slashguard.set_chain_option('roles', 'first_use', '"trust"');
SELECT slashguard.declare_new('roles', ARRAY[:'validator']);
SELECT slashguard.retire_chain('roles');
SELECT slashguard.cleanup_stuck_duties('0 s');
SELECT slashguard.cleanup_old_duties('0 s');
CALL slashguard.run_maintenance();
SELECT slashguard.schedule_maintenance();
SELECT slashguard.ledger_time();
CREATE TABLE slashguard.mine ();
-- No setting of slashguard's is for it, before the library is loaded or after.
SET slashguard.clock_offset = '1 d';
SET slashguard.allow_transaction_blocks = on;
SET slashguard.max_waiters = 100;
SET slashguard.something = 1;
SELECT set_config('slashguard.clock_offset', '1 d', false);
ALTER ROLE regress_slashguard_node_a SET slashguard.clock_offset = '1 d';

-- Before the library is loaded a setting is only a name. What was put there does not count afterwards.
\c -
SET SESSION AUTHORIZATION regress_slashguard_node_b;
SET slashguard.clock_offset = '1 d';
SET slashguard.allow_transaction_blocks = on;
SELECT outcome FROM slashguard.try_acquire_duty('roles', :'validator', 7, 'ATTESTATION', :'message', 'node-b', request_id => '4d5ce2c6-3f4b-4c41-9d0b-0d2a8f6a7b01');
SHOW slashguard.clock_offset;
SHOW slashguard.allow_transaction_blocks;
-- That was another role's request id, so no token came of it. A token is proof, though, whoever presents it.
SELECT slashguard.release_duty(:'token');

-- A maintainer maintains, and claims nothing.
\c -
SET SESSION AUTHORIZATION regress_slashguard_operator;
SELECT * FROM slashguard.try_acquire_duty('roles', :'validator', 8, 'ATTESTATION', :'message', 'node-a');
SELECT * FROM slashguard.acquire_duty('roles', :'validator', 8, 'ATTESTATION', :'message', 'node-a');
SELECT slashguard.record_signature(:'token', :'signature');
SELECT slashguard.release_duty(:'token');
SELECT slashguard.extend_lease(:'token', 1000);
SELECT * FROM slashguard.claim;
UPDATE slashguard.chain SET low_watermark = NULL;
SET slashguard.clock_offset = '1 d';
SELECT state, holder FROM slashguard.duties WHERE chain = 'roles';
SELECT slashguard.set_chain_option('roles', 'margin_slots', '5');
SELECT slashguard.cleanup_old_duties(chain => 'roles');
SELECT who, action FROM slashguard.audit WHERE chain = 'roles' AND action <> 'register_chain';

-- A reader reads the views.
\c -
SET SESSION AUTHORIZATION regress_slashguard_viewer;
SELECT count(*) FROM slashguard.duties WHERE chain = 'roles';
SELECT count(*) FROM slashguard.chains WHERE chain = 'roles';
SELECT count(*) >= 0 AS refusals FROM slashguard.refusals;
SELECT count(*) >= 0 AS stats FROM slashguard.stats;
SELECT count(*) >= 0 AS watermarks FROM slashguard.watermarks;
SELECT count(*) >= 0 AS freed FROM slashguard.freed_duties;
SELECT * FROM slashguard.claim;
SELECT * FROM slashguard.try_acquire_duty('roles', :'validator', 8, 'ATTESTATION', :'message', 'node-a');
SELECT slashguard.retire_chain('roles');
SELECT slashguard.cleanup_old_duties('0 s');

-- Everybody else does not even get in.
\c -
SET SESSION AUTHORIZATION regress_slashguard_nobody;
SELECT * FROM slashguard.try_acquire_duty('roles', :'validator', 8, 'ATTESTATION', :'message', 'node-a');
SELECT * FROM slashguard.chains;
SELECT slashguard.ledger_time();

-- A client's own functions and operators, in a path of its own, are not run in the owner's name.
\c -
CREATE SCHEMA regress_slashguard_trap;
CREATE FUNCTION regress_slashguard_trap.equal(integer, integer) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
CREATE OPERATOR regress_slashguard_trap.= (FUNCTION = regress_slashguard_trap.equal, LEFTARG = integer, RIGHTARG = integer);
GRANT USAGE ON SCHEMA regress_slashguard_trap TO PUBLIC;
SET SESSION AUTHORIZATION regress_slashguard_node_a;
SET search_path = regress_slashguard_trap, pg_catalog;
SELECT 1 = 1;
SELECT outcome FROM slashguard.try_acquire_duty('roles', :'validator', 9000000000, 'ATTESTATION', :'message', 'node-a');
\c -
\set VERBOSITY default
SET client_min_messages = warning;
DROP SCHEMA regress_slashguard_trap CASCADE;
DROP ROLE regress_slashguard_node_a, regress_slashguard_node_b, regress_slashguard_operator, regress_slashguard_viewer, regress_slashguard_nobody;
