-- A claim is refused (SG007) where the client could read its answer before it is committed.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
SELECT '0x' || repeat('51', 65) AS signature \gset

SELECT slashguard.register_chain('shapes', 'aztec', '1:0x0000000000000000000000000000000000054a9e', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null}');
\set claim 'FROM slashguard.try_acquire_duty(''shapes'', ''0x1111111111111111111111111111111111111111'', 7, ''ATTESTATION'', ''0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'', ''node-a'')'
\set SHOW_CONTEXT never
-- The library is loaded with the first claim that is planned. Here it is not yet.
\c -

-- In a transaction, where it could still roll back.
BEGIN;
SELECT outcome :claim;
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN;
SAVEPOINT one;
SELECT outcome FROM slashguard.acquire_duty('shapes', :'validator', 7, 'ATTESTATION', :'message', 'node-a');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
-- In a query of several statements, which is a transaction, wherever in it.
\set VERBOSITY terse
SELECT 1 AS one \; SELECT outcome :claim;
\echo :LAST_ERROR_SQLSTATE
SELECT outcome :claim \; SELECT 1 AS one;
\echo :LAST_ERROR_SQLSTATE

-- On a snapshot that would not see a watermark raised meanwhile.
\set VERBOSITY default
SET default_transaction_isolation = 'repeatable read';
SELECT outcome :claim;
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
SET default_transaction_isolation = 'serializable';
SELECT outcome :claim;
\echo :LAST_ERROR_SQLSTATE
RESET default_transaction_isolation;

