-- What a bridge's daily limit, its tables and its relayers must withstand.
SET slashguard.allow_transaction_blocks = on;
SELECT slashguard.register_chain('limits', 'bridge', '1:0x00000000000000000000000000000000000b41da',
    options => '{"first_use": "trust", "signature_scheme": "digest", "allow_unsigned_release": true, "daily_limit": "100"}');
-- The signer is key 1, the signatures are its own.
CREATE FUNCTION pg_temp.ask(request int, recipient text, amount numeric, signer text DEFAULT '0x7e5f4552091a69125d5dfcb7b8c2659029395bdf')
RETURNS slashguard.acquisition LANGUAGE sql AS $$
    SELECT slashguard.try_acquire_withdrawal('limits', signer, '0x' || repeat(lpad(to_hex(request), 2, '0'), 32), '0x' || repeat(recipient, 20),
        amount, 7, '0x' || repeat(lpad(to_hex(request), 2, '0'), 32), 'node-a') $$;

-- Recorded or refused: both may be right.
CREATE FUNCTION pg_temp.deliver(token text, signature text, attestation text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM slashguard.record_signature(token, signature, attestation);
EXCEPTION WHEN SQLSTATE 'SG004' OR SQLSTATE 'SG005' THEN
    NULL;
END $$;

-- A released claim does not count. Its former holder's signature makes it count again: together they must not pass the limit.
SELECT lock_token AS first FROM pg_temp.ask(1, 'a1', 100) \gset
SELECT slashguard.release_duty(:'first');
SELECT lock_token AS second FROM pg_temp.ask(2, 'a1', 100) \gset
SELECT slashguard.record_signature(:'second', '0xf6f582e54ed3bebdb6d1fb1237f7d77c58bd45c32e808e1f2fb73bb467c5f2bc33f4570a8a8acb2ede0dcbdafc5de773846ae699acdcac9406fd1ab7f49e82a81c') IS NOT NULL AS recorded;
SELECT pg_temp.deliver(:'first', '0x747a6c6bd9a8ff0b77a99b8f274f5df5198b5dddc33edd4bc89e459d13dfa6177431bfa016325b8f27491781d1c462999f1dde760560373a517d29161c2df1391c');
SELECT sum(amount) <= 100 AS within_the_limit FROM slashguard.withdrawal_signatures WHERE recipient = '0x' || repeat('a1', 20);

-- What one signer said of a message, and freed again, must not keep another from signing the true one.
SELECT lock_token AS lie FROM pg_temp.ask(3, 'dd', 0) \gset
SELECT slashguard.release_duty(:'lie', certainly_unsigned => true);
SELECT outcome FROM pg_temp.ask(3, 'a3', 5, '0x' || repeat('22', 20));

-- What is refused leaves nothing for ever.
SELECT count(*) AS before FROM slashguard.withdrawal_request \gset
SELECT outcome, count(*) FROM generate_series(16, 47) AS i, pg_temp.ask(i, 'a1', 100) GROUP BY outcome;
SELECT count(*) - :before AS requests_that_were_refused_on_record FROM slashguard.withdrawal_request;

-- A signature that anybody may know is no word of its signer's for an attestation: the token here is made up.
SELECT lock_token AS third FROM pg_temp.ask(4, 'a4', 5) \gset
SELECT pg_temp.deliver(left(:'third', -32) || repeat('0', 32), '0x92779dd12b06032e8c6538817229718ac2a2b43b32461dd545c5a45f5fdd17dc6bd98741156893487ac8c702bd59a95031210ecbacc837f6a343361f6c8be2ae1b', attestation => 'forged');
SELECT slashguard.record_signature(:'third', '0x92779dd12b06032e8c6538817229718ac2a2b43b32461dd545c5a45f5fdd17dc6bd98741156893487ac8c702bd59a95031210ecbacc837f6a343361f6c8be2ae1b', attestation => 'true') IS NOT NULL AS recorded;
SELECT attestation FROM slashguard.withdrawal_signatures WHERE request_id = '0x' || repeat('04', 32);

-- A relayer sees what its views show, whatever it asks with.
SELECT outcome FROM pg_temp.ask(5, 'ff', 5);
CREATE ROLE relayer_of_limits IN ROLE slashguard_relayer;
CREATE TEMPORARY TABLE seen (what text);
GRANT INSERT, SELECT ON seen TO relayer_of_limits;
CREATE FUNCTION pg_temp.look(what text) RETURNS boolean LANGUAGE sql COST 0.0001 AS $$ INSERT INTO seen VALUES (what) RETURNING true $$;
SET ROLE relayer_of_limits;
SET enable_nestloop = off;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SET enable_mergejoin = off;
SELECT count(*) > 0 AS some FROM slashguard.withdrawal_signatures WHERE pg_temp.look(recipient);
SELECT what AS recipient_of_an_unsigned_withdrawal FROM seen WHERE what = '0x' || repeat('ff', 20);
RESET ROLE;
DROP OWNED BY relayer_of_limits;
DROP ROLE relayer_of_limits;
