-- The latest time that a ledger has seen: a server's clock behind it, or far ahead of it, grants nothing before somebody
-- has said which time is right. It halts every chain of a ledger, so this one has a database of its own.

SELECT current_database() AS origin \gset
CREATE DATABASE regress_slashguard_clock;
\c regress_slashguard_clock
SET client_min_messages = warning;
CREATE EXTENSION slashguard;
\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
CREATE ROLE regress_slashguard_keeper IN ROLE slashguard_maintainer;
CREATE ROLE regress_slashguard_clockless IN ROLE slashguard_client;
SELECT count(*) AS marks_before_the_first_chain FROM slashguard.clock_mark;
SELECT slashguard.confirm_clock('there is no ledger yet');
SELECT slashguard.register_chain('clock', 'aztec', '1:0x0000000000000000000000000000000000c10c41', now() - interval '1000.5 hours', '1 hour', '{"first_use": "trust", "signature_scheme": "none"}');
SELECT latest BETWEEN now() - interval '1 minute' AND clock_timestamp() AS it_is_now FROM slashguard.clock_mark;
SELECT lock_token AS held, outcome FROM slashguard.try_acquire_duty('clock', :'validator', 1000, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000) \gset
\echo :outcome

-- Grants move it on. Here it is put back past its trigger, as if nobody had asked for a while.
ALTER TABLE slashguard.clock_mark DISABLE TRIGGER only_rises;
UPDATE slashguard.clock_mark SET latest = clock_timestamp() - interval '10 minutes';
ALTER TABLE slashguard.clock_mark ENABLE TRIGGER only_rises;
SELECT outcome FROM slashguard.try_acquire_duty('clock', :'validator', 1000, 'GOVERNANCE_VOTE', :'message', 'node-a', lease_ms => 3600000);
SELECT latest BETWEEN clock_timestamp() - interval '9 minutes' AND clock_timestamp() AS moved_on FROM slashguard.clock_mark;
-- It only rises, and is kept.
\set VERBOSITY terse
UPDATE slashguard.clock_mark SET latest = latest - interval '1 second';
DELETE FROM slashguard.clock_mark;
TRUNCATE slashguard.clock_mark;
\set VERBOSITY default
-- A few seconds behind it are no doubt.
UPDATE slashguard.clock_mark SET latest = clock_timestamp() + interval '3 seconds';
SELECT outcome FROM slashguard.try_acquire_duty('clock', :'validator', 1000, 'SLASHING_VOTE', :'message', 'node-a', lease_ms => 3600000);

-- Behind: nothing is granted, neither by this backend nor by one that has not seen the mark yet. Both times are named.
UPDATE slashguard.clock_mark SET latest = clock_timestamp() + interval '1 hour';
SELECT outcome, regexp_replace(reason, '\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*[+-]\d\d', '<time>', 'g') AS reason, details ->> 'cause' AS cause,
       (details ->> 'latest_time')::timestamptz - (details ->> 'server_time')::timestamptz BETWEEN '59 minutes' AND '1 hour' AS difference
  FROM slashguard.try_acquire_duty('clock', :'validator', 1000, 'CHECKPOINT_PROPOSAL', :'message', 'node-a') \gx
\c -
SET client_min_messages = warning;
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('clock', :'validator', 1000, 'CHECKPOINT_PROPOSAL', :'message', 'node-a');
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('clock', :'validator', 1000, 'ATTESTATION', :'other', 'node-b');
\set VERBOSITY sqlstate
SELECT outcome FROM slashguard.acquire_duty('clock', :'validator', 1000, 'CHECKPOINT_PROPOSAL', :'message', 'node-a');
-- What goes by the clock waits too; what only finishes a claim does not.
SELECT slashguard.cleanup_old_duties('0 s');
SELECT slashguard.freeze('clock');
SELECT slashguard.unfreeze('clock');
SELECT slashguard.raise_low_watermark('clock', 10);
SELECT slashguard.set_high_watermark('clock', 10);
SELECT slashguard.confirm_recovery('clock');
CALL slashguard.run_maintenance();
\set VERBOSITY default
SELECT slashguard.record_signature(:'held', '0x' || repeat('51', 65)) IS NOT NULL AS recorded;
-- The later time was wrong: only a superuser says so, because the ledger forgets it.
\set VERBOSITY terse
SET SESSION AUTHORIZATION regress_slashguard_keeper;
SELECT slashguard.confirm_clock('I think the clock is right');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_slashguard_clockless;
SELECT slashguard.confirm_clock('I want to sign');
RESET SESSION AUTHORIZATION;
\set VERBOSITY default
SELECT latest > clock_timestamp() + interval '50 minutes' AS still_there FROM slashguard.clock_mark;
SELECT slashguard.confirm_clock('a technician set the year') AS confirmed, slashguard.confirm_clock('again') AS again;
SELECT latest BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp() AS it_is_now FROM slashguard.clock_mark;
SELECT outcome FROM slashguard.try_acquire_duty('clock', :'validator', 1000, 'CHECKPOINT_PROPOSAL', :'message', 'node-a', lease_ms => 3600000);

