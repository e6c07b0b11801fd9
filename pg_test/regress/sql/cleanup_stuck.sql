-- Stuck claims: whose lease is long over. Cleanup opens them, their tokens die, their messages stay pinned.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
SELECT '0x' || repeat('51', 65) AS signature \gset

SELECT slashguard.register_chain('stuck', 'aztec', '1:0x00000000000000000000000000000000000057c4', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null}');
SELECT lock_token AS dead FROM slashguard.try_acquire_duty('stuck', :'validator', 7, 'ATTESTATION', :'message', 'node-dead', lease_ms => 3600000) \gset
SELECT lock_token AS slow FROM slashguard.try_acquire_duty('stuck', :'validator', 8, 'ATTESTATION', :'message', 'node-slow', lease_ms => 3600000) \gset
SELECT lock_token AS done FROM slashguard.try_acquire_duty('stuck', :'validator', 9, 'ATTESTATION', :'message', 'node-done', lease_ms => 3600000) \gset
SELECT slashguard.record_signature(:'done', :'signature') IS NOT NULL AS recorded;
-- Another chain's slots are longer, so its claims are stuck later.
SELECT slashguard.register_chain('stuck later', 'aztec', '1:0x00000000000000000000000000000000000057c5', '2020-01-01 00:00+00', '1 day',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null}');
SELECT lock_token IS NOT NULL AS held FROM slashguard.try_acquire_duty('stuck later', :'validator', 7, 'ATTESTATION', :'message', 'node-dead', lease_ms => 3600000);
-- Age counts from the lease's end, and is two slots unless given. While the lease runs, nothing is stuck.
SELECT slashguard.cleanup_stuck_duties('0 s') >= 0 AS looked;
SELECT chain, slot, state FROM slashguard.duties WHERE chain LIKE 'stuck%' ORDER BY chain, slot;

-- An hour and a half later: the slow holder has extended its lease.
SET slashguard.clock_offset = '30 min';
SELECT slashguard.extend_lease(:'slow', 7200000) IS NOT NULL AS extended;
SET slashguard.clock_offset = '90 min';
SELECT slashguard.cleanup_stuck_duties('1 h') >= 0 AS too_early;
SELECT node, stuck_duties_cleaned FROM slashguard.stats WHERE chain LIKE 'stuck%' AND stuck_duties_cleaned > 0;
SELECT slashguard.cleanup_stuck_duties() >= 1 AS opened;
SELECT chain, slot, state, holder, left(message_hash, 4) AS hash FROM slashguard.duties WHERE chain LIKE 'stuck%' ORDER BY chain, slot;
SELECT chain, node, stuck_duties_cleaned FROM slashguard.stats WHERE chain LIKE 'stuck%' ORDER BY chain, node;

-- The dead token is dead, also if its holder comes back. The message is pinned.
SELECT slashguard.record_signature(:'dead', :'signature');
\echo :LAST_ERROR_SQLSTATE
SELECT slashguard.release_duty(:'dead') AS released, slashguard.extend_lease(:'dead', 1000) AS extended;
SELECT outcome, details ->> 'earlier_state' AS earlier_state FROM slashguard.try_acquire_duty('stuck', :'validator', 7, 'ATTESTATION', :'other', 'node-b');
SELECT outcome FROM slashguard.try_acquire_duty('stuck', :'validator', 7, 'ATTESTATION', :'message', 'node-b', lease_ms => 3600000);
-- The slow holder records, the signed duty is untouched.
SELECT slashguard.record_signature(:'slow', :'signature') IS NOT NULL AS recorded;
SELECT slot, state, holder FROM slashguard.duties WHERE chain = 'stuck' ORDER BY slot;

-- Once opened, nothing is opened twice.
SET slashguard.clock_offset = '30 d';
SELECT slashguard.cleanup_stuck_duties() >= 2 AS opened;
SELECT slashguard.cleanup_stuck_duties();
SELECT slashguard.cleanup_stuck_duties('0 s');
