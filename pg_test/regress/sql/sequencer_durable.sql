-- What is answered about a message is on disk, whatever synchronous_commit says. Counted as in durable_commit: how often, right after
-- a statement, the log was flushed beyond the point where it stood before.
\getenv folder PG_ABS_SRCDIR
\set file :folder '/signed_messages.psql'
\set ECHO none
\i :file
\set ECHO all
SELECT slashguard.register_chain('durable log', 'aztec', '1:0x5e9000000000000000000000000000000000d04a', '2020-01-01 00:00+00', '12 s');
SELECT slashguard.set_sequencer('durable log', :'first_key');
CREATE TABLE regress_slashguard_plain (n integer);

-- Runs a statement, with %s for a sequence, for each from 10 to the last.
CREATE FUNCTION pg_temp.repeated(statement text, last integer) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT line
      FROM generate_series(10, last) AS n
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
SELECT pg_temp.repeated($$INSERT INTO regress_slashguard_plain VALUES (%s)$$, 39) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer < 30 AS not_always;

-- The first of a sequence.
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$SELECT outcome FROM slashguard.accept_signed_message('durable log', message('first', %1$s, 'a %1$s'))$$, 39) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer AS of_30;

-- The same again: whoever answered it first may not have got so far.
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$SELECT outcome FROM slashguard.accept_signed_message('durable log', message('first', %1$s, 'a %1$s'))$$, 39) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer AS of_30;

-- Evidence, with a later part of the statement that lowers synchronous_commit once more.
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$SELECT outcome, set_config('synchronous_commit', 'off', true) FROM slashguard.accept_signed_message('durable log', message('first', %1$s, 'b %1$s'))$$, 19) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer AS of_10;
SELECT count(*), sum(times_refused) FROM slashguard.sequencer_equivocations WHERE chain = 'durable log';

-- In a transaction of the caller's.
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$BEGIN; SELECT outcome FROM slashguard.accept_signed_message('durable log', message('first', %1$s, 'b %1$s')); SET LOCAL synchronous_commit = off; COMMIT$$, 19) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer AS of_10;

-- What is forgotten.
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$SELECT slashguard.forget_sequencer_messages('durable log', %s + 1)$$, 19) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer AS of_10;
SET durable.times = 0;
\set ECHO none
\o /dev/null
SELECT pg_temp.repeated($$SELECT outcome FROM slashguard.accept_signed_message('durable log', message('first', %1$s, 'b %1$s'))$$, 19) \gexec
\o
\set ECHO all
SELECT current_setting('durable.times')::integer AS of_10;
RESET synchronous_commit;
DROP TABLE regress_slashguard_plain, signed, sequencer;
DROP FUNCTION message;
