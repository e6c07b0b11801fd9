-- The log of a sequencer: one payload for each sequence, whatever comes in whatever order. The messages were signed with eth-account.
\getenv folder PG_ABS_SRCDIR
\set file :folder '/signed_messages.psql'
\set ECHO none
\i :file
\set ECHO all
CREATE FUNCTION pg_temp.register(chain text, number integer) RETURNS boolean LANGUAGE sql AS $$
    SELECT slashguard.register_chain(chain, 'aztec', '1:0x5e9' || lpad(number::text, 37, '0'), '2020-01-01 00:00+00', '12 s') $$;
SELECT pg_temp.register('log', 1);
\set VERBOSITY verbose

-- Without a sequencer there is nobody to believe.
SELECT * FROM slashguard.accept_signed_message('log', message('first', 10, 'a 10'));
SELECT slashguard.forget_sequencer_messages('log', 1);
SELECT slashguard.set_sequencer('log', 'key');
SELECT slashguard.set_sequencer('log', :'first_key');
SELECT slashguard.set_sequencer('log', '0x' || upper(:'first_key')) AS changed;
\set VERBOSITY default
SELECT chain, address, left(public_key, 10) AS public_key, is_current, set_by = current_user AS set_by, forgotten_before FROM slashguard.sequencers WHERE chain = 'log';

-- In order; then a gap; then what was missing.
\x on
SELECT * FROM slashguard.accept_signed_message('log', message('first', 10, 'a 10'));
\x off
CREATE FUNCTION pg_temp.accept(sequence bigint, payload text, name text DEFAULT 'first', chain text DEFAULT 'log') RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' | ', outcome, missing_from || '-' || missing_to, reason) FROM slashguard.accept_signed_message(chain, message(name, sequence, payload)) $$;
SELECT pg_temp.accept(11, 'a 11');
SELECT pg_temp.accept(13, 'a 13');
SELECT pg_temp.accept(20, 'a 20');
SELECT * FROM slashguard.missing_sequences WHERE chain = 'log' ORDER BY first_sequence;
SELECT pg_temp.accept(12, 'a 12');
SELECT pg_temp.accept(16, 'a 16');
SELECT details FROM slashguard.accept_signed_message('log', message('first', 16, 'a 16'));
SELECT pg_temp.accept(14, 'a 14');
SELECT pg_temp.accept(19, 'a 19');
SELECT * FROM slashguard.missing_sequences WHERE chain = 'log' ORDER BY first_sequence;
-- Below the first message, and up to the greatest sequence.
SELECT pg_temp.accept(0, '');
SELECT pg_temp.accept(9223372036854775807, 'the last one');
SELECT pg_temp.accept(9223372036854775806, 'a time');
SELECT * FROM slashguard.missing_sequences WHERE chain = 'log' ORDER BY first_sequence;
SELECT sequence, message_time AT TIME ZONE 'UTC' AS message_time, unix_seconds FROM slashguard.sequencer_messages WHERE chain = 'log' AND (sequence IN (0, 10) OR sequence > 100) ORDER BY sequence;

-- The same payload again; with another timestamp; with another type, which nobody signed.
SELECT pg_temp.accept(10, 'a 10');
SELECT outcome, reason, details FROM slashguard.accept_signed_message('log', message('first', 10, 'a 10', 1700009999));
SELECT outcome, reason, details FROM slashguard.accept_signed_message('log', jsonb_set(message('first', 10, 'a 10'), '{message_type}', '"withdrawal"'));
-- Another payload: an answer and not an error, or the evidence would be rolled back.
\x on
SELECT * FROM slashguard.accept_signed_message('log', message('first', 10, 'b 10'));
SELECT details FROM slashguard.accept_signed_message('log', message('first', 10, 'b 10'));
SELECT chain, sequence, accepted_message_hash, refused_message_hash, accepted_unix_seconds, refused_unix_seconds, accepted_signature, refused_signature,
       accepted_signer, refused_signer, accepted_message_type, refused_message_type, convert_from(accepted_payload, 'UTF8') AS accepted_payload,
       convert_from(refused_payload, 'UTF8') AS refused_payload, last_refused_at > refused_at AS again, times_refused
  FROM slashguard.sequencer_equivocations WHERE chain = 'log';
