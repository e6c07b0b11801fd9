-- Positions of attestations: what was cleaned up or freed raises no alarm, what is lost does, and then sources are bounded, too.
\pset format unaligned
\pset tuples_only on
SELECT '0x' || repeat('f6', 48) AS validator, '0x' || repeat('f7', 48) AS other, '0x' || repeat('01', 32) AS root \gset
SELECT slashguard.register_chain('vote positions', 'ethereum', '0x' || repeat('ea', 32), '2020-01-01 00:00+00', '12 s', '{"first_use": "trust", "allow_unsigned_release": true}');
CREATE VIEW vote_alarms AS SELECT count(*) FROM slashguard.audit WHERE action = 'quarantine' AND chain = 'vote positions';
SELECT outcome, position AS cleaned FROM slashguard.try_acquire_attestation('vote positions', :'validator', 10, 20, :'root', 'node-a', lease_ms => 3600000) \gset
SELECT outcome, lock_token, position AS freed FROM slashguard.try_acquire_attestation('vote positions', :'validator', 30, 40, :'root', 'node-a', lease_ms => 3600000, seen_position => :'cleaned') \gset
\echo :outcome
SELECT slashguard.release_duty(:'lock_token', certainly_unsigned => true);
SELECT slashguard.cleanup_old_duties(make_interval(secs => EXTRACT(epoch FROM slashguard.ledger_time() - '2020-01-01 00:00+00') - 25 * 32 * 12), 'vote positions');
-- A connection that has not heard the node before judges by what is on record.
\c -
SELECT outcome FROM slashguard.try_acquire_attestation('vote positions', :'validator', 41, 42, :'root', 'node-b', lease_ms => 3600000, seen_position => :'cleaned');
\c -
SELECT outcome, position AS lost FROM slashguard.try_acquire_attestation('vote positions', :'other', 50, 60, :'root', 'node-a', lease_ms => 3600000, seen_position => :'freed') \gset
\echo :outcome
SELECT count AS alarms FROM vote_alarms;
-- As if the files had been put back from before the last one.
ALTER TABLE slashguard.claim DISABLE TRIGGER kept;
DELETE FROM slashguard.claim WHERE source_epoch = 50;
ALTER TABLE slashguard.claim ENABLE TRIGGER kept;
\c -
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_attestation('vote positions', :'other', 40, 61, :'root', 'node-a', seen_position => :'lost');
SELECT count AS alarms FROM vote_alarms;
SELECT low_watermark > 60 * 32 AS covers_the_target, low_source_epoch = low_watermark / 32 AS and_sources FROM slashguard.watermarks WHERE chain = 'vote positions' AND kind LIKE 'quarantine%';
-- The operator's word about slots, and about sources.
SELECT slashguard.confirm_recovery('vote positions', 60 * 32);
SELECT outcome, details ->> 'cause' AS cause, details ->> 'least_source_epoch' AS source, details ->> 'first_target_epoch' AS target
  FROM slashguard.try_acquire_attestation('vote positions', :'other', 59, 61, :'root', 'node-a');
SELECT outcome FROM slashguard.try_acquire_attestation('vote positions', :'other', 60, 61, :'root', 'node-a', lease_ms => 3600000);
SELECT slashguard.confirm_recovery('vote positions', 61 * 32, source_epoch => 55);
SELECT outcome, details ->> 'cause' AS cause, details ->> 'least_source_epoch' AS source FROM slashguard.try_acquire_attestation('vote positions', :'validator', 54, 62, :'root', 'node-a');
SELECT outcome FROM slashguard.try_acquire_attestation('vote positions', :'validator', 55, 62, :'root', 'node-a', lease_ms => 3600000);
SELECT slashguard.confirm_recovery('vote positions', source_epoch => 55);
SELECT slashguard.confirm_recovery('vote positions', 61 * 32, source_epoch => -1);
SELECT slashguard.confirm_recovery('vote positions');
SELECT outcome FROM slashguard.try_acquire_attestation('vote positions', :'other', 60, 70, :'root', 'node-a', lease_ms => 3600000);
DROP VIEW vote_alarms;
