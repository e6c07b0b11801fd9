-- A rollup that is over is retired: nothing is granted for it any more, and its history may go. Others are untouched.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
SELECT '0x' || repeat('51', 65) AS signature \gset

SELECT slashguard.register_chain('retired', 'aztec', '1:0x0000000000000000000000000000000000004e71', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null, "retention": null}');
SELECT slashguard.register_chain('not retired', 'aztec', '1:0x0000000000000000000000000000000000004e72', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null, "retention": null}');
SELECT lock_token AS token FROM slashguard.try_acquire_duty('retired', :'validator', 7, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000) \gset
SELECT outcome FROM slashguard.try_acquire_duty('retired', :'validator', 9223372036854775807, 'ATTESTATION', :'message', 'node-a', lease_ms => 86400000);
SELECT outcome FROM slashguard.try_acquire_duty('not retired', :'validator', 7, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000);

SELECT slashguard.retire_chain('retired');
SELECT slashguard.retire_chain('retired') AS again;
SELECT chain, retired_at IS NOT NULL AS retired, low_watermark FROM slashguard.chains WHERE chain LIKE '%retired' ORDER BY chain;
SELECT action, details FROM slashguard.audit WHERE chain = 'retired' AND action <> 'register_chain';

-- No slot of it, now or ever. What is on record is still named.
SELECT outcome FROM slashguard.try_acquire_duty('retired', :'validator', 8, 'ATTESTATION', :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('retired', :'validator', 8, 'ATTESTATION', :'message', 'node-a');
SELECT outcome, reason, details FROM slashguard.try_acquire_duty('retired', :'validator', 8, 'ATTESTATION', :'message', 'node-b') \gx
SELECT outcome FROM slashguard.try_acquire_duty('retired', :'validator', 7, 'ATTESTATION', :'other', 'node-b');
SELECT outcome FROM slashguard.try_acquire_duty('retired', '0x' || repeat('77', 20), 7, 'ATTESTATION', :'message', 'node-b');
-- Who held a claim may finish, and the signature is handed out as long as it is there.
SELECT slashguard.record_signature(:'token', :'signature') IS NOT NULL AS recorded;
SELECT outcome, left(signature, 4) AS signature FROM slashguard.try_acquire_duty('retired', :'validator', 7, 'ATTESTATION', :'message', 'node-b');

-- A refusal leaves no trace among the duties.
SELECT slot, state FROM slashguard.duties WHERE chain = 'retired' ORDER BY slot;
SELECT count(*) FROM slashguard.freed_duties WHERE chain = 'retired';

-- All of its history goes, whatever the retention and however high the slot.
SELECT slashguard.cleanup_old_duties(chain => 'retired');
SELECT slashguard.cleanup_old_duties(chain => 'not retired');
SELECT chain, slot FROM slashguard.duties WHERE chain LIKE '%retired';
SELECT outcome FROM slashguard.try_acquire_duty('retired', :'validator', 7, 'ATTESTATION', :'other', 'node-b');
SELECT outcome FROM slashguard.try_acquire_duty('retired', :'validator', 9223372036854775807, 'ATTESTATION', :'other', 'node-b');
SELECT outcome FROM slashguard.try_acquire_duty('not retired', :'validator', 8, 'ATTESTATION', :'message', 'node-b');