-- Each row is proof by itself: two digests, and who has signed them.
SELECT accepted_by, refused_by, accepted_by = refused_by AS same
  FROM slashguard.sequencer_equivocations AS e,
       LATERAL (SELECT slashguard.keccak256('0x' || encode(int8send(e.sequence) || int8send(e.accepted_unix_seconds), 'hex') || substr(e.accepted_message_hash, 3)) AS accepted,
                       slashguard.keccak256('0x' || encode(int8send(e.sequence) || int8send(e.refused_unix_seconds), 'hex') || substr(e.refused_message_hash, 3)) AS refused) AS digest,
       slashguard.ecdsa_recover(digest.accepted, e.accepted_signature) AS accepted_by, slashguard.ecdsa_recover(digest.refused, e.refused_signature) AS refused_by
 WHERE e.chain = 'log';
SELECT chain, sequence, message_type, message_hash, payload_length, convert_from(payload, 'UTF8') AS payload, signer, accepted_at <= now() AS accepted
  FROM slashguard.sequencer_messages WHERE chain = 'log' AND sequence = 10;
\x off

-- What does not verify writes nothing.
CREATE TEMPORARY TABLE before AS SELECT * FROM slashguard.sequencer_messages;
SELECT pg_temp.accept(41, 'a 41', 'second');
SELECT slashguard.accept_signed_message('log', jsonb_set(message('first', 21, 'a 21'), '{sequence}', '22'));
SELECT slashguard.accept_signed_message('log', jsonb_set(message('first', 21, 'a 21'), '{message_hash}', message('first', 22, 'a 22') -> 'message_hash'));
SELECT slashguard.accept_signed_message('log', message('first', 21, 'a 21') - 'signature');
SELECT slashguard.accept_signed_message('log', NULL);
SELECT slashguard.accept_signed_message(NULL, message('first', 21, 'a 21'));
-- The hint lists those that are, of other tests as well.
\set VERBOSITY terse
SELECT slashguard.accept_signed_message('lag', message('first', 21, 'a 21'));
\set VERBOSITY default
SELECT count(*) FROM (TABLE before EXCEPT ALL SELECT * FROM slashguard.sequencer_messages) AS gone;
SELECT count(*) FROM (SELECT * FROM slashguard.sequencer_messages EXCEPT ALL TABLE before) AS new;

-- Twenty payloads for one sequence: one is accepted, fifteen are kept beside it, all are counted.
SELECT outcome, details -> 'messages_kept' AS kept, details -> 'times_refused' AS refused
  FROM generate_series(0, 19) AS place, slashguard.accept_signed_message('log', message('first', 100, place || ' of 20'));
SELECT outcome, details -> 'messages_kept' AS kept, details -> 'times_refused' AS refused FROM slashguard.accept_signed_message('log', message('first', 100, '1 of 20'));
SELECT sequence, count(*), min(times_refused) AS times_refused, bool_and(convert_from(accepted_payload, 'UTF8') = '0 of 20') AS accepted
  FROM slashguard.sequencer_equivocations WHERE chain = 'log' GROUP BY sequence ORDER BY sequence;

