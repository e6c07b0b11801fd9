-- Votes on record that lie far ahead of the clock, as a file may bring them in. Of votes that surround each other the next one says nothing
-- about those after it: each is looked at.
\pset format unaligned
SELECT '0x' || repeat('d1', 48) AS surrounding, '0x' || repeat('d2', 48) AS apart, '0x' || repeat('01', 32) AS root \gset
-- In the middle of epoch 11.
SELECT slashguard.register_chain('far ahead', 'ethereum', '0x' || repeat('e7', 32), now() - interval '384 s' * 11.5, '12 s',
                                 '{"first_use": "trust", "horizon_slots": null}');
CREATE FUNCTION pg_temp.entry(pubkey text, votes jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('pubkey', pubkey, 'signed_blocks', '[]'::jsonb, 'signed_attestations',
           (SELECT jsonb_agg(jsonb_build_object('source_epoch', vote ->> 0, 'target_epoch', vote ->> 1)) FROM jsonb_array_elements(votes) AS vote)) $$;
-- (20,30) comes next after (10,12) and has nothing against it; (5,40) surrounds both. Or it is (20,30) and (31,40), and neither does.
SELECT new_attestations, slashable
  FROM slashguard.import_eip3076('far ahead', jsonb_build_object(
       'metadata', jsonb_build_object('interchange_format_version', '5', 'genesis_validators_root', '0x' || repeat('e7', 32)),
       'data', jsonb_build_array(pg_temp.entry(:'surrounding', '[[1, 2], [20, 30], [5, 40]]'), pg_temp.entry(:'apart', '[[1, 2], [20, 30], [31, 40]]')))::text);
SELECT outcome, details ->> 'cause' AS cause
  FROM slashguard.try_acquire_attestation('far ahead', :'surrounding', 10, 12, :'root', 'node-a');
SELECT outcome, details ->> 'cause' AS cause
  FROM slashguard.try_acquire_attestation('far ahead', :'apart', 10, 12, :'root', 'node-a');
-- Asked for once more, by names that the session knows by now.
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_attestation('far ahead', :'surrounding', 11, 13, :'root', 'node-a');
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_attestation('far ahead', :'apart', 12, 13, :'root', 'node-a');
