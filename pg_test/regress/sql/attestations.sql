-- Attestations: double, surrounding and surrounded votes are refused with the earlier one named; everything else about a claim is as
-- for any duty.
\pset format unaligned
\pset tuples_only on
SELECT '0x' || repeat('a1', 48) AS validator, '0x' || repeat('a2', 48) AS other_validator, '0x' || repeat('01', 32) AS root,
       '0x' || repeat('02', 32) AS other_root, '0x' || repeat('99', 96) AS signature \gset
SELECT slashguard.register_chain('votes', 'ethereum', '0x' || repeat('e1', 32), '2020-01-01 00:00+00', '12 s',
    '{"first_use": "trust", "allow_unsigned_release": true, "retention": null}');
CREATE FUNCTION pg_temp.vote(source bigint, target bigint, root text, node text = 'node-a', lease_ms integer = 3600000)
RETURNS TABLE (outcome text, cause text, source_epoch text, target_epoch text, reason text) LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL slashguard.allow_transaction_blocks = on;
    RETURN QUERY
    SELECT a.outcome, a.details ->> 'cause', a.details ->> 'earlier_source_epoch', a.details ->> 'earlier_target_epoch', a.reason
      FROM slashguard.try_acquire_attestation('votes', '0x' || repeat('a1', 48), source, target, root, node, lease_ms) AS a;
END $$;

-- The life of one.
SELECT outcome, holder, lock_token FROM slashguard.try_acquire_attestation('votes', :'validator', 10, 20, :'root', 'node-a', lease_ms => 3600000) \gset
\echo :outcome :holder
SELECT outcome, reason ~ '^node node-a is signing' AS reason FROM slashguard.try_acquire_attestation('votes', :'validator', 10, 20, :'root', 'node-b');
SELECT slashguard.record_signature(:'lock_token', :'signature') IS NOT NULL AS recorded;
SELECT outcome, signature = :'signature' AS signature FROM slashguard.try_acquire_attestation('votes', :'validator', 10, 20, :'root', 'node-b');

-- Double votes: another root, and the same root from another source is the same message or none.
SELECT * FROM pg_temp.vote(10, 20, :'other_root');
SELECT * FROM pg_temp.vote(11, 20, :'other_root');

-- Surrounding and surrounded, and each of their edges.
SELECT outcome, cause, source_epoch, target_epoch, reason FROM pg_temp.vote(9, 21, :'root');
SELECT outcome, cause, source_epoch, target_epoch, reason FROM pg_temp.vote(11, 19, :'root');
SELECT outcome FROM pg_temp.vote(10, 21, :'root');
SELECT outcome FROM pg_temp.vote(10, 19, :'root');
SELECT outcome FROM pg_temp.vote(9, 12, :'root');
SELECT outcome FROM pg_temp.vote(20, 30, :'root');
SELECT outcome, cause, source_epoch, target_epoch FROM pg_temp.vote(9, 40, :'root');
SELECT outcome, cause, source_epoch, target_epoch FROM pg_temp.vote(0, 1000, :'root');
SELECT outcome, cause, source_epoch, target_epoch FROM pg_temp.vote(21, 29, :'root');
SELECT outcome FROM pg_temp.vote(0, 0, :'root');
SELECT outcome FROM pg_temp.vote(0, 1, :'root');
-- Another validator has its own votes.
SELECT outcome FROM slashguard.try_acquire_attestation('votes', :'other_validator', 9, 21, :'root', 'node-a');
-- Far apart: found all the same, whatever lies between.
SELECT outcome FROM pg_temp.vote(20000, 500000, :'root');
SELECT outcome, cause, source_epoch, target_epoch FROM pg_temp.vote(20001, 30000, :'root');
SELECT outcome, cause, source_epoch, target_epoch FROM pg_temp.vote(19999, 500001, :'root');
SELECT outcome FROM pg_temp.vote(19999, 30000, :'root');

-- Released, its root stays pinned; certainly unsigned, it is out of the way.
SELECT outcome, lock_token FROM slashguard.try_acquire_attestation('votes', :'validator', 30, 60, :'root', 'node-a', lease_ms => 3600000) \gset
SELECT slashguard.release_duty(:'lock_token');
SELECT outcome, cause FROM pg_temp.vote(31, 59, :'root');
SELECT outcome, lock_token FROM slashguard.try_acquire_attestation('votes', :'validator', 30, 70, :'root', 'node-a', lease_ms => 3600000) \gset
SELECT slashguard.release_duty(:'lock_token', certainly_unsigned => true);
SELECT outcome, cause FROM pg_temp.vote(31, 69, :'root');

-- What people see.
SELECT slot, duty_type, source_epoch, target_epoch, state, holder FROM slashguard.duties
 WHERE chain = 'votes' AND validator = :'validator' ORDER BY slot;
SELECT slot, source_epoch, target_epoch, cause FROM slashguard.freed_duties WHERE chain = 'votes';
SELECT source_epoch, target_epoch, outcome, count FROM slashguard.refusals WHERE chain = 'votes' ORDER BY target_epoch, source_epoch LIMIT 5;
SELECT slots_per_epoch, retention, current_epoch = current_slot / 32 AS current_epoch FROM slashguard.chains WHERE chain = 'votes';

-- Targets beyond any clock, where the chain has no horizon: found without going through the epochs between.
SELECT slashguard.register_chain('votes without horizon', 'ethereum', '0x' || repeat('eb', 32), '2020-01-01 00:00+00', '12 s', '{"first_use": "trust", "horizon_slots": null}');
SELECT outcome FROM slashguard.try_acquire_attestation('votes without horizon', :'validator', 0, 1, :'root', 'node-a');
SELECT outcome FROM slashguard.try_acquire_attestation('votes without horizon', :'validator', 0, 288230376151711742, :'root', 'node-a');
SELECT outcome, details ->> 'earlier_target_epoch' AS target FROM slashguard.try_acquire_attestation('votes without horizon', :'validator', 1, 288230376151711741, :'root', 'node-a');
SELECT outcome FROM slashguard.try_acquire_attestation('votes without horizon', :'validator', 0, 288230376151711740, :'root', 'node-a');
SELECT outcome FROM slashguard.try_acquire_attestation('votes without horizon', :'other_validator', 100, 288230376151711700, :'root', 'node-a');
SELECT outcome, details ->> 'earlier_target_epoch' AS target FROM slashguard.try_acquire_attestation('votes without horizon', :'other_validator', 99, 288230376151711742, :'root', 'node-a');

-- The strict twin.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
SELECT slashguard.acquire_attestation('votes', :'validator', 21, 29, :'root', 'node-a');
\set VERBOSITY default
SELECT outcome FROM slashguard.acquire_attestation('votes', :'validator', 20, 31, :'root', 'node-a');
SELECT slashguard.acquire_attestation('votes', :'validator', 20, 31, :'root', 'node-a', seen_position => 'x');