-- As a part of a transaction: it stands or falls with it.
BEGIN;
SELECT pg_temp.accept(21, 'a 21');
SELECT pg_temp.accept(21, 'a 21');
ROLLBACK;
BEGIN;
SELECT pg_temp.accept(21, 'a 21');
SAVEPOINT before;
SELECT pg_temp.accept(22, 'a 22');
ROLLBACK TO before;
COMMIT;
SELECT first_sequence, last_sequence FROM slashguard.missing_sequences WHERE chain = 'log' AND first_sequence BETWEEN 20 AND 100 ORDER BY 1;
SELECT sequence FROM slashguard.sequencer_messages WHERE chain = 'log' AND sequence BETWEEN 20 AND 99 ORDER BY sequence;
-- What others have accepted meanwhile must be seen.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.accept(22, 'a 22');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT slashguard.set_sequencer('log', :'second_key');
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT slashguard.forget_sequencer_messages('log', 11);
ROLLBACK;
BEGIN READ ONLY;
SELECT pg_temp.accept(22, 'a 22');
ROLLBACK;
-- Many in a statement, and one statement for each column.
SELECT outcome, count(*) FROM generate_series(22, 26) AS sequence, slashguard.accept_signed_message('log', message('first', sequence, 'a ' || sequence)) GROUP BY outcome;
SELECT (slashguard.accept_signed_message('log', message('first', 28, 'a 28'))).*;
SELECT outcome FROM slashguard.accept_signed_message('log', message('first', 28, 'a 28'));

-- A chain that is frozen, retired, or lacks its standby.
SELECT slashguard.freeze('log') IS NOT NULL AS frozen;
SELECT pg_temp.accept(29, 'a 29');
SELECT slashguard.unfreeze('log');
SELECT slashguard.set_chain_option('log', 'require_standby', 'true');
SELECT pg_temp.accept(29, 'a 29');
SELECT slashguard.set_chain_option('log', 'require_standby', 'false');
SELECT pg_temp.register('closed log', 2), slashguard.set_sequencer('closed log', :'first_key'), pg_temp.accept(10, 'a 10', chain => 'closed log');
SELECT slashguard.retire_chain('closed log');
SELECT pg_temp.accept(11, 'a 11', chain => 'closed log');
SELECT slashguard.set_sequencer('closed log', :'second_key');
-- Chains do not know of each other.
SELECT pg_temp.register('other', 3), slashguard.set_sequencer('other', address) FROM sequencer WHERE name = 'first';
SELECT pg_temp.accept(10, 'b 10', chain => 'other');
SELECT pg_temp.accept(10, 'a 10', chain => 'other');
SELECT chain, left(public_key, 10) AS public_key, address FROM slashguard.sequencers WHERE chain = 'other';

-- Another key: what was accepted with the former one stays, and is not accepted anew with another payload.
SELECT slashguard.set_sequencer('other', :'second_key');
SELECT pg_temp.accept(10, 'b 10', 'first', 'other');
SELECT pg_temp.accept(10, 'b 10', 'second', 'other');
SELECT pg_temp.accept(10, 'a 10', 'second', 'other');
SELECT pg_temp.accept(41, 'a 41', 'second', 'other');
SELECT s.chain, s.address, s.is_current, count(m.sequence) AS messages
  FROM slashguard.sequencers AS s LEFT JOIN slashguard.sequencer_messages AS m ON m.chain = s.chain AND m.signer = s.address
 WHERE s.chain = 'other' GROUP BY s.chain, s.address, s.is_current ORDER BY s.is_current;
SELECT sequence, accepted_signer, refused_signer, times_refused FROM slashguard.sequencer_equivocations WHERE chain = 'other';

