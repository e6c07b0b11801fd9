-- History as an EIP-3076 file: what is in it, what stands for a watermark, and that a ledger that takes it in grants nothing more.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SELECT '0x' || repeat('a5', 48) AS validator, '0x' || repeat('a6', 48) AS other, '0x' || repeat('01', 32) AS root, '0x' || repeat('02', 32) AS other_root \gset
SELECT slashguard.register_chain('exports', 'ethereum', '0x' || repeat('e9', 32), '2020-01-01 00:00+00', '12 s', '{"first_use": "trust", "allow_unsigned_release": true}');
SELECT slashguard.export_eip3076('exports');
CREATE FUNCTION pg_temp.vote(validator text, source bigint, target bigint, root text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL slashguard.allow_transaction_blocks = on;
    RETURN (SELECT a.outcome FROM slashguard.try_acquire_attestation('exports', validator, source, target, root, 'node-a', lease_ms => 3600000) AS a);
END $$;
CREATE FUNCTION pg_temp.propose(validator text, slot bigint, root text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL slashguard.allow_transaction_blocks = on;
    RETURN (SELECT a.outcome FROM slashguard.try_acquire_block('exports', validator, slot, root, 'node-a', lease_ms => 3600000) AS a);
END $$;
SELECT pg_temp.propose(:'validator', 30, :'root'), pg_temp.propose(:'validator', 9, :'root'), pg_temp.vote(:'validator', 3, 4, :'root'), pg_temp.vote(:'validator', 2, 3, :'other_root'),
       pg_temp.vote(:'other', 0, 100, :'root');
-- Signed or perhaps not: both are in it. Certainly unsigned is not.
SELECT lock_token FROM slashguard.try_acquire_block('exports', :'validator', 40, :'root', 'node-a') \gset
SELECT slashguard.release_duty(:'lock_token', certainly_unsigned => true);
SELECT slashguard.export_eip3076('exports');
SELECT slashguard.export_eip3076('exports') = slashguard.export_eip3076('exports') AS the_same_again,
       slashguard.export_eip3076('exports') = (SELECT string_agg(line, E'\n') FROM slashguard.export_eip3076_lines('exports') AS line) AS line_by_line;
SELECT slashguard.export_eip3076('exports', ARRAY[:'other']);
SELECT slashguard.export_eip3076('exports', ARRAY['0xA6' || repeat('a6', 47)]) = slashguard.export_eip3076('exports', ARRAY[:'other']) AS in_any_case;
SELECT slashguard.export_eip3076('exports', '{}');
SELECT slashguard.export_eip3076('exports', ARRAY['0x' || repeat('a7', 48)]);
SELECT slashguard.export_eip3076('exports', ARRAY[NULL]);
SELECT slashguard.export_eip3076('exports', ARRAY['0xa6']);
SELECT slashguard.export_eip3076(NULL);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT slashguard.export_eip3076('exports');
ROLLBACK;
-- A watermark: what is below it is left out, and a record without root stands there; of attestations with the latest source left out.
SELECT slashguard.raise_low_watermark('exports', 20, source_epoch => 0);
SELECT slashguard.export_eip3076('exports', ARRAY[:'validator']);
SELECT slashguard.raise_low_watermark('exports', 4 * 32 + 7, source_epoch => 1);
SELECT slashguard.export_eip3076('exports', ARRAY[:'validator']);
SELECT slashguard.raise_low_watermark('exports', 5 * 32, source_epoch => 1);
SELECT slashguard.export_eip3076('exports', ARRAY[:'validator']);
SELECT slashguard.raise_low_watermark('exports', 5 * 32, source_epoch => 5);
SELECT slashguard.export_eip3076('exports');
-- Into another ledger, and out of it again.
CREATE TEMP TABLE exported AS SELECT slashguard.export_eip3076('exports') AS file;
DROP EXTENSION slashguard;
CREATE EXTENSION slashguard;
SELECT slashguard.register_chain('exports', 'ethereum', '0x' || repeat('e9', 32), '2020-01-01 00:00+00', '12 s');
SELECT new_blocks, new_attestations, slashable FROM exported, slashguard.import_eip3076('exports', file);
SELECT file = slashguard.export_eip3076('exports') AS round_trip FROM exported;
SELECT pg_temp.vote(:'validator', 4, 6, :'root') AS source_below, pg_temp.vote(:'validator', 5, 5, :'root') AS target_at, pg_temp.vote(:'validator', 5, 6, :'root') AS above,
       pg_temp.propose(:'validator', 160, :'root') AS slot_at, pg_temp.propose(:'validator', 161, :'root') AS slot_above;
-- First use and a frozen chain.
SELECT pg_temp.vote('0x' || repeat('a8', 48), 1, 2, :'root');
SELECT count(*) AS lines, count(*) FILTER (WHERE line ~ 'signing_root"') AS with_roots FROM slashguard.export_eip3076_lines('exports', ARRAY['0x' || repeat('a8', 48)]) AS line;
SELECT slashguard.freeze('exports') <> '' AS frozen;
SELECT slashguard.export_eip3076('exports') <> '' AS exported;
-- As if the server had been promoted meanwhile: what may be lost is told by the unfreeze.
UPDATE slashguard.chain SET doubt_while_frozen = 'this server was promoted' WHERE name = 'exports';
SELECT slashguard.export_eip3076('exports');
SELECT slashguard.unfreeze('exports');
SELECT slashguard.export_eip3076('exports', ARRAY[:'validator']) ~ '"signed_blocks":\[\n\{"slot":"[0-9]+"\}\n\],"signed_attestations":\[\n\{"source_epoch":"([0-9]+)","target_epoch":"\1"\}\n\]' AS doubt_is_exported;
