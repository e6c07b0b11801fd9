-- Files that are refused whole: code, path, mend; and afterwards nothing of them is here.
\pset format unaligned
\pset tuples_only on
SELECT slashguard.register_chain('bad file', 'ethereum', '0x' || repeat('e7', 32), '2020-01-01 00:00+00', '12 s');
CREATE FUNCTION pg_temp.refusal(interchange text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    code text;
    message text;
    detail text;
    hint text;
BEGIN
    RETURN 'imported ' || (SELECT count(*) FROM slashguard.import_eip3076('bad file', interchange));
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws('|', code, message, detail, hint);
END $$;
-- A good file with one word changed: [root], [key] and so on stand for what is long.
CREATE FUNCTION pg_temp.changed(what text, instead text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(replace(replace(replace(replace(
        replace('{"metadata":{"interchange_format_version":"5","genesis_validators_root":"[chain]"},"data":['
                '{"pubkey":"[first]","signed_blocks":[],"signed_attestations":[]},'
                '{"pubkey":"[key]","signed_blocks":[{"slot":"1"},{"slot":"2","signing_root":"[root]"}],'
                '"signed_attestations":[{"source_epoch":"3","target_epoch":"4","signing_root":"[root]"}]}]}', what, instead),
        '[chain]', '0x' || repeat('e7', 32)), '[key]', '0x' || repeat('d1', 48)), '[root]', '0x' || repeat('01', 32)),
        '[first]', '0x' || repeat('d0', 48))) $$;
SELECT what, instead, pg_temp.changed(what, instead) FROM (VALUES
    ('"5"', '"4"'), ('"5"', '5'), ('"5"', 'null'), ('"interchange_format_version":"5",', ''),
    ('[chain]', '0x00'), ('[chain]', '0x' || repeat('00', 32)), (',"genesis_validators_root":"[chain]"', ''), ('"metadata"', '"meta"'), ('"data"', '"date"'),
    ('[key]', '0x' || repeat('d1', 47)), ('[key]', '0x' || repeat('d1', 49)), ('[key]', repeat('d1', 48)), ('[key]', '0x' || repeat('zz', 48)), ('"[key]"', '7'),
    ('"pubkey":"[key]",', ''), ('"signed_blocks":[{', '"signed_block":[{'), ('"slot":"1"', '"slot":"x"'), ('"slot":"1"', '"slot":""'), ('"slot":"1"', '"slot":"-1"'),
    ('"slot":"1"', '"slot":-1'), ('"slot":"1"', '"slot":1.5'), ('"slot":"1"', '"slot":1e3'), ('"slot":"1"', '"slot":" 1"'), ('"slot":"1"', '"slot":"+1"'), ('"slot":"1"', '"slot":null'),
    ('"slot":"1"', '"slot":"9223372036854775808"'), ('"slot":"1"', '"slot":9223372036854775808'), ('"slot":"1"', '"slot":99999999999999999999999'), ('"slot":"1"', '"solt":"1"'),
    ('"slot":"1"', '"slot":"1","slot":"1"'), ('"slot":"1"', '"slot":"1","other":1,"other":2'), ('"source_epoch":"3"', '"source_epoch":"3","source_epoch":"3"'),
    ('"metadata":{', '"metadata":{},"metadata":{'), ('"signed_blocks":[]', '"signed_blocks":[],"signed_blocks":[]'),
    ('"source_epoch":"3",', ''), ('"target_epoch":"4"', '"target_epoch":"9223372036854775808"'), ('"target_epoch":"4"', '"target_epoch":"288230376151711743"'),
    ('"target_epoch":"4","signing_root":"[root]"', '"target_epoch":"4","signing_root":"0x01"'), ('"target_epoch":"4","signing_root":"[root]"', '"target_epoch":"4","signing_root":7'),
    ('{"slot":"1"}', '[]'), ('{"slot":"1"}', 'null'), ('[{"slot":"1"}', '["slot"'), ('}]}]}', '}]}]'), ('}]}]}', '}]}]}}'), ('{"slot":"1"}', '{"slot":"1"')
    ) AS changes (what, instead);
SELECT pg_temp.refusal(NULL), pg_temp.refusal(''), pg_temp.refusal('[]'), pg_temp.refusal('"text"'), pg_temp.refusal('7'), pg_temp.refusal('{}'), pg_temp.refusal('nothing'), pg_temp.refusal(repeat('[', 1000000));
SELECT count(*) FROM slashguard.duties WHERE chain = 'bad file';
SELECT count(*) FROM slashguard.watermarks WHERE chain = 'bad file' AND validator IS NOT NULL;
-- Numbers as numbers, keys in another order, more keys than the format has, letter case, and source after target.
SELECT what, instead, pg_temp.changed(what, instead) FROM (VALUES
    ('"slot":"1"', '"slot":1'), ('"slot":"1"', '"slot":9223372036854775807'), ('"slot":"1"', '"comment":{"a":[1,{}]},"slot":"0001"'), ('[key]', '0x' || repeat('D1', 48)),
    ('"source_epoch":"3"', '"source_epoch":"5"'), ('"target_epoch":"4"', '"target_epoch":"288230376151711742"'), ('"signing_root":"[root]"', '"signing_root":null')) AS changes (what, instead);
