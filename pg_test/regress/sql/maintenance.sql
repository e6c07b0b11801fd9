-- Maintenance: one call does what is due. pg_cron calls it on schedule; this database has no pg_cron.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'

SELECT slashguard.register_chain('maintained', 'aztec', '1:0x00000000000000000000000000000000000003a1', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "horizon_slots": null}');
\set SHOW_CONTEXT never
SELECT slashguard.schedule_maintenance();
\echo :LAST_ERROR_SQLSTATE
SELECT slashguard.schedule_maintenance('*/5 * * * *');
\echo :LAST_ERROR_SQLSTATE
SELECT slashguard.unschedule_maintenance();
\echo :LAST_ERROR_SQLSTATE

-- Other tests have left history; it goes first, so that the counts below are this test's.
SET slashguard.clock_offset = '1 d';
SET client_min_messages = warning;
CALL slashguard.run_maintenance();
RESET client_min_messages;
CALL slashguard.run_maintenance();

-- A claim of a slot that is centuries ahead, and two of slots that are years ago. All of them are stuck a day later; the
-- last two are old as well.
SELECT outcome FROM slashguard.try_acquire_duty('maintained', :'validator', 9000000000, 'ATTESTATION', :'message', 'node-a', lease_ms => 1);
RESET slashguard.clock_offset;
SELECT slashguard.register_chain('maintained too', 'aztec', '1:0x00000000000000000000000000000000000003a2', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "horizon_slots": null}');
SELECT outcome FROM slashguard.try_acquire_duty('maintained too', :'validator', 7, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000);
SELECT outcome FROM slashguard.try_acquire_duty('maintained too', :'validator', 8, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000);
SET slashguard.clock_offset = '25 h';
CALL slashguard.run_maintenance();
SELECT chain, slot, state, left(message_hash, 4) AS hash FROM slashguard.duties WHERE chain LIKE 'maintained%';
SELECT outcome FROM slashguard.try_acquire_duty('maintained too', :'validator', 7, 'ATTESTATION', :'other', 'node-a');
-- Nothing is left to do.
CALL slashguard.run_maintenance();

-- It commits between its batches, so it cannot be part of a transaction.
BEGIN;
CALL slashguard.run_maintenance();
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;

-- A schema that is named cron is not pg_cron: what it holds is not run.
CREATE SCHEMA cron;
CREATE FUNCTION cron.schedule(text, text, text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'somebody else''s code runs as %', current_user; END $$;
CREATE FUNCTION cron.unschedule(bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'somebody else''s code runs as %', current_user; END $$;
SELECT slashguard.schedule_maintenance();
SELECT slashguard.unschedule_maintenance();
DROP SCHEMA cron CASCADE;
