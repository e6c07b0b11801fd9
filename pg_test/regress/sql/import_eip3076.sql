-- History that comes in as an EIP-3076 file: what is granted beside it, what the import answers, what it refuses.
\pset format unaligned
\pset null null
SELECT '0x' || repeat('c1', 48) AS validator, '0x' || repeat('c2', 48) AS other, '0x' || repeat('c3', 48) AS third,
       '0x' || repeat('01', 32) AS root, '0x' || repeat('02', 32) AS other_root, '0x' || repeat('03', 32) AS third_root,
       '0x' || repeat('99', 96) AS signature \gset
SELECT slashguard.register_chain('imports', 'ethereum', '0x' || repeat('e6', 32), '2020-01-01 00:00+00', '12 s', '{"allow_unsigned_release": true}');
CREATE FUNCTION pg_temp.file(data text) RETURNS text LANGUAGE sql AS $$
    SELECT '{"metadata":{"interchange_format_version":"5","genesis_validators_root":"0x' || repeat('e6', 32) || '"},"data":' || data || '}' $$;
CREATE FUNCTION pg_temp.entry(pubkey text, blocks text, attestations text) RETURNS text LANGUAGE sql AS $$
    SELECT '{"pubkey":"' || pubkey || '","signed_blocks":' || blocks || ',"signed_attestations":' || attestations || '}' $$;
CREATE FUNCTION pg_temp.block(slot bigint, root text = NULL) RETURNS text LANGUAGE sql AS $$
    SELECT '{"slot":"' || slot || '"' || coalesce(',"signing_root":"' || root || '"', '') || '}' $$;
CREATE FUNCTION pg_temp.attestation(source bigint, target bigint, root text = NULL) RETURNS text LANGUAGE sql AS $$
    SELECT '{"source_epoch":"' || source || '","target_epoch":"' || target || '"' || coalesce(',"signing_root":"' || root || '"', '') || '}' $$;