-- Far ahead: as if nobody had asked for a day, and for longer than a day.
ALTER TABLE slashguard.clock_mark DISABLE TRIGGER only_rises;
UPDATE slashguard.clock_mark SET latest = clock_timestamp() - interval '23 hours 50 minutes';
ALTER TABLE slashguard.clock_mark ENABLE TRIGGER only_rises;
SELECT outcome FROM slashguard.try_acquire_duty('clock', :'validator', 1000, 'BLOCK_PROPOSAL', :'message', 'node-a', block_index => 0, lease_ms => 3600000);
ALTER TABLE slashguard.clock_mark DISABLE TRIGGER only_rises;
UPDATE slashguard.clock_mark SET latest = clock_timestamp() - interval '24 hours 1 minute';
ALTER TABLE slashguard.clock_mark ENABLE TRIGGER only_rises;
\c -
SET client_min_messages = warning;
SELECT outcome, regexp_replace(reason, '\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*[+-]\d\d', '<time>', 'g') AS reason, details ->> 'cause' AS cause,
       (details ->> 'server_time')::timestamptz - (details ->> 'latest_time')::timestamptz BETWEEN '24 hours' AND '24 hours 5 minutes' AS difference
  FROM slashguard.try_acquire_duty('clock', :'validator', 1000, 'BLOCK_PROPOSAL', :'message', 'node-a', block_index => 1) \gx
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('clock', :'validator', 999, 'BLOCK_PROPOSAL', :'message', 'node-a', block_index => 1);
\set VERBOSITY sqlstate
CALL slashguard.run_maintenance();
SELECT slashguard.cleanup_old_duties('0 s');
\set VERBOSITY terse
SET SESSION AUTHORIZATION regress_slashguard_clockless;
SELECT slashguard.confirm_clock('I want to sign');
RESET SESSION AUTHORIZATION;
-- The clock is right: any maintainer may say so.
SET SESSION AUTHORIZATION regress_slashguard_keeper;
SELECT slashguard.confirm_clock('it slept over the weekend') AS confirmed;
SELECT slashguard.confirm_clock('it slept over the weekend') AS again;
RESET SESSION AUTHORIZATION;
\set VERBOSITY default
SELECT outcome FROM slashguard.try_acquire_duty('clock', :'validator', 1000, 'BLOCK_PROPOSAL', :'message', 'node-a', block_index => 1, lease_ms => 3600000);

-- A claim that the clock forbids only after it was written is taken back: the mark rose behind the back of this backend.
UPDATE slashguard.clock_mark SET latest = clock_timestamp() + interval '1 hour';
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('clock', :'validator', 1000, 'BLOCK_PROPOSAL', :'message', 'node-a', block_index => 2);
SELECT count(*) AS granted FROM slashguard.duties WHERE duty_type = 'BLOCK_PROPOSAL' AND block_index = 2;
SELECT cause FROM slashguard.freed_duties WHERE duty_type = 'BLOCK_PROPOSAL' AND block_index = 2;
-- The setting that shifts a test's clock minds no mark and moves none.
SET slashguard.clock_offset = '-2 h';
SELECT outcome FROM slashguard.try_acquire_duty('clock', :'validator', 998, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000);
RESET slashguard.clock_offset;
SELECT latest > clock_timestamp() + interval '50 minutes' AS still_there FROM slashguard.clock_mark;

SELECT who = current_user AS by_superuser, action, chain, details ->> 'reason' AS reason,
       (details ->> 'from')::timestamptz > (details ->> 'to')::timestamptz AS back FROM slashguard.audit_entry WHERE action = 'confirm_clock' ORDER BY id;

\c :origin
DROP DATABASE regress_slashguard_clock;
DROP ROLE regress_slashguard_keeper, regress_slashguard_clockless;