-- By anything but a plain SELECT.
\set VERBOSITY default
DO $$ BEGIN PERFORM outcome FROM slashguard.try_acquire_duty('shapes', '0x' || repeat('11', 20), 7, 'ATTESTATION', '0x' || repeat('aa', 32), 'node-a'); END $$;
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
PREPARE ask AS SELECT outcome :claim;
EXECUTE ask;
\echo :LAST_ERROR_SQLSTATE
CREATE TABLE regress_slashguard_answer AS SELECT outcome :claim;
\echo :LAST_ERROR_SQLSTATE
CREATE TABLE regress_slashguard_answer (outcome text);
INSERT INTO regress_slashguard_answer SELECT outcome :claim;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO regress_slashguard_answer SELECT outcome :claim RETURNING outcome;
\echo :LAST_ERROR_SQLSTATE
WITH answer AS (INSERT INTO regress_slashguard_answer SELECT outcome :claim RETURNING outcome) SELECT outcome FROM answer;
\echo :LAST_ERROR_SQLSTATE
COPY (SELECT outcome FROM slashguard.try_acquire_duty('shapes', '0x1111111111111111111111111111111111111111', 7, 'ATTESTATION', '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'node-a')) TO STDOUT;
\echo :LAST_ERROR_SQLSTATE
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT outcome :claim;
\echo :LAST_ERROR_SQLSTATE
CREATE PROCEDURE pg_temp.ask() LANGUAGE plpgsql AS $$
BEGIN PERFORM outcome FROM slashguard.try_acquire_duty('shapes', '0x' || repeat('11', 20), 7, 'ATTESTATION', '0x' || repeat('aa', 32), 'node-a'); END $$;
CALL pg_temp.ask();
\echo :LAST_ERROR_SQLSTATE
-- A cursor lives in a transaction, or outlives it.
BEGIN;
DECLARE answers CURSOR FOR SELECT outcome :claim;
FETCH answers;
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN;
DECLARE answers CURSOR WITH HOLD FOR SELECT outcome :claim;
COMMIT;
\echo :LAST_ERROR_SQLSTATE
-- In a read-only transaction Postgres itself refuses.
SET default_transaction_read_only = on;
SELECT outcome :claim;
\echo :LAST_ERROR_SQLSTATE
RESET default_transaction_read_only;

-- Of all these nothing is left.
SELECT count(*) FROM slashguard.duties WHERE chain = 'shapes';
SELECT count(*) FROM slashguard.stats WHERE chain = 'shapes';
SELECT count(*) FROM regress_slashguard_answer;

-- A function of one's own that claims inside: a new session does not know beforehand, and refuses. Once the library is
-- loaded it is a plain SELECT like any other. (\c makes new sessions, so the function is an ordinary one.)
CREATE FUNCTION regress_slashguard_wrapper(node text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN outcome FROM slashguard.try_acquire_duty('shapes', '0x' || repeat('11', 20), 8, 'ATTESTATION', '0x' || repeat('aa', 32), node);
END $$;
\set VERBOSITY default
\c -
SELECT regress_slashguard_wrapper('node-a');
\echo :LAST_ERROR_SQLSTATE
SELECT regress_slashguard_wrapper('node-a');

-- Not inside an exception block, though: it can take the claim back and keep the answer.
CREATE FUNCTION pg_temp.careless() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer slashguard.acquisition;
BEGIN
    answer := slashguard.try_acquire_duty('shapes', '0x' || repeat('11', 20), 9, 'ATTESTATION', '0x' || repeat('aa', 32), 'node-a');
    RAISE 'something else fails';
EXCEPTION WHEN OTHERS THEN
    RETURN concat_ws(': ', answer.outcome, SQLSTATE, SQLERRM);
END $$;
SELECT pg_temp.careless();

-- More rows and longer ones are no matter: all of them are kept until the commit. A megabyte is too much.
SELECT outcome FROM slashguard.try_acquire_duty('shapes', :'validator', 41, 'ATTESTATION', :'message', 'node-a') UNION ALL SELECT 'and more';
SELECT outcome, n FROM slashguard.try_acquire_duty('shapes', :'validator', 42, 'ATTESTATION', :'message', 'node-a'), generate_series(1, 2) AS n;
SELECT outcome, repeat('long', 300000) FROM slashguard.try_acquire_duty('shapes', :'validator', 43, 'ATTESTATION', :'message', 'node-a');
\echo :LAST_ERROR_SQLSTATE
SELECT slot FROM slashguard.duties WHERE chain = 'shapes' AND slot BETWEEN 41 AND 43;
\set VERBOSITY default

-- Plain SELECTs, in any dress.
SELECT outcome :claim LIMIT 1;
-- A row that comes before the claim's carries no answer.
SELECT 'before' AS outcome UNION ALL SELECT outcome FROM slashguard.try_acquire_duty('shapes', :'validator', 10, 'ATTESTATION', :'message', 'node-a');
WITH answer AS MATERIALIZED (SELECT * FROM slashguard.try_acquire_duty('shapes', :'validator', 11, 'ATTESTATION', :'message', 'node-a'))
SELECT outcome FROM answer;
SELECT (SELECT outcome FROM slashguard.try_acquire_duty('shapes', :'validator', 12, 'ATTESTATION', :'message', 'node-a')) AS outcome;
VALUES ((slashguard.try_acquire_duty('shapes', :'validator', 13, 'ATTESTATION', :'message', 'node-a')).outcome);
-- EXPLAIN asks for nothing.
EXPLAIN (COSTS off) SELECT outcome FROM slashguard.try_acquire_duty('shapes', :'validator', 14, 'ATTESTATION', :'message', 'node-a');
SELECT slot FROM slashguard.duties WHERE chain = 'shapes' ORDER BY slot;

-- Recording, releasing and extending are a transaction's own affair: what it rolls back has not been.
SELECT lock_token AS token FROM slashguard.try_acquire_duty('shapes', :'validator', 20, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000) \gset
BEGIN;
SELECT slashguard.record_signature(:'token', :'signature') IS NOT NULL AS recorded;
ROLLBACK;
SELECT state FROM slashguard.duties WHERE chain = 'shapes' AND slot = 20;
BEGIN;
SELECT slashguard.record_signature(:'token', :'signature') IS NOT NULL AS recorded;
COMMIT;
SELECT state FROM slashguard.duties WHERE chain = 'shapes' AND slot = 20;

-- A test may claim in a transaction, where a superuser says so.
SET slashguard.allow_transaction_blocks = on;
BEGIN;
SELECT outcome FROM slashguard.try_acquire_duty('shapes', :'validator', 30, 'ATTESTATION', :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('shapes', :'validator', 31, 'ATTESTATION', :'message', 'node-a');
ROLLBACK;
SELECT count(*) FROM slashguard.duties WHERE chain = 'shapes' AND slot IN (30, 31);
DROP FUNCTION regress_slashguard_wrapper;
DROP TABLE regress_slashguard_answer;
