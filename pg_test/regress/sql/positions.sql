-- Positions: every grant carries one, and handed back it says whether the ledger still has what it granted. An alarm
-- quarantines every chain of a ledger, so this one has a database of its own.

SELECT current_database() AS origin \gset
CREATE DATABASE regress_slashguard_positions;
\c regress_slashguard_positions
SET client_min_messages = warning;
CREATE EXTENSION slashguard;
\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
SELECT '0x' || repeat('51', 65) AS signature \gset

-- Slots of an hour, in the middle of slot 1000, so that the current slot stays the same.
SELECT slashguard.register_chain('positions', 'aztec', '1:0x0000000000000000000000000000000000905171', now() - interval '1000.5 hours', '1 hour',
                                 '{"first_use": "trust", "signature_scheme": "none", "allow_unsigned_release": true, "retention": null}');
SELECT slashguard.register_chain('neighbour', 'aztec', '1:0x0000000000000000000000000000000000905172', now() - interval '1000.5 hours', '1 hour',
                                 '{"first_use": "trust", "signature_scheme": "none"}');
SELECT slashguard.register_chain('frozen neighbour', 'aztec', '1:0x0000000000000000000000000000000000905173', now() - interval '1000.5 hours', '1 hour',
                                 '{"first_use": "trust", "signature_scheme": "none"}');

-- Who has the key can make any position: the bytes from `place` on become others, and it is sealed anew. Places: ledger 0,
-- database 16, start of the server 20, end of the log 28, time of the grant 36, node 44, chain 48, slot 52, validator 60, duty
-- type 64, block index 66, message 70.
CREATE FUNCTION hmac(key bytea, message bytea) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    block bytea := key || decode(repeat('00', 64 - length(key)), 'hex');
    inner_block bytea := block;
    outer_block bytea := block;