-- The log forgets: first it is closed below a bound, then messages go, a batch at a time.
SELECT slashguard.forget_sequencer_messages('other', 100);
SELECT slashguard.forget_sequencer_messages('other', 43);
SELECT slashguard.forget_sequencer_messages('other', 42, 1), slashguard.forget_sequencer_messages('other', 42), slashguard.forget_sequencer_messages('other', 42);
SELECT slashguard.forget_sequencer_messages('other', 42, 0);
SELECT slashguard.forget_sequencer_messages('other', NULL);
SELECT slashguard.forget_sequencer_messages('other', 1, NULL);
SELECT slashguard.forget_sequencer_messages('other', -1), slashguard.forget_sequencer_messages('other', 5);
\x on
SELECT * FROM slashguard.accept_signed_message('other', message('second', 10, 'a 10'));
SELECT * FROM slashguard.accept_signed_message('other', message('second', 41, 'a 41'));
\x off
SELECT count(*) FROM slashguard.sequencer_messages WHERE chain = 'other';
SELECT sequence, convert_from(accepted_payload, 'UTF8') AS accepted, convert_from(refused_payload, 'UTF8') AS refused FROM slashguard.sequencer_equivocations WHERE chain = 'other';
-- What is missing above the bound stays missing.
SELECT slashguard.forget_sequencer_messages('log', 10);
SELECT * FROM slashguard.missing_sequences WHERE chain = 'log' ORDER BY first_sequence;
SELECT slashguard.forget_sequencer_messages('log', 18);
SELECT * FROM slashguard.missing_sequences WHERE chain = 'log' ORDER BY first_sequence;
SELECT pg_temp.accept(17, 'a 17');
SELECT pg_temp.accept(18, 'a 18');
SELECT pg_temp.accept(15, 'b 15');
SELECT * FROM slashguard.missing_sequences WHERE chain = 'log' ORDER BY first_sequence;
SELECT slashguard.forget_sequencer_messages('log', 9223372036854775807);
SELECT pg_temp.accept(9223372036854775806, 'a time');
SELECT pg_temp.accept(9223372036854775807, 'the last one');
SELECT action, chain, details FROM slashguard.audit WHERE action IN ('set_sequencer', 'forget_sequencer_messages') AND chain <> 'durable log' ORDER BY at;

-- Not even a superuser's slip rewrites what was accepted.
SELECT pg_temp.register('slip', 4), slashguard.set_sequencer('slip', :'first_key');
SELECT outcome FROM slashguard.accept_signed_message('slip', message('first', 10, 'a 10'));
SELECT outcome FROM slashguard.accept_signed_message('slip', message('first', 10, 'b 10'));
\set SHOW_CONTEXT never
UPDATE slashguard.sequencer_message SET payload = '', message_hash = slashguard.keccak256(''::bytea);
\echo :LAST_ERROR_SQLSTATE
DELETE FROM slashguard.sequencer_message AS m USING slashguard.chain AS c WHERE c.id = m.chain_id AND c.name = 'slip';
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
TRUNCATE slashguard.sequencer_message;
UPDATE slashguard.sequencer_evidence SET is_accepted = NOT is_accepted;
DELETE FROM slashguard.sequencer_evidence;
TRUNCATE slashguard.sequencer_evidence;
UPDATE slashguard.sequencer_equivocation SET times_refused = 0;
DELETE FROM slashguard.sequencer_equivocation;
TRUNCATE slashguard.sequencer_equivocation;
UPDATE slashguard.sequencer_key SET address = public_key;
DELETE FROM slashguard.sequencer_key;
TRUNCATE slashguard.sequencer_key;
UPDATE slashguard.sequencer SET forgotten_before = 1 WHERE forgotten_before IS NOT NULL;
UPDATE slashguard.sequencer SET forgotten_before = NULL WHERE forgotten_before IS NOT NULL;
DELETE FROM slashguard.sequencer;
TRUNCATE slashguard.sequencer;
INSERT INTO slashguard.sequencer_message SELECT * FROM slashguard.sequencer_message;
\set VERBOSITY default
-- Ranges that somebody lost by hand mend themselves where messages come.
SELECT pg_temp.accept(20, 'a 20', chain => 'slip');
SELECT pg_temp.accept(30, 'a 30', chain => 'slip');
DELETE FROM slashguard.missing_range AS r USING slashguard.chain AS c WHERE c.id = r.chain_id AND c.name = 'slip';
SELECT pg_temp.accept(15, 'a 15', chain => 'slip');
SELECT first_sequence, last_sequence FROM slashguard.missing_sequences WHERE chain = 'slip' ORDER BY 1;

