-- Old attestations are forgotten, and what stood against them still does: the latest source that went becomes a watermark.
\pset format unaligned
\pset null null
SELECT '0x' || repeat('f1', 48) AS validator, '0x' || repeat('f2', 48) AS other, '0x' || repeat('01', 32) AS root, '0x' || repeat('02', 32) AS other_root \gset
SELECT slashguard.register_chain('pruned', 'ethereum', '0x' || repeat('e8', 32), '2020-01-01 00:00+00', '12 s', '{"first_use": "trust", "allow_unsigned_release": true}');
CREATE FUNCTION pg_temp.vote(validator text, source bigint, target bigint, root text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL slashguard.allow_transaction_blocks = on;
    RETURN (SELECT concat_ws(' ', a.outcome, a.details ->> 'cause')
              FROM slashguard.try_acquire_attestation('pruned', validator, source, target, root, 'node-a', lease_ms => 3600000) AS a);
END $$;
-- So old is what ended before this epoch.
CREATE FUNCTION pg_temp.age_of_epoch(epoch bigint) RETURNS interval LANGUAGE sql AS $$
    SELECT make_interval(secs => EXTRACT(epoch FROM slashguard.ledger_time() - '2020-01-01 00:00+00') - epoch * 32 * 12) $$;
SELECT pg_temp.vote(:'validator', 100, 101, :'root'), pg_temp.vote(:'validator', 100, 200, :'root'), pg_temp.vote(:'other', 40, 150, :'root');
SELECT outcome FROM slashguard.try_acquire_block('pruned', :'validator', 101 * 32 + 5, :'root', 'node-a', lease_ms => 3600000);
-- A vote from 90 to 200 beside one from 100 to 101 can only have come with an import.
SELECT new_attestations, slashable FROM slashguard.import_eip3076('pruned', '{"metadata":{"interchange_format_version":"5","genesis_validators_root":"0x' || repeat('e8', 32) ||
    '"},"data":[{"pubkey":"0x' || repeat('f3', 48) || '","signed_blocks":[],"signed_attestations":[{"source_epoch":"90","target_epoch":"200"},{"source_epoch":"100","target_epoch":"101"}]}]}');
SELECT pg_temp.vote('0x' || repeat('f3', 48), 95, 300, :'root') AS before;
SELECT slashguard.cleanup_old_duties(pg_temp.age_of_epoch(120), 'pruned') AS deleted, slashguard.cleanup_old_duties(pg_temp.age_of_epoch(120), 'pruned') AS again;
SELECT source_epoch, target_epoch, slot FROM slashguard.duties WHERE chain = 'pruned' ORDER BY slot, source_epoch;
SELECT kind, low_watermark, low_source_epoch FROM slashguard.watermarks WHERE chain = 'pruned' AND kind = 'chain';
SELECT pg_temp.vote('0x' || repeat('f3', 48), 95, 300, :'root') AS surrounds_what_is_forgotten, pg_temp.vote('0x' || repeat('f3', 48), 100, 300, :'root') AS does_not,
       pg_temp.vote(:'validator', 100, 119, :'root') AS at_the_watermark, pg_temp.vote(:'validator', 100, 120, :'root') AS above, pg_temp.vote(:'other', 99, 119, :'root') AS below;
-- What is on record below the watermark of sources is not granted again, and not forgotten.
SELECT pg_temp.vote(:'other', 40, 150, :'root') AS on_record, pg_temp.vote(:'other', 40, 150, :'other_root') AS another;
-- Batch by batch the watermark of sources rises with what goes.
SELECT count(*) FROM generate_series(121, 130) AS target, pg_temp.vote('0x' || repeat('f4', 48), target - 1, target, :'root');
SELECT slashguard.cleanup_old_duties(pg_temp.age_of_epoch(131), 'pruned', 4) AS deleted, (SELECT low_source_epoch FROM slashguard.watermarks WHERE chain = 'pruned' AND kind = 'chain') AS not_seen_yet;
SELECT low_watermark, low_source_epoch FROM slashguard.watermarks WHERE chain = 'pruned' AND kind = 'chain';
SELECT slashguard.cleanup_old_duties(pg_temp.age_of_epoch(131), 'pruned', 100) AS deleted;
SELECT low_watermark, low_source_epoch FROM slashguard.watermarks WHERE chain = 'pruned' AND kind = 'chain';
-- Nobody lowers it below what is forgotten.
SELECT slashguard.raise_low_watermark('pruned', 160 * 32, source_epoch => 140) AS raised, slashguard.raise_low_watermark('pruned', 160 * 32, source_epoch => 139) AS again;
SELECT low_watermark, low_source_epoch FROM slashguard.watermarks WHERE chain = 'pruned' AND kind = 'chain';
SELECT slashguard.lower_low_watermark('pruned', 0, NULL, 'too far');
SELECT slashguard.lower_low_watermark('pruned', 135 * 32, NULL, 'a mistake') AS lowered;
SELECT low_watermark, low_source_epoch FROM slashguard.watermarks WHERE chain = 'pruned' AND kind = 'chain';
SELECT slashguard.lower_low_watermark('pruned', 131 * 32 - 1, NULL, 'a mistake') AS lowered, slashguard.lower_low_watermark('pruned', 131 * 32 - 1, NULL, 'a mistake') AS again;
SELECT low_watermark, low_source_epoch FROM slashguard.watermarks WHERE chain = 'pruned' AND kind = 'chain';
UPDATE slashguard.chain SET low_source_epoch = 1 WHERE name = 'pruned';
DELETE FROM slashguard.claim WHERE source_epoch = 100;
UPDATE slashguard.claim SET source_epoch = 1 WHERE source_epoch = 100;
-- Of one validator; and what an import has raised goes with it.
SELECT slashguard.raise_low_watermark('pruned', 400 * 32, :'validator') AS raised;
SELECT pg_temp.vote(:'validator', 399, 401, :'root') AS source, pg_temp.vote(:'validator', 400, 400, :'root') AS target, pg_temp.vote(:'validator', 400, 401, :'root') AS above;
SELECT slashguard.lower_low_watermark('pruned', NULL, :'validator', 'a mistake') AS lowered;
SELECT pg_temp.vote(:'validator', 399, 400, :'root') AS below;
SELECT slashguard.lower_low_watermark('pruned', 150 * 32, '0x' || repeat('f3', 48), 'a mistake') AS lowered;
SELECT slashguard.lower_low_watermark('pruned', NULL, '0x' || repeat('f3', 48), 'a mistake') AS lowered;
SELECT kind FROM slashguard.watermarks WHERE chain = 'pruned' AND validator IS NOT NULL;