CREATE FUNCTION pg_temp.vote(validator text, source bigint, target bigint, root text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL slashguard.allow_transaction_blocks = on;
    RETURN (SELECT concat_ws(' ', a.outcome, a.details ->> 'cause')
              FROM slashguard.try_acquire_attestation('imports', validator, source, target, root, 'node-a', lease_ms => 3600000) AS a);
END $$;
CREATE FUNCTION pg_temp.propose(validator text, slot bigint, root text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL slashguard.allow_transaction_blocks = on;
    RETURN (SELECT concat_ws(' ', a.outcome, a.details ->> 'cause')
              FROM slashguard.try_acquire_block('imports', validator, slot, root, 'node-a', lease_ms => 3600000) AS a);
END $$;

-- A validator whose history came in signs beside it at once; one that did not waits.
SELECT * FROM slashguard.import_eip3076('imports', pg_temp.file('[' || pg_temp.entry(:'validator',
    '[' || pg_temp.block(10, :'root') || ',' || pg_temp.block(20) || ',' || pg_temp.block(20) || ']',
    '[' || pg_temp.attestation(2, 3, :'root') || ',' || pg_temp.attestation(4, 5) || ',' || pg_temp.attestation(4, 9, :'root') || ']') || ']'));
SELECT pg_temp.propose(:'validator', 21, :'root') AS above, pg_temp.propose(:'validator', 15, :'root') AS between, pg_temp.propose(:'validator', 20, :'root') AS unknown_root,
       pg_temp.propose(:'validator', 10, :'root') AS the_same, pg_temp.propose(:'validator', 10, :'other_root') AS another, pg_temp.propose(:'validator', 9, :'root') AS below;
SELECT pg_temp.vote(:'validator', 9, 10, :'root') AS above, pg_temp.vote(:'validator', 4, 6, :'root') AS between, pg_temp.vote(:'validator', 4, 5, :'root') AS unknown_root,
       pg_temp.vote(:'validator', 2, 3, :'root') AS the_same, pg_temp.vote(:'validator', 2, 3, :'other_root') AS another, pg_temp.vote(:'validator', 2, 2, :'root') AS below,
       pg_temp.vote(:'validator', 1, 11, :'root') AS source_below, pg_temp.vote(:'validator', 3, 10, :'third_root') AS double,
       pg_temp.vote(:'validator', 3, 11, :'root') AS surrounds, pg_temp.vote(:'validator', 5, 8, :'root') AS surrounded;
SELECT pg_temp.propose(:'other', 21, :'root') AS not_imported;
SELECT slot, duty_type, source_epoch, target_epoch, state, holder, left(message_hash, 6) AS root, answers FROM slashguard.duties
 WHERE chain = 'imports' AND validator = :'validator' ORDER BY duty_type, slot;
SELECT kind, low_watermark, low_source_epoch, low_target_epoch FROM slashguard.watermarks WHERE chain = 'imports' AND kind = 'imported history';
SELECT action, details FROM slashguard.audit WHERE chain = 'imports' AND action = 'import_eip3076';
SELECT locks_acquired, duty_type, node FROM slashguard.stats WHERE chain = 'imports' AND locks_acquired > 0 ORDER BY duty_type;

-- What was signed elsewhere and is signed again is never freed.
SELECT slashguard.declare_new('imports', ARRAY['0x' || repeat('c7', 48)]);
SELECT count(*) FROM slashguard.import_eip3076('imports', pg_temp.file('[' || pg_temp.entry('0x' || repeat('c7', 48), '[' || pg_temp.block(10, :'root') || ']', '[]') || ']'));
SELECT outcome, lock_token FROM slashguard.try_acquire_block('imports', '0x' || repeat('c7', 48), 10, :'root', 'node-b', lease_ms => 3600000) \gset
\echo :outcome
SELECT slashguard.release_duty(:'lock_token', certainly_unsigned => true);
SELECT pg_temp.propose('0x' || repeat('c7', 48), 10, :'other_root') AS another;
SELECT state, left(message_hash, 6) AS root, imported_at IS NOT NULL AS imported FROM slashguard.duties WHERE validator = '0x' || repeat('c7', 48);
SELECT pg_temp.propose('0x' || repeat('c7', 48), 10, :'root') AS the_same;

-- Again: nothing new. A file that begins later raises what is known to be complete.
SELECT blocks, attestations, new_blocks, new_attestations, slashable, low_slot, low_source_epoch, low_target_epoch
  FROM slashguard.import_eip3076('imports', pg_temp.file('[' || pg_temp.entry(:'validator',
    '[' || pg_temp.block(20) || ',' || pg_temp.block(10, :'root') || ']', '[' || pg_temp.attestation(2, 3) || ',' || pg_temp.attestation(4, 5, :'root') || ']') || ']'));
SELECT new_blocks, new_attestations, slashable, low_slot, low_source_epoch, low_target_epoch
  FROM slashguard.import_eip3076('imports', pg_temp.file('[' || pg_temp.entry(:'validator', '[' || pg_temp.block(30, :'root') || ']', '[]') || ',' ||
                                                        pg_temp.entry(:'validator', '[]', '[' || pg_temp.attestation(12, 14, :'root') || ']') || ']'));
SELECT pg_temp.propose(:'validator', 25, :'root') AS gap, pg_temp.propose(:'validator', 31, :'root') AS above,
       pg_temp.vote(:'validator', 12, 13, :'root') AS gap, pg_temp.vote(:'validator', 11, 15, :'root') AS source, pg_temp.vote(:'validator', 12, 15, :'root') AS above;

-- Slashable data is taken in and told of, and none of it is signed again.
SELECT blocks, attestations, new_blocks, new_attestations, slashable FROM slashguard.import_eip3076('imports', pg_temp.file('[' || pg_temp.entry('0x' || repeat('c6', 48),
    '[' || pg_temp.block(100, :'root') || ',' || pg_temp.block(100, :'other_root') || ']',
    '[' || pg_temp.attestation(10, 40, :'root') || ',' || pg_temp.attestation(20, 30, :'root') || ',' || pg_temp.attestation(8, 7) || ',' || pg_temp.attestation(41, 41, :'root') || ',' || pg_temp.attestation(40, 41, :'other_root') || ']') || ']'));
SELECT pg_temp.propose('0x' || repeat('c6', 48), 100, :'root') AS one, pg_temp.propose('0x' || repeat('c6', 48), 100, :'other_root') AS other, pg_temp.propose('0x' || repeat('c6', 48), 101, :'root') AS above;
SELECT pg_temp.vote('0x' || repeat('c6', 48), 10, 40, :'root') AS around, pg_temp.vote('0x' || repeat('c6', 48), 20, 30, :'root') AS inside, pg_temp.vote('0x' || repeat('c6', 48), 41, 41, :'root') AS double, pg_temp.vote('0x' || repeat('c6', 48), 41, 42, :'root') AS above;
-- It waits after its first use here, though: it was asked for before its history came.
SELECT pg_temp.vote(:'third', 40, 41, :'root') AS before;
SELECT first_use_slot IS NOT NULL AS waits FROM slashguard.import_eip3076('imports', pg_temp.file('[' || pg_temp.entry(:'third', '[]', '[' || pg_temp.attestation(1, 2) || ']') || ']'));
SELECT pg_temp.vote(:'third', 40, 41, :'root') AS after;

-- Claims that are perhaps not signed yet.
SELECT slashguard.declare_new('imports', ARRAY['0x' || repeat('c4', 48)]);
SELECT outcome, lock_token AS block_token FROM slashguard.try_acquire_block('imports', '0x' || repeat('c4', 48), 50, :'root', 'node-a', lease_ms => 3600000) \gset
SELECT outcome, lock_token AS vote_token FROM slashguard.try_acquire_attestation('imports', '0x' || repeat('c4', 48), 10, 20, :'root', 'node-a', lease_ms => 3600000) \gset
CREATE FUNCTION pg_temp.refusal(data text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    code text;
    message text;
    detail text;
    hint text;
BEGIN
    RETURN (SELECT 'imported ' || sum(new_blocks + new_attestations) FROM slashguard.import_eip3076('imports', pg_temp.file(data)));
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws('|', code, message, detail, hint);
END $$;
CREATE FUNCTION pg_temp.of_fourth(blocks text, attestations text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal('[' || pg_temp.entry('0x' || repeat('c5', 48), '[' || pg_temp.block(1) || ']', '[]') || ','
                               || pg_temp.entry('0x' || repeat('c4', 48), '[' || blocks || ']', '[' || attestations || ']') || ']') $$;
SELECT pg_temp.of_fourth(pg_temp.block(50, :'other_root'), '');
SELECT pg_temp.of_fourth(pg_temp.block(49) || ',' || pg_temp.block(50), '');
SELECT pg_temp.of_fourth('', pg_temp.attestation(10, 20, :'other_root'));
SELECT pg_temp.of_fourth('', pg_temp.attestation(1, 2) || ',' || pg_temp.attestation(9, 21, :'root'));
SELECT pg_temp.of_fourth('', pg_temp.attestation(11, 19, :'root'));
-- All or nothing: the other validator of those files is not here, either.
SELECT count(*) FROM slashguard.duties WHERE validator = '0x' || repeat('c5', 48);
SELECT pg_temp.of_fourth(pg_temp.block(50, :'root'), pg_temp.attestation(10, 20, :'root'));
-- Both tokens live.
SELECT slashguard.record_signature(:'block_token', :'signature') IS NOT NULL AS block, slashguard.record_signature(:'vote_token', :'signature') IS NOT NULL AS vote;
SELECT pg_temp.of_fourth(pg_temp.block(50, :'other_root'), pg_temp.attestation(9, 21, :'root'));
SELECT outcome, signature = :'signature' AS signature FROM slashguard.try_acquire_block('imports', '0x' || repeat('c4', 48), 50, :'root', 'node-b');
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_block('imports', '0x' || repeat('c4', 48), 50, :'other_root', 'node-b');

-- A claim whose message the file has, too, was signed elsewhere: it is not freed any more.
SELECT slashguard.declare_new('imports', ARRAY['0x' || repeat('c8', 48)]);
SELECT outcome, lock_token AS block_token FROM slashguard.try_acquire_block('imports', '0x' || repeat('c8', 48), 60, :'root', 'node-a', lease_ms => 3600000) \gset
SELECT outcome, lock_token AS vote_token FROM slashguard.try_acquire_attestation('imports', '0x' || repeat('c8', 48), 20, 30, :'root', 'node-a', lease_ms => 3600000) \gset
SELECT new_blocks, new_attestations FROM slashguard.import_eip3076('imports', pg_temp.file('[' || pg_temp.entry('0x' || repeat('c8', 48),
    '[' || pg_temp.block(50) || ',' || pg_temp.block(60, :'root') || ']', '[' || pg_temp.attestation(3, 4) || ',' || pg_temp.attestation(20, 30, :'root') || ']') || ']'));
SELECT slashguard.release_duty(:'block_token', certainly_unsigned => true) AS released, slashguard.release_duty(:'vote_token', certainly_unsigned => true) AS released;
SELECT pg_temp.propose('0x' || repeat('c8', 48), 60, :'other_root') AS block, pg_temp.vote('0x' || repeat('c8', 48), 20, 30, :'other_root') AS vote;
SELECT count(*) AS freed FROM slashguard.freed_duties WHERE validator = '0x' || repeat('c8', 48);
-- An entry that says nothing is no history.
SELECT first_use_slot IS NOT NULL AS waits FROM slashguard.import_eip3076('imports', pg_temp.file('[' || pg_temp.entry('0x' || repeat('c9', 48), '[]', '[]') || ']'));
SELECT pg_temp.vote('0x' || repeat('c9', 48), 20, 30, :'root');
-- What one file has and lies before where a later one begins is not signed again.
SELECT count(*) FROM slashguard.import_eip3076('imports', pg_temp.file('[' || pg_temp.entry('0x' || repeat('ca', 48), '[' || pg_temp.block(60, :'root') || ']', '[' || pg_temp.attestation(9, 12, :'root') || ']') || ']'));
SELECT count(*) FROM slashguard.import_eip3076('imports', pg_temp.file('[' || pg_temp.entry('0x' || repeat('ca', 48), '[' || pg_temp.block(70, :'root') || ']', '[' || pg_temp.attestation(9, 20, :'root') || ']') || ']'));
SELECT pg_temp.propose('0x' || repeat('ca', 48), 60, :'root') AS before, pg_temp.propose('0x' || repeat('ca', 48), 70, :'root') AS first,
       pg_temp.vote('0x' || repeat('ca', 48), 9, 12, :'root') AS before, pg_temp.vote('0x' || repeat('ca', 48), 9, 20, :'root') AS first;
-- A vote whose source is after its target is surrounded by a claim here.
SELECT slashguard.declare_new('imports', ARRAY['0x' || repeat('cb', 48)]);
SELECT pg_temp.vote('0x' || repeat('cb', 48), 6, 8, :'root');
SELECT left(pg_temp.refusal('[' || pg_temp.entry('0x' || repeat('cb', 48), '[]', '[' || pg_temp.attestation(10, 5) || ']') || ']'), 90);
-- Into a frozen chain nothing comes in: its receipt would not know.
SELECT slashguard.freeze('imports') <> '' AS frozen;
SELECT pg_temp.refusal('[]');
SELECT slashguard.unfreeze('imports');

-- Other chains, and who may.
SELECT slashguard.register_chain('not ethereum either', 'aztec', '1:0x' || repeat('e6', 20), '2020-01-01 00:00+00', '12 s');
SELECT slashguard.import_eip3076('not ethereum either', pg_temp.file('[]'));
SELECT count(*) FROM slashguard.import_eip3076('imports', pg_temp.file('[]'));
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT slashguard.import_eip3076('imports', pg_temp.file('[]'));
ROLLBACK;
SELECT slashguard.retire_chain('imports');
SELECT slashguard.import_eip3076('imports', pg_temp.file('[]'));