BEGIN
    FOR place IN 0..63 LOOP
        inner_block := set_byte(inner_block, place, get_byte(block, place) # 54);
        outer_block := set_byte(outer_block, place, get_byte(block, place) # 92);
    END LOOP;
    RETURN sha256(outer_block || sha256(inner_block || message));
END $$;
CREATE FUNCTION changed(seen_position text, place integer, bytes bytea) RETURNS text LANGUAGE sql AS $$
    SELECT 'sgp1_' || encode(fields, 'hex') || encode(substr(hmac(l.seal_key, convert_to('sgp1_', 'UTF8') || fields), 1, 16), 'hex')
      FROM slashguard.ledger AS l,
           overlay(decode(substr(left(seen_position, -32), 6), 'hex') placing bytes from place + 1) AS fields $$;
CREATE FUNCTION time_bytes(at timestamptz) RETURNS bytea LANGUAGE sql AS $$
    SELECT int8send((EXTRACT(epoch FROM at - '2000-01-01 00:00+00'::timestamptz) * 1000000)::bigint) $$;
-- As if the server had been started in 2020 too, in this place, and had written one byte before the start that runs now.
INSERT INTO slashguard.server_start (number, started_at, wal_begin, system_identifier, timeline, database_oid) OVERRIDING SYSTEM VALUE
SELECT number - 1, '2020-01-01 00:00+00', 0, system_identifier, timeline, database_oid FROM slashguard.server_start;
CREATE FUNCTION of_earlier_start(seen_position text) RETURNS text LANGUAGE sql AS $$
    SELECT changed(changed(seen_position, 20, time_bytes('2020-01-01 00:00+00')), 28, int8send(1)) $$;
CREATE VIEW alarms AS SELECT action, chain, details FROM slashguard.audit WHERE action IN ('quarantine', 'doubt') ORDER BY chain;
-- A neighbour's duty that conflicts anyway, so that nothing is granted by what is handed back with it.
SELECT outcome FROM slashguard.try_acquire_duty('neighbour', :'validator', 999, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000);

-- What is granted carries a position, first grant, repetition and takeover alike; nothing else does.
SELECT outcome, position ~ '^sgp1_[0-9a-f]{252}$' AS position, position AS granted, lock_token AS token
  FROM slashguard.try_acquire_duty('positions', :'validator', 990, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000,
       request_id => '4d5ce2c6-3f4b-4c41-9d0b-0d2a8f6a7b01') \gset first_
\echo :first_outcome :first_position
SELECT outcome, position AS repeated, position ~ '^sgp1_[0-9a-f]{252}$' AS position
  FROM slashguard.try_acquire_duty('positions', :'validator', 990, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000,
       request_id => '4d5ce2c6-3f4b-4c41-9d0b-0d2a8f6a7b01') \gset again_
\echo :again_outcome :again_position
SELECT outcome, position FROM slashguard.try_acquire_duty('positions', :'validator', 990, 'ATTESTATION', :'message', 'node-b');
SELECT outcome, position FROM slashguard.try_acquire_duty('positions', :'validator', 990, 'ATTESTATION', :'other', 'node-b');
SELECT outcome, position FROM slashguard.try_acquire_duty('positions', :'validator', 990, 'TXS', :'message', 'node-b');
SELECT outcome, position FROM slashguard.try_acquire_duty('positions', :'validator', 1003, 'ATTESTATION', :'message', 'node-b');
SELECT slashguard.release_duty(:'first_token');
SELECT outcome, reason, position AS taken, lock_token AS token, position ~ '^sgp1_[0-9a-f]{252}$' AS position
  FROM slashguard.try_acquire_duty('positions', :'validator', 990, 'ATTESTATION', :'message', 'node-b', lease_ms => 3600000) \gset second_
\echo :second_outcome :second_position :second_reason
SELECT slashguard.record_signature(:'second_token', :'signature') IS NOT NULL AS recorded;
SELECT outcome, position FROM slashguard.try_acquire_duty('positions', :'validator', 990, 'ATTESTATION', :'message', 'node-c');

-- What else becomes of claims: released, freed, freed and granted with other data, cleaned up.
SELECT position AS released, lock_token AS token FROM slashguard.try_acquire_duty('positions', :'validator', 991, 'ATTESTATION', :'message', 'node-a') \gset
SELECT slashguard.release_duty(:'token');
SELECT position AS freed, lock_token AS token FROM slashguard.try_acquire_duty('positions', :'validator', 992, 'ATTESTATION', :'message', 'node-a') \gset
SELECT slashguard.release_duty(:'token', certainly_unsigned => true);
SELECT position AS freed_and_granted, lock_token AS token FROM slashguard.try_acquire_duty('positions', :'validator', 993, 'ATTESTATION', :'message', 'node-a') \gset
SELECT slashguard.release_duty(:'token', certainly_unsigned => true);
SELECT outcome FROM slashguard.try_acquire_duty('positions', :'validator', 993, 'ATTESTATION', :'other', 'node-b', lease_ms => 3600000);
SELECT position AS cleaned FROM slashguard.try_acquire_duty('positions', :'validator', 900, 'ATTESTATION', :'message', 'node-a') \gset
SELECT position AS cleaned_freed, lock_token AS token FROM slashguard.try_acquire_duty('positions', :'validator', 901, 'ATTESTATION', :'message', 'node-a') \gset
SELECT slashguard.release_duty(:'token', certainly_unsigned => true);
SELECT slashguard.cleanup_old_duties('50 hours', 'positions');

-- None of these raises an alarm, neither while the server runs that granted it, nor after it was started anew. What is sent
-- differs from run to run, so it is not echoed.
CREATE TEMPORARY TABLE seen AS SELECT * FROM (VALUES (1, 'granted', :'first_granted'), (2, 'repeated', :'again_repeated'), (3, 'taken over', :'second_taken'),
    (4, 'released', :'released'), (5, 'freed', :'freed'), (6, 'freed and granted with other data', :'freed_and_granted'),
    (7, 'cleaned up', :'cleaned'), (8, 'freed and cleaned up', :'cleaned_freed')) AS s (number, what, seen_position);
SELECT format('SELECT %L AS what, %L AS started, outcome FROM slashguard.try_acquire_duty(''neighbour'', %L, 999, ''ATTESTATION'', %L, ''node-a'', seen_position => %L)',
              s.what, t.started, :'validator', :'other', t.seen_position)
  FROM seen AS s, LATERAL (VALUES ('running', s.seen_position), ('anew', of_earlier_start(s.seen_position))) AS t (started, seen_position)
 ORDER BY t.started DESC, s.number
\pset tuples_only on
\set ECHO none
\gexec
\set ECHO all
\pset tuples_only off
SELECT * FROM alarms;

-- The nodes that handed one back are on record, each with its chain; a node that only asks is not.
SELECT c.name AS chain, n.name AS node, w.heard_since = pg_postmaster_start_time() AS since_this_start
  FROM slashguard.witness AS w JOIN slashguard.chain AS c ON c.id = w.chain_id JOIN slashguard.node AS n ON n.id = w.node_id ORDER BY 1, 2;

-- What was never such a position, or not this ledger's.
SELECT slashguard.freeze('frozen neighbour', reason => 'a receipt is no position') AS receipt \gset
\set granted :first_granted
\pset format unaligned
SET slashguard.allow_transaction_blocks = on;
CREATE FUNCTION pg_temp.refusal(statement text, OUT code text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    message := 'NOT REFUSED';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
-- The strict form takes none at all.
SELECT described, r.*, s.code || ' ' || s.message AS strict
  FROM (VALUES
        ('empty', ''), ('not a position', 'here'), ('its beginning alone', 'sgp1_'), ('without its beginning', substr(:'granted', 6)),
        ('another version''s', 'sgp2_' || substr(:'granted', 6)), ('its beginning in capitals', upper(left(:'granted', 5)) || substr(:'granted', 6)),
        ('a lock token', :'first_token'), ('a receipt', :'receipt'),
        ('a digit short', left(:'granted', -1)), ('a byte short', left(:'granted', -2)), ('a byte long', :'granted' || '00'),
        ('with a g in it', overlay(:'granted' placing 'g' from 50)), ('with a space', :'granted' || ' '), ('two of them', :'granted' || :'granted'),
        ('another code', left(:'granted', -1) || translate(right(:'granted', 1), '0123456789abcdef', '123456789abcdef0')),
        ('another slot, not sealed anew', overlay(:'granted' placing '9' from 6 + 2 * 59)),
        ('no code', left(:'granted', -32) || repeat('0', 32)),
        ('another ledger''s, with this one''s key', changed(:'granted', 0, decode(repeat('00', 16), 'hex')))
       ) AS bad (described, seen_position)
 CROSS JOIN LATERAL pg_temp.refusal(format('SELECT slashguard.try_acquire_duty(''neighbour'', %L, 1000, ''ATTESTATION'', %L, ''node-a'', seen_position => %L)',
                                           :'validator', :'message', seen_position)) AS r
 CROSS JOIN LATERAL pg_temp.refusal(format('SELECT slashguard.acquire_duty(''neighbour'', %L, 1000, ''ATTESTATION'', %L, ''node-a'', seen_position => %L)',
                                           :'validator', :'message', seen_position)) AS s;
\pset format aligned
RESET slashguard.allow_transaction_blocks;
SELECT count(*) AS granted FROM slashguard.duties WHERE chain = 'neighbour' AND slot = 1000;
SELECT * FROM alarms;

-- Granted under an earlier start, and neither on record nor below a watermark: the ledger has gone back in time. Every chain
-- is quarantined up to current slot and margin, whichever chain was asked for, and a frozen one too.
SELECT of_earlier_start(changed(:'granted', 52, int8send(995))) AS lost \gset
SELECT outcome, details ->> 'cause' AS cause, details ->> 'first_slot' AS first_slot, reason
  FROM slashguard.try_acquire_duty('neighbour', :'validator', 1000, 'ATTESTATION', :'message', 'node-a', seen_position => :'lost') \gx
SELECT * FROM alarms;
SELECT chain, kind, low_watermark FROM slashguard.watermarks WHERE kind LIKE 'quarantine%' ORDER BY chain;
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('positions', :'validator', 995, 'ATTESTATION', :'other', 'node-b');
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('frozen neighbour', :'validator', 1000, 'ATTESTATION', :'message', 'node-b');

-- Settled is settled: the same position, any other from before, and the operator's word that nothing was lost.
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('neighbour', :'validator', 1000, 'ATTESTATION', :'message', 'node-a', seen_position => :'lost');
SELECT of_earlier_start(changed(:'granted', 52, int8send(996))) AS lost_too \gset
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('neighbour', :'validator', 1000, 'ATTESTATION', :'message', 'node-a', seen_position => :'lost_too');
SELECT slashguard.confirm_recovery('positions'), slashguard.confirm_recovery('neighbour'), slashguard.confirm_recovery('positions') AS again;
SELECT outcome FROM slashguard.try_acquire_duty('neighbour', :'validator', 1000, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000, seen_position => :'lost');
SELECT count(*) FROM alarms;

-- Each of these is a loss of its own. What was granted later than the last alarm is not settled with it, so each is given
-- a time of its grant that is later than all there was.
SELECT number, kind, changed(seen_position, 36, time_bytes(clock_timestamp() + interval '1 minute' * number)) AS seen_position INTO losses
  FROM (VALUES (1, 'a claim that is not here', of_earlier_start(changed(:'granted', 52, int8send(997)))),
               (2, 'other data on record', of_earlier_start(changed(:'granted', 70, decode(repeat('cc', 32), 'hex')))),
               (3, 'on record, but the log never came so far', changed(of_earlier_start(:'granted'), 28, int8send(9000000000000000000))),
               (4, 'the same, of the server that runs', changed(:'granted', 28, int8send(9000000000000000000))),
               (5, 'on record, but of a start that is not', changed(:'granted', 20, time_bytes('2019-01-01 00:00+00'))),
               (6, 'of a chain that is not here', of_earlier_start(changed(:'granted', 48, int4send(99))))) AS l (number, kind, seen_position);
SELECT format('SELECT %L AS kind, outcome, details ->> ''cause'' AS cause FROM slashguard.try_acquire_duty(''neighbour'', %L, 1000, ''CHECKPOINT_PROPOSAL'', %L, ''node-a'', seen_position => %L)',
              kind, :'validator', :'message', seen_position),
       $$SELECT * FROM (SELECT count(*) AS alarms FROM alarms WHERE chain = 'neighbour') AS a, LATERAL (SELECT slashguard.confirm_recovery('positions') AS positions_confirmed, slashguard.confirm_recovery('neighbour') AS confirmed) AS c$$
  FROM losses ORDER BY number
\pset tuples_only on
\set ECHO none
\gexec
\set ECHO all
\pset tuples_only off

-- A ledger that is dropped and made anew is another, in the same session too.
\set VERBOSITY terse
DROP EXTENSION slashguard CASCADE;
CREATE EXTENSION slashguard;
SELECT slashguard.register_chain('positions', 'aztec', '1:0x0000000000000000000000000000000000905171', now() - interval '1000.5 hours', '1 hour', '{"first_use": "trust", "signature_scheme": "none"}');
SELECT outcome FROM slashguard.try_acquire_duty('positions', :'validator', 1000, 'ATTESTATION', :'message', 'node-a', seen_position => :'granted');
SELECT outcome FROM slashguard.try_acquire_duty('positions', :'validator', 1000, 'ATTESTATION', :'message', 'node-a');
\set VERBOSITY default

\c :origin
DROP DATABASE regress_slashguard_positions;
