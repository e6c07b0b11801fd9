-- A holder is gone: its duty is taken over, with the same message only, and its token is dead.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
SELECT '0x' || repeat('51', 65) AS signature, '0x' || repeat('52', 65) AS another \gset
SELECT slashguard.register_chain('takeover', 'aztec', '1:0x0000000000000000000000000000000000007a4e', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null}');

-- node-a claims and is silent for two hours. Before that nobody else can have the duty.
SELECT lock_token AS a_token FROM slashguard.try_acquire_duty('takeover', :'validator', 7, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000) \gset
SET slashguard.clock_offset = '30 min';
SELECT outcome, holder FROM slashguard.try_acquire_duty('takeover', :'validator', 7, 'ATTESTATION', :'message', 'node-b');
SELECT state, holder, age > '29 min' AND age < '59 min' AS age_follows_the_clock FROM slashguard.duties WHERE chain = 'takeover';

SET slashguard.clock_offset = '2 h';
SELECT state, holder FROM slashguard.duties WHERE chain = 'takeover';
-- Another message stays a conflict, although nobody holds the claim.
SELECT outcome, details ->> 'earlier_state' AS earlier_state FROM slashguard.try_acquire_duty('takeover', :'validator', 7, 'ATTESTATION', :'other', 'node-b');
SELECT outcome, holder, lock_token AS b_token, lock_token <> :'a_token' AS new_token, reason
  FROM slashguard.try_acquire_duty('takeover', :'validator', 7, 'ATTESTATION', :'message', 'node-b', lease_ms => 3600000) \gset
\echo :outcome / :holder / new token: :new_token / :reason
SELECT state, holder, taken_over_from, answers FROM slashguard.duties WHERE chain = 'takeover';

-- The dead token: nothing is released, nothing extended, nothing written.
SELECT slashguard.release_duty(:'a_token') AS released, slashguard.extend_lease(:'a_token', 86400000) AS extended;
SELECT slashguard.record_signature(:'a_token', :'signature');
\echo :LAST_ERROR_SQLSTATE
SELECT state, holder, signature FROM slashguard.duties WHERE chain = 'takeover';

-- The new holder's token works. Afterwards the old one learns the same if it has the same, and SG005 if it has not.
SELECT slashguard.record_signature(:'b_token', :'signature') AS recorded_at \gset
SELECT slashguard.record_signature(:'b_token', :'another') = :'recorded_at' AS first_one_stays;
SELECT slashguard.record_signature(:'a_token', :'signature') = :'recorded_at' AS same_time;
SELECT slashguard.record_signature(:'a_token', :'another');
\echo :LAST_ERROR_SQLSTATE
SELECT state, holder, left(signature, 4) AS signature FROM slashguard.duties WHERE chain = 'takeover';

-- An expired claim that nobody took over is still its holder's.
SELECT lock_token AS a_token FROM slashguard.try_acquire_duty('takeover', :'validator', 8, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000) \gset
SET slashguard.clock_offset = '4 h';
SELECT state FROM slashguard.duties WHERE chain = 'takeover' AND slot = 8;
SELECT slashguard.extend_lease(:'a_token', 3600000) - slashguard.ledger_time() BETWEEN '59 min' AND '1 h' AS extended;
SELECT state FROM slashguard.duties WHERE chain = 'takeover' AND slot = 8;
-- Extending never shortens.
SELECT slashguard.extend_lease(:'a_token', 1) - slashguard.ledger_time() > '59 min' AS stays;
SELECT outcome FROM slashguard.try_acquire_duty('takeover', :'validator', 8, 'ATTESTATION', :'message', 'node-b');
SET slashguard.clock_offset = '6 h';
SELECT slashguard.record_signature(:'a_token', :'signature') IS NOT NULL AS recorded;

-- A release gives the duty up at once: same message for anybody, other messages for nobody.
SELECT lock_token AS a_token FROM slashguard.try_acquire_duty('takeover', :'validator', 9, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000) \gset
SELECT slashguard.release_duty(:'a_token');
SELECT state, holder, expires_at <= slashguard.ledger_time() AS lease_over FROM slashguard.duties WHERE chain = 'takeover' AND slot = 9;
SELECT slashguard.release_duty(:'a_token') AS again;
SELECT slashguard.record_signature(:'a_token', :'signature');
\echo :LAST_ERROR_SQLSTATE
SELECT outcome FROM slashguard.try_acquire_duty('takeover', :'validator', 9, 'ATTESTATION', :'other', 'node-a');
SELECT outcome, holder, reason FROM slashguard.try_acquire_duty('takeover', :'validator', 9, 'ATTESTATION', :'message', 'node-b');
