-- A claim is on disk when it is answered, whatever synchronous_commit says.
--
-- Each line below repeats one statement 50 times and counts how often, right after it, the log was flushed beyond the
-- point where it stood before. A statement that forces its commit gets there 50 times. One that does not gets there only
-- when something else happens to flush in that moment; the first line shows that this is not always so.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
SELECT '0x' || repeat('51', 65) AS signature \gset

SELECT slashguard.register_chain('durable', 'aztec', '1:0x000000000000000000000000000000000000d04a', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null}');
CREATE TABLE regress_slashguard_plain (n integer);
SELECT outcome FROM slashguard.try_acquire_duty('durable', :'validator', 0, 'ATTESTATION', :'message', 'node-a');
SELECT set_config('durable.signature', :'signature', false) <> '' AS ready;

-- Runs a statement, with %s for a number, for each number from 1 to 50.
CREATE FUNCTION pg_temp.repeated(statement text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT line
      FROM generate_series(1, 50) AS n
     CROSS JOIN LATERAL (VALUES (1, $line$SELECT set_config('durable.before', pg_current_wal_insert_lsn()::text, false)$line$),
                                (2, format(statement, n)),
                                (3, $line$SELECT set_config('durable.times', (current_setting('durable.times')::integer
                                          + (pg_current_wal_flush_lsn() > current_setting('durable.before')::pg_lsn)::integer)::text, false)$line$)) AS lines (place, line)
     ORDER BY n, place $$;

SET synchronous_commit = off;

-- An ordinary insert, for comparison: not forced.
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$INSERT INTO regress_slashguard_plain VALUES (%s)$$) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer < 50 AS not_always;

-- A claim.
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$SELECT outcome FROM slashguard.try_acquire_duty('durable', '0x' || repeat('11', 20), %s, 'ATTESTATION', '0x' || repeat('aa', 32), 'node-a', lease_ms => 86400000)$$) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer AS of_50;

-- The strict form.
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$SELECT outcome FROM slashguard.acquire_duty('durable', '0x' || repeat('11', 20), %s, 'GOVERNANCE_VOTE', '0x' || repeat('aa', 32), 'node-a', lease_ms => 86400000)$$) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer AS of_50;

-- A claim whose own statement lowers synchronous_commit once more, after it.
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$SELECT outcome, set_config('synchronous_commit', 'off', true) FROM slashguard.try_acquire_duty('durable', '0x' || repeat('11', 20), %s, 'SLASHING_VOTE', '0x' || repeat('aa', 32), 'node-a', lease_ms => 86400000)$$) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer AS of_50;

-- A retried request, and a takeover: they vouch as well.
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$SELECT outcome FROM slashguard.try_acquire_duty('durable', '0x' || repeat('11', 20), 100 + %1$s / 2, 'ATTESTATION', '0x' || repeat('aa', 32), 'node-a', lease_ms => 86400000, request_id => '4d5ce2c6-3f4b-4c41-9d0b-0d2a8f6a7b01')$$) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer AS of_50;
SET slashguard.clock_offset = '2 d';

-- Taken over two days later.
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$SELECT outcome FROM slashguard.try_acquire_duty('durable', '0x' || repeat('11', 20), %s, 'ATTESTATION', '0x' || repeat('aa', 32), 'node-b', lease_ms => 86400000)$$) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer AS of_50;
SELECT duty_type, holder, count(*) FROM slashguard.duties WHERE chain = 'durable' AND slot BETWEEN 1 AND 50 GROUP BY 1, 2 ORDER BY 1, 2;
RESET slashguard.clock_offset;

-- The setting is the session's again after each of them.
SHOW synchronous_commit;
-- A statement that was lowered to local is raised as well.
SET synchronous_commit = local;

-- A claim under synchronous_commit = local.
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$SELECT outcome FROM slashguard.try_acquire_duty('durable', '0x' || repeat('11', 20), 200 + %s, 'ATTESTATION', '0x' || repeat('aa', 32), 'node-a', lease_ms => 86400000)$$) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer AS of_50;

-- What promises nothing does not wait for the disk, even where the session says on.
SET synchronous_commit = on;

-- An ordinary insert, for comparison.
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$INSERT INTO regress_slashguard_plain VALUES (%s)$$) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer AS of_50;

-- A refusal.
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$SELECT outcome FROM slashguard.try_acquire_duty('durable', '0x' || repeat('11', 20), %s, 'ATTESTATION', '0x' || repeat('bb', 32), 'node-c')$$) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer < 50 AS not_always;

-- A signature can be made again, because the hash is pinned: record_commit async, the default.
CREATE TABLE regress_slashguard_token (n integer, token text);
SET slashguard.allow_transaction_blocks = on;
INSERT INTO regress_slashguard_token
SELECT n, lock_token FROM generate_series(1, 50) AS n CROSS JOIN LATERAL
       slashguard.try_acquire_duty('durable', :'validator', 1000 + n, 'ATTESTATION', :'message', 'node-a', lease_ms => 86400000);
RESET slashguard.allow_transaction_blocks;

-- record_signature.
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$SELECT slashguard.record_signature(token, current_setting('durable.signature')) FROM regress_slashguard_token WHERE n = %s$$) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer < 50 AS not_always;
-- With a write of the caller's own in the same statement it commits as the session says: on.
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$INSERT INTO regress_slashguard_plain SELECT 1000 + %1$s FROM regress_slashguard_token WHERE n = %1$s AND slashguard.record_signature(token, current_setting('durable.signature')) IS NOT NULL$$) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer AS of_50;
-- The option counts for claims that are granted from now on.
SELECT slashguard.set_chain_option('durable', 'record_commit', '"durable"');
SET slashguard.allow_transaction_blocks = on;
INSERT INTO regress_slashguard_token
SELECT n, lock_token FROM generate_series(51, 100) AS n CROSS JOIN LATERAL
       slashguard.try_acquire_duty('durable', :'validator', 1000 + n, 'ATTESTATION', :'message', 'node-a', lease_ms => 86400000);
RESET slashguard.allow_transaction_blocks;
SET synchronous_commit = off;

-- record_signature where the chain says durable.
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$SELECT slashguard.record_signature(token, current_setting('durable.signature')) FROM regress_slashguard_token WHERE n = 50 + %s$$) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer AS of_50;
SELECT state, count(*) FROM slashguard.duties WHERE chain = 'durable' AND slot > 1000 GROUP BY state;
DROP TABLE regress_slashguard_plain, regress_slashguard_token;