-- Any order, any payload first: the log is what the whole story says.
SELECT pg_temp.register('random', 5), slashguard.set_sequencer('random', :'first_key');
CREATE TEMPORARY TABLE story (place serial, sequence bigint, payload text, outcome text);
SELECT setseed(0.6);
DO $$
DECLARE
    step record;
    seen text;
    expected text;
    wrong bigint;
BEGIN
    FOR step IN SELECT m.sequence, m.payload FROM signed AS m, generate_series(1, 3) WHERE m.sequencer = 'first' AND m.sequence BETWEEN 10 AND 39 ORDER BY random() LIMIT 80 LOOP
        SELECT s.payload INTO seen FROM story AS s WHERE s.sequence = step.sequence AND s.outcome = 'accepted';
        expected := CASE WHEN seen IS NULL THEN 'accepted' WHEN seen = step.payload THEN 'already_accepted' ELSE 'equivocation' END;
        INSERT INTO story (sequence, payload, outcome)
        SELECT step.sequence, step.payload, a.outcome FROM slashguard.accept_signed_message('random', message('first', step.sequence, step.payload)) AS a;
        IF expected <> (SELECT s.outcome FROM story AS s ORDER BY place DESC LIMIT 1) THEN
            RAISE EXCEPTION 'sequence %, payload %: not %', step.sequence, step.payload, expected;
        END IF;
        -- What is missing, told from what was accepted.
        SELECT count(*) INTO wrong FROM (
            SELECT first_sequence, last_sequence, 1 AS side FROM slashguard.missing_sequences WHERE chain = 'random'
            UNION ALL
            SELECT sequence + 1, following - 1, -1
              FROM (SELECT sequence, lead(sequence) OVER (ORDER BY sequence) AS following FROM story AS s WHERE s.outcome = 'accepted') AS pairs
             WHERE following > sequence + 1) AS ranges
         GROUP BY first_sequence, last_sequence HAVING sum(side) <> 0;
        IF wrong > 0 THEN
            RAISE EXCEPTION 'after sequence %: % ranges are wrong', step.sequence, wrong;
        END IF;
    END LOOP;
END $$;
SELECT s.outcome, count(*) FROM story AS s GROUP BY s.outcome ORDER BY 1;
SELECT count(*) AS differences
  FROM (SELECT sequence, payload FROM story AS s WHERE s.outcome = 'accepted') AS told
  FULL JOIN (SELECT sequence, convert_from(payload, 'UTF8') AS payload FROM slashguard.sequencer_messages WHERE chain = 'random') AS log USING (sequence, payload)
 WHERE told.sequence IS NULL OR log.sequence IS NULL;

-- Who may do what.
CREATE ROLE regress_slashguard_follower IN ROLE slashguard_client;
CREATE ROLE regress_slashguard_watcher IN ROLE slashguard_reader;
SELECT message('first', 31, 'a 31') AS message \gset
\set VERBOSITY terse
\c -
SET SESSION AUTHORIZATION regress_slashguard_follower;
SELECT outcome FROM slashguard.accept_signed_message('slip', :'message');
SELECT slashguard.set_sequencer('slip', repeat('00', 20));
SELECT slashguard.forget_sequencer_messages('slip', 1);
SELECT count(*) FROM slashguard.sequencer_messages;
SELECT count(*) FROM slashguard.sequencer_message;
\c -
SET SESSION AUTHORIZATION regress_slashguard_watcher;
SELECT count(*) > 0 AS read FROM slashguard.sequencers;
SELECT count(*) > 0 AS read FROM slashguard.sequencer_messages;
SELECT count(*) > 0 AS read FROM slashguard.missing_sequences;
SELECT count(*) > 0 AS read FROM slashguard.sequencer_equivocations;
SELECT outcome FROM slashguard.accept_signed_message('slip', :'message');
\c -
DROP ROLE regress_slashguard_follower, regress_slashguard_watcher;
DROP TABLE signed, sequencer;
DROP FUNCTION message;
