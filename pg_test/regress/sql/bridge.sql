-- Bridges: one message for one withdrawal, one state for one sequence, and a recipient's daily limit.

\set signer '0x1111111111111111111111111111111111111111'
\set second '0x2222222222222222222222222222222222222222'
\set alice  '0xA11CEA11CEA11CEA11CEA11CEA11CEA11CEA11CE'
\set bob    '0x0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b'
SET slashguard.allow_transaction_blocks = on;
-- What a bridge is registered with, and what it has not.
SELECT slashguard.register_chain('bridge', 'bridge', '1:0x00000000000000000000000000000000000b41d6',
    options => '{"first_use": "trust", "signature_scheme": "none", "allow_unsigned_release": true, "quorum": 2, "daily_limit": "100"}');
SELECT slashguard.register_chain('bridge', 'bridge', '1:0x00000000000000000000000000000000000B41D6') AS registered_again;
SELECT genesis_time, slot_duration, current_slot, horizon_slots, retention, record_commit, signature_scheme, quorum, daily_limit
  FROM slashguard.chains WHERE chain = 'bridge';
CREATE FUNCTION pg_temp.refusal(statement text, OUT code text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    message := 'NOT REFUSED';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
\pset format unaligned
SELECT statement, r.*
  FROM unnest(ARRAY[
        $$register_chain('other', 'bridge', '1:0x00000000000000000000000000000000000b41d7', now())$$,
        $$register_chain('other', 'bridge', '1:0x00000000000000000000000000000000000b41d7', slot_duration => '12 s')$$,
        $$register_chain('other', 'bridge', '1:0x00000000000000000000000000000000000b41d7', options => '{"retention": "1 day"}')$$,
        $$register_chain('other', 'bridge', '1:0x00000000000000000000000000000000000b41d7', options => '{"horizon_slots": 2}')$$,
        $$register_chain('other', 'bridge', '1:0x00000000000000000000000000000000000b41d7', options => '{"quorum": 0}')$$,
        $$register_chain('other', 'bridge', '1:0x00000000000000000000000000000000000b41d7', options => '{"daily_limit": 1e30}')$$,
        $$register_chain('other', 'bridge', 'L1')$$,
        $$register_chain('other', 'aztec', '1:0x00000000000000000000000000000000000b41d7', now(), '12 s', '{"quorum": 2}')$$,
        $$set_chain_option('bridge', 'margin_slots', '4')$$,
        $$set_chain_option('bridge', 'daily_limit', '"-1"')$$,
        $$raise_low_watermark('bridge', 5)$$,
        $$set_high_watermark('bridge', 5)$$,
        $$lower_low_watermark('bridge', 5, NULL, 'because')$$,
        $$confirm_recovery('bridge', 5)$$,
        $$try_acquire_duty('bridge', '0x1111111111111111111111111111111111111111', 1, 'WITHDRAWAL', '0x' || repeat('aa', 32), 'node')$$,
        $$try_acquire_withdrawal('by slot', '0x1111111111111111111111111111111111111111', '0x' || repeat('01', 32), '0x' || repeat('0b', 20), 1, 1, '0x' || repeat('aa', 32), 'node')$$,
        $$acquire_withdrawal('bridge', '0x1111111111111111111111111111111111111111', '0x' || repeat('01', 32), '0x' || repeat('0b', 20), 1, 1, '0x' || repeat('aa', 32), 'node', seen_position => 'sgp1_')$$
       ]) AS statement
 CROSS JOIN LATERAL pg_temp.refusal('SELECT slashguard.' || statement) AS r;

-- Bad arguments: each is named, with its mend.
SELECT argument, value, r.*
  FROM (VALUES ('withdrawal_request_id', 'NULL'), ('withdrawal_request_id', '''0x01'''), ('recipient', 'NULL'), ('recipient', '''0x' || repeat('0b', 21) || ''''),
               ('amount', 'NULL'), ('amount', '1.5'), ('amount', '-1'), ('amount', '''NaN'''), ('amount', '''Infinity'''),
               ('amount', '115792089237316195423570985008687907853269984665640564039457584007913129639936'),
               ('sequence', 'NULL'), ('sequence', '-1'), ('message_hash', 'NULL'), ('message_hash', '''0x'''), ('validator', '''0x' || repeat('11', 32) || '''')
       ) AS bad (argument, value)
 CROSS JOIN LATERAL pg_temp.refusal(format($$
        SELECT slashguard.try_acquire_withdrawal(chain => 'bridge', node_id => 'node', %s)$$,
        (SELECT string_agg(format('%s => %s', name, CASE WHEN name = argument THEN value ELSE good END), ', ')
           FROM (VALUES ('validator', $$'0x1111111111111111111111111111111111111111'$$), ('withdrawal_request_id', $$'0x$$ || repeat('01', 32) || ''''),
                        ('recipient', $$'0x$$ || repeat('0b', 20) || ''''), ('amount', '1'), ('sequence', '1'),
                        ('message_hash', $$'0x$$ || repeat('aa', 32) || '''')) AS a (name, good)))) AS r;
\pset format aligned

-- The first to ask may sign. Another message for the request is a conflict for this signer, whoever asks and whatever differs.
CREATE FUNCTION pg_temp.ask(signer text, request int, recipient text, amount numeric, hash text, sequence bigint DEFAULT 7, node text DEFAULT 'node-a')
RETURNS slashguard.acquisition LANGUAGE sql AS $$
    SELECT slashguard.try_acquire_withdrawal('bridge', signer, '0x' || lpad(to_hex(request), 64, '0'), recipient, amount, sequence,
                                             '0x' || repeat(hash, 32), node, lease_ms => 3600000) $$;
SELECT * FROM pg_temp.ask(:'signer', 1, :'alice', 40, 'aa') \gset
SELECT :'outcome' AS outcome, :'reason' AS reason;
SELECT outcome, reason, details ->> 'cause' AS cause FROM pg_temp.ask(:'signer', 1, :'alice', 40, 'bb', node => 'node-b');
SELECT outcome, reason, details FROM pg_temp.ask(:'signer', 1, :'bob', 40, 'aa', node => 'node-b');
SELECT outcome, details ->> 'cause' AS cause FROM pg_temp.ask(:'signer', 1, :'alice', 41, 'aa');
SELECT outcome, details ->> 'cause' AS cause FROM pg_temp.ask(:'signer', 1, :'alice', 40, 'aa', sequence => 8);
SELECT outcome, holder FROM pg_temp.ask(:'signer', 1, lower(:'alice'), 40.00, 'aa', node => 'node-b');
SELECT slashguard.record_signature(:'lock_token', '0x' || repeat('51', 65), attestation => 'an attestation') IS NOT NULL AS recorded;
SELECT outcome, signature IS NOT NULL AS handed_back FROM pg_temp.ask(:'signer', 1, :'alice', 40, 'aa', node => 'node-b');
-- The same hash for another request is another duty; another signer may sign the same message.
SELECT outcome FROM pg_temp.ask(:'signer', 2, :'bob', 1, 'aa');
SELECT request_id, signatures, quorum FROM slashguard.pending_withdrawals;
SELECT * FROM pg_temp.ask(:'second', 1, :'alice', 40, 'aa') \gset
SELECT :'outcome' AS second_signer;
SELECT slashguard.record_signature(:'lock_token', '0x' || repeat('52', 65)) IS NOT NULL AS recorded;

-- What relayers read.
SELECT request_id, recipient, amount, sequence, left(signature, 6) AS signature, signer, attestation
  FROM slashguard.withdrawal_signatures WHERE request_id = '0x' || lpad('1', 64, '0') ORDER BY signer;
SELECT count(*) AS pending FROM slashguard.pending_withdrawals;
SELECT request_id, recipient, amount, sequence, signatures, quorum, ready_at IS NOT NULL AS since FROM slashguard.ready_withdrawals;
SELECT withdrawal_request_id, duty_type, state, holder FROM slashguard.duties WHERE chain = 'bridge' ORDER BY slot, validator;
-- Signers that disagree never make a quorum together.
SELECT lock_token AS one FROM pg_temp.ask(:'signer', 3, :'bob', 2, 'c1') \gset
SELECT lock_token AS other FROM pg_temp.ask(:'second', 3, :'bob', 3, 'c2') \gset
SELECT slashguard.record_signature(:'one', '0x' || repeat('53', 65)) IS NOT NULL AS one, slashguard.record_signature(:'other', '0x' || repeat('54', 65)) IS NOT NULL AS other;
SELECT amount, signatures, quorum FROM slashguard.pending_withdrawals ORDER BY amount;
SELECT count(*) AS ready FROM slashguard.ready_withdrawals;

-- The daily limit of 100: alice was granted 40, once for both signers.
SELECT outcome, reason, details - 'next_day_unix_time' AS details,
       to_timestamp((details ->> 'next_day_unix_time')::bigint) = date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '1 day' AS next_day
  FROM pg_temp.ask(:'signer', 10, :'alice', 61, 'd1');
SELECT outcome, details ->> 'granted_today' AS granted_today FROM pg_temp.ask(:'signer', 10, :'alice', 61, 'd1') AS again;
SELECT outcome FROM pg_temp.ask(:'signer', 10, :'bob', 61, 'd2') AS of_another_recipient;
SELECT lock_token AS token FROM pg_temp.ask(:'signer', 11, :'alice', 60, 'd3') \gset
SELECT outcome, details ->> 'granted_today' AS granted_today FROM pg_temp.ask(:'signer', 12, :'alice', 1, 'd4');
SELECT outcome AS nothing_is_no_amount FROM pg_temp.ask(:'signer', 13, :'alice', 0, 'd5');
SELECT outcome AS also_for_the_second FROM pg_temp.ask(:'second', 11, :'alice', 60, 'd3');
-- One signer has released it, the other not: it counts. Both: it does not, until it is granted again.
SELECT slashguard.release_duty(:'token');
SELECT outcome FROM pg_temp.ask(:'signer', 12, :'alice', 1, 'd4') AS while_the_second_holds;
UPDATE slashguard.claim SET lease_until = now() WHERE slot = (SELECT id FROM slashguard.withdrawal_request WHERE request_id = decode(lpad('b', 64, '0'), 'hex'));
SELECT outcome FROM pg_temp.ask(:'signer', 12, :'alice', 1, 'd4') AS after_its_lease;
SELECT * FROM pg_temp.ask(:'second', 11, :'alice', 60, 'd3', node => 'node-b') \gset
SELECT :'outcome' AS taken_over, slashguard.release_duty(:'lock_token') AS released;
SELECT * FROM pg_temp.ask(:'signer', 12, :'alice', 50, 'd4') \gset
SELECT :'outcome' AS another_instead;
SELECT outcome, details ->> 'granted_today' AS granted_today FROM pg_temp.ask(:'signer', 11, :'alice', 60, 'd3');
-- Freed: it was certainly not signed, and its request may be asked for with other data.
SELECT slashguard.release_duty(:'lock_token', true) AS freed;
SELECT outcome FROM pg_temp.ask(:'signer', 11, :'alice', 60, 'd3') AS after_freeing;
SELECT slashguard.set_chain_option('bridge', 'daily_limit', 'null');
SELECT outcome FROM pg_temp.ask(:'signer', 14, :'alice', 115792089237316195423570985008687907853269984665640564039457584007913129639935, 'd6') AS without_a_limit;
SELECT slashguard.set_chain_option('bridge', 'daily_limit', '"115792089237316195423570985008687907853269984665640564039457584007913129639935"');
SELECT outcome, reason FROM pg_temp.ask(:'signer', 15, :'alice', 115792089237316195423570985008687907853269984665640564039457584007913129639935, 'd7');

-- A signature that comes after its release would make the withdrawal count again, so it is held against the limit, too.
SELECT slashguard.register_chain('verified bridge', 'bridge', '1:0x00000000000000000000000000000000000b41d9',
    options => '{"first_use": "trust", "daily_limit": 100}');
SELECT lock_token FROM slashguard.try_acquire_withdrawal('verified bridge', '0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826', '0x' || repeat('01', 32), :'bob', 60, 1, '0x' || repeat('aa', 32), 'node') \gset
SELECT slashguard.release_duty(:'lock_token');
SELECT outcome FROM slashguard.try_acquire_withdrawal('verified bridge', :'signer', '0x' || repeat('02', 32), :'bob', 99, 2, '0x' || repeat('bb', 32), 'node') AS beside_a_released_one;
SELECT slashguard.record_signature(:'lock_token', '0x997c87bdc83afc33ea9209f74a6cc42133ef28def8ad6ed6a89f57f54538f5565f3edf61b6b3e25acec904dcef70d069d4942672ed65579036c21661724d2c571b') IS NOT NULL AS recorded_beyond_the_limit;
SELECT outcome, details ->> 'granted_today' AS granted_today FROM slashguard.try_acquire_withdrawal('verified bridge', :'signer', '0x' || repeat('03', 32), :'bob', 1, 3, '0x' || repeat('cc', 32), 'node');
SELECT outcome FROM slashguard.try_acquire_withdrawal('verified bridge', '0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826', '0x' || repeat('01', 32), :'bob', 60, 1, '0x' || repeat('aa', 32), 'node') AS while_the_limit_is_used_up;
SELECT slashguard.set_chain_option('verified bridge', 'daily_limit', '200');
SELECT slashguard.record_signature(:'lock_token', '0x997c87bdc83afc33ea9209f74a6cc42133ef28def8ad6ed6a89f57f54538f5565f3edf61b6b3e25acec904dcef70d069d4942672ed65579036c21661724d2c571b') IS NOT NULL AS recorded;

-- States: one for each sequence and signer. A sequence is not the number of a withdrawal's request, though both may be the same.
SELECT id AS number FROM slashguard.withdrawal_request WHERE shown = '0x' || lpad('1', 64, '0') \gset
SELECT * FROM slashguard.try_acquire_state('bridge', :'signer', :number, '0x' || repeat('aa', 32), 'node-a') \gset
SELECT :'outcome' AS outcome, :'reason' AS reason;
SELECT outcome, reason FROM slashguard.try_acquire_state('bridge', :'signer', :number, '0x' || repeat('bb', 32), 'node-b');
SELECT slashguard.record_signature(:'lock_token', '0x' || repeat('55', 65)) IS NOT NULL AS recorded;
SELECT outcome FROM slashguard.try_acquire_state('bridge', :'second', :number, '0x' || repeat('bb', 32), 'node-b');
SELECT outcome FROM slashguard.acquire_state('bridge', :'signer', :number + 1, '0x' || repeat('bb', 32), 'node-b');
SELECT * FROM slashguard.acquire_state('bridge', :'signer', :number, '0x' || repeat('bb', 32), 'node-b');
SELECT sequence, state_hash, left(signature, 6) AS signature, signer FROM slashguard.state_signatures;
SELECT count(DISTINCT duty_type) AS duty_types FROM slashguard.duties WHERE chain = 'bridge' AND slot = :number;

-- No clock: what is new or in doubt is halted until somebody vouches for it, and history is kept.
SELECT slashguard.register_chain('wary bridge', 'bridge', '1:0x00000000000000000000000000000000000b41d8', options => '{"signature_scheme": "none"}');
SELECT outcome, reason, details FROM slashguard.try_acquire_withdrawal('wary bridge', :'signer', '0x' || repeat('01', 32), :'bob', 1, 1, '0x' || repeat('aa', 32), 'node');
SELECT slashguard.declare_new('wary bridge', ARRAY[:'signer']);
SELECT outcome FROM slashguard.try_acquire_withdrawal('wary bridge', :'signer', '0x' || repeat('01', 32), :'bob', 1, 1, '0x' || repeat('aa', 32), 'node');
UPDATE slashguard.chain SET quarantine_slot = 9223372036854775807, quarantine_cause = 'the server was promoted' WHERE name = 'wary bridge';
SELECT outcome, reason, details FROM slashguard.try_acquire_withdrawal('wary bridge', :'signer', '0x' || repeat('02', 32), :'bob', 1, 1, '0x' || repeat('aa', 32), 'node');
SELECT outcome, reason FROM slashguard.try_acquire_state('wary bridge', :'signer', 9223372036854775807, '0x' || repeat('aa', 32), 'node');
SELECT slashguard.confirm_recovery('wary bridge');
SELECT outcome FROM slashguard.try_acquire_withdrawal('wary bridge', :'signer', '0x' || repeat('02', 32), :'bob', 1, 1, '0x' || repeat('aa', 32), 'node');
SELECT slashguard.cleanup_old_duties('0 s', 'bridge') AS cleaned;
SELECT slashguard.retire_chain('wary bridge') AS retired, slashguard.cleanup_old_duties('0 s', 'wary bridge') AS cleaned;
SELECT outcome, reason FROM slashguard.try_acquire_withdrawal('wary bridge', :'signer', '0x' || repeat('01', 32), :'bob', 1, 1, '0x' || repeat('bb', 32), 'node');

-- A refusal says which request it was.
SELECT withdrawal_request_id, slot, outcome, count FROM slashguard.refusals
 WHERE chain = 'bridge' AND withdrawal_request_id = '0x' || lpad('a', 64, '0') AND message_hash = '0x' || repeat('d1', 32);

-- Not even a superuser's slip makes a request another one, or its message say something else.
UPDATE slashguard.withdrawal_request SET id = DEFAULT;
DELETE FROM slashguard.withdrawal_request;
TRUNCATE slashguard.withdrawal_request;
UPDATE slashguard.withdrawal SET amount = 1;
DELETE FROM slashguard.withdrawal;

-- A relayer reads these views, and nothing else.
CREATE ROLE relayer_of_test IN ROLE slashguard_relayer;
SET ROLE relayer_of_test;
SELECT count(*) > 0 AS reads FROM slashguard.withdrawal_signatures;
SELECT count(*) > 0 AS reads FROM slashguard.state_signatures;
SELECT count(*) > 0 AS reads FROM slashguard.pending_withdrawals;
SELECT count(*) > 0 AS reads FROM slashguard.ready_withdrawals;
SELECT count(*) FROM slashguard.duties;
SELECT slashguard.keccak256('0x');
SELECT slashguard.try_acquire_state('bridge', :'signer', 6, '0x' || repeat('aa', 32), 'node');
RESET ROLE;
DROP ROLE relayer_of_test;
