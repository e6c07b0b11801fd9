-- A lost reply is retried with the same request_id, and brings the same claim back.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
SELECT '0x' || repeat('51', 65) AS signature, '0x' || repeat('52', 65) AS another \gset
\set request '4d5ce2c6-3f4b-4c41-9d0b-0d2a8f6a7b01'
SELECT slashguard.register_chain('request', 'aztec', '1:0x00000000000000000000000000000000000004e9', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null, "allow_unsigned_release": true}');

SELECT lock_token AS token, expires_at AS expires FROM slashguard.try_acquire_duty('request', :'validator', 7, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000, request_id => :'request') \gset
SELECT outcome, lock_token = :'token' AS same_token, expires_at = :'expires' AS same_lease, regexp_replace(reason, '\d+ ms', 'N ms') AS reason
  FROM slashguard.try_acquire_duty('request', :'validator', 7, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000, request_id => :'request');
SELECT state, answers FROM slashguard.duties WHERE chain = 'request';

-- The id alone is nothing: with another message it is a conflict, for another duty another claim.
SELECT outcome, lock_token FROM slashguard.try_acquire_duty('request', :'validator', 7, 'ATTESTATION', :'other', 'node-a', request_id => :'request');
SELECT outcome, lock_token = :'token' AS same_token FROM slashguard.try_acquire_duty('request', :'validator', 8, 'ATTESTATION', :'message', 'node-a', request_id => :'request');
-- Another id, or none, is another request.
SELECT outcome, lock_token FROM slashguard.try_acquire_duty('request', :'validator', 7, 'ATTESTATION', :'message', 'node-a', request_id => '4d5ce2c6-3f4b-4c41-9d0b-0d2a8f6a7b02');
SELECT outcome, lock_token FROM slashguard.try_acquire_duty('request', :'validator', 7, 'ATTESTATION', :'message', 'node-a');

-- Another role cannot fetch the token by knowing the id.
CREATE ROLE regress_slashguard_other IN ROLE slashguard_client;
SET ROLE regress_slashguard_other;
SELECT outcome, lock_token FROM slashguard.try_acquire_duty('request', :'validator', 7, 'ATTESTATION', :'message', 'node-a', request_id => :'request');
RESET ROLE;
DROP ROLE regress_slashguard_other;

-- The lease is over, nobody took over: the same token, with a new lease.
SET slashguard.clock_offset = '2 h';
SELECT outcome, lock_token = :'token' AS same_token, expires_at - slashguard.ledger_time() BETWEEN '59 min' AND '1 h' AS new_lease
  FROM slashguard.try_acquire_duty('request', :'validator', 7, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000, request_id => :'request');

-- Three answers carried this claim, so certainly_unsigned frees nothing: another thread may be signing.
SELECT answers FROM slashguard.duties WHERE chain = 'request' AND slot = 7;
SELECT slashguard.release_duty(:'token', certainly_unsigned => true);
SELECT outcome FROM slashguard.try_acquire_duty('request', :'validator', 7, 'ATTESTATION', :'other', 'node-a');

-- After a release, and after a takeover, the claim is not that request's any more.
SELECT outcome, lock_token = :'token' AS same_token FROM slashguard.try_acquire_duty('request', :'validator', 7, 'ATTESTATION', :'message', 'node-b', lease_ms => 3600000);
SELECT outcome, holder, lock_token FROM slashguard.try_acquire_duty('request', :'validator', 7, 'ATTESTATION', :'message', 'node-a', request_id => :'request');

-- After signing the same request gets the signature.
SELECT lock_token AS token FROM slashguard.try_acquire_duty('request', :'validator', 10, 'ATTESTATION', :'message', 'node-a', request_id => :'request') \gset
SELECT slashguard.record_signature(:'token', :'signature') IS NOT NULL AS recorded;
SELECT outcome, lock_token, left(signature, 4) AS signature FROM slashguard.try_acquire_duty('request', :'validator', 10, 'ATTESTATION', :'message', 'node-a', request_id => :'request');
