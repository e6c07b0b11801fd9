-- Duty types, and which block index each has.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'

SELECT slashguard.register_chain('types', 'aztec', '1:0x00000000000000000000000000000000000077e5', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "horizon_slots": null}');
SELECT name, id, is_alias, protected, least_block_index, greatest_block_index
  FROM slashguard.duty_type WHERE rules = 'aztec' ORDER BY id, name;

-- Each with the index it has.
\set ECHO none
SELECT format($$SELECT %L AS duty_type, %s AS block_index, outcome FROM slashguard.try_acquire_duty('types', %L, 7, %L, %L, 'node-a', block_index => %s)$$,
              name, i, :'validator', name, :'message', i)
  FROM slashguard.duty_type, generate_series(-2, 1) AS i
 WHERE rules = 'aztec' AND NOT is_alias AND i BETWEEN least_block_index AND coalesce(greatest_block_index, 1)
 ORDER BY id, i \gexec
\set ECHO all

-- And with one that it has not: 22023 for each of these.
\set VERBOSITY terse
\set ECHO none
SELECT format($$SELECT outcome FROM slashguard.try_acquire_duty('types', %L, 7, %L, %L, 'node-a', block_index => %s)$$,
              :'validator', name, :'message', i)
  FROM slashguard.duty_type, unnest(ARRAY[-2147483648, -2, -1, 0, 1, 2147483647]) AS i
 WHERE rules = 'aztec' AND NOT i BETWEEN least_block_index AND coalesce(greatest_block_index, 2147483647)
 ORDER BY id, name, i \gexec
\set ECHO all
\set VERBOSITY default
\echo :LAST_ERROR_SQLSTATE
SELECT outcome FROM slashguard.try_acquire_duty('types', :'validator', 7, 'BLOCK_PROPOSAL', :'message', 'node-a');
\echo :LAST_ERROR_SQLSTATE
SELECT outcome FROM slashguard.try_acquire_duty('types', :'validator', 7, 'ATTESTATION', :'message', 'node-a', block_index => 0);
\echo :LAST_ERROR_SQLSTATE

-- CHECKPOINT_ATTESTATION is another name of ATTESTATION: one duty, one message.
SELECT outcome, holder FROM slashguard.try_acquire_duty('types', :'validator', 8, 'CHECKPOINT_ATTESTATION', :'message', 'node-a', lease_ms => 3600000);
SELECT outcome, holder FROM slashguard.try_acquire_duty('types', :'validator', 8, 'ATTESTATION', :'message', 'node-b');
SELECT outcome, holder FROM slashguard.try_acquire_duty('types', :'validator', 8, 'ATTESTATION', :'other', 'node-b');
SELECT outcome, holder FROM slashguard.try_acquire_duty('types', :'validator', 7, 'CHECKPOINT_ATTESTATION', :'other', 'node-b');
SELECT DISTINCT duty_type FROM slashguard.duties WHERE chain = 'types' AND slot = 8;

-- Not protected: sign as often as you like, nothing is kept of it.
SELECT * FROM slashguard.try_acquire_duty('types', :'validator', 7, 'AUTH_REQUEST', :'message', 'node-a') \gx
SELECT outcome, lock_token FROM slashguard.try_acquire_duty('types', :'validator', 7, 'AUTH_REQUEST', :'other', 'node-b');
SELECT count(*) FROM slashguard.duties WHERE chain = 'types' AND duty_type IN ('AUTH_REQUEST', 'TXS');
SELECT count(*) FROM slashguard.refusals WHERE chain = 'types' AND duty_type IN ('AUTH_REQUEST', 'TXS');

-- A name that nobody registered is an error, whatever it looks like.
SELECT * FROM slashguard.try_acquire_duty('types', :'validator', 7, 'BLOCK', :'message', 'node-a');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM slashguard.acquire_duty('types', :'validator', 7, 'attestation', :'message', 'node-a');
\echo :LAST_ERROR_SQLSTATE
