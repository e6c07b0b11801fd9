-- One statement asks for one claim. SELECT (f(..)).* is expanded by Postgres to one call a column: they are one claim.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'

SELECT slashguard.register_chain('once', 'aztec', '1:0x00000000000000000000000000000000000009ce', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "horizon_slots": null}');

SELECT (slashguard.try_acquire_duty('once', :'validator', 7, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000)).* \gset got_
\echo :got_outcome / :got_holder / :got_reason
SELECT state, holder, answers FROM slashguard.duties WHERE chain = 'once' AND slot = 7;
-- All columns are of one answer: the token holds the claim, the lease is the claim's.
SELECT slashguard.extend_lease(:'got_lock_token', 1) = :'got_expires_at' AS one_answer;

-- The strict form, and a refusal: counted once.
SELECT (slashguard.acquire_duty('once', :'validator', 8, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000)).outcome;
SELECT (slashguard.try_acquire_duty('once', :'validator', 7, 'ATTESTATION', :'other', 'node-b')).* \gset refused_
\echo :refused_outcome
SELECT count FROM slashguard.refusals WHERE chain = 'once';
SELECT node, locks_acquired, slashing_protection FROM slashguard.stats WHERE chain = 'once' ORDER BY node;

-- The same call twice, written out, is one claim, too.
SELECT a.lock_token = b.lock_token AS one_token
  FROM slashguard.try_acquire_duty('once', :'validator', 9, 'ATTESTATION', :'message', 'node-a') AS a,
       slashguard.try_acquire_duty('once', :'validator', 9, 'ATTESTATION', :'message', 'node-a') AS b;
SELECT count(DISTINCT lock_token) AS tokens
  FROM generate_series(1, 5), slashguard.try_acquire_duty('once', :'validator', 10, 'ATTESTATION', :'message', 'node-a');

-- Two claims are refused, and neither is left.
SELECT a.outcome, b.outcome
  FROM slashguard.try_acquire_duty('once', :'validator', 11, 'ATTESTATION', :'message', 'node-a') AS a,
       slashguard.try_acquire_duty('once', :'validator', 12, 'ATTESTATION', :'message', 'node-a') AS b;
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
-- However small the difference is.
SELECT a.outcome, b.outcome
  FROM slashguard.try_acquire_duty('once', :'validator', 11, 'ATTESTATION', :'message', 'node-a') AS a,
       slashguard.try_acquire_duty('once', :'validator', 11, 'ATTESTATION', :'message', 'node-b') AS b;
\echo :LAST_ERROR_SQLSTATE
SELECT outcome FROM generate_series(11, 20) AS slot, slashguard.try_acquire_duty('once', :'validator', slot, 'ATTESTATION', :'message', 'node-a');
\echo :LAST_ERROR_SQLSTATE
SELECT outcome FROM generate_series(11, 20) AS slot, slashguard.acquire_duty('once', :'validator', slot, 'ATTESTATION', :'message', 'node-a');
\echo :LAST_ERROR_SQLSTATE
SELECT slot FROM slashguard.duties WHERE chain = 'once' ORDER BY slot;

-- What the statement has given up again is not answered from memory: the key would be free, and the token dead.
SELECT slashguard.set_chain_option('once', 'allow_unsigned_release', 'true');
SELECT b.outcome
  FROM slashguard.try_acquire_duty('once', :'validator', 21, 'ATTESTATION', :'message', 'node-a') AS a,
       LATERAL (SELECT slashguard.release_duty(a.lock_token, true) AS released OFFSET 0) AS r,
       LATERAL (SELECT outcome FROM slashguard.try_acquire_duty('once', :'validator', 21, 'ATTESTATION', :'message', 'node-a')
                 WHERE r.released) AS b;
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM slashguard.duties WHERE chain = 'once' AND slot = 21;

-- The next statement asks anew.
SELECT outcome, lock_token FROM slashguard.try_acquire_duty('once', :'validator', 7, 'ATTESTATION', :'message', 'node-a');
-- What needs no claim is no claim.
SELECT count(*) AS not_protected FROM generate_series(1, 10) AS slot, slashguard.try_acquire_duty('once', :'validator', slot, 'TXS', :'message', 'node-a')
 WHERE outcome = 'not_protected';
